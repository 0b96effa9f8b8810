"""Compare the probe with a decoder: on whole files, on changed files, and on truncated files."""

import io
import random
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import av

from adapters.s3_range_file import S3RangeFile
from stethoscript import audio_info
from stethoscript.audio_formats import examine
from stethoscript.audio_info import LEAST_HERTZ, LEAST_SECONDS, MOST_CHANNELS, MOST_HERTZ, MOST_SECONDS, AudioInfo
from stethoscript.rejections import Rejected
from tests.encoded_recordings import Encoded, Truth, decoded

CUTS = (25, 50, 90)
"""The remaining percent of a file."""
_SHARE = 0.02
_TAKEN = ("wav", "flac", "ogg", "amr", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mp3")
"""FFmpeg's names of the formats that Transcribe accepts."""


@dataclass(frozen=True)
class Probed:
    """The start function's result for a file, and its cost."""

    media_format: str | None
    info: AudioInfo | None
    refusal: Rejected | None
    requests: int
    fetched: int
    seconds: float

    @property
    def reason(self) -> str | None:
        """The reason of the rejection."""
        return self.refusal.reason if self.refusal else None


def probed(name: str, content: bytes) -> Probed:
    """Probe a file as the start function does, but raise our own errors."""
    fetches: list[int] = []

    def fetch(begin: int, end: int) -> bytes:
        fetches.append(end - begin)
        return content[begin:end]

    media_format, info, refusal = None, None, None
    began = time.process_time()
    try:
        audio_info.check_size(len(content))
        media_format, info = examine(S3RangeFile(len(content), fetch), name.rpartition(".")[2])
        audio_info.check_sound(info, each_channel=False)
    except Rejected as error:
        refusal = error
    return Probed(media_format, info, refusal, len(fetches), sum(fetches), time.process_time() - began)


def contradictions(info: AudioInfo, truth: Truth) -> list[str]:
    """Where the probe and the decoder disagree."""
    wrong = [name for name in ("hertz", "channels") if getattr(info, name) not in (None, getattr(truth, name))]
    if info.seconds is not None and abs(info.seconds - truth.seconds) > _SHARE * truth.seconds:
        wrong.append("seconds")
    return wrong


def unknown(info: AudioInfo) -> list[str]:
    """What the probe leaves unknown."""
    return [name for name in ("hertz", "channels", "seconds", "cut_off") if getattr(info, name) is None]


def explained(name: str, content: bytes) -> str | None:
    """The reason why a file is rightly rejected, from a decoder's reading.

    None if a decoder reads the rejected file.
    """
    found, truth = probed(name, content), decoded(content)
    if found.reason is None:
        return "not refused"
    if truth is None:
        return "no decoder reads it"
    if found.reason == "UnsupportedMediaFormat":
        with av.open(io.BytesIO(content)) as container:
            return None if container.format.name in _TAKEN else f"a decoder finds {container.format.name}"
    rate_fits, length_fits = LEAST_HERTZ <= truth.hertz <= MOST_HERTZ, LEAST_SECONDS <= truth.seconds <= MOST_SECONDS
    if not (rate_fits and length_fits and truth.channels <= MOST_CHANNELS):
        return "a decoder finds it unfit too"
    in_another = b"fLaC" in content[:4096] and content[:4] in (b"\x1aE\xdf\xa3", b"OggS")
    of_its_shape = found.reason in ("InvalidSampleRate", "TooManyChannels")
    return "its configuration contradicts its frames" if in_another and of_its_shape else None


def cut(recording: Encoded, percent: int) -> bytes:
    """The beginning of a recording, as an interrupted upload leaves it."""
    return recording.content[: len(recording.content) * percent // 100]


def end_of_cut(recording: Encoded, percent: int) -> str:
    """The outcome for a truncated recording: flagged, rejected, unknown, or (wrongly) whole."""
    found = probed(recording.name, cut(recording, percent))
    if found.refusal:
        return "refused"
    assert found.info is not None
    return {True: "flagged", None: "unknown", False: "whole"}[found.info.cut_off]


def mutations(recordings: Sequence[Encoded], count: int, seed: int) -> Iterator[tuple[str, Encoded]]:
    """This many changed files, each with the name of its change."""
    chance = random.Random(seed)
    kinds = tuple(_KINDS)
    for number in range(count):
        recording = recordings[number % len(recordings)]
        kind = chance.choice(kinds)
        content = bytearray(recording.content)
        yield kind, Encoded(recording.name, bytes(_KINDS[kind](content, chance)), recording.refused)


def _place(content: bytearray, chance: random.Random) -> int:
    """A position, mostly near the headers at the beginning or the end."""
    reach = chance.choice((16, 64, 512, 4096, len(content)))
    offset = chance.randrange(min(reach, len(content)))
    return offset if chance.random() < 0.7 else len(content) - 1 - offset


def _bits(content: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        content[_place(content, chance)] ^= 1 << chance.randrange(8)
    return content


def _extremes(content: bytearray, chance: random.Random) -> bytearray:
    width = chance.choice((1, 2, 4, 8))
    value = chance.choice((0, 1, 2, 7, 8, 1 << (8 * width - 1), (1 << 8 * width) - 1, (1 << (8 * width - 1)) - 1))
    at = min(_place(content, chance), len(content) - width)
    content[at : at + width] = value.to_bytes(width, chance.choice(("big", "little")))
    return content


def _fields(content: bytearray, chance: random.Random) -> bytearray:
    """Change a number that follows a name of four letters."""
    names = [b"fmt ", b"data", b"RIFF", b"moov", b"mdat", b"mvhd", b"mdhd", b"stts", b"stsz", b"stco", b"mp4a", b"esds",
             b"fLaC", b"OggS", b"Xing", b"Info", b"OpusHead", b"\x44\x89", b"\x2a\xd7\xb1", b"\xb5"]  # fmt: skip
    found = [at for name in names for at in (content.find(name), content.rfind(name)) if at >= 0]
    if not found:
        return _extremes(content, chance)
    at = max(0, chance.choice(found) + chance.randrange(-4, 28))
    content[at : at + 4] = struct.pack(">I", chance.choice((0, 1, 8000, 44_100, 2**16, 2**31, 2**32 - 1)))
    return content


def _shortened(content: bytearray, chance: random.Random) -> bytearray:
    return content[: chance.randrange(1, len(content))]


def _inserted(content: bytearray, chance: random.Random) -> bytearray:
    at = _place(content, chance)
    size = chance.choice((1, 2, 7, 100, 5000))
    content[at:at] = chance.choice((bytes(size), chance.randbytes(size)))
    return content


def _removed(content: bytearray, chance: random.Random) -> bytearray:
    at = _place(content, chance)
    del content[at : at + chance.choice((1, 2, 7, 100, 5000))]
    return content or bytearray(b"\0")


def _shuffled(content: bytearray, chance: random.Random) -> bytearray:
    """Exchange two neighbouring boxes or chunks, or repeat one."""
    boxes = []
    at = 0
    while at + 8 <= len(content) and len(boxes) < 50:
        size = struct.unpack_from(">I", content, at)[0]
        size = size if 8 <= size <= len(content) - at else chance.randrange(8, 4096)
        boxes.append(content[at : at + size])
        at += size
    boxes.append(content[at:])
    one, other = chance.randrange(len(boxes)), chance.randrange(len(boxes))
    if chance.random() < 0.5:
        boxes[one], boxes[other] = boxes[other], boxes[one]
    else:
        boxes.insert(one, boxes[other])
    return bytearray().join(boxes)


_KINDS: Mapping[str, Callable[[bytearray, random.Random], bytearray]] = {
    "bits flipped": _bits,
    "extremes written": _extremes,
    "fields overwritten": _fields,
    "cut short": _shortened,
    "bytes inserted": _inserted,
    "bytes removed": _removed,
    "boxes shuffled": _shuffled,
}
