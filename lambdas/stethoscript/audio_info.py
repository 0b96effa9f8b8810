"""The properties of a recording's audio, and Transcribe Medical's limits for them.

Sources of the limits: the rows "(Medical)" of "Amazon Transcribe endpoints and quotas" in the AWS General Reference,
none of them adjustable. For sample rates, the member MediaSampleRateHertz of StartMedicalTranscriptionJob's service
model. For channels, the developer guide's page on data input.
"""

from dataclasses import dataclass

from stethoscript.rejections import Rejected

MOST_BYTES = 2 * 1024**3
LEAST_SECONDS, MOST_SECONDS = 0.5, 4 * 3600.0
LEAST_HERTZ, MOST_HERTZ = 16_000, 48_000
MOST_CHANNELS = 2

LEAST_BITS_PER_SECOND = 100
"""Every codec needs more, even for silence. A header that claims a longer recording is wrong."""
_HEADER_BITS = 80_000
MOST_BITS_PER_SECOND = 200_000_000
"""Every camera writes less. A header that claims a shorter recording is wrong."""


@dataclass(frozen=True)
class AudioInfo:
    """The audio's properties, by the probe. None means that the file does not state the value, or not reliably.

    `seconds` is the duration of the audio in the file. `declared_seconds` is the duration by the header. `cut_off` is
    True if the file ends before the end that its header declares, and False if the file is proved complete.
    """

    seconds: float | None = None
    hertz: int | None = None
    channels: int | None = None
    declared_seconds: float | None = None
    cut_off: bool | None = None


def check_size(size: int) -> None:
    """Check the size of an upload, in bytes.

    Raises:
        Rejected: it is empty, or larger than 2 GB.
    """
    if size == 0:
        raise Rejected("Empty", "The object has no content; upload the recording again.")
    if size > MOST_BYTES:
        raise Rejected("TooLarge", "Send at most 2 GB; compress the recording (FLAC) or split it.")


def too_long() -> Rejected:
    """The rejection of a recording that is longer than the quota."""
    return Rejected("TooLong", "Send at most 4 hours; split the recording.")


def check_sound(audio: AudioInfo, *, each_channel: bool) -> None:
    """Check the audio against Transcribe's limits. Transcribe itself checks every property that is None.

    The duration is that of the audio in the file, because Transcribe gets no more. `each_channel` says that Transcribe
    is to transcribe each channel separately, which needs two.

    Raises:
        Rejected: the number of channels, the sample rate or the duration is outside the limits.
    """
    if audio.channels is not None and audio.channels > MOST_CHANNELS:
        raise Rejected("TooManyChannels", f"It has {audio.channels} channels: send mono or stereo audio.")
    if each_channel and audio.channels == 1:
        raise Rejected(
            "OneChannel",
            "Its channels were to be transcribed separately, and it has only one: "
            "send it in stereo with one voice per channel, or under a profile that labels speakers.",
        )
    if audio.hertz is not None and not LEAST_HERTZ <= audio.hertz <= MOST_HERTZ:
        raise Rejected(
            "InvalidSampleRate",
            f"Its sample rate is {audio.hertz:,} Hz: record at {LEAST_HERTZ:,} to {MOST_HERTZ:,} Hz. "
            "Telephone recordings, and AMR that is not AMR-WB, have 8,000 Hz.",
        )
    _check_duration(audio)


def _check_duration(audio: AudioInfo) -> None:
    if audio.seconds is None:
        return
    if audio.cut_off:  # its duration is an estimate
        if audio.seconds < LEAST_SECONDS / 2:
            raise damaged("This recording was cut off: less than half a second of it arrived")
    elif audio.seconds < LEAST_SECONDS:
        raise Rejected("TooShort", "Send at least half a second; the recorder may have been stopped too early.")
    if audio.seconds > MOST_SECONDS:
        raise too_long()


def damaged(what: str) -> Rejected:
    """The rejection of a file without usable audio; `what` is a sentence without its full stop."""
    return Rejected("Damaged", f"{what}: play it where it was recorded, then upload it again.")


def believable(seconds: float | None, size: int) -> float | None:
    """The duration in seconds; None if a file of this size, in bytes, cannot have it.

    >>> believable(60.0, 1_000_000), believable(0.0, 1_000_000), believable(4_294_967.3, 1_000_000)
    (60.0, None, None)
    """
    bits = size * 8
    if seconds is None or not LEAST_BITS_PER_SECOND * seconds <= bits <= _HEADER_BITS + MOST_BITS_PER_SECOND * seconds:
        return None
    return seconds
