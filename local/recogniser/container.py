"""Which kind of file a recording is, from its first bytes alone."""

FIRST_BYTES = 64
_MPEG_SYNC = 0xFFE0
_MPEG_LAYER = 0x0006
_LAYER_3 = 0x0002


def detect(head: bytes) -> str | None:
    """Return Transcribe's name of the format, or None if it is none of the eight.

    >>> detect(b"fLaC" + bytes(60))
    'flac'
    >>> detect(b"ffconcat version 1.0")
    """
    for magic, offset, name in _MAGIC:
        if head.startswith(magic, offset):
            return name(head) if callable(name) else name
    return "mp3" if _is_mpeg_layer_3(head) else None


def _riff(head: bytes) -> str | None:
    return "wav" if head[8:12] == b"WAVE" else None


def _iso_media(head: bytes) -> str:
    return "m4a" if head[8:12] in (b"M4A ", b"M4B ") else "mp4"


def _ebml(head: bytes) -> str | None:
    return "webm" if b"webm" in head[:FIRST_BYTES] else None


def _is_mpeg_layer_3(head: bytes) -> bool:
    """A frame header: eleven bits of sync, then version and layer (AAC has the same sync, but layer 0)."""
    frame = int.from_bytes(head[:2], "big")
    return len(head) > 1 and frame & _MPEG_SYNC == _MPEG_SYNC and frame & _MPEG_LAYER == _LAYER_3


_MAGIC = (
    (b"RIFF", 0, _riff),
    (b"RF64", 0, _riff),
    (b"fLaC", 0, "flac"),
    (b"OggS", 0, "ogg"),
    (b"#!AMR", 0, "amr"),
    (b"ID3", 0, "mp3"),
    (b"ftyp", 4, _iso_media),
    (b"\x1aE\xdf\xa3", 0, _ebml),
)
