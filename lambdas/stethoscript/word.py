"""A spoken word: what the transcript model is made of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word with the punctuation that follows it.

    Times are seconds from the beginning, confidence is from 0 to 1; None where the service gave none.
    `category` is that of the protected health information it belongs to: Personal, Geographic, …
    """

    text: str
    start: float | None
    end: float | None
    confidence: float | None
    punctuation: str = ""
    speaker: str | None = None
    category: str | None = None


def starts(words: Iterable[Word]) -> Iterator[float]:
    """When each word begins. A word without a time begins with the one before it, and none begins before that one."""
    return accumulate((word.start or 0.0 for word in words), max)
