"""The test double of the recogniser: it returns the words in the comment of a WAV recording."""

import re
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from local.recogniser import alternatives, audio_decoder, entities, refusals, vocabulary, wav
from local.recogniser.refusals import Media
from local.recogniser.requests_and_results import (
    Progress,
    RecognitionRequest,
    RecognitionResult,
    RecordingRefused,
    Segment,
    Word,
    split_punctuation,
)

NAME = "scripted"
_TURN = re.compile(r"(\d+):\s*(.*)")
_TICK_SECONDS = 0.1
_UNSURE = 0.5


@dataclass(frozen=True)
class Turn:
    """The words of one voice, and alternative readings of them."""

    voice: int
    text: str
    others: tuple[str, ...] = ()

    @classmethod
    def read(cls, line: str) -> "Turn":
        """Read `0: Good morning.`; the default voice is 0."""
        turn = _TURN.fullmatch(line)
        return cls(int(turn[1]), turn[2]) if turn else cls(0, line)


@dataclass(frozen=True)
class Script:
    """A test's script in a recording: the turns, and the recogniser's behaviour.

    Each line is a turn, `0: Good morning.`. The number is the speaker, or the channel if channels are separate. A line
    `? 0: Good evening.` is an alternative reading of the turn above it. `!fail <FailureReason>` fails the job.
    `!slow <seconds>` delays it.
    """

    turns: tuple[Turn, ...] = ()
    fail: str = ""
    slow: float = 0.0

    @classmethod
    def read(cls, text: str) -> "Script":
        """Read the comment of a recording."""
        turns: list[Turn] = []
        fail, slow = "", 0.0
        for line in filter(None, map(str.strip, text.splitlines())):
            command, _, value = line.partition(" ")
            if command == "!fail":
                fail = value
            elif command == "!slow":
                slow = float(value)
            elif command == "?" and turns:
                turns[-1] = replace(turns[-1], others=(*turns[-1].others, Turn.read(value).text))
            else:
                turns.append(Turn.read(line))
        return cls(tuple(turns), fail, slow)


def recognise(request: RecognitionRequest, progress: Progress) -> RecognitionResult:
    """Return the words of the recording's script, evenly spaced; no words without a script."""
    media, script = _open(request)
    _wait(script.slow, progress)
    if script.fail:
        raise RecordingRefused(script.fail)
    progress(1.0)
    segments = _segments(script, request, media)
    words = tuple(word for segment in segments for word in segment.alternatives[0].words)
    return RecognitionResult(
        media.format,
        media.sample_rate,
        media.seconds,
        media.channels,
        words,
        tuple(segments) if request.alternatives > 1 else None,
        entities.find(words) if request.entities else None,
    )


def recording(
    script: str, path: Path, *, seconds: float | None = None, channels: int = 1, sample_rate: int = 16_000
) -> Path:
    """Write a silent 16-bit WAV with the script as its comment. Default length: 0.4 s a word, at least 1 s.

    The silence is a hole in the file, so hours of it take no space on most disks.
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


def _open(request: RecognitionRequest) -> tuple[Media, Script]:
    """Check the recording as the real recogniser does, but read a WAV without decoding it."""
    if not wav.begins(audio_decoder.head(request)):
        with audio_decoder.decoded(request) as sound:
            return sound.media, Script()
    read = wav.read(request.audio)
    refusals.check(request, read.media)
    return read.media, Script.read(read.comment)


def _wait(seconds: float, progress: Progress) -> None:
    ticks = round(seconds / _TICK_SECONDS)
    for tick in range(ticks):
        progress(tick / ticks)
        time.sleep(_TICK_SECONDS)


def _segments(script: Script, request: RecognitionRequest, media: Media) -> list[Segment]:
    """Return one segment for each turn, its words evenly spaced."""
    pace = media.seconds / max(sum(len(turn.text.split()) for turn in script.turns), 1)
    appeared: dict[int, int] = {}
    segments: list[Segment] = []
    count = 0
    for turn in script.turns:
        words = turn.text.split()
        if not words:
            continue
        speaker = appeared.setdefault(turn.voice, len(appeared))
        spoken = Word(
            text="",
            start=count * pace,
            end=(count + len(words)) * pace,
            confidence=0.99,
            speaker=min(speaker, request.max_speakers - 1) if request.max_speakers else None,
            channel=min(turn.voice, media.channels - 1) if request.channels else 0,
        )
        count += len(words)
        first, *others = (
            vocabulary.written(list(_words(text.split(), spoken)), request.vocabulary)
            for text in (turn.text, *turn.others)
        )
        unsure = ([replace(word, confidence=_UNSURE) for word in other] for other in others)
        segments.append(alternatives.segment(first, unsure, request.alternatives))
    return segments


def _words(texts: Sequence[str], spoken: Word) -> Iterator[Word]:
    pace = (spoken.end - spoken.start) / max(len(texts), 1)
    for n, written in enumerate(texts):
        text, punctuation = split_punctuation(written)
        start, end = spoken.start + n * pace, spoken.start + (n + 0.8) * pace
        yield replace(spoken, text=text, start=round(start, 3), end=round(end, 3), punctuation=punctuation)
