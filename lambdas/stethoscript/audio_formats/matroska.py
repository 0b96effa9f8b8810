"""WebM and Matroska: nested elements. A recorder may omit their lengths and the duration.

Source: RFC 8794 (EBML) and RFC 9559 (Matroska).
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from stethoscript.audio_formats import codecs
from stethoscript.audio_formats.byte_source import WINDOW_BYTES, Findings, Part, agree
from stethoscript.audio_formats.codecs import Shape

_HEADER, _DOC_TYPE, _SEGMENT = 0x1A45DFA3, 0x4282, 0x18538067
_INFO, _SCALE, _DURATION = 0x1549A966, 0x2AD7B1, 0x4489
_TRACKS, _ENTRY, _NUMBER, _TYPE, _CODEC, _PRIVATE = 0x1654AE6B, 0xAE, 0xD7, 0x83, 0x86, 0x63A2
_AUDIO, _HERTZ, _CHANNELS = 0xE1, 0xB5, 0x9F
_CLUSTER, _TIME, _SIMPLE_BLOCK, _GROUP, _BLOCK = 0x1F43B675, 0xE7, 0xA3, 0xA0, 0xA1
_SOUND = 2
_TAIL_BYTES = 4 * WINDOW_BYTES
_CODECS: Mapping[str, Callable[[bytes], Shape]] = {
    "A_OPUS": lambda private: codecs.opus(private[9]) if private.startswith(b"OpusHead") and private[9:] else Shape(),
    "A_VORBIS": lambda private: codecs.vorbis(_laced(private)),
    "A_AAC": codecs.aac,
    "A_FLAC": lambda private: codecs.flac(private[8:])[0] if private[:4] == b"fLaC" else Shape(),
    "A_ALAC": codecs.alac,
}


@dataclass(frozen=True)
class Element:
    """An element: its id, the offset of its content, and its end (None if its length is omitted)."""

    id: int
    begin: int
    end: int | None


def read(part: Part, found: Findings) -> None:
    """Read the properties of the audio into the findings."""
    segment = next((each for each in _elements(part, 0, part.size) if each.id == _SEGMENT), None)
    if segment is None:
        return
    found.media_format = "webm"
    scale, declared, track = 1_000_000, 0.0, None
    clusters: list[Element] = []
    for each in _elements(part, segment.begin, part.size):
        if each.id == _INFO:
            scale, declared = _times(part, each)
        elif each.id == _TRACKS:
            track = _tracks(part, each, found)
        elif each.id == _CLUSTER:
            clusters.append(each)
        if each.id == _CLUSTER and (track is not None or each.end is None):
            break
    if segment.end is not None:
        found.cut_off = segment.end > part.size
    if track is not None and clusters:
        _lengths(part, found, declared * scale / 1e9 or None, scale, track)


def _lengths(part: Part, found: Findings, declared: float | None, scale: int, track: int) -> None:
    reached = _reached(part, track)
    if reached is None:
        return
    seconds = reached * scale / 1e9
    if found.cut_off and declared is not None and seconds <= declared:
        found.seconds, found.declared_seconds = seconds, declared
    elif declared is None or agree(declared, seconds):
        found.seconds, found.declared_seconds = declared or seconds, declared


def _elements(part: Part, begin: int, end: int) -> Iterator[Element]:
    """The elements between two offsets, up to the first invalid one or the first without a length."""
    at = begin
    while at < end:
        element = _element(part, at)
        if element is None:
            return
        yield element
        if element.end is None:
            return
        at = element.end


def _element(part: Part, at: int) -> Element | None:
    head = part.at(at, 12)
    if len(head) < 2 or head[0] < 0x10:  # noqa: PLR2004 - ids have four bytes at most
        return None
    id_bytes = 9 - head[0].bit_length()
    if len(head) <= id_bytes or not head[id_bytes]:
        return None
    size_bytes = 9 - head[id_bytes].bit_length()
    content = head[id_bytes : id_bytes + size_bytes]
    if len(content) < size_bytes:
        return None
    size = int.from_bytes(content, "big") & ((1 << 7 * size_bytes) - 1)
    begin = at + id_bytes + size_bytes
    unknown = size == (1 << 7 * size_bytes) - 1
    return Element(int.from_bytes(head[:id_bytes], "big"), begin, None if unknown else begin + size)


def _children(part: Part, parent: Element) -> Mapping[int, bytes]:
    """The contents of an element's children by id, the first of each; long ones are truncated."""
    known: dict[int, bytes] = {}
    for each in _elements(part, parent.begin, parent.end or part.size):
        known.setdefault(each.id, part.at(each.begin, min((each.end or part.size) - each.begin, 1024)))
    return known


