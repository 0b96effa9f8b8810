"""Ogg: pages that count samples, each part of one logical stream. Streams can be parallel or in sequence.

A stream's last page has a flag; by RFC 3533 and RFC 7845 a stream without it is truncated.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from stethoscript.audio_formats import codecs
from stethoscript.audio_formats.byte_source import WALK_BYTES, WINDOW_BYTES, Findings, Part
from stethoscript.audio_formats.codecs import Shape

_HEADER_BYTES = 27
_MOST_HEADER_BYTES = _HEADER_BYTES + 255
_BEGINS, _ENDS = 2, 4
_NO_PACKET_ENDS = -1
_MOST_PACKET_SAMPLES = 65_536
_WINDOWS = 4
"""The windows between the first and the last one that are read to detect joined streams."""


@dataclass(frozen=True)
class _Page:
    at: int
    size: int
    flags: int
    granule: int
    serial: int
    packets: int
    begin: bytes


@dataclass
class _Link:
    """One logical audio stream: the samples before its first page, and the samples up to its last."""

    shape: Shape
    skipped: int
    first: int | None = None
    last: int = 0
    ended: bool = False
    at: int = 0

    def take(self, page: _Page, *, whole: bool) -> None:
        """Count a complete page. A page that counts more samples than it can hold is wrong, except the first."""
        if page.granule == _NO_PACKET_ENDS or not whole:
            return
        leap = page.granule - self.last > page.packets * _MOST_PACKET_SAMPLES
        if self.first is None and page.granule > 0:
            self.first = page.granule if leap else self.skipped  # the file was cut out of a longer stream
        elif leap and page.at == self.at:
            return
        self.at, self.last = page.at + page.size, page.granule
        self.ended = bool(page.flags & _ENDS)

    @property
    def seconds(self) -> float | None:
        if self.shape.hertz is None or (self.first and self.first >= self.last):
            return None
        return max(0, self.last - (self.first or 0)) / self.shape.hertz


def read(part: Part, found: Findings) -> None:
    """Read the properties of the audio into the findings."""
    links: list[_Link] = []
    serial = None
    small = part.size <= WALK_BYTES
    others: set[int] = set()
    cut = False
    part.at(0, WALK_BYTES if small else WINDOW_BYTES)  # at once
    for page in _pages(part, 0, part.size if small else WINDOW_BYTES):
        cut = page.at + page.size > part.size
        if page.flags & _BEGINS:
            link = _link(page.begin)
            if link is None:
                others.add(page.serial)
            elif not links or page.serial == serial or links[-1].ended:
                links.append(link)
                serial = page.serial
        elif links and page.serial == serial:
            links[-1].take(page, whole=not cut)
        _tell(found, links)
    if not links:
        return
    if small:
        lengths = [link.seconds for link in links]
        found.seconds = None if None in lengths else sum(length or 0.0 for length in lengths)
        found.cut_off = cut or not links[-1].ended
    elif len(links) == 1 and serial is not None:
        _far(part, found, links[0], serial, others)


def _tell(found: Findings, links: list[_Link]) -> None:
    """Set rate and channels if all streams have the same."""
    if links:
        hertz, channels = {link.shape.hertz for link in links}, {link.shape.channels for link in links}
        found.hertz = hertz.pop() if len(hertz) == 1 else None
        found.channels = channels.pop() if len(channels) == 1 else None


def _far(part: Part, found: Findings, link: _Link, serial: int, others: set[int]) -> None:
    """Read the end of a large file, and windows in between that show whether it is a single stream."""
    last = part.window(part.size - 1) - WINDOW_BYTES
    places = [(part.window(last * number // (_WINDOWS + 1)), WINDOW_BYTES) for number in range(1, _WINDOWS + 1)]
    reached, single, cut = link.last, True, False
    for place, length in [*places, (last, 2 * WINDOW_BYTES)]:
        for page in _pages(part, place, place + length):
            cut = page.at + page.size > part.size
            if page.serial == serial:
                link.take(page, whole=not cut)
                single = single and link.last >= reached
                reached = link.last
            else:
                single = single and page.serial in others
    if single:
        found.seconds = link.seconds
    found.cut_off = cut or not link.ended


def _link(head: bytes) -> _Link | None:
    """The audio stream whose first packet begins with these bytes; None for another stream."""
    if head.startswith(b"OpusHead") and len(head) >= 12:  # noqa: PLR2004
        return _Link(codecs.opus(head[9]), int.from_bytes(head[10:12], "little"))
    if head.startswith(b"\x01vorbis"):
        return _Link(codecs.vorbis(head), 0)
    if head.startswith(b"\x7fFLAC"):
        return _Link(codecs.flac(head[17:51])[0], 0)
    if head.startswith(b"Speex   ") and len(head) >= 52:  # noqa: PLR2004
        hertz, _, _, channels = struct.unpack_from("<4I", head, 36)
        return _Link(Shape(hertz or None, channels or None), 0)
    return None


def _pages(part: Part, begin: int, end: int) -> Iterator[_Page]:
    """The pages that begin between two offsets; other bytes are skipped."""
    at, end = begin, part.size if end >= part.size else end - _MOST_HEADER_BYTES
    while at < end:
        page = _page(part, at)
        if page:
            yield page
            at += page.size
            continue
        window = part.at(at, min(WINDOW_BYTES, end - at))
        place = window.find(b"OggS\0", 1)
        at += place if place > 0 else max(1, len(window) - 4)


def _page(part: Part, at: int) -> _Page | None:
    head = part.at(at, _MOST_HEADER_BYTES)
    if head[:5] != b"OggS\0" or len(head) < _HEADER_BYTES:
        return None
    flags, granule, serial = struct.unpack_from("<Bqi", head, 5)
    lacing = head[_HEADER_BYTES : _HEADER_BYTES + head[26]]
    body = at + _HEADER_BYTES + head[26]
    packets = sum(1 for each in lacing if each < 255)  # noqa: PLR2004
    return _Page(at, body - at + sum(lacing), flags, granule, serial, packets, part.at(body, 80) if flags & 2 else b"")
