"""Sentences, and the other ways in which each may be heard."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from local.recogniser.phonetics import similarity, spoken
from local.recogniser.requests_and_results import Reading, Segment, Word
from local.recogniser.speech_intervals import Interval

# A pause that ends a sentence, whatever its punctuation.
_PAUSE_SECONDS = 1.0
# What is longer is cut in two: most of the readings of a long stretch differ in the same one place.
_LONGEST_SECONDS = 12.0
_COMMA_SECONDS = 0.5
# Other readings of the same sounds sound alike; what does not was heard in something else.
_ALIKE = 0.6


def sentences(words: Sequence[Word]) -> list[list[Word]]:
    """Cut where another speaks, where a sentence ends, and where nobody says anything for a while."""
    cut = [[word] for word in words[:1]]
    for before, after in pairwise(words):
        if (
            (before.speaker, before.channel) != (after.speaker, after.channel)
            or before.punctuation in (".", "?", "!")
            or after.start - before.end > _PAUSE_SECONDS
        ):
            cut.append([])
        cut[-1].append(after)
    return [part for sentence in cut for part in _parts(sentence)]


def _parts(sentence: list[Word]) -> Iterator[list[Word]]:
    """Cut what is too long at its longest pause, a comma counting for half a second."""
    at = interval(sentence)
    if at.end - at.start <= _LONGEST_SECONDS or len(sentence) == 1:
        yield sentence
        return
    pauses = [
        after.start - before.end + (_COMMA_SECONDS if before.punctuation else 0.0)
        for before, after in pairwise(sentence)
    ]
    middle = pauses.index(max(pauses)) + 1
    yield from _parts(sentence[:middle])
    yield from _parts(sentence[middle:])


def interval(sentence: Sequence[Word]) -> Interval:
    """Return from when to when a sentence is spoken."""
    return Interval(sentence[0].start, max(word.end for word in sentence))


def segment(heard: Sequence[Word], readings: Iterable[Sequence[Word]], most: int) -> Segment:
    """Return a sentence as it was heard and at most `most - 1` readings, each of other words than those before it."""
    alternatives = [Reading(tuple(heard))]
    known = {spoken(_plain(heard))}
    for words in readings:
        if len(alternatives) == most:
            break
        text = _plain(words)
        if spoken(text) not in known:
            known.add(spoken(text))
            said = (replace(word, speaker=heard[0].speaker, channel=heard[0].channel) for word in words)
            alternatives.append(Reading(tuple(said)))
    at = interval(heard)
    return Segment(at.start, at.end, tuple(alternatives))


def alike(heard: Iterable[Word], reading: Iterable[Word]) -> bool:
    """Say whether a reading may be one of the same sounds."""
    return similarity(_plain(heard), _plain(reading)) >= _ALIKE


def _plain(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in words)
