"""MP4 and similar formats: boxes in any order. The index `moov` is before or after the audio.

The duration is that of the audio track, and counts only if the codec's frames or a second header confirm it.
"""

from dataclasses import dataclass

from stethoscript.audio_formats import mp4_fragments, sample_entry
from stethoscript.audio_formats.byte_source import WINDOW_BYTES, Findings, Part, agree
from stethoscript.audio_formats.codecs import Shape
from stethoscript.audio_formats.iso_boxes import TOP, Box, Offsets, boxes, child, offsets, times
from stethoscript.audio_info import damaged
from stethoscript.rejections import Rejected

_AUDIO_BRANDS = (b"M4A ", b"M4B ")
_MOST_ENTRIES = 4096
_MOST_PIECES = 4
_MANY_CHUNKS = 16


@dataclass(frozen=True)
class _Track:
    """An audio track: its header boxes, its coding, and the offsets of its chunks."""

    box: Box
    table: Box | None
    shape: Shape
    chunks: Offsets | None


@dataclass(frozen=True)
class _Top:
    """The index; the last fragment of a fragmented file, if it was found; the end of the last data box."""

    moov: Box | None
    piece: Box | None
    media_end: int


def read(part: Part, found: Findings) -> None:
    """Read the properties of the audio into the findings.

    Raises:
        Rejected: the file has no index (moov), or no audio.
    """
    found.media_format = "mp4"
    top = _top(part, found)
    moov = top.moov
    if moov is None:
        return
    tracks = [trak for trak in boxes(part, moov.begin, moov.end) if trak.name == b"trak"]
    heard = [_track(part, trak) for trak in tracks if _handler(part, trak) == b"soun"]
    if not heard:
        _check_silent(part, moov, tracks)
        return
    found.hertz = _common([track.shape.hertz for track in heard])
    found.channels = _common([track.shape.channels for track in heard])
    track = heard[0]
    if child(part, moov, b"mvex"):
        mp4_fragments.read(part, found, moov, track.box, frame_seconds=track.shape.frame_seconds, piece=top.piece)
    else:
        _lengths(part, found, moov, track, top.media_end)


def _top(part: Part, found: Findings) -> _Top:
    """The relevant boxes. Also finds out whether the file ends at the end of its last box.

    Raises:
        Rejected: no box is the index, or the file ends before it.
    """
    moov, piece, media_end, pieces, last = None, None, 0, 0, Box(b"", 0, 0)
    for last in boxes(part, 0, part.size):
        if last.name == b"ftyp" and part.at(last.begin, 4) in _AUDIO_BRANDS:
            found.media_format = "m4a"
        if last.name == b"moov":
            moov = moov or last
        if last.name == b"mdat":
            media_end = last.end
        if last.name == b"moof":
            piece, pieces = last, pieces + 1
            if pieces > _MOST_PIECES:  # a file can have thousands of them
                return _Top(moov, None, 0)
    ends = part.at(0, WINDOW_BYTES) + part.at(part.size - WINDOW_BYTES, WINDOW_BYTES)
    if moov is None and last.name and b"moov" not in ends:
        raise damaged("This MP4 or M4A file breaks off before its index, which stands at its end")
    if last.name in TOP:
        found.cut_off = last.end > part.size
    return _Top(moov, piece, media_end)


def _handler(part: Part, trak: Box) -> bytes:
    handler = child(part, trak, b"mdia", b"hdlr")
    return part.at(handler.begin + 8, 4) if handler else b""


def _track(part: Part, trak: Box) -> _Track:
    table = child(part, trak, b"mdia", b"minf", b"stbl")
    described = child(part, table, b"stsd") if table else None
    chunks = offsets(part, table) if table else None
    entry = next(boxes(part, described.begin + 8, described.end), None) if described else None
    shape = sample_entry.read(part, entry, chunks[0] if chunks else None) if entry else Shape()
    return _Track(trak, table, shape, chunks)


def _check_silent(part: Part, moov: Box, tracks: list[Box]) -> None:
    """Raise if the index is cut off or empty, or if it is readable and names no audio.

    Raises:
        Rejected: the file has no audio.
    """
    if moov.end > part.size:
        raise damaged("This MP4 or M4A file breaks off within its index")
    if tracks and all(_handler(part, trak) in (b"vide", b"text", b"sbtl", b"tmcd", b"meta") for trak in tracks):
        raise Rejected("UnsupportedMediaFormat", "This is a video without sound: send one that has sound.")