def _times(part: Part, info: Element) -> tuple[int, float]:
    """The nanoseconds per unit, and the duration in units; 0 if it is missing."""
    known = _children(part, info)
    return _number(known.get(_SCALE, b"")) or 1_000_000, _float(known.get(_DURATION, b""))


def _tracks(part: Part, tracks: Element, found: Findings) -> int | None:
    """The number of the first audio track. Of several tracks, only properties that agree are kept."""
    number, shapes = None, []
    for entry in _elements(part, tracks.begin, tracks.end or part.size):
        known = _children(part, entry) if entry.id == _ENTRY else {}
        if _number(known.get(_TYPE, b"")) == _SOUND:
            number = (_number(known.get(_NUMBER, b"")) or 1) if number is None else number
            shapes.append(_shape(part, entry, known))
    hertz, channels = {shape.hertz for shape in shapes}, {shape.channels for shape in shapes}
    found.hertz = hertz.pop() if len(hertz) == 1 else None
    found.channels = channels.pop() if len(channels) == 1 else None
    return number


def _shape(part: Part, entry: Element, known: Mapping[int, bytes]) -> Shape:
    codec = known.get(_CODEC, b"").rstrip(b"\0").decode("ascii", "replace")
    if codec in _CODECS:
        return _CODECS[codec](known.get(_PRIVATE, b""))
    if not codec.startswith("A_PCM/"):
        return Shape()
    audio = next((each for each in _elements(part, entry.begin, entry.end or part.size) if each.id == _AUDIO), None)
    told = _children(part, audio) if audio else {}
    channels = _number(told.get(_CHANNELS, b""))
    return Shape(round(_float(told.get(_HERTZ, b""))) or None, channels or None)


def _reached(part: Part, track: int) -> int | None:
    """The end, in units, of the track's last block in the last cluster."""
    begin = max(0, part.size - _TAIL_BYTES)
    window = part.at(begin, _TAIL_BYTES)
    at = window.rfind(_CLUSTER.to_bytes(4, "big"))
    while at >= 0:
        cluster = _element(part, begin + at)
        ended = _cluster_end(part, cluster, track) if cluster else None
        if ended is not None:
            return ended
        at = window.rfind(_CLUSTER.to_bytes(4, "big"), 0, at)
    return None


def _cluster_end(part: Part, cluster: Element, track: int) -> int | None:
    time, last, step = None, None, 0
    for each in _elements(part, cluster.begin, min(cluster.end or part.size, part.size)):
        block = each
        if each.id == _TIME:
            time = _number(part.at(each.begin, min((each.end or 0) - each.begin, 9)))
        elif each.id == _GROUP:
            block = next((inner for inner in _elements(part, each.begin, each.end or 0) if inner.id == _BLOCK), each)
        if time is not None and block.id in (_SIMPLE_BLOCK, _BLOCK) and (block.end or 0) <= part.size:
            head = part.at(block.begin, 4)
            if len(head) == 4 and head[0] & 0x7F == track:  # noqa: PLR2004
                at = time + struct.unpack_from(">h", head, 1)[0]
                last, step = at, at - last if last is not None else step
    return None if last is None else last + max(0, step)


def _laced(private: bytes) -> bytes:
    """The first packet of Vorbis's configuration, after the number of packets and the sizes of all except the last."""
    at = 1
    for _ in range(2):
        while at < len(private) and private[at] == 255:  # noqa: PLR2004
            at += 1
        at += 1
    return private[at:]


def _number(content: bytes) -> int:
    """A whole number of 1 to 8 bytes; 0 for other lengths."""
    return int.from_bytes(content, "big") if len(content) <= 8 else 0  # noqa: PLR2004


def _float(content: bytes) -> float:
    """A float of 4 or 8 bytes; 0 if it cannot be a length or a rate."""
    form = {4: ">f", 8: ">d"}.get(len(content))
    value = struct.unpack(form, content)[0] if form else 0.0
    return value if 0 < value < 1e15 else 0.0  # noqa: PLR2004
