"""The errors of a start of the cloud."""


class CannotStart(Exception):
    """The cloud cannot start; the message is one sentence with the remedy."""
