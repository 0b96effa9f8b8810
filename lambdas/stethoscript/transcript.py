"""The transcript model every document is made from.

Source of the shapes: the job output of Amazon Transcribe Medical, in all the variants its guide shows.
Unknown members are not looked at; missing ones are said to be missing, in the notes.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Any

from stethoscript.members import ILLEGIBLE, Gap, confidence, seconds, sentences, writing
from stethoscript.protected import Protected, reach
from stethoscript.spans import Span, Spans
from stethoscript.speakers import Speakers

PAUSE = 2.0
"""Seconds of silence after which one speaker's words begin a new turn."""

MOST_BYTES = 96 * 1024**2
"""Four hours of speech with ten alternatives have fewer; as objects in memory it is several times as much."""
MOST_VALUES = 8_000_000
"""They have half as many, where an object counts as three: be it ever so short in the file, a value takes seventy
bytes of memory, and an object two hundred and more."""
MOST_READINGS = 10
"""Transcribe Medical gives no more for one stretch."""

UNIDENTIFIED = "Protected health information was to be identified, but the output does not say what was found."


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


def read(body: bytes, *, sought: bool = False) -> Transcript:
    """The transcript in a job's output. `sought` is whether protected health information was to be identified.

    Speakers are `spk_0`, `spk_1`, … or, where channels were told apart, `ch_0`, `ch_1`.

    Raises:
        Unreadable: not the output of a transcription job.
    """
    if len(body) > MOST_BYTES or body.count(b",") + body.count(b"[") + 3 * body.count(b"{") > MOST_VALUES:
        raise Unreadable("the transcript is larger than any that is documented")
    try:
        heard = _transcript(json.loads(body)["results"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, IndexError) as error:
        raise Unreadable(f"the transcript is not of the documented shape ({type(error).__name__})") from error
    return replace(heard, notes=(*heard.notes, UNIDENTIFIED)) if sought and not heard.identified else heard


def _transcript(results: Mapping[str, Any]) -> Transcript:
    gaps: Counter[Gap] = Counter()
    words = _spoken(results, gaps)
    texts = [str(text.get("transcript") or "") for text in results.get("transcripts") or ()]
    if gaps[Gap.TEXT] == len(words) and any(character.isalnum() for text in texts for character in text):
        raise ValueError("a text, but none of its words")
    silent = sum(word.speaker is None for word in words)
    if silent < len(words) or results.get("speaker_labels"):
        gaps[Gap.SPEAKER] = silent
    entities = results.get("entities")
    if entities:
        words = _marked(words, entities, gaps)
    alternatives = tuple(_alternatives(results.get("segments") or (), gaps))
    return Transcript(tuple(words), alternatives, isinstance(entities, list), sentences(gaps))


def _spoken(results: Mapping[str, Any], gaps: Counter[Gap]) -> list[Word]:
    """Each channel keeps its own order: a word without a time follows the one before it."""
    channels = (results.get("channel_labels") or {}).get("channels") or ()
    if any(channel.get("items") for channel in channels):
        parts = [(channel["items"], Speakers({}, channel.get("channel_label"))) for channel in channels]
    else:
        parts = [(results["items"], Speakers(results))]
    contents = ("content" in _best(item) for items, _ in parts for item in items)
    if not any(contents) and any(items for items, _ in parts):
        raise KeyError("content")
    spoken = (_words(items, speakers, gaps) for items, speakers in parts)
    return [word for _, word in merge(*map(_as_begun, spoken), key=itemgetter(0))]


def _as_begun(words: Sequence[Word]) -> Iterator[tuple[float, Word]]:
    return zip(accumulate((word.start or 0.0 for word in words), max), words, strict=True)


def _words(items: Iterable[Mapping[str, Any]], speakers: Speakers, gaps: Counter[Gap]) -> list[Word]:
    return [_word(item, marks, speakers, gaps) for item, marks in _with_punctuation(items)]


def _with_punctuation(items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each spoken item with what follows it: whatever is not punctuation was spoken."""
    spoken, marks = None, ""
    for item in items:
        if item.get("type") == "punctuation":
            marks += writing(_best(item).get("content"))
            continue
        if spoken is not None:
            yield spoken, marks
        spoken, marks = item, ""
    if spoken is not None:
        yield spoken, marks


def _word(item: Mapping[str, Any], punctuation: str, speakers: Speakers, gaps: Counter[Gap]) -> Word:
    best = _best(item)
    text, sure = writing(best.get("content")), confidence(best.get("confidence"))
    start, end = _times(item, gaps)
    if not text:
        gaps[Gap.TEXT] += 1
    if sure is None:
        gaps[Gap.CONFIDENCE] += 1
    return Word(text or ILLEGIBLE, start, end, sure, punctuation, speakers.of(item, start, end))


def _best(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return (item.get("alternatives") or [None])[0] or {}


def _times(item: Mapping[str, Any], gaps: Counter[Gap]) -> tuple[float | None, float | None]:
    given = item.get("start_time"), item.get("end_time")
    start, end = seconds(given[0]), seconds(given[1])
    if None in given:
        gaps[Gap.TIME] += 1
    elif start is None or end is None:
        gaps[Gap.IMPOSSIBLE_TIME] += 1
    elif end < start:
        gaps[Gap.BACKWARDS] += 1
        return start, None
    return start, end


def _marked(words: Iterable[Word], entities: Iterable[Mapping[str, Any]], gaps: Counter[Gap]) -> list[Word]:
    words = list(words)
    spoken = Spans(Span(*reach(word.start, word.end), "") for word in words if word.start is not None)
    protected = Protected(entities, spoken, gaps)
    return [
        replace(word, category=category) if (category := protected.category(word.text, word.start, word.end)) else word
        for word in words
    ]


def _alternatives(segments: Iterable[Mapping[str, Any]], gaps: Counter[Gap]) -> Iterator[Stretch]:
    """Readings that differ in more than capitals and the marks between words."""
    for segment in segments:
        readings: dict[tuple[str, ...], str] = {}
        for alternative in (segment.get("alternatives") or ())[:MOST_READINGS]:
            reading = writing(alternative.get("transcript"))
            readings.setdefault(tuple(word.rstrip(".,;:?!").casefold() for word in reading.split()), reading)
        readings.pop((), None)
        start, end = seconds(segment.get("start_time")), seconds(segment.get("end_time"))
        if len(readings) > 1 and start is not None and end is not None:
            yield Stretch(start, max(start, end), tuple(readings.values()))
        elif len(readings) > 1:
            gaps[Gap.ALTERNATIVE] += 1


def _pause(before: Word, word: Word) -> float:
    return 0.0 if before.end is None or word.start is None else word.start - before.end
