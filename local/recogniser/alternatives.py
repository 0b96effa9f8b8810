"""Sentences, and the alternative readings of each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from local.recogniser.phonetics import similarity, spoken
from local.recogniser.requests_and_results import Reading, Segment, Word
from local.recogniser.speech_intervals import Interval

# A pause this long ends a sentence without any punctuation.
_PAUSE_SECONDS = 1.0
# Longer sentences are cut in two, because most readings of a long one differ in the same place.
_LONGEST_SECONDS = 12.0
_COMMA_SECONDS = 0.5
# Readings of the same audio sound similar. Less similar text is a recognition error.
_ALIKE = 0.6


def sentences(words: Sequence[Word]) -> list[list[Word]]:
    """Cut at a change of speaker, at the end of a sentence, and at a pause over 1 s."""
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
    """Cut a long sentence at its longest pause; a comma adds 0.5 s to its pause."""
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
    """Return the interval in which a sentence is spoken."""
    return Interval(sentence[0].start, max(word.end for word in sentence))


def segment(best: Sequence[Word], readings: Iterable[Sequence[Word]], most: int) -> Segment:
    """Return the best reading and at most `most - 1` others, each with words that differ from all before it."""
    alternatives = [Reading(tuple(best))]
    known = {spoken(_plain(best))}
    for words in readings:
        if len(alternatives) == most:
            break
        text = _plain(words)
        if spoken(text) not in known:
            known.add(spoken(text))
            moved = (replace(word, speaker=best[0].speaker, channel=best[0].channel) for word in words)
            alternatives.append(Reading(tuple(moved)))
    at = interval(best)
    return Segment(at.start, at.end, tuple(alternatives))


def alike(best: Iterable[Word], reading: Iterable[Word]) -> bool:
    """Return whether a reading sounds similar to the best one."""
    return similarity(_plain(best), _plain(reading)) >= _ALIKE


def _plain(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in words)
