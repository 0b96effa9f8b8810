"""The class and the remedy of each FailureReason of Transcribe, for the person who uploaded the recording."""

from stethoscript import stopping

_REASONS = (
    # beginning of FailureReason (StartMedicalTranscriptionJob's API reference) · our class · remedy
    (
        "Unsupported media format",
        "UnsupportedMediaFormat",
        "Send WAV, FLAC, MP3, MP4, M4A, Ogg, WebM or AMR audio.",
    ),
    (
        "The media format provided",
        "MediaFormatMismatch",
        "Export the recording again; its content is not in the format that it claims.",
    ),
    ("Invalid sample rate", "InvalidSampleRate", "Record at 16,000 to 48,000 Hz."),
    (
        "The sample rate provided",
        "SampleRateMismatch",
        "Export the recording again; its sample rate is not what it claims.",
    ),
    (
        "Invalid file size: file size too large. Maximum audio duration",
        "TooLong",
        "Send at most 4 hours; split the recording.",
    ),
    ("Invalid file size", "TooLarge", "Send at most 2 GB and 4 hours; split the recording."),
    ("Invalid number of channels", "TooManyChannels", "Send mono or stereo audio."),
)
UNKNOWN, UNREADABLE, MISSING, VANISHED = (
    "TranscriptionFailed", "TranscriptUnreadable", "TranscriptMissing", "JobVanished",
)  # fmt: skip
RETRY_HELPS = (UNKNOWN, MISSING, VANISHED)
"""Failures that another attempt at the same file may avoid. The file itself causes the others, or our reader does."""
CLASSES = (
    *(name for _beginning, name, _remedy in _REASONS),
    UNKNOWN,
    UNREADABLE,
    MISSING,
    VANISHED,
    *stopping.REASONS,
)
"""Every class of a failed transcription. Subscribers filter by these values."""


def reason(failure: str) -> tuple[str, str]:
    """The class of a FailureReason and its remedy. Only the ledger keeps the text of Transcribe.

    >>> reason("Invalid sample rate for audio file")
    ('InvalidSampleRate', 'Record at 16,000 to 48,000 Hz.')
    """
    for beginning, name, remedy in _REASONS:
        if failure.startswith(beginning):
            return name, remedy
    return (
        UNKNOWN,
        "Export the recording as WAV or FLAC and upload it again. `operations explain` shows Transcribe's own reason.",
    )
