"""The recordings that Amazon Transcribe Medical refuses, and its texts for them."""

from dataclasses import dataclass

from local.recogniser.requests_and_results import RecognitionRequest, RecordingRefused

# The FailureReason texts that the service's API model documents for a medical job ...
UNSUPPORTED_FORMAT = "Unsupported media format"
FORMAT_MISMATCH = "The media format provided does not match the detected media format"
INVALID_SAMPLE_RATE = "Invalid sample rate for audio file"
SAMPLE_RATE_MISMATCH = "The sample rate provided does not match the detected sample rate"
FILE_TOO_LARGE = "Invalid file size: file size too large"
TOO_MANY_CHANNELS = "Invalid number of channels: number of channels too large"
# ... and those that users of the service report (the missing space is the service's).
TOO_LONG = (
    f"{FILE_TOO_LARGE}. Maximum audio duration is 4.000000 hours."
    "Check the length of the file and try your request again."
)
TOO_SHORT = "The input media file length is too small. Check the length of the file and try your request again."
# Ours: the recogniser itself failed.
INTERNAL_FAILURE = "Internal failure. Try your request again."

LONGEST_SECONDS = 4 * 60 * 60
SHORTEST_SECONDS = 0.5
LARGEST_BYTES = 2 * 1024**3
LOWEST_HERTZ = 16_000
HIGHEST_HERTZ = 48_000
MOST_CHANNELS = 2

# One container under two names: either name is accepted for both.
_SAME = {"m4a": "mp4"}


@dataclass(frozen=True)
class Media:
    """The detected properties of a recording."""

    format: str
    sample_rate: int
    seconds: float
    channels: int


def check_size(size: int) -> None:
    """Check a file's size in bytes.

    Raises:
        RecordingRefused: the service would refuse it.
    """
    if size > LARGEST_BYTES:
        raise RecordingRefused(FILE_TOO_LARGE)


def check_format(claimed: str | None, detected: str | None) -> str:
    """Return the detected format.

    Raises:
        RecordingRefused: no format was detected, or it differs from the claimed one.
    """
    if detected is None:
        raise RecordingRefused(UNSUPPORTED_FORMAT)
    if claimed and _SAME.get(claimed, claimed) != _SAME.get(detected, detected):
        raise RecordingRefused(FORMAT_MISMATCH)
    return detected


def check(request: RecognitionRequest, media: Media) -> None:
    """Check a recording against the request and the service's limits.

    Raises:
        RecordingRefused: with the service's reason.
    """
    check_format(request.format, media.format)
    if request.sample_rate and request.sample_rate != media.sample_rate:
        raise RecordingRefused(SAMPLE_RATE_MISMATCH)
    if not LOWEST_HERTZ <= media.sample_rate <= HIGHEST_HERTZ:
        raise RecordingRefused(INVALID_SAMPLE_RATE)
    if media.channels > MOST_CHANNELS:
        raise RecordingRefused(TOO_MANY_CHANNELS)
    if media.seconds > LONGEST_SECONDS:
        raise RecordingRefused(TOO_LONG)
    if media.seconds < SHORTEST_SECONDS:
        raise RecordingRefused(TOO_SHORT)
