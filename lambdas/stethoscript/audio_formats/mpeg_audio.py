"""MPEG audio (MP3, MP2): a sequence of frames without a reliable header.

The duration is the encoder's count (Xing, Info and VBRI headers) if the file's size confirms it. Otherwise it is the
sum of all frames of a small file, or follows from a constant bit rate. A file may consist of several joined files.
Sources: ISO/IEC 11172-3 and 13818-3, and the headers as LAME and Fraunhofer write them.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from stethoscript.audio_formats import tags
from stethoscript.audio_formats.byte_source import WALK_BYTES, WINDOW_BYTES, Findings, Part

_CONSISTENT = 4
"""The number of consecutive frames that proves the format."""
_HERTZ = (44_100, 48_000, 32_000)
_KILOBITS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLES = {(1, 1): 384, (1, 2): 1152, (1, 3): 1152, (2, 1): 384, (2, 2): 1152, (2, 3): 576}
_SIDE = {(1, 2): 32, (1, 1): 17, (2, 2): 17, (2, 1): 9}
"""Bytes of side information by version and channels. The count of frames follows them."""
_WINDOWS = 4
_SPREAD = 6
"""A count is accepted if its frames are at most this many times larger or smaller than the first ones."""


@dataclass(frozen=True)
class Frame:
    """The values in a frame's header. All frames of one recording have the same `kind`."""

    kind: tuple[int, int, int]
    hertz: int
    channels: int
    kilobits: int
    size: int
    samples: int


@dataclass(frozen=True)
class Count:
    """An encoder's count of frames and bytes, and the samples at both ends that a player skips."""

    frames: int
    size: int
    trimmed: int = 0


