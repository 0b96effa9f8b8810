"""Reads the spoken words from the item lists in Transcribe's output: one list of all words, and one per channel."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from operator import itemgetter
from typing import Any

from stethoscript import disagreements
from stethoscript.fields import ILLEGIBLE, Gap, confidence, mappings, seconds, writing
from stethoscript.speakers import Speakers
from stethoscript.word import Word, starts

Item = Mapping[str, Any]


def spoken(results: Mapping[str, Any], gaps: Counter[Gap]) -> list[Word]:
    """Every word of the longer list, and the words that only the other list has.

    Raises:
        KeyError: there are items, and none has content.
    """
    channels = [
        (mappings(channel.get("items")), Speakers({}, channel.get("channel_label")))
        for channel in mappings((results.get("channel_labels") or {}).get("channels"))
    ]
    everybody = [(mappings(results.get("items")), Speakers(results))]
    items = [item for listed, _ in (*channels, *everybody) for item in listed]
    if items and not any("content" in _best(item) for item in items):
        raise KeyError("content")
    listed = [_in_time(channels), _in_time(everybody)]
    listed.sort(key=lambda one: len(one[0]), reverse=True)
    (words, missing), (others, _) = listed
    gaps.update(missing)
    return disagreements.with_list(words, others, gaps) if others else words


def _in_time(parts: Iterable[tuple[Sequence[Item], Speakers]]) -> tuple[list[Word], Counter[Gap]]:
    """The words of these lists, merged by time. Each list keeps its order."""
    gaps: Counter[Gap] = Counter()
    lists = [
        [_word(item, marks, speakers, gaps) for item, marks in _with_punctuation(items)] for items, speakers in parts
    ]
    if len(lists) == 1:
        return lists[0], gaps
    timed = (zip(starts(words), words, strict=True) for words in lists)
    return [word for _, word in merge(*timed, key=itemgetter(0))], gaps


def _with_punctuation(items: Iterable[Item]) -> Iterator[tuple[Item, str]]:
    """Each spoken item with the punctuation after it. Every item of another type counts as spoken."""
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


def _word(item: Item, punctuation: str, speakers: Speakers, gaps: Counter[Gap]) -> Word:
    best = _best(item)
    text, sure = writing(best.get("content")), confidence(best.get("confidence"))
    start, end = _times(item, gaps)
    if not text:
        gaps[Gap.TEXT] += 1
    if sure is None:
        gaps[Gap.CONFIDENCE] += 1
    return Word(text or ILLEGIBLE, start, end, sure, punctuation, speakers.of(item, start, end))


def _best(item: Item) -> Mapping[str, Any]:
    return next(iter(mappings(item.get("alternatives"))), {})


def _times(item: Item, gaps: Counter[Gap]) -> tuple[float | None, float | None]:
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
