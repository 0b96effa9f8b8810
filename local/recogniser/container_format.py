"""Find Transcribe's name of a recording's format from the decoder's findings."""

FIRST_BYTES = 1024
"""The header of a WebM, which has the document type, fits in."""
_M4A_BRANDS = ("M4A ", "M4B ")


def named(demuxer: str, codec: str, brand: str, head: bytes) -> str | None:
    """Return Transcribe's name of the format, or None if Transcribe does not support it.

    `demuxer` and `codec` are FFmpeg's names, `brand` is an MP4's major brand, `head` holds the first bytes.

    >>> named("mov,mp4,m4a,3gp,3g2,mj2", "aac", "M4A ", b"")
    'm4a'
    >>> named("matroska,webm", "libopus", "", b"...webm..."), named("matroska,webm", "aac", "", b"...matroska...")
    ('webm', None)
    >>> named("mp3", "mp3float", "", b""), named("mp3", "mp2float", "", b"")
    ('mp3', None)
    """
    names = demuxer.split(",")
    if "mov" in names:
        return "m4a" if brand in _M4A_BRANDS else "mp4"
    if "matroska" in names:
        return "webm" if b"webm" in head else None
    if "mp3" in names:
        return "mp3" if codec.startswith("mp3") else None
    return demuxer if demuxer in ("wav", "flac", "ogg", "amr") else None
