"""Reads the coding of a track of an ISO media file from the codec's configuration.

Rate and channels in the sample entry itself are often default values. They count only for codecs without a
configuration (PCM and QuickTime's).
"""

import struct
from collections.abc import Callable, Mapping

from stethoscript.audio_formats import codecs, flac, mpeg_audio
from stethoscript.audio_formats.byte_source import Part
from stethoscript.audio_formats.codecs import Shape
from stethoscript.audio_formats.iso_boxes import Box, boxes

_CONFIGURED: Mapping[bytes, Callable[[bytes], Shape]] = {
    b"alac": lambda box: codecs.alac(box[4:]),
    b"dOps": lambda box: codecs.opus(box[1]) if len(box) > 1 else Shape(),
    b"dfLa": lambda box: codecs.flac(box[8:])[0],
    b"dac3": codecs.ac3,
    b"dec3": codecs.eac3,
}
_PLAIN = (
    b"sowt", b"twos", b"in24", b"in32", b"fl32", b"fl64", b"raw ", b"NONE", b"ulaw", b"alaw", b"ima4", b"ipcm", b"fpcm",
    b"MAC3", b"MAC6", b"ms\0\2", b"ms\0\x11",
)  # fmt: skip
_MP3 = (b".mp3", b"ms\0\x55")
_AMR = {b"samr": codecs.AMR_HERTZ, b"sawb": codecs.AMR_WB_HERTZ}
_MP3_TYPES, _AAC_TYPES = (0x69, 0x6B), (0x40, 0x66, 0x67, 0x68)
_EXTRA = {0: 0, 1: 16, 2: 36}
"""The additional bytes of QuickTime's versions of an entry."""


def read(part: Part, entry: Box, first_sample: int | None) -> Shape:
    """The properties in the entry's codec configuration."""
    head = part.at(entry.begin, 64)
    version = int.from_bytes(head[8:10], "big")
    if entry.name in _AMR:
        return Shape(_AMR[entry.name], 1, 0.02)
    if entry.name in _MP3:
        return _first_frame(part, first_sample)
    if entry.name == b"lpcm" and version == 2 and len(head) >= 44:  # noqa: PLR2004
        rate, channels = struct.unpack_from(">dI", head, 32)
        return Shape(round(rate) if 0 < rate < 2**32 else None, channels or None)
    if entry.name in _PLAIN and len(head) >= 28 and version < 2:  # noqa: PLR2004
        return Shape(int.from_bytes(head[24:26], "big") or None, int.from_bytes(head[16:18], "big") or None)
    return _configured(part, entry.begin + 28 + _EXTRA.get(version, 0), entry.end, first_sample)


def _configured(part: Part, begin: int, end: int, first_sample: int | None, *, inner: bool = False) -> Shape:
    for box in boxes(part, begin, end):
        content = part.at(box.begin, min(box.end - box.begin, 256))
        if box.name == b"wave" and not inner:  # QuickTime's box around the others
            return _configured(part, box.begin, box.end, first_sample, inner=True)
        if box.name == b"esds":
            return _described(part, content, first_sample)
        if box.name in _CONFIGURED:
            told = _CONFIGURED[box.name](content)
            frame = flac.shape(part.at(first_sample, 16)) if box.name == b"dfLa" and first_sample else Shape()
            return Shape(frame.hertz or told.hertz, frame.channels or told.channels, told.frame_seconds)
    return Shape()


def _described(part: Part, content: bytes, first_sample: int | None) -> Shape:
    """An esds box of nested descriptors: tag 4 names the codec, tag 5 holds its configuration."""
    at, kind = 4, None
    while at + 2 <= len(content):
        tag, size, at = _descriptor(content, at)
        if tag == 3:  # noqa: PLR2004
            flags = content[at + 2] if at + 2 < len(content) else 0
            at += 3 + (2 if flags & 0x80 else 0) + (2 if flags & 0x20 else 0)
        elif tag == 4 and at < len(content):  # noqa: PLR2004
            kind, at = content[at], at + 13
            if kind in _MP3_TYPES:
                return _first_frame(part, first_sample)
        elif tag == 5 and kind in _AAC_TYPES:  # noqa: PLR2004
            return codecs.aac(content[at : at + size])
        else:
            return Shape()
    return Shape()


def _descriptor(content: bytes, at: int) -> tuple[int, int, int]:
    """A descriptor's tag and size, and the offset of its content."""
    tag, size, at = content[at], 0, at + 1
    for _ in range(4):
        each = content[at] if at < len(content) else 0
        size, at = size << 7 | each & 0x7F, at + 1
        if not each & 0x80:
            break
    return tag, size, at


def _first_frame(part: Part, first_sample: int | None) -> Shape:
    """MPEG audio, whose only configuration is in the headers of its frames."""
    frame = mpeg_audio.frame(part.at(first_sample, 4)) if first_sample is not None else None
    return Shape(frame.hertz, frame.channels, frame.samples / frame.hertz) if frame else Shape()
