"""Labelled intervals of a recording, searched by time: speakers, and categories of health information."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple


class Interval(NamedTuple):
    """A label, with its start and end in seconds."""

    start: float
    end: float
    label: str


class Intervals:
    """Intervals in any order; they may overlap. A search takes one bisection."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self._intervals = sorted(intervals)
        self._starts = [interval.start for interval in self._intervals]
        self._farthest = list(accumulate(self._intervals, _farther))

    def over(self, start: float, end: float) -> str | None:
        """The label of an interval that overlaps this one: of several, the last to start or the last to end.

        >>> intervals = Intervals([Interval(0, 1, "a"), Interval(1, 2, "b"), Interval(1.1, 1.2, "c")])
        >>> intervals.over(0.5, 1), intervals.over(1.1, 1.3), intervals.over(1.5, 3), intervals.over(2, 3)
        ('a', 'c', 'b', None)
        """
        before = bisect_left(self._starts, end)
        candidates = (self._intervals[before - 1], self._farthest[before - 1]) if before else ()
        return next((interval.label for interval in candidates if interval.end > start), None)

    def near(self, moment: float, most: float) -> str | None:
        """The label of an interval at this moment, or of the nearest one at most `most` seconds away.

        >>> intervals = Intervals([Interval(0, 1, "a"), Interval(1.5, 2, "b")])
        >>> intervals.near(0.5, 1), intervals.near(1.2, 1), intervals.near(1.4, 1), intervals.near(2.5, 0.1)
        ('a', 'a', 'b', None)
        """
        after = bisect_left(self._starts, moment)
        beside = self._farthest[after - 1 : after] + self._intervals[after : after + 1]
        distances = [(max(interval.start - moment, moment - interval.end), interval.label) for interval in beside]
        distance, nearest = min(distances, default=(most, None))
        return self.over(moment, moment) or (nearest if distance <= most else None)


def _farther(one: Interval, other: Interval) -> Interval:
    return other if other.end >= one.end else one
