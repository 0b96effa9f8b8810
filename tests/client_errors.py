"""Errors as botocore raises them."""

from botocore.exceptions import ClientError


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    """An error answer."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")
