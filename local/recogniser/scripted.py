"""The recogniser's twin for tests: it hears the words that a recording's own comment holds."""

import re
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.recogniser import audio, refusals, wav
from local.recogniser.refusals import Media
from local.recogniser.words import Order, Progress, Recognition, Unusable, Word, split_punctuation

NAME = "scripted"
_TURN = re.compile(r"(\d+):\s*(.*)")
_TICK_SECONDS = 0.1


@dataclass(frozen=True)
class Script:
    """What a test wrote into a recording: the turns, and how the recogniser is to behave.

    One turn a line, `0: Good morning.`, the number being the speaker, or the channel where channels are
    kept apart. Lines before the turns may say `!fail <FailureReason>` or `!slow <seconds>`.
    """

    turns: tuple[tuple[int, str], ...] = ()
    fail: str = ""
    slow: float = 0.0

    @classmethod
    def read(cls, text: str) -> "Script":
        """Read the comment of a recording."""
        turns, fail, slow = [], "", 0.0
        for line in filter(None, map(str.strip, text.splitlines())):
            command, _, value = line.partition(" ")
            if command == "!fail":
                fail = value
            elif command == "!slow":
                slow = float(value)
            else:
                turn = _TURN.fullmatch(line)
                turns.append((int(turn[1]), turn[2]) if turn else (0, line))
        return cls(tuple(turns), fail, slow)


def recognise(order: Order, progress: Progress) -> Recognition:
    """Hear what the recording's script says: evenly spaced words, and nothing where there is no script."""
    media, script = _open(order)
    _wait(script.slow, progress)
    if script.fail:
        raise Unusable(script.fail)
    progress(1.0)
    words = tuple(_words(script, order, media))
    return Recognition(media.format, media.sample_rate, media.seconds, media.channels, words)


def recording(
    script: str, path: Path, *, seconds: float | None = None, channels: int = 1, sample_rate: int = 16_000
) -> Path:
    """Write a silent 16-bit WAV that carries the script; without `seconds`, 0.4 s a word, at least one.

    The silence is a hole in the file, so that even hours of it take no room on most disks.
    """
    seconds = max(1.0, 0.4 * len(script.split())) if seconds is None else seconds
    frame = 2 * channels
    size = int(seconds * sample_rate) * frame
    shape = struct.pack("<HHIIHH", 1, channels, sample_rate, sample_rate * frame, frame, 16)
    comment = b"INFO" + _chunk(b"ICMT", script.encode() + b"\0")
    head = b"WAVE" + _chunk(b"fmt ", shape) + _chunk(b"LIST", comment) + b"data" + struct.pack("<I", size)
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", len(head) + size) + head)
        file.truncate(8 + len(head) + size)
    return path


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _open(order: Order) -> tuple[Media, Script]:
    """Judge the recording as the real recogniser does, but read a WAV without decoding it."""
    if audio.detect(order) != "wav":
        with audio.decoded(order) as sound:
            return sound.media, Script()
    read = wav.read(order.audio)
    refusals.check(order, read.media)
    return read.media, Script.read(read.comment)


def _wait(seconds: float, progress: Progress) -> None:
    ticks = round(seconds / _TICK_SECONDS)
    for tick in range(ticks):
        progress(tick / ticks)
        time.sleep(_TICK_SECONDS)


def _words(script: Script, order: Order, media: Media) -> Iterator[Word]:
    spoken = [(voice, word) for voice, said in script.turns for word in said.split()]
    pace = media.seconds / max(len(spoken), 1)
    order_of_appearance: dict[int, int] = {}
    for n, (voice, word) in enumerate(spoken):
        text, punctuation = split_punctuation(word)
        speaker = order_of_appearance.setdefault(voice, len(order_of_appearance))
        yield Word(
            text=text,
            start=round(n * pace, 3),
            end=round((n + 0.8) * pace, 3),
            confidence=0.99,
            punctuation=punctuation,
            speaker=min(speaker, order.max_speakers - 1) if order.max_speakers else None,
            channel=min(voice, media.channels - 1) if order.channels else 0,
        )
