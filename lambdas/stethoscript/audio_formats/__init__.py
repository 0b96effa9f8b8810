"""What a file is and what it tells of itself, by its content as a decoder judges it.

The rule: refuse on positive proof only. What cannot be read, or contradicts itself, stays open and goes to Transcribe.
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
"""Transcribe's names, which are the extensions too."""
_EXTENSIONS = {
    **{name: name for name in MEDIA_FORMATS},
    **dict.fromkeys(("mov", "qt", "m4v", "3gp", "3g2"), "mp4"), **dict.fromkeys(("m4b", "m4r"), "m4a"),
    **dict.fromkeys(("oga", "opus", "spx"), "ogg"), **dict.fromkeys(("mkv", "mka"), "webm"),
    "wave": "wav", "awb": "amr", "mpga": "mp3", "mp2": "mp3",
}  # fmt: skip
_LEAST_BYTES = 40
"""Half a second of any codec takes more."""


@dataclass(frozen=True)
class Format:
    """A format that Transcribe takes: its name, how it begins, and who reads on."""

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
    """Transcribe's name of a file's format, and what it tells of its sound.

    Where the content tells no format and is nothing else either, the extension of its name does.

    Raises:
        Rejected: it is something else, or damaged beyond use.
    """
    found = Findings()
    with suppress(Exhausted):  # what was learned stays
        _examine(source, found)
    if believable(found.seconds, source.size) is None:
        found.seconds = found.declared_seconds = None
    return found.media_format or by_extension(extension), found.info()


def by_extension(extension: str) -> str:
    """Transcribe's name of the format that a file's name tells, where its content does not.

    Raises:
        Rejected: there is no such format.
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
    """Read what begins with zeros, in the middle of a frame, or with nothing that is known."""
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
    for each in (rest, whole):  # a tag may be shorter than it says
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
