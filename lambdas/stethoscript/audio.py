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

HEADER_BYTES = 64
"""As much of a recording's beginning as tells its format."""
LEAST_BITS_PER_SECOND = 100
"""Less than any codec needs even for silence: a header that claims so long a recording in so few bytes is wrong."""

_MP4_BRANDS = {b"M4A ": "m4a", b"M4B ": "m4a"}
_FRAME, _LAYER = 0xFFE0, 0x0006  # a frame of MPEG audio begins with eleven ones
_LAYERS = (0x0002, 0x0004)  # III and II; nobody records layer I, and UTF-16's byte order mark would be one


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


def media_format(header: bytes) -> str:
    """Transcribe's name of the format, told by content and not by extension.

    Raises:
        Rejected: none of the formats Transcribe Medical takes.

    >>> media_format(b"RIFF....WAVEfmt ")
    'wav'
    """
    if header[:4] == b"RIFF" and header[8:12] == b"WAVE":
        return "wav"
    if header[4:8] == b"ftyp":
        return _MP4_BRANDS.get(header[8:12], "mp4")
    for magic, found in _MAGIC:
        if header.startswith(magic):
            return found
    frame = int.from_bytes(header[:2], "big")
    if frame & _FRAME == _FRAME and frame & _LAYER in _LAYERS:
        return "mp3"
    raise Rejected("UnsupportedMediaFormat", "Send WAV, FLAC, MP3, MP4, M4A, Ogg, WebM or AMR audio.")


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

    `each_channel` says that channels are to be transcribed separately, which needs two.

    Raises:
        Rejected: its channels, sample rate or duration will not do.
    """
    if sound.channels is not None and sound.channels > MOST_CHANNELS:
        raise Rejected("TooManyChannels", "Send mono or stereo audio.")
    if each_channel and sound.channels == 1:
        raise Rejected(
            "OneChannel",
            "Its channels were to be transcribed separately and it has but one: "
            "send it in stereo, one voice a channel, or under a profile that tells voices apart.",
        )
    if sound.hertz is not None and not LEAST_HERTZ <= sound.hertz <= MOST_HERTZ:
        raise Rejected("InvalidSampleRate", f"Record at {LEAST_HERTZ:,} to {MOST_HERTZ:,} Hz.")
    if sound.seconds is not None and sound.seconds < LEAST_SECONDS:
        raise Rejected("TooShort", "Send at least half a second; the recorder may have been stopped too early.")
    if sound.seconds is not None and sound.seconds > MOST_SECONDS:
        raise too_long()


def damaged() -> Rejected:
    """Why a recording is refused that begins as one but whose header cannot be read."""
    return Rejected(
        "Damaged", "Its header cannot be read, so the upload may be incomplete: play it, then upload it again."
    )


def believable(seconds: float | None, size: int) -> float | None:
    """A duration in seconds that a header claims of so many bytes; None if that many bytes cannot hold it.

    Zero is None too: writers that do not know the duration yet, or never learn it, write zero.

    >>> believable(60.0, 1_000_000), believable(0.0, 1_000_000), believable(4_294_967.3, 1_000_000)
    (60.0, None, None)
    """
    return seconds if seconds and size * 8 / seconds >= LEAST_BITS_PER_SECOND else None


_MAGIC = (
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"\x1aE\xdf\xa3", "webm"),
    (b"#!AMR", "amr"),
    (b"ID3", "mp3"),
)
