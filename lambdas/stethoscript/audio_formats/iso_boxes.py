"""The boxes of an ISO media file (MP4, M4A, MOV, 3GP), and the tables in them.

Sources: ISO/IEC 14496-12 and Apple's QuickTime File Format.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stethoscript.audio_formats.byte_source import Part

_KNOWN = (b"mfra", b"udta", b"meta", b"pdin", b"ssix", b"emsg")
FIRST = (b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"pnot", b"uuid", b"sidx", b"junk")
"""The possible first boxes of such a file."""
TOP = (*FIRST, *_KNOWN)
"""The known boxes."""


def begin(head: bytes) -> bool:
    """Whether these are the first bytes of such a file, whose first box may have an unknown name.

    >>> begin(bytes(3) + b" ftypisom"), begin(bytes(3) + bytes([8]) + b"new!" + bytes(4) + b"moov"), begin(b"RIFF")
    (True, True, False)
    """
    following = int.from_bytes(head[:4], "big") + 4
    return head[4:8] in FIRST or (following >= 12 and head[following : following + 4] in FIRST)  # noqa: PLR2004


@dataclass(frozen=True)
class Box:
    """A box: its name, the offset of its content, and its end by its size field, which may exceed the file's end."""

    name: bytes
    begin: int
    end: int


def boxes(part: Part, begin: int, end: int) -> Iterator[Box]:
    """The boxes between two offsets. Invalid bytes end the list, with a box of an empty name."""
    at = begin
    while at + 8 <= min(end, part.size):
        head = part.at(at, 16)
        size, name, begin = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if size == 1:
            size, begin = int.from_bytes(head[8:16], "big"), at + 16
        elif size == 0:
            size = end - at
        if at + size < begin or not all(0x20 <= each < 0x7F or each == 0xA9 for each in name):  # noqa: PLR2004 - ©
            yield Box(b"", at, end)
            return
        yield Box(name, begin, at + size)
        at += size


def child(part: Part, parent: Box, *path: bytes) -> Box | None:
    """The box at a path of names, the first of each name."""
    for name in path:
        found = next((box for box in boxes(part, parent.begin, parent.end) if box.name == name), None)
        if found is None:
            return None
        parent = found
    return parent


def times(part: Part, header: Box | None) -> tuple[int, int]:
    """The units per second and the duration in units of an mvhd or mdhd; zeros without one."""
    if header is None:
        return 0, 0
    wide = part.at(header.begin, 1) == b"\1"
    scale = part.number(header.begin + (20 if wide else 12), 4) or 0
    length = part.number(header.begin + (24 if wide else 16), 8 if wide else 4) or 0
    return scale, 0 if length in (2**32 - 1, 2**64 - 1) else length


@dataclass(frozen=True)
class Offsets:
    """The offsets of a track's chunks: a table that is searched, not read completely."""

    part: Part
    begin: int
    width: int
    count: int

    def __getitem__(self, index: int) -> int:
        return (self.part.number(self.begin + index * self.width, self.width) or 0) - self.part.begin

    def before(self, size: int) -> int:
        """The number of chunks before an offset, if they are in order, as muxers write them."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self[middle] < size else (low, middle)
        return low


def offsets(part: Part, table: Box) -> Offsets | None:
    """The chunks of a sample table; None if it has none."""
    for name, width in ((b"stco", 4), (b"co64", 8)):
        box = child(part, table, name)
        if box and (count := part.number(box.begin + 4, 4)):
            fits = (min(box.end, part.size) - box.begin - 8) // width
            return Offsets(part, box.begin + 8, width, min(count, fits)) if fits > 0 else None
    return None
