"""The error of the fakes themselves."""


class NotImplementedHere(BaseException):
    """The functions use what the fake does not know: teach it that, from what the service documents.

    Not an Exception, so that no handler takes it for bad luck.
    """
