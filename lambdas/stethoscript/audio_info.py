"""What the header of a recording tells, and what of it Transcribe Medical would refuse.

Sources of the limits: the rows "(Medical)" of "Amazon Transcribe endpoints and quotas" in the AWS General Reference,
none of them adjustable; for the rates the member MediaSampleRateHertz of StartMedicalTranscriptionJob's service
model; for the channels the developer guide's page on data input.
"""

from dataclasses import dataclass

from stethoscript.rejections import Rejected

MOST_BYTES = 2 * 1024**3
LEAST_SECONDS, MOST_SECONDS = 0.5, 4 * 3600.0
LEAST_HERTZ, MOST_HERTZ = 16_000, 48_000
MOST_CHANNELS = 2

LEAST_BITS_PER_SECOND = 100
"""Less than any codec needs even for silence: a header that claims so long a recording in so few bytes is wrong."""
_HEADER_BITS = 80_000
MOST_BITS_PER_SECOND = 200_000_000
"""More than any camera writes: a header that claims so short a recording in so many bytes is wrong."""


@dataclass(frozen=True)
class AudioInfo:
    """What the probe learned of a recording. None means that the file does not tell it, or not reliably.

    `seconds` is the duration of the audio that is in the file. `declared_seconds` is the duration that the header
    promises. `cut_off` is True where the file ends before its header says, and False where the file is proved whole.
    """

    seconds: float | None = None
    hertz: int | None = None
    channels: int | None = None
    declared_seconds: float | None = None
    cut_off: bool | None = None


def check_size(size: int) -> None:
    """Refuse what Transcribe would refuse for its size, in bytes.

    Raises:
        Rejected: nothing in it, or more than 2 GB.
    """
    if size == 0:
        raise Rejected("Empty", "The object has no content; upload the recording again.")
    if size > MOST_BYTES:
        raise Rejected("TooLarge", "Send at most 2 GB; compress the recording (FLAC) or split it.")


def too_long() -> Rejected:
    """Why a recording longer than the quota is refused, whoever finds out."""
    return Rejected("TooLong", "Send at most 4 hours; split the recording.")


def check_sound(sound: AudioInfo, *, each_channel: bool) -> None:
    """Refuse what Transcribe would refuse for how it sounds; what is not told is left to Transcribe.

    The duration that counts is that of the sound in the file: Transcribe gets no more. `each_channel` says that
    channels are to be transcribed separately, which needs two.

    Raises:
        Rejected: its channels, sample rate or duration will not do.
    """
    if sound.channels is not None and sound.channels > MOST_CHANNELS:
        raise Rejected("TooManyChannels", f"It has {sound.channels} channels: send mono or stereo audio.")
    if each_channel and sound.channels == 1:
        raise Rejected(
            "OneChannel",
            "Its channels were to be transcribed separately and it has but one: "
            "send it in stereo, one voice a channel, or under a profile that tells voices apart.",
        )
    if sound.hertz is not None and not LEAST_HERTZ <= sound.hertz <= MOST_HERTZ:
        raise Rejected(
            "InvalidSampleRate",
            f"Its sample rate is {sound.hertz:,} Hz: record at {LEAST_HERTZ:,} to {MOST_HERTZ:,} Hz. "
            "Telephone recordings, and AMR that is not AMR-WB, have 8,000 Hz.",
        )
    _check_duration(sound)


def _check_duration(sound: AudioInfo) -> None:
    if sound.seconds is None:
        return
    if sound.cut_off:  # then its duration is an estimate
        if sound.seconds < LEAST_SECONDS / 2:
            raise damaged("This recording was cut off: less than half a second of it arrived")
    elif sound.seconds < LEAST_SECONDS:
        raise Rejected("TooShort", "Send at least half a second; the recorder may have been stopped too early.")
    if sound.seconds > MOST_SECONDS:
        raise too_long()


def damaged(what: str) -> Rejected:
    """Why a recording is refused of which nothing can be transcribed; `what` is a sentence without its full stop."""
    return Rejected("Damaged", f"{what}: play it where it was recorded, then upload it again.")


def believable(seconds: float | None, size: int) -> float | None:
    """A duration in seconds of a file of so many bytes; None if so many bytes cannot be of it.

    >>> believable(60.0, 1_000_000), believable(0.0, 1_000_000), believable(4_294_967.3, 1_000_000)
    (60.0, None, None)
    """
    bits = size * 8
    if seconds is None or not LEAST_BITS_PER_SECOND * seconds <= bits <= _HEADER_BITS + MOST_BITS_PER_SECOND * seconds:
        return None
    return seconds
