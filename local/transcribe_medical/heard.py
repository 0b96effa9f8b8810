"""What the recogniser heard in a recording."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Word:
    """One spoken word, with the punctuation that follows it."""

    text: str
    start: float
    end: float
    confidence: float
    punctuation: str = ""
    speaker: int | None = None
    channel: int = 0


@dataclass(frozen=True)
class Heard:
    """All that was heard, and what the recording turned out to be."""

    format: str
    sample_rate: int
    seconds: float
    channels: int
    words: tuple[Word, ...]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> "Heard":
        """Read the recogniser's answer."""
        return cls(
            format=answer["format"],
            sample_rate=answer["sample_rate"],
            seconds=answer["seconds"],
            channels=answer["channels"],
            words=tuple(Word(**word) for word in answer["words"]),
        )
