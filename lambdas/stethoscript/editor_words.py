"""Creates the words of an editor's text: their times, their speaker, and the machine's words that they replace."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from stethoscript.word import Word, Writer

_MARKS = ".,;:?!"
_Times = tuple[float | None, float | None]


def replacing(
    words: Sequence[Word], place: tuple[int, int], text: str, *, speaker: str | None, machine: int
) -> list[Word]:
    """The words of `text` for a range of words; none if the text is empty.

    `machine` is the number of the machine's words. Without a `speaker`, the speaker is that of the replaced words or,
    for an insertion, that of the previous word.
    """
    start, end = place
    pieces = text.split()
    if not pieces:
        return []
    before = words[start - 1] if start else None
    after = words[end] if end < len(words) else None
    replaced = words[start:end]
    if replaced:
        times = list(_times(replaced, pieces))
        stands_for = (_range(replaced[0])[0], max(_range(word)[1] for word in replaced))
        category = next((word.category for word in replaced if word.category), None)
    else:
        times = [_moment(before, after)] * len(pieces)
        at = _range(after)[0] if after else machine
        stands_for = (at, at)
        category = before.category if before and after and before.category == after.category else None
    nearest = next(filter(None, (*replaced[:1], before, after)), None)
    speaker = speaker or (nearest.speaker if nearest else None)
    written = [_word(piece, time, speaker, category, stands_for) for piece, time in zip(pieces, times, strict=True)]
    return [_in_turn(written[0], replaced), *written[1:]]


def parted(piece: str) -> tuple[str, str]:
    """A piece of text between spaces, as a word and the punctuation after it.

    >>> parted("mg,"), parted("5.5"), parted("..."), parted("Mr.?")
    (('mg', ','), ('5.5', ''), ('...', ''), ('Mr', '.?'))
    """
    bare = piece.rstrip(_MARKS)
    return (bare, piece[len(bare) :]) if bare else (piece, "")


def _word(piece: str, time: _Times, speaker: str | None, category: str | None, stands_for: tuple[int, int]) -> Word:
    text, punctuation = parted(piece)
    return Word(text, *time, None, punctuation, speaker, category, Writer.EDITOR, stands_for)


def _in_turn(word: Word, replaced: Sequence[Word]) -> Word:
    return replace(word, begins_turn=replaced[0].begins_turn) if replaced else word


def _range(word: Word) -> tuple[int, int]:
    return word.machine or (0, 0)


def _times(replaced: Sequence[Word], pieces: Sequence[str]) -> Iterator[_Times]:
    """The same number of words keeps the times one by one; otherwise words share the whole time by their length."""
    if len(replaced) == len(pieces):
        yield from ((word.start, word.end) for word in replaced)
        return
    start = next((word.start for word in replaced if word.start is not None), None)
    end = next((time for word in reversed(replaced) for time in (word.end, word.start) if time is not None), None)
    if start is None or end is None:
        yield from [(None, None)] * len(pieces)
        return
    lasting = max(0.0, end - start) / sum(map(len, pieces))
    limits = [round(start + lasting * length, 3) for length in accumulate(map(len, pieces), initial=0)]
    yield from pairwise(limits)


def _moment(before: Word | None, after: Word | None) -> _Times:
    """The time of an inserted word, which has no audio of its own: the end of the previous word."""
    ends = (before.end, before.start) if before else ()
    begins = (after.start,) if after else ()
    at = next((time for time in (*ends, *begins) if time is not None), None)
    return at, at
