"""The transcript model every document is made from.

Source of the shapes: the job output of Amazon Transcribe Medical, in all the variants its guide shows.
Members may be missing and unknown ones may appear: what is not needed is not looked at.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

PAUSE = 2.0
"""Seconds of silence after which one speaker's words begin a new turn."""

MOST_BYTES = 96 * 1024**2
"""Four hours of speech with ten alternatives have fewer; as objects in memory it is several times as much."""
MOST_SECONDS = 24 * 3600.0
"""No recording is longer than four hours: a later time is no time."""
_MOST_LABEL = 40
_NO_WRITING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
"""Control and direction characters, line separators, halves of surrogate pairs: they break documents, or fake them."""


class Unreadable(ValueError):
    """Transcribe's output is not of a shape we know; says where, never quotes it."""


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word with the punctuation that follows it.

    Times are seconds from the beginning, confidence is from 0 to 1; None where the service gave none.
    `category` is that of the protected health information it belongs to: Personal, Geographic, …
    """

    text: str
    start: float | None
    end: float | None
    confidence: float | None
    punctuation: str = ""
    speaker: str | None = None
    category: str | None = None


@dataclass(frozen=True)
class Stretch:
    """A stretch of the recording that may have been said in several ways, likeliest first."""

    start: float
    end: float
    readings: tuple[str, ...]


@dataclass(frozen=True)
class Turn:
    """Words of one speaker, without a long pause."""

    speaker: str | None
    words: tuple[Word, ...]

    @property
    def start(self) -> float | None:
        """When the first word that has a time begins."""
        return next((word.start for word in self.words if word.start is not None), None)

    @property
    def text(self) -> str:
        """The words as a sentence."""
        return " ".join(word.text + word.punctuation for word in self.words)


@dataclass(frozen=True)
class Transcript:
    """Every spoken word once, in the order of speech.

    `alternatives` are there where they were asked for. `identified` says whether protected health
    information was looked for at all. `notes` are sentences about what the service left out.
    """

    words: tuple[Word, ...]
    alternatives: tuple[Stretch, ...] = ()
    identified: bool = False
    notes: tuple[str, ...] = ()

    def turns(self) -> tuple[Turn, ...]:
        """The words split where the speaker changes or pauses."""
        if not self.words:
            return ()
        begins = [0]
        for index, (before, word) in enumerate(pairwise(self.words), start=1):
            if word.speaker != before.speaker or _pause(before, word) > PAUSE:
                begins.append(index)
        ends = [*begins[1:], len(self.words)]
        return tuple(
            Turn(self.words[begin].speaker, self.words[begin:end]) for begin, end in zip(begins, ends, strict=True)
        )


def read(body: bytes) -> Transcript:
    """The transcript in a job's output.

    Speakers are `spk_0`, `spk_1`, … or, where channels were told apart, `ch_0`, `ch_1`.

    Raises:
        Unreadable: not the output of a transcription job.
    """
    if len(body) > MOST_BYTES:
        raise Unreadable("the transcript is larger than any that is documented")
    try:
        results = json.loads(body)["results"]
        channels = results.get("channel_labels")
        if channels:
            return _merged(
                _words(channel["items"], _Speakers.all(channel["channel_label"])) for channel in channels["channels"]
            )
        return Transcript(tuple(_words(results["items"], _Speakers.labelled(results.get("speaker_labels")))))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, IndexError) as error:
        raise Unreadable(f"the transcript is not of the documented shape ({type(error).__name__})") from error


class _Speakers:
    """Who speaks: a label for all words, the item's own, or that of the segment it lies in."""

    def __init__(self, everyone: str | None, by_time: Mapping[tuple[str, str], str]) -> None:
        self._everyone = everyone
        self._by_time = by_time

    @classmethod
    def all(cls, label: str) -> "_Speakers":
        return cls(label, {})

    @classmethod
    def labelled(cls, labels: Mapping[str, Any] | None) -> "_Speakers":
        segments = labels.get("segments") or () if labels else ()
        return cls(
            None,
            {
                (item["start_time"], item["end_time"]): item["speaker_label"]
                for segment in segments
                for item in segment["items"]
            },
        )

    def of(self, item: Mapping[str, Any]) -> str | None:
        label = self._everyone or item.get("speaker_label") or self._by_time.get((item["start_time"], item["end_time"]))
        return _writing(label)[:_MOST_LABEL] if label else None


def _words(items: Iterable[Mapping[str, Any]], speakers: _Speakers) -> list[Word]:
    words: list[Word] = []
    for item in items:
        best = item["alternatives"][0]
        if item["type"] == "punctuation":
            if words:
                last = words[-1]
                words[-1] = Word(
                    last.text,
                    last.start,
                    last.end,
                    last.confidence,
                    last.punctuation + _writing(best["content"]),
                    last.speaker,
                )
            continue
        start, end = _seconds(item["start_time"]), _seconds(item["end_time"])
        text = _writing(best["content"])
        words.append(Word(text, start, max(start, end), _confidence(best), speaker=speakers.of(item)))
    return words


def _pause(before: Word, word: Word) -> float:
    return 0.0 if before.end is None or word.start is None else word.start - before.end


def _merged(channels: Iterable[list[Word]]) -> Transcript:
    words = [word for channel in channels for word in channel]
    return Transcript(tuple(sorted(words, key=lambda word: word.start or 0.0)))


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= MOST_SECONDS:
        raise Unreadable("a word's time is not a time")
    return seconds


def _confidence(alternative: Mapping[str, Any]) -> float:
    """0 where the service gives none, or none that is a number: better looked at once too often."""
    try:
        return min(1.0, max(0.0, float(alternative.get("confidence") or 0)))
    except (TypeError, ValueError):
        return 0.0


def _writing(spoken: object) -> str:
    r"""What was spoken as text of one line that every form of document can hold; the rest becomes U+FFFD.

    >>> _writing("mg\u202e\n") == "mg\ufffd\ufffd"
    True
    """
    return _NO_WRITING.sub("\ufffd", str(spoken))
