"""The error of the fakes themselves."""


class NotImplementedHere(BaseException):
    """The functions use something that the fake does not implement. Add it from the service's documentation.

    Not an Exception, so that no handler treats it as an injected fault.
    """
