"""The transcript model from which every document is written, and its reader.

Source of the shapes: the job output of Amazon Transcribe Medical, in all variants of its guide. Unknown members are
ignored, and the notes name missing ones.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Any

from stethoscript import disagreements, output_items
from stethoscript.fields import Gap, mappings, seconds, sentences, writing
from stethoscript.intervals import Interval, Intervals
from stethoscript.phi import PhiPassage, reach
from stethoscript.word import Word

__all__ = ["Stretch", "Transcript", "Turn", "Unreadable", "Word", "read"]

PAUSE = 2.0
"""Seconds of silence after which one speaker's words begin a new turn."""

MOST_BYTES = 96 * 1024**2
"""The largest output. Four hours with ten alternatives are smaller. In memory an output takes several times more."""
MOST_VALUES = 8_000_000
"""The most values, where an object counts as three; four hours of speech have half as many. A value takes at least 70
bytes of memory, and an object at least 200."""
MOST_WORDS = 250_000
"""The most words of a running text; four hours of speech have about 40,000."""
MOST_READINGS = 10
"""The most readings of one stretch that Transcribe Medical returns."""

UNIDENTIFIED = "Protected health information was to be identified, but the output holds no result of that."


class Unreadable(ValueError):
    """Transcribe's output has an unknown shape. The message never quotes the output."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of the recording with several possible readings, the likeliest first."""

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
        """The start of the first word that has a time, in seconds."""
        return next((word.start for word in self.words if word.start is not None), None)

    @property
    def text(self) -> str:
        """The words as a sentence."""
        return " ".join(word.text + word.punctuation for word in self.words)


@dataclass(frozen=True)
class Transcript:
    """Every spoken word once, in the order of speech.

    `alternatives` are set if the job requested them. `identified` says whether Transcribe identified protected health
    information. `notes` are sentences about missing data. `machine` are the words as Transcribe wrote them; None until
    a correction is applied.
    """

    words: tuple[Word, ...]
    alternatives: tuple[Stretch, ...] = ()
    identified: bool = False
    notes: tuple[str, ...] = ()
    machine: tuple[Word, ...] | None = None

    def turns(self) -> Iterator[Turn]:
        """The words, split where the speaker changes, after a pause, and where an editor split them."""
        begin = 0
        for index, (before, word) in enumerate(pairwise(self.words), start=1):
            if _begins_turn(before, word):
                yield Turn(before.speaker, self.words[begin:index])
                begin = index
        if self.words:
            yield Turn(self.words[begin].speaker, self.words[begin:])


def read(body: bytes, *, sought: bool = False) -> Transcript:
    """The transcript in a job's output. `sought` says whether the job was to identify protected health information.

    Speakers are `spk_0`, `spk_1`, … or, with channel identification, `ch_0`, `ch_1`.

    Raises:
        Unreadable: the body is not the output of a transcription job.
    """
    if len(body) > MOST_BYTES or body.count(b",") + body.count(b"[") + 3 * body.count(b"{") > MOST_VALUES:
        raise Unreadable("the transcript is larger than any that is documented")
    try:
        found = _transcript(json.loads(body)["results"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, IndexError) as error:
        raise Unreadable(f"the transcript is not of the documented shape ({type(error).__name__})") from error
    return replace(found, notes=(*found.notes, UNIDENTIFIED)) if sought and not found.identified else found


def _transcript(results: Mapping[str, Any]) -> Transcript:
    gaps: Counter[Gap] = Counter()
    words = output_items.spoken(results, gaps)
    for text in _texts(results):
        words = disagreements.with_text(words, text, gaps)
    if not words:
        words = disagreements.with_text(words, _likeliest(results), gaps)
    silent = sum(word.speaker is None for word in words)
    if silent < len(words) or results.get("speaker_labels"):
        gaps[Gap.SPEAKER] = silent
    entities = results.get("entities")
    if entities:
        words = _marked(words, mappings(entities), gaps)
    alternatives = tuple(_alternatives(mappings(results.get("segments")), gaps))
    return Transcript(tuple(words), alternatives, isinstance(entities, list), sentences(gaps))


def _texts(results: Mapping[str, Any]) -> Iterator[str]:
    """The running text: as a whole, and by segment."""
    for part in ("transcripts", "audio_segments"):
        yield _joined(mappings(results.get(part)))


def _likeliest(results: Mapping[str, Any]) -> str:
    """The first reading of each stretch. It is used only if no other part of the output has a word."""
    stretches = (mappings(segment.get("alternatives")) for segment in mappings(results.get("segments")))
    return _joined(readings[0] for readings in stretches if readings)


def _joined(pieces: Iterable[Mapping[str, Any]]) -> str:
    text = " ".join(str(piece.get("transcript") or "") for piece in pieces)
    if sum(1 for _ in islice(re.finditer(r"\S+", text), MOST_WORDS + 1)) > MOST_WORDS:
        raise ValueError("too many words")
    return text


def _marked(words: Iterable[Word], entities: Iterable[Mapping[str, Any]], gaps: Counter[Gap]) -> list[Word]:
    words = list(words)
    spoken = Intervals(Interval(*reach(word.start, word.end), "") for word in words if word.start is not None)
    protected = PhiPassage(entities, spoken, gaps)
    return [
        replace(word, category=category) if (category := protected.category(word.text, word.start, word.end)) else word
        for word in words
    ]


def _alternatives(segments: Iterable[Mapping[str, Any]], gaps: Counter[Gap]) -> Iterator[Stretch]:
    """The stretches with readings that differ in more than capitals and punctuation."""
    for segment in segments:
        readings: dict[tuple[str, ...], str] = {}
        for alternative in mappings(segment.get("alternatives"))[:MOST_READINGS]:
            reading = writing(alternative.get("transcript"))
            readings.setdefault(tuple(word.rstrip(".,;:?!").casefold() for word in reading.split()), reading)
        readings.pop((), None)
        start, end = seconds(segment.get("start_time")), seconds(segment.get("end_time"))
        if len(readings) > 1 and start is not None and end is not None:
            yield Stretch(start, max(start, end), tuple(readings.values()))
        elif len(readings) > 1:
            gaps[Gap.ALTERNATIVE] += 1


def _begins_turn(before: Word, word: Word) -> bool:
    if word.speaker != before.speaker:
        return True
    return _pause(before, word) > PAUSE if word.begins_turn is None else word.begins_turn


def _pause(before: Word, word: Word) -> float:
    return 0.0 if before.end is None or word.start is None else word.start - before.end
