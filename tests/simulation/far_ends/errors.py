"""Errors as botocore raises them, and the one of the fakes themselves."""

from botocore.exceptions import ClientError


class NotImplementedHere(BaseException):
    """The functions use what the fake does not know: teach it that, from what the service documents.

    Not an Exception, so that no handler takes it for bad luck.
    """


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    """An answer that is an error."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")
