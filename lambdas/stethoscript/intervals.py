"""What lies over a moment of the recording: who speaks there, what was found there."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple


class Interval(NamedTuple):
    """A label from one second to another."""

    start: float
    end: float
    label: str


class Intervals:
    """Spans in any order, overlapping or not; each question takes the time of one bisection."""

    def __init__(self, spans: Iterable[Interval]) -> None:
        self._spans = sorted(spans)
        self._starts = [span.start for span in self._spans]
        self._farthest = list(accumulate(self._spans, _farther))

    def over(self, start: float, end: float) -> str | None:
        """The label of a span that shares time with this one: the last that does, or the one that reaches farthest.

        >>> spans = Intervals([Interval(0, 1, "a"), Interval(1, 2, "b"), Interval(1.1, 1.2, "c")])
        >>> spans.over(0.5, 1), spans.over(1.1, 1.3), spans.over(1.5, 3), spans.over(2, 3)
        ('a', 'c', 'b', None)
        """
        before = bisect_left(self._starts, end)
        candidates = (self._spans[before - 1], self._farthest[before - 1]) if before else ()
        return next((span.label for span in candidates if span.end > start), None)

    def near(self, moment: float, most: float) -> str | None:
        """The label of a span over this moment, or of the nearest that is so many seconds away at most.

        >>> spans = Intervals([Interval(0, 1, "a"), Interval(1.5, 2, "b")])
        >>> spans.near(0.5, 1), spans.near(1.2, 1), spans.near(1.4, 1), spans.near(2.5, 0.1)
        ('a', 'a', 'b', None)
        """
        after = bisect_left(self._starts, moment)
        beside = self._farthest[after - 1 : after] + self._spans[after : after + 1]
        distances = [(max(span.start - moment, moment - span.end), span.label) for span in beside]
        distance, nearest = min(distances, default=(most, None))
        return self.over(moment, moment) or (nearest if distance <= most else None)


def _farther(one: Interval, other: Interval) -> Interval:
    return other if other.end >= one.end else one
