"""Fragmented MP4: each fragment (moof) has its start time, so the last one gives the total duration."""

from stethoscript.audio_formats.byte_source import WINDOW_BYTES, Findings, Part, agree
from stethoscript.audio_formats.iso_boxes import TOP, Box, boxes, child, times

_TAIL_BYTES = 4 * WINDOW_BYTES
_MOST_SAMPLES = 20_000


def read(part: Part, found: Findings, moov: Box, trak: Box, *, frame_seconds: float | None, piece: Box | None) -> None:
    """Find the duration, and whether the file is cut off, in its last fragments; `piece` is the last one, if known."""
    scale, _ = times(part, child(part, trak, b"mdia", b"mdhd"))
    header = child(part, trak, b"tkhd")
    if not scale or header is None:
        return
    track = part.number(header.begin + (20 if part.at(header.begin, 1) == b"\1" else 12), 4) or 0
    default = _default(part, moov, track)
    at = piece.begin - 8 if piece else _first_piece(part, max(moov.end, part.size - _TAIL_BYTES))
    if at is None:
        return
    begin, length, frames, share = 0, 0, 0, 1.0
    last = Box(b"", 0, 0)
    for last in boxes(part, at, part.size):
        if last.name == b"moof" and any(each := _piece(part, last, track, default)):
            begin, length, frames = each
        elif last.name == b"mdat" and last.end > part.size:
            share = (part.size - last.begin) / (last.end - last.begin)
    if last.name in TOP:
        found.cut_off = True if last.end > part.size else (False if last.name == b"mfra" else None)
    seconds = length / scale if frame_seconds is None else frames * frame_seconds
    if frames and agree(seconds, length / scale):
        found.seconds = begin / scale + seconds * share


def _first_piece(part: Part, tail: int) -> int | None:
    """The offset of the first fragment after an offset."""
    window = part.at(tail, _TAIL_BYTES)
    at = window.find(b"moof")
    while at >= 4:  # noqa: PLR2004 - the length is before the name
        size = int.from_bytes(window[at - 4 : at], "big")
        if window[at + 8 : at + 12] == b"mfhd" and size >= 24:  # noqa: PLR2004
            return tail + at - 4
        at = window.find(b"moof", at + 1)
    return None


def _default(part: Part, moov: Box, track: int) -> int:
    """The default duration of a sample, in the track's units."""
    extends = child(part, moov, b"mvex")
    for box in boxes(part, extends.begin, extends.end) if extends else ():
        if box.name == b"trex" and part.number(box.begin + 4, 4) == track:
            return part.number(box.begin + 12, 4) or 0
    return 0


def _piece(part: Part, moof: Box, track: int, default: int) -> tuple[int, int, int]:
    """The start and the length of a track's fragment in the track's units, and its frames; zeros without one."""
    for box in boxes(part, moof.begin, moof.end):
        header = child(part, box, b"tfhd") if box.name == b"traf" else None
        if header and part.number(header.begin + 4, 4) == track:
            time = child(part, box, b"tfdt")
            if time is None:
                return 0, 0, 0
            wide = part.at(time.begin, 1) == b"\1"
            begin = part.number(time.begin + 4, 8 if wide else 4) or 0
            each = _duration(part, header, default)
            runs = [run for run in boxes(part, box.begin, box.end) if run.name == b"trun"]
            count = sum(part.number(run.begin + 4, 4) or 0 for run in runs)
            return begin, sum(_run(part, run, each) for run in runs), count
    return 0, 0, 0


def _duration(part: Part, header: Box, default: int) -> int:
    flags = part.number(header.begin + 1, 3) or 0
    if not flags & 0x08:
        return default
    return part.number(header.begin + 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0), 4) or 0


def _run(part: Part, run: Box, each: int) -> int:
    flags, count = part.number(run.begin + 1, 3) or 0, part.number(run.begin + 4, 4) or 0
    if not flags & 0x100:
        return count * each
    at = run.begin + 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
    width = 4 * sum(1 for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit)
    content = part.at(at, min(count, _MOST_SAMPLES) * width)
    return sum(int.from_bytes(content[place : place + 4], "big") for place in range(0, len(content), width))
