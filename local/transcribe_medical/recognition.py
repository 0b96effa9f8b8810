"""What the recogniser heard in a recording."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
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

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> "Word":
        """Read one word of the recogniser's answer; what else it says is for others."""
        return cls(**{field.name: answer[field.name] for field in fields(cls) if field.name in answer})


@dataclass(frozen=True)
class Segment:
    """A part of the recording that was read in several ways, the likeliest first."""

    start: float
    end: float
    readings: tuple[tuple[Word, ...], ...]


@dataclass(frozen=True)
class Entity:
    """Words that say something about a person, and what."""

    content: str
    category: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True)
class RecognitionResult:
    """All that was heard, and what the recording turned out to be.

    No segments means that only one reading is known, no entities that nothing was found, or not looked for.
    """

    format: str
    sample_rate: int
    seconds: float
    channels: int
    words: tuple[Word, ...]
    segments: tuple[Segment, ...] = ()
    entities: tuple[Entity, ...] = ()

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> "RecognitionResult":
        """Read the recogniser's answer."""
        return cls(
            format=answer["format"],
            sample_rate=answer["sample_rate"],
            seconds=answer["seconds"],
            channels=answer["channels"],
            words=tuple(map(Word.read, answer["words"])),
            segments=tuple(map(_segment, answer.get("segments") or ())),
            entities=tuple(map(_entity, answer.get("entities") or ())),
        )


def _segment(answer: Mapping[str, Any]) -> Segment:
    readings = (tuple(map(Word.read, alternative["words"])) for alternative in answer["alternatives"])
    return Segment(answer["start"], answer["end"], tuple(readings))


def _entity(answer: Mapping[str, Any]) -> Entity:
    return Entity(**{field.name: answer[field.name] for field in fields(Entity)})
