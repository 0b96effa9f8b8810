"""FLAC: the header holds the number of samples, and every frame holds the number of its first sample.

Therefore the last frame gives the length of the audio in the file.
Source: RFC 9639.
"""

from dataclasses import dataclass

from stethoscript.audio_formats import codecs, tags
from stethoscript.audio_formats.byte_source import WINDOW_BYTES, Findings, Part
from stethoscript.audio_formats.codecs import Shape
from stethoscript.audio_info import damaged

_BLOCK_CODES = {1: 192, **{n: 144 << n for n in range(2, 6)}, **{n: 1 << n for n in range(8, 16)}}
_STREAM_INFO_BYTES = 34
_MOST_SAMPLE_BYTES = 4
_JOINED = 0.1
"""If half of the bytes hold a smaller share of the samples, files may have been joined, each counting from zero."""
_HERTZ = (None, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
_CHANNELS = (1, 2, 3, 4, 5, 6, 7, 8, 2, 2, 2)
"""By a frame's codes. Without a code, the value in the file's header counts."""


@dataclass(frozen=True)
class _Frame:
    variable: bool
    kind: bytes
    number: int
    block: int

    @property
    def hertz(self) -> int | None:
        return _HERTZ[self.kind[0]] if self.kind[0] < len(_HERTZ) else None

    @property
    def channels(self) -> int | None:
        return _CHANNELS[self.kind[1]] if self.kind[1] < len(_CHANNELS) else None


def read(part: Part, found: Findings) -> None:
    """Read the properties of the audio into the findings.

    Raises:
        Rejected: no audio follows the header.
    """
    if int.from_bytes(part.at(4, 4), "big") & 0x7FFFFFFF != _STREAM_INFO_BYTES:
        return  # STREAMINFO must be first
    told, total, block = codecs.flac(part.at(8, _STREAM_INFO_BYTES))
    found.hertz, found.channels = told.hertz, told.channels
    at, last = 4, False
    while not last:
        head = part.at(at, 4)
        if len(head) < 4 or at >= part.size:  # noqa: PLR2004
            raise damaged("This FLAC file breaks off before its first sound")
        last, at = bool(head[0] & 0x80), at + 4 + int.from_bytes(head[1:], "big")
    part = Part(part.source, part.begin, tags.end(part))
    if at >= part.size:
        raise damaged("This FLAC file breaks off before its first sound")
    if first := _frame(part.at(at, 16)):  # decoders prefer this to the header
        found.hertz, found.channels = first.hertz or found.hertz, first.channels or found.channels
        _lengths(Part(part.source, part.begin + at, part.end), found, first, total, block)


def _lengths(part: Part, found: Findings, first: _Frame, total: int, block: int) -> None:
    final = part.window(part.size - 1)
    samples = _reached(part, final, first, block) or _reached(part, final - WINDOW_BYTES, first, block)
    if not samples or found.hertz is None or (total and samples >= total + first.block):
        return
    if part.size > WINDOW_BYTES + samples * (found.channels or 1) * _MOST_SAMPLE_BYTES:
        return  # that frame is not the last one
    middle = _reached(part, part.window(part.size // 2), first, block) if part.size > 2 * WINDOW_BYTES else None
    if middle is not None and not _JOINED < middle / samples < 1 - _JOINED:
        return
    if total:
        found.declared_seconds = total / found.hertz
        found.cut_off = samples < total
        samples = min(samples, total)
    found.seconds = samples / found.hertz


def shape(frame: bytes) -> Shape:
    """The values in a frame's header, which a decoder uses."""
    first = _frame(frame)
    return Shape(first.hertz, first.channels) if first else Shape()


def _reached(part: Part, origin: int, first: _Frame, block: int) -> int | None:
    """The number of samples up to the last frame of a window, if it has the first frame's format."""
    window = part.at(max(0, origin), WINDOW_BYTES)
    at = window.rfind(b"\xff")
    while at >= 0:
        each = _frame(window[at : at + 16])
        if each and (each.variable, each.hertz, each.channels) == (first.variable, first.hertz, first.channels):
            return each.number + each.block if each.variable else each.number * block + each.block
        at = window.rfind(b"\xff", 0, at)
    return None


def _frame(head: bytes) -> _Frame | None:
    """The frame whose header these bytes are; None without a header or with a wrong checksum."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xFE != 0xF8 or head[3] & 1:  # noqa: PLR2004
        return None
    more = _coded_bytes(head[4])
    at = 5 + more
    block_code, rate_code = head[2] >> 4, head[2] & 15
    more_block = {6: 1, 7: 2}.get(block_code, 0)
    more_rate = {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    end = at + more_block + more_rate
    if more < 0 or rate_code == 15 or end >= len(head) or _checksum(head[:end]) != head[end]:  # noqa: PLR2004
        return None
    block = int.from_bytes(head[at : at + more_block], "big") + 1 if more_block else _BLOCK_CODES.get(block_code)
    if block is None:
        return None
    number = head[4] & (0x7F >> more + 1 if more else 0x7F)
    for each in head[5:at]:
        number = number << 6 | each & 0x3F
    return _Frame(bool(head[1] & 1), bytes([rate_code, head[3] >> 4]), number, block)


def _coded_bytes(first: int) -> int:
    """The number of bytes after the first byte of a number in UTF-8's coding; -1 for an invalid first byte."""
    ones = 8 - (first ^ 0xFF).bit_length()
    return {0: 0, 1: -1, 8: -1}.get(ones, ones - 1)


def _checksum(header: bytes) -> int:
    """CRC-8 with the polynomial x⁸ + x² + x + 1."""
    rest = 0
    for each in header:
        rest ^= each
        for _ in range(8):
            rest = (rest << 1 ^ 7) & 0xFF if rest & 0x80 else rest << 1
    return rest
