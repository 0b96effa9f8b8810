"""Bands of Transcribe Medical's confidence, for documents and notifications alike."""

from collections.abc import Iterable
from enum import StrEnum
from statistics import fmean

from stethoscript.transcript import Word

SURE = 0.9
"""Below this value more than one word in ten is wrong, if a confidence is a probability: check such a word."""
LIKELY = 0.5
"""Below this value a word is more likely wrong than right."""


class Band(StrEnum):
    """A confidence for a reader; NONE without one."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


def level(confidence: float | None) -> Band:
    """The band of a single word.

    >>> [str(level(each)) for each in (0.9, 0.899, 0.5, 0.4, None)]
    ['high', 'medium', 'medium', 'low', 'none']
    """
    if confidence is None:
        return Band.NONE
    if confidence >= SURE:
        return Band.HIGH
    return Band.MEDIUM if confidence >= LIKELY else Band.LOW


def band(words: Iterable[Word]) -> Band:
    """The band of the mean confidence, over the words that have one.

    >>> str(band([Word("a", 0, 1, 1.0), Word("b", 1, 2, 0.5), Word("c", 2, 3, None)]))
    'medium'
    """
    known = [word.confidence for word in words if word.confidence is not None]
    return level(fmean(known)) if known else Band.NONE
