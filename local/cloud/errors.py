"""What keeps the cloud from starting, said in one sentence with its remedy."""


class CannotStart(Exception):
    """The cloud cannot start; the message is for the person who tried."""