def _common(values: list[int | None]) -> int | None:
    """The properties of all tracks; None where they differ, because Transcribe may read any of them."""
    return values[0] if len(set(values)) == 1 else None


def _lengths(part: Part, found: Findings, moov: Box, track: _Track, media_end: int) -> None:
    found.declared_seconds = found.seconds = _declared(part, moov, track)
    chunks = track.chunks
    if chunks is None or track.table is None:
        return
    if found.cut_off and found.seconds is not None:
        found.seconds *= _share(chunks, part.size, min(media_end, _end(part, track.table, chunks)))
    elif chunks[chunks.count - 1] >= part.size:  # the boxes are complete, but the chunks are at wrong offsets
        found.cut_off = found.seconds = None


def _end(part: Part, table: Box, chunks: Offsets) -> int:
    """The end of the last chunk, if it has the average length of the others."""
    last = chunks[chunks.count - 1]
    sizes = child(part, table, b"stsz")
    each, count = (part.number(sizes.begin + at, 4) or 0 for at in (4, 8)) if sizes else (0, 0)
    if sizes and not each and count <= _MOST_ENTRIES:
        content = part.at(sizes.begin + 12, 4 * count)
        total = sum(int.from_bytes(content[at : at + 4], "big") for at in range(0, len(content), 4))
        return last + total // chunks.count
    if chunks.count > 1:
        return last + (last - chunks[0]) // (chunks.count - 1)
    return last + max(1, each) * count


def _share(chunks: Offsets, size: int, end: int) -> float:
    """The share of the audio that is in the file: by chunks if there are many, because video may be between them."""
    there = chunks.before(size)
    if not there or end <= size:
        return 1.0 if there else 0.0
    if chunks.count < _MANY_CHUNKS:
        return (size - chunks[0]) / (end - chunks[0])
    begin, end = chunks[there - 1], chunks[there] if there < chunks.count else end
    return (there - 1 + min(1.0, (size - begin) / max(1, end - begin))) / chunks.count


def _declared(part: Part, moov: Box, track: _Track) -> float | None:
    """The track's duration in seconds, if another value confirms it."""
    scale, units = times(part, child(part, track.box, b"mdia", b"mdhd"))
    movie_scale, movie_units = times(part, child(part, moov, b"mvhd"))
    if not scale or track.table is None:
        return None
    counted = _counted(part, track.table)
    seconds = (units if counted is None else counted) / scale
    sizes = child(part, track.table, b"stsz")
    frames = part.number(sizes.begin + 8, 4) if sizes else None
    coded = frames * track.shape.frame_seconds if frames and track.shape.frame_seconds else None
    if coded and not agree(seconds, coded):
        return None
    begin, shown = _edit(part, track.box)
    edited = max(0.0, (coded or seconds) - begin / scale)  # decoders play the last frame to its end
    movie = movie_units / movie_scale if movie_scale else None
    if shown and not agree(edited, shown / movie_scale if movie_scale else None):
        return None  # a decoder may play parts that an edit excludes
    return edited if coded or (agree(edited, movie) and agree(units / scale, seconds)) else None


def _counted(part: Part, table: Box) -> int | None:
    """The sum of all samples' durations; None if the table is too long to read."""
    box = child(part, table, b"stts")
    entries = part.number(box.begin + 4, 4) if box else None
    if box is None or not entries or entries > _MOST_ENTRIES:
        return None
    content = part.at(box.begin + 8, 8 * entries)
    numbers = [int.from_bytes(content[at : at + 4], "big") for at in range(0, len(content), 4)]
    return sum(count * each for count, each in zip(numbers[::2], numbers[1::2], strict=False))


def _edit(part: Part, trak: Box) -> tuple[int, int]:
    """The start of the only edit in the track's units, and its length in the movie's units; zeros otherwise."""
    box = child(part, trak, b"edts", b"elst")
    if box is None or part.number(box.begin + 4, 4) != 1:
        return 0, 0
    width = 8 if part.at(box.begin, 1) == b"\1" else 4
    shown, begin = part.number(box.begin + 8, width), part.number(box.begin + 8 + width, width)
    return (begin, shown) if begin and shown and begin < 1 << (8 * width - 1) else (0, shown or 0)
