"""What the first bytes of a recording tell."""

from stethoscript.rejections import Rejected

HEADER_BYTES = 4096
MOST_BYTES = 2 * 1024**3  # quota "Audio file size" of Transcribe Medical; not adjustable

_MP4_BRANDS = {b"M4A ": "m4a", b"M4B ": "m4a"}
_MP3_SYNC, _MP3_LAYER = 0xFFE0, 0x0006  # a frame begins with eleven ones; layer 0 is reserved


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
    if frame & _MP3_SYNC == _MP3_SYNC and frame & _MP3_LAYER:
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


_MAGIC = (
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"\x1aE\xdf\xa3", "webm"),
    (b"#!AMR", "amr"),
    (b"ID3", "mp3"),
)
