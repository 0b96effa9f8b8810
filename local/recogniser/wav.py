"""Read a WAV file's header and comment with the standard library only."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from local.recogniser.refusals import UNSUPPORTED_FORMAT, Media
from local.recogniser.requests_and_results import RecordingRefused

_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_LONGEST_COMMENT = 1024 * 1024


@dataclass(frozen=True)
class Wav:
    """The properties in the header, and the comment."""

    media: Media
    comment: str


def begins(head: bytes) -> bool:
    """Return whether a file with these first bytes is a WAV."""
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def read(path: Path) -> Wav:
    """Read the chunks of a WAV file.

    Raises:
        RecordingRefused: the chunks are not a recording.
    """
    shape, size, comment = b"", -1, ""
    with path.open("rb") as file:
        for name, length in _chunks(file):
            if name == b"fmt ":
                shape = file.read(min(length, _FORMAT.size))
            elif name == b"data":
                size = length
            elif name == b"LIST":
                comment = _comment(file.read(min(length, _LONGEST_COMMENT))) or comment
    if len(shape) < _FORMAT.size or size < 0:
        raise RecordingRefused(UNSUPPORTED_FORMAT)
    _, channels, rate, _, frame, _ = _FORMAT.unpack(shape)
    if not (channels and rate and frame):
        raise RecordingRefused(UNSUPPORTED_FORMAT)
    return Wav(Media("wav", rate, size / frame / rate, channels), comment)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield each chunk's name and available size in bytes, with the file positioned at its content."""
    end = file.seek(0, 2)
    at = 12
    while at + _CHUNK.size <= end:
        file.seek(at)
        name, length = _CHUNK.unpack(file.read(_CHUNK.size))
        yield name, min(length, end - at - _CHUNK.size)
        at += _CHUNK.size + length + length % 2


def _comment(chunk: bytes) -> str:
    """Return the comment (ICMT) of a LIST chunk, or an empty string."""
    at = 4
    while chunk.startswith(b"INFO") and at + _CHUNK.size <= len(chunk):
        name, length = _CHUNK.unpack_from(chunk, at)
        at += _CHUNK.size
        if name == b"ICMT":
            return chunk[at : at + length].rstrip(b"\0").decode("utf-8", "replace")
        at += length + length % 2
    return ""