@lru_cache(4096)
def frame(header: bytes) -> Frame | None:
    """The frame whose header these four bytes are; None if they are none.

    >>> frame(bytes.fromhex("fffb9064")).size, frame(bytes.fromhex("ffff0000"))
    (417, None)
    """
    value = int.from_bytes(header, "big")
    version_bits, layer = value >> 19 & 3, 4 - (value >> 17 & 3)
    bit_rate, rate = value >> 12 & 15, value >> 10 & 3
    if len(header) < 4 or value >> 21 != 0x7FF or version_bits == 1 or layer > 3:  # noqa: PLR2004
        return None
    if bit_rate in (0, 15) or rate == 3:  # noqa: PLR2004 - of no fixed size, or not allowed
        return None
    version = 1 if version_bits == 3 else 2  # noqa: PLR2004
    hertz = _HERTZ[rate] >> {3: 0, 2: 1, 0: 2}[version_bits]
    kilobits, samples = _KILOBITS[version, layer][bit_rate - 1], _SAMPLES[version, layer]
    padding = value >> 9 & 1
    size = (12_000 * kilobits // hertz + padding) * 4 if layer == 1 else samples * 125 * kilobits // hertz + padding
    channels = 1 if value >> 6 & 3 == 3 else 2  # noqa: PLR2004
    return Frame((version_bits, layer, hertz), hertz, channels, kilobits, size, samples)


def find(part: Part, offset: int, reach: int = WINDOW_BYTES) -> tuple[int, Frame] | None:
    """The first offset of several consecutive frames, and the frame there."""
    window = part.at(offset, reach)
    at = window.find(b"\xff")
    while at >= 0:
        first = frame(window[at : at + 4])
        if first and _followed(part, offset, window, at, first):
            return offset + at, first
        at = window.find(b"\xff", at + 1)
    return None


def _followed(part: Part, offset: int, window: bytes, at: int, first: Frame) -> bool:
    place, size = at, first.size
    for number in range(1, _CONSISTENT):
        place += size
        if offset + place + 4 > part.size:
            return number > 1  # the end of the file
        header = window[place : place + 4] if place + 4 <= len(window) else part.at(offset + place, 4)
        following = frame(header)
        if following is None or following.kind != first.kind:
            return False
        size = following.size
    return True


def read(part: Part, found: Findings, sync: tuple[int, Frame], *, clean: bool) -> None:
    """Read the properties of the audio, from the first frame.

    `clean` says that the frame is at the expected offset. Only then decoders skip the encoder's padding.
    """
    begin, first = sync
    found.hertz, found.channels = first.hertz, first.channels
    part = Part(part.source, part.begin, tags.end(part))
    counts = list(_counted(part, begin))
    declared = sum(_length(count, each) for _, each, count in counts)
    whole = part.size - begin <= WINDOW_BYTES or not counts
    if whole or counts[-1][0] + counts[-1][2].size < part.size - WINDOW_BYTES:
        left_out = first.samples + (counts[0][2].trimmed if clean else 0) if counts else 0
        found.seconds = _measured(part, begin, left_out / first.hertz)
    elif _plausible(part, begin, counts[0][2]):
        at, _, last = counts[-1]
        there = min(1.0, (part.size - at) / last.size)
        found.seconds = declared - (1 - there) * _length(last, first)
    if counts:
        at, each, last = counts[-1]
        found.cut_off = at + last.size > part.size + each.size
        found.declared_seconds = max(declared, found.seconds or 0.0) if found.seconds else None


def _length(count: Count, first: Frame) -> float:
    return max(0, count.frames * first.samples - count.trimmed) / first.hertz


def _counted(part: Part, begin: int) -> Iterator[tuple[int, Frame, Count]]:
    """The counts of a recording, or of joined recordings, each with its offset and first frame."""
    offset = begin
    while sync := find(part, offset):
        at, first = sync
        count = _count(part.at(at, 256), first)
        if count is None or (offset != begin and at - offset > first.size):
            return
        yield at, first, count
        offset = tags.begin(part, at + count.size)


def _count(head: bytes, first: Frame) -> Count | None:
    version = 1 if first.kind[0] == 3 else 2  # noqa: PLR2004
    at = 4 + _SIDE[version, first.channels]
    if head[at : at + 4] in (b"Xing", b"Info") and head[at + 7] & 3 == 3:  # noqa: PLR2004 - frames and bytes
        frames, size = struct.unpack_from(">II", head, at + 8)
        lame = head[at + 120 : at + 144]
        ends = int.from_bytes(lame[21:24], "big") if lame[:4] in (b"LAME", b"Lavc", b"Lavf") else 0
        trimmed = (ends >> 12) + (ends & 0xFFF)
    elif head[36:40] == b"VBRI":
        size, frames = struct.unpack_from(">II", head, 46)
        trimmed = 0
    else:
        return None
    return Count(frames, size, trimmed) if frames and size >= first.size else None


def _plausible(part: Part, begin: int, count: Count) -> bool:
    """Whether the frames in the file have about the size of the counted ones."""
    sizes = [each.size for _, each in _frames(part, begin, begin + WINDOW_BYTES)]
    mean, counted = sum(sizes) / len(sizes), count.size / count.frames
    return bool(mean / _SPREAD < counted < mean * _SPREAD)


def _measured(part: Part, begin: int, left_out: float) -> float | None:
    """The duration by all frames of a small file, or by the constant bit rate of a larger one."""
    if part.size - begin <= WALK_BYTES:
        part.at(begin, WALK_BYTES)  # at once
        length, reached = 0.0, begin
        for at, each in _frames(part, begin, part.size):
            length, reached = length + each.samples / each.hertz, at + each.size
        return max(0.0, length - left_out) if part.size - reached < WINDOW_BYTES else None
    step = (part.size - begin - WINDOW_BYTES) // (_WINDOWS - 1)
    rates = set()
    for number in range(_WINDOWS):
        place = part.window(begin + number * step)
        end, place = place + WINDOW_BYTES, max(begin, place)
        sync = find(part, place, end - place)
        if sync is None:
            return None
        rates |= {(each.kilobits, each.kind) for _, each in _frames(part, sync[0], end)}
    return (part.size - begin) * 8 / (1000 * rates.pop()[0]) if len(rates) == 1 else None


def _frames(part: Part, begin: int, end: int) -> Iterator[tuple[int, Frame]]:
    """The frames between two offsets; other bytes are skipped."""
    at, end = begin, min(end, part.size)
    window, origin = b"", begin
    while at + 4 <= end:
        if at + 4 > origin + len(window):
            window, origin = part.at(at, min(WINDOW_BYTES, end - at)), at
        each = frame(window[at - origin : at - origin + 4])
        if each:
            yield at, each
            at += each.size
        elif sync := find(part, at, min(WINDOW_BYTES, end - at)):
            at = sync[0]
        else:
            return
