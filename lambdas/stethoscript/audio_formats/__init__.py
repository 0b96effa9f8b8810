"""Detects a file's format and the properties of its audio, by the content that a decoder reads.

A file is refused on positive proof only. An unreadable or contradictory value stays None, and Transcribe decides.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from stethoscript.audio_formats import (
    amr,
    flac,
    iso_boxes,
    iso_media,
    matroska,
    mpeg_audio,
    ogg,
    tags,
    unsupported_formats,
    wav,
)
from stethoscript.audio_formats.byte_source import WALK_BYTES, WINDOW_BYTES, Exhausted, Findings, Part, Source
from stethoscript.audio_info import AudioInfo, believable, damaged
from stethoscript.rejections import Rejected

MEDIA_FORMATS = ("mp3", "mp4", "wav", "flac", "ogg", "amr", "webm", "m4a")
"""Transcribe's names of formats, which are also file name extensions."""
_EXTENSIONS = {
    **{name: name for name in MEDIA_FORMATS},
    **dict.fromkeys(("mov", "qt", "m4v", "3gp", "3g2"), "mp4"), **dict.fromkeys(("m4b", "m4r"), "m4a"),
    **dict.fromkeys(("oga", "opus", "spx"), "ogg"), **dict.fromkeys(("mkv", "mka"), "webm"),
    "wave": "wav", "awb": "amr", "mpga": "mp3", "mp2": "mp3",
}  # fmt: skip
_LEAST_BYTES = 40
"""The fewest bytes of half a second, in any codec."""


@dataclass(frozen=True)
class Format:
    """A format that Transcribe accepts: its name, its first bytes, and its parser."""

    name: str
    matches: Callable[[bytes], bool]
    read: Callable[[Part, Findings], None]


FORMATS = (
    Format("wav", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE", wav.read),
    Format("flac", lambda head: head[:4] == b"fLaC", flac.read),
    Format("ogg", lambda head: head[:4] == b"OggS", ogg.read),
    Format("amr", lambda head: head[:5] == b"#!AMR", amr.read),
    Format("webm", lambda head: head[:4] == b"\x1aE\xdf\xa3", matroska.read),
    Format("mp4", iso_boxes.begin, iso_media.read),
)


def examine(source: Source, extension: str) -> tuple[str, AudioInfo]:
    """Transcribe's name of a file's format, and the properties of its audio.

    If the content has no known format, the extension of the file's name decides.

    Raises:
        Rejected: the file has an unsupported format, or is damaged.
    """
    found = Findings()
    with suppress(Exhausted):  # the values found so far stay
        _examine(source, found)
    if believable(found.seconds, source.size) is None:
        found.seconds = found.declared_seconds = None
    return found.media_format or by_extension(extension), found.info()


def by_extension(extension: str) -> str:
    """Transcribe's name of the format by the extension of a file's name.

    Raises:
        Rejected: the extension is none of Transcribe's formats.
    """
    if extension.lower() in _EXTENSIONS:
        return _EXTENSIONS[extension.lower()]
    raise Rejected(
        "UnsupportedMediaFormat", f"Neither its content nor its name is of {unsupported_formats.TAKEN}: send that."
    )


def _examine(source: Source, found: Findings) -> None:
    whole = Part(source, 0, source.size)
    head = whole.at(0, WINDOW_BYTES)
    unsupported_formats.check(head)
    if whole.size < _LEAST_BYTES:
        if not any(each.matches(head) for each in FORMATS):
            unsupported_formats.check_text(head)
        raise damaged("This file is too short to hold a recording")
    if _read(whole, head, found):
        return
    begin = tags.begin(whole)
    if not _read(Part(source, begin, source.size), whole.at(begin, 4096), found):
        _behind(Part(source, begin, source.size), whole, found)


def _behind(part: Part, whole: Part, found: Findings) -> None:
    """Read a file that begins with zeros, in the middle of a frame, or with unknown bytes."""
    begin = tags.junk(part)
    begin = tags.begin(part, begin) if begin else 0
    if begin >= part.size and part.size <= WALK_BYTES:
        raise damaged("There is no sound in this file, only zeros or a tag")
    rest = Part(part.source, part.begin + begin, part.end)
    head = rest.at(0, WINDOW_BYTES)
    unsupported_formats.check(head)
    unsupported_formats.check_stream(head)
    if begin and _read(rest, head, found):
        return
    for each in (rest, whole):  # a tag may be shorter than its size field
        if sync := mpeg_audio.find(each, 0):
            found.media_format = "mp3"
            clean = begin == 0 and sync[0] == 0 and (each.begin == 0 or whole.at(0, 3) == b"ID3")
            mpeg_audio.read(each, found, sync, clean=clean)
            return
    unsupported_formats.check_text(head)
    if tags.breaks_off(whole) and whole.size <= WALK_BYTES and not mpeg_audio.find(whole, 0, WALK_BYTES):
        raise damaged("This file breaks off within the tag or picture in front of its sound")


def _read(part: Part, head: bytes, found: Findings) -> bool:
    for each in FORMATS:
        if each.matches(head):
            found.media_format = each.name
            each.read(part, found)
            return True
    return False
