"""Why we refuse a recording before Transcribe is asked, and what its uploader can do."""

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
"""All that a recording is ever rejected for: subscribers filter by these."""


class Rejected(Exception):
    """This recording will never be transcribed as it is: a class for programs, a remedy for people.

    Neither may quote the recording's key, metadata or content: both go into notifications.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
