"""Stretches of speech, and how they are packed into pieces of work."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """From one moment to another, in seconds from the recording's start."""

    start: float
    end: float


def pack(spans: Iterable[Span], *, longest: float, gap: float) -> list[Span]:
    """Join neighbours less than `gap` seconds apart into spans of at most `longest` seconds.

    >>> pack([Span(0, 9), Span(9.5, 12), Span(14, 15)], longest=28, gap=1)
    [Span(start=0, end=12), Span(start=14, end=15)]
    """
    packed: list[Span] = []
    for span in spans:
        if packed and span.start - packed[-1].end < gap and span.end - packed[-1].start <= longest:
            packed[-1] = Span(packed[-1].start, span.end)
        else:
            packed.append(span)
    return packed
