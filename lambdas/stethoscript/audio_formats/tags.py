"""Finds data before and after a recording: ID3 and APE tags, zeros, a byte order mark."""

from stethoscript.audio_formats.byte_source import WALK_BYTES, WINDOW_BYTES, Part

_ID3V2_HEADER = 10
_ID3V1_BYTES = 128
_APE_BYTES = 32
_MARK = b"\xef\xbb\xbf"


def begin(part: Part, offset: int = 0) -> int:
    """The offset after the tags at an offset. A tag longer than the file does not count."""
    while length := _tag(part, offset):
        offset += length
    return offset


def junk(part: Part) -> int:
    """The offset after a byte order mark or zeros, or the end; the search has a limit."""
    offset = len(_MARK) if part.at(0, len(_MARK)) == _MARK else 0
    reach = min(part.size, WALK_BYTES)
    while offset < reach:
        window = part.at(offset, WINDOW_BYTES)
        rest = window.lstrip(b"\0")
        offset += len(window) - len(rest)
        if rest:
            return offset
    return offset


def end(part: Part) -> int:
    """The end of the recording: the offset of the tags at the end of the file."""
    last = part.size
    if part.at(last - _ID3V1_BYTES, 3) == b"TAG" and last > _ID3V1_BYTES:
        last -= _ID3V1_BYTES
    footer = part.at(last - _APE_BYTES, _APE_BYTES) if last > _APE_BYTES else b""
    if footer[:8] == b"APETAGEX":
        header = _APE_BYTES if footer[23] & 0x80 else 0
        last -= min(last, int.from_bytes(footer[12:16], "little") + header)
    return part.begin + last


def breaks_off(part: Part) -> bool:
    """Whether a tag at the beginning is longer than the file, and no known format begins."""
    at = begin(part)
    return at + _length(part, at) > part.size and b"fLaC" not in part.at(at, WALK_BYTES)


def _tag(part: Part, offset: int) -> int:
    """The length of the tag that begins here and ends within the file; 0 without one."""
    length = _length(part, offset)
    return length if offset + length <= part.size else 0


def _length(part: Part, offset: int) -> int:
    head = part.at(offset, _APE_BYTES)
    length = 0
    if head[:3] == b"ID3" and len(head) >= _ID3V2_HEADER and max(head[6:10]) < 0x80:  # noqa: PLR2004
        footer = _ID3V2_HEADER if head[5] & 0x10 else 0
        length = _ID3V2_HEADER + footer + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
    elif head[:8] == b"APETAGEX" and len(head) == _APE_BYTES:
        length = int.from_bytes(head[12:16], "little") + _APE_BYTES
    return length
