"""The reasons to reject a recording before its job starts, each with a remedy for the uploader."""

CLASSES = (
    "NoProfile",
    "Empty",
    "TooLarge",
    "UnsupportedMediaFormat",
    "Damaged",
    "TooShort",
    "TooLong",
    "InvalidSampleRate",
    "TooManyChannels",
    "OneChannel",
    "InvalidSetting",
    "UnknownSetting",
    "LockedSetting",
    "Gone",
    "Cancelled",
    "Archived",
    "ForeignKey",
    "CustomerKey",
    "LimitExceeded",
    "RefusedByTranscribe",
)
"""Every class of a rejection. Subscribers filter by these values."""


class Rejected(Exception):
    """The recording cannot be transcribed as it is: `reason` is a class for programs, `remedy` a sentence for people.

    Neither may quote the recording's key, metadata or content, because notifications carry both.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
