"""How sure Transcribe Medical is of what it heard, in bands: the one meaning for documents and notifications."""

from collections.abc import Iterable
from enum import StrEnum
from statistics import fmean

from stethoscript.transcript import Word

SURE = 0.9
"""Below it, if a confidence is a probability, more than one word in ten is wrong: worth a second look."""
LIKELY = 0.5
"""Below it a word is likelier wrong than right."""


class Band(StrEnum):
    """What a confidence means to a reader; NONE where the service gave none."""

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
    """The band of the mean, over those words that have a confidence.

    >>> str(band([Word("a", 0, 1, 1.0), Word("b", 1, 2, 0.5), Word("c", 2, 3, None)]))
    'medium'
    """
    known = [word.confidence for word in words if word.confidence is not None]
    return level(fmean(known)) if known else Band.NONE
