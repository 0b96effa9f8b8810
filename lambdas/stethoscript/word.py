"""A spoken word, the unit of the transcript model."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate


class Writer(StrEnum):
    """The writer of a word."""

    MACHINE = "machine"
    EDITOR = "editor"


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word with the punctuation that follows it.

    Times are seconds from the beginning of the recording; confidence is from 0 to 1. Missing values are None.
    `category` is the category of protected health information of which the word is part: Personal, Geographic, …

    Only corrections set the other fields. `machine` is the range of the transcript's `machine` words that this word
    stands for; it is empty for an inserted word. `begins_turn` overrides the rule for turns. `confirmed` means that an
    editor compared the word with the audio.
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
    """The start of each word, in seconds. No word starts before the previous one; one without a time starts with it."""
    return accumulate((word.start or 0.0 for word in words), max)
