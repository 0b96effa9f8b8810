"""A spoken word: what the transcript model is made of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate


class Writer(StrEnum):
    """Who wrote a word."""

    MACHINE = "machine"
    EDITOR = "editor"


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word with the punctuation that follows it.

    Times are seconds from the beginning, confidence is from 0 to 1; None where the service gave none.
    `category` is that of the protected health information it belongs to: Personal, Geographic, …

    The rest is set by corrections only. `machine` is the range of the transcript's `machine` words that this word
    stands for; it is empty for an inserted word. `begins_turn` overrides the rule for turns. `confirmed` means that an
    editor compared the word with the sound.
    """

    text: str
    start: float | None
    end: float | None
    confidence: float | None
    punctuation: str = ""
    speaker: str | None = None
    category: str | None = None
    by: Writer = Writer.MACHINE
    machine: tuple[int, int] | None = None
    begins_turn: bool | None = None
    confirmed: bool = False


def starts(words: Iterable[Word]) -> Iterator[float]:
    """When each word begins. A word without a time begins with the one before it, and none begins before that one."""
    return accumulate((word.start or 0.0 for word in words), max)
