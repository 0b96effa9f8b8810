"""Where two parts of Transcribe's output tell the same speech differently: no word is lost, and a note says so.

A word that only one list of words has stands where its time says. A word that only the running text has stands behind
the words that precede it there, without a time. The notes count such words and never quote them, because the masked
text shows the notes too.
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
"""Two lists may tell the beginning of one word so many seconds apart."""
_TOKEN = re.compile(r"\w+|[^\w\s.,;:?!…'\"()\[\]\ufffd\u2010-\u2015-]")
"""What is compared: letters and digits, or a sign that is no punctuation. So `follow-up` is the same as `follow up`."""
_MARKS = re.compile(r"[.,;:?!…]+$")
_WINDOW = 1000
_MOST_WINDOWS = 100
"""So many tokens are aligned at a time, and so often: that takes seconds. More differ in no output worth reading."""


def with_list(words: list[Word], other: Sequence[Word], gaps: Counter[Gap]) -> list[Word]:
    """The words of one list, and those of another that it lacks."""
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
    """The words, and those of the running text that they lack."""
    pieces = writing(text).split()
    told, listed = _counted(pieces), _counted(word.text for word in words)
    if not told:
        return words
    untold = listed - told
    gaps[Gap.NOT_IN_TEXT] += sum(bool(_taken(word.text, untold)) for word in words) if untold else 0
    unlisted = told - listed
    if not unlisted:
        return words
    after: dict[int, list[Word]] = defaultdict(list)
    for piece, place in _placed(words, pieces, unlisted):
        after[place].append(_untimed(words, place, piece))
        gaps[Gap.ONLY_TEXT] += 1
    return _inserted(words, after)


def _with_speakers(words: list[Word], other: Sequence[Word], places: Sequence[int | None]) -> list[Word]:
    """The words, each with the speaker that the other list tells of it where this one tells none."""
    told = {
        place: word.speaker
        for word, place in zip(other, places, strict=True)
        if place is not None and word.speaker and words[place].speaker is None
    }
    return [replace(word, speaker=told[place]) if place in told else word for place, word in enumerate(words)]


def _places(words: Sequence[Word], other: Sequence[Word]) -> list[int | None]:
    """For each word of another list its place among the words: the same in all, or the same text at nearly the time."""
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
    """The first of these places where the word may be; those before its time are used up."""
    while places:
        start = words[places[0]].start
        if start is None or word.start is None or abs(start - word.start) <= _NEAR:
            return places.popleft()
        if start > word.start:
            return None
        places.popleft()
    return None


def _placed(words: Sequence[Word], pieces: Sequence[str], unlisted: Counter[str]) -> Iterator[tuple[str, int]]:
    """The pieces of the text that the words lack, each with the place of the last word before it."""
    matched = dict(_aligned([_bare(piece) for piece in pieces], [_bare(word.text) for word in words]))
    place = -1
    for number, piece in enumerate(pieces):
        place = matched.get(number, place)
        if number not in matched and _taken(piece, unlisted):
            yield piece, place


def _aligned(told: Sequence[str], listed: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of indexes, rising on both sides, where the same is said."""
    one = other = windows = 0
    while one < len(told) and other < len(listed) and windows < _MOST_WINDOWS:
        if told[one] == listed[other]:
            yield one, other
            one, other = one + 1, other + 1
            continue
        windows += 1
        near = SequenceMatcher(None, told[one : one + _WINDOW], listed[other : other + _WINDOW])
        begin, beside, last = one, other, one + _WINDOW >= len(told) and other + _WINDOW >= len(listed)
        one, other = one + _WINDOW // 2, other + _WINDOW // 2
        for block in near.get_matching_blocks():
            if last or max(block.a, block.b) < _WINDOW // 2:
                yield from ((begin + block.a + step, beside + block.b + step) for step in range(block.size))
                one, other = begin + block.a + block.size, beside + block.b + block.size
        if last:
            return


def _untimed(words: Sequence[Word], place: int, piece: str) -> Word:
    """A word of the text alone. Its speaker is known where the words on both sides of it have the same one."""
    around = {word.speaker for word in words[max(place, 0) : place + 2]}
    marks = match[0] if (match := _MARKS.search(piece)) and match.start() else ""
    return Word(piece.removesuffix(marks), None, None, None, marks, around.pop() if len(around) == 1 else None)


def _inserted(words: Sequence[Word], after: Mapping[int, list[Word]]) -> list[Word]:
    """The words with others behind some of their places."""
    return [*after.get(-1, ()), *(each for place, word in enumerate(words) for each in (word, *after.get(place, ())))]


def _tokens(text: str) -> list[str]:
    return [text.casefold()] if text.isalnum() else _TOKEN.findall(text.casefold())


def _bare(text: str) -> str:
    return "".join(_tokens(text))


def _counted(texts: Iterable[str]) -> Counter[str]:
    return Counter(token for text in texts for token in _tokens(text))


def _taken(text: str, left: Counter[str]) -> int:
    """How many of the text's tokens are among those that are left. If any is, all are used up."""
    tokens = _tokens(text)
    found = sum(left[token] > 0 for token in tokens)
    if found:
        left.subtract(tokens)
    return found
