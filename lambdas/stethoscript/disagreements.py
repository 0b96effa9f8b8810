"""Merges parts of Transcribe's output that differ, so that no word is lost; a note counts the differences.

A word in only one list is inserted by its time. A word in only the running text is inserted after the words that
precede it there, without a time. The notes never quote such a word, because the masked text shows the notes too.
"""

import re
from bisect import bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import compress

from stethoscript.fields import Gap, writing
from stethoscript.word import Word, starts

_NEAR = 0.5
"""The most seconds between the starts of one word in two lists."""
_TOKEN = re.compile(r"\w+|[^\w\s.,;:?!…'\"()\[\]\ufffd\u2010-\u2015-]")
"""A unit of comparison: letters and digits, or another sign except punctuation. `follow-up` equals `follow up`."""
_MARKS = re.compile(r"[.,;:?!…]+$")
_WINDOW = 1000
_MOST_WINDOWS = 100
"""The tokens of one alignment, and the most alignments, which take seconds. A readable output has fewer differences."""


def with_list(words: list[Word], other: Sequence[Word], gaps: Counter[Gap]) -> list[Word]:
    """The words of one list, and the words that only another list has."""
    places = _places(words, other)
    words = _with_speakers(words, other, places)
    lacking = [place is None for place in places]
    gaps[Gap.ONE_LIST] += sum(lacking) + len(words) - (len(other) - sum(lacking))
    if not any(lacking):
        return words
    begun = list(starts(words))
    after: dict[int, list[Word]] = defaultdict(list)
    place = -1
    for word, found in zip(other, places, strict=True):
        if found is not None:
            place = found
            continue
        if word.start is not None:
            place = bisect_right(begun, word.start) - 1
        after[place].append(word)
        gaps[Gap.TIME] += word.start is None or word.end is None
        gaps[Gap.CONFIDENCE] += word.confidence is None
    return _inserted(words, after)


def with_text(words: list[Word], text: str, gaps: Counter[Gap]) -> list[Word]:
    """The words, and the words that only the running text has."""
    pieces = writing(text).split()
    in_text, listed = _counted(pieces), _counted(word.text for word in words)
    if not in_text:
        return words
    unmatched = listed - in_text
    gaps[Gap.NOT_IN_TEXT] += sum(bool(_taken(word.text, unmatched)) for word in words) if unmatched else 0
    unlisted = in_text - listed
    if not unlisted:
        return words
    after: dict[int, list[Word]] = defaultdict(list)
    for piece, place in _placed(words, pieces, unlisted):
        after[place].append(_untimed(words, place, piece))
        gaps[Gap.ONLY_TEXT] += 1
    return _inserted(words, after)


def _with_speakers(words: list[Word], other: Sequence[Word], places: Sequence[int | None]) -> list[Word]:
    """The words, with the other list's speaker for each word that has none."""
    speakers = {
        place: word.speaker
        for word, place in zip(other, places, strict=True)
        if place is not None and word.speaker and words[place].speaker is None
    }
    return [replace(word, speaker=speakers[place]) if place in speakers else word for place, word in enumerate(words)]


def _places(words: Sequence[Word], other: Sequence[Word]) -> list[int | None]:
    """For each word of another list, the index of an equal word, or of the same text at nearly the same time."""
    exact: dict[Word, deque[int]] = defaultdict(deque)
    for place, word in enumerate(words):
        exact[word].append(place)
    found = [exact[word].popleft() if exact.get(word) else None for word in other]
    taken = bytearray(len(words))
    for known in found:
        if known is not None:
            taken[known] = 1
    left: dict[str, deque[int]] = defaultdict(deque)
    for place in compress(range(len(words)), (not each for each in taken)):
        left[words[place].text.casefold()].append(place)
    return [
        _nearest(words, left[word.text.casefold()], word) if place is None else place
        for word, place in zip(other, found, strict=True)
    ]


def _nearest(words: Sequence[Word], places: deque[int], word: Word) -> int | None:
    """The first of these indexes that fits the word's time. Earlier ones are removed."""
    while places:
        start = words[places[0]].start
        if start is None or word.start is None or abs(start - word.start) <= _NEAR:
            return places.popleft()
        if start > word.start:
            return None
        places.popleft()
    return None


def _placed(words: Sequence[Word], pieces: Sequence[str], unlisted: Counter[str]) -> Iterator[tuple[str, int]]:
    """The pieces that only the text has, each with the index of the last word before it."""
    matched = dict(_aligned([_bare(piece) for piece in pieces], [_bare(word.text) for word in words]))
    place = -1
    for number, piece in enumerate(pieces):
        place = matched.get(number, place)
        if number not in matched and _taken(piece, unlisted):
            yield piece, place


def _aligned(spoken: Sequence[str], listed: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of indexes of equal tokens, in rising order on both sides."""
    one = other = windows = 0
    while one < len(spoken) and other < len(listed) and windows < _MOST_WINDOWS:
        if spoken[one] == listed[other]:
            yield one, other
            one, other = one + 1, other + 1
            continue
        windows += 1
        near = SequenceMatcher(None, spoken[one : one + _WINDOW], listed[other : other + _WINDOW])
        begin, beside, last = one, other, one + _WINDOW >= len(spoken) and other + _WINDOW >= len(listed)
        one, other = one + _WINDOW // 2, other + _WINDOW // 2
        for block in near.get_matching_blocks():
            if last or max(block.a, block.b) < _WINDOW // 2:
                yield from ((begin + block.a + step, beside + block.b + step) for step in range(block.size))
                one, other = begin + block.a + block.size, beside + block.b + block.size
        if last:
            return


def _untimed(words: Sequence[Word], place: int, piece: str) -> Word:
    """A word of only the text. Its speaker is known if the words on both sides have the same one."""
    around = {word.speaker for word in words[max(place, 0) : place + 2]}
    marks = match[0] if (match := _MARKS.search(piece)) and match.start() else ""
    return Word(piece.removesuffix(marks), None, None, None, marks, around.pop() if len(around) == 1 else None)


def _inserted(words: Sequence[Word], after: Mapping[int, list[Word]]) -> list[Word]:
    """The words, with the words of `after` inserted after their indexes."""
    return [*after.get(-1, ()), *(each for place, word in enumerate(words) for each in (word, *after.get(place, ())))]


def _tokens(text: str) -> list[str]:
    return [text.casefold()] if text.isalnum() else _TOKEN.findall(text.casefold())


def _bare(text: str) -> str:
    return "".join(_tokens(text))


def _counted(texts: Iterable[str]) -> Counter[str]:
    return Counter(token for text in texts for token in _tokens(text))


def _taken(text: str, left: Counter[str]) -> int:
    """The number of the text's tokens in `left`. If there is any, all tokens are subtracted."""
    tokens = _tokens(text)
    found = sum(left[token] > 0 for token in tokens)
    if found:
        left.subtract(tokens)
    return found
