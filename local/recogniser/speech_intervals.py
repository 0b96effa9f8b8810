"""Intervals of speech, and how they are joined into pieces of work."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """An interval in seconds from the recording's start."""

    start: float
    end: float


def pack(intervals: Iterable[Interval], *, longest: float, gap: float) -> list[Interval]:
    """Join neighbours less than `gap` seconds apart into intervals of at most `longest` seconds.

    >>> pack([Interval(0, 9), Interval(9.5, 12), Interval(14, 15)], longest=28, gap=1)
    [Interval(start=0, end=12), Interval(start=14, end=15)]
    """
    packed: list[Interval] = []
    for interval in intervals:
        if packed and interval.start - packed[-1].end < gap and interval.end - packed[-1].start <= longest:
            packed[-1] = Interval(packed[-1].start, interval.end)
        else:
            packed.append(interval)
    return packed
