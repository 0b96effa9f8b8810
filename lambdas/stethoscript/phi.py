"""Finds the words of the protected health information that Transcribe Medical identified.

An entity's times can extend slightly beyond its words. Every overlapping word counts, because one word too many is
safer than one too few. An entity without a time is found by its text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stethoscript.fields import Gap, seconds
from stethoscript.intervals import Interval, Intervals

_EXACT = 0.005
"""Seconds: half the resolution of Transcribe's times. A word without a length extends this far on both sides."""
_MOST_LETTERS = 40


class PhiPassage:
    """The entities of a transcript. `spoken` are the times of its words."""

    def __init__(self, entities: Iterable[Mapping[str, Any]], spoken: Intervals, gaps: Counter[Gap]) -> None:
        located: list[Interval] = []
        self._said: dict[str, str] = {}
        self._said_anywhere: dict[str, str] = {}
        for entity in entities:
            category = _category(entity.get("category"))
            pieces = dict.fromkeys(_pieces(str(entity.get("content") or "")), category)
            self._said |= pieces
            span = _span(entity, category)
            if span and spoken.over(span.start, span.end) is not None:
                located.append(span)
            else:
                gaps[Gap.PLACE] += 1
                self._said_anywhere |= pieces
        self._located = Intervals(located)

    def category(self, text: str, start: float | None, end: float | None) -> str | None:
        """The category of a word: Personal, Geographic, …; None outside the entities."""
        over = None if start is None else self._located.over(*reach(start, end))
        said = self._said if start is None or end is None else self._said_anywhere
        if over or not said:
            return over
        return next((said[piece] for piece in _pieces(text) if piece in said), None)


def reach(start: float, end: float | None) -> tuple[float, float]:
    """A word's start and end, at least 0.01 seconds apart."""
    if end is None or end - start < _EXACT:
        return start - _EXACT, start + _EXACT
    return start, end


def _span(entity: Mapping[str, Any], category: str) -> Interval | None:
    start, end = seconds(entity.get("startTime")), seconds(entity.get("endTime"))
    return None if start is None or end is None else Interval(min(start, end), max(start, end), category)


def _pieces(text: str) -> Iterator[str]:
    return (bare for piece in text.split() if (bare := re.sub(r"\W", "", piece).casefold()))


def _category(value: Any) -> str:
    """The name after `PHI-`. The guide also shows asterisks, and older pages omit the prefix.

    >>> _category("PHI-Personal"), _category("phi*-geographic*"), _category("Account"), _category(None)
    ('Personal', 'Geographic', 'Account', 'Other')
    """
    letters = re.sub("[^a-z]", "", str(value or "").lower()).removeprefix("phi")
    return letters[:_MOST_LETTERS].capitalize() or "Other"
