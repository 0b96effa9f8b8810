"""The request to a recogniser and its result: Python values on both sides, one line of JSON between the processes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

PUNCTUATION = ".,?!:;"
MOST_ALTERNATIVES = 10
# The full stop is part of these words and does not end a sentence.
_ABBREVIATIONS = frozenset({"Mr.", "Mrs.", "Ms.", "Dr.", "Prof.", "St.", "Jr.", "Sr.", "vs.", "a.m.", "p.m."})


@dataclass(frozen=True)
class Term:
    """One row of a custom vocabulary. Hyphens in `phrase` and `sounds_like` separate words and syllables."""

    phrase: str
    display_as: str | None = None
    sounds_like: str | None = None

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "Term":
        """Read a row.

        Raises:
            KeyError, TypeError: it is not a row.
        """
        return cls(str(fields["phrase"]), fields.get("display_as") or None, fields.get("sounds_like") or None)

    @property
    def spoken(self) -> str:
        """The words of the phrase.

        >>> Term("atrial-fibrillation").spoken
        'atrial fibrillation'
        """
        return self.phrase.replace("-", " ").strip()

    @property
    def written(self) -> str:
        """How a transcript writes the phrase."""
        return self.display_as or self.spoken


@dataclass(frozen=True)
class RecognitionRequest:
    """One recording to recognise, and the sender's claims about it.

    `max_speakers` is an upper bound; 0 asks for no speaker labels. `channels` asks for each channel separately.
    `format` and `sample_rate` (hertz) are None without a claim. `alternatives` is the number of readings of each
    segment; 0 asks for none. `entities` asks for words that may identify the patient. The result carries `id`.
    """

    audio: Path
    id: str = ""
    channels: bool = False
    max_speakers: int = 0
    format: str | None = None
    sample_rate: int | None = None
    alternatives: int = 0
    vocabulary: tuple[Term, ...] = ()
    entities: bool = False

    @classmethod
    def read(cls, line: str) -> "RecognitionRequest":
        """Read one line of JSON.

        Raises:
            ValueError, KeyError, TypeError: it is not a request.
        """
        fields = json.loads(line)
        return cls(
            id=str(fields["id"]),
            audio=Path(fields["audio"]),
            channels=bool(fields.get("channels")),
            max_speakers=int(fields.get("max_speakers") or 0),
            format=fields.get("format"),
            sample_rate=fields.get("sample_rate"),
            alternatives=min(int(fields.get("alternatives") or 0), MOST_ALTERNATIVES),
            vocabulary=tuple(Term.read(row) for row in fields.get("vocabulary") or ()),
            entities=bool(fields.get("entities")),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the value that `read` reads, as JSON has it."""
        return {**asdict(self), "audio": str(self.audio)}


@dataclass(frozen=True)
class Word:
    """One spoken word: its times in seconds from the recording's start, the mark after it, and its speaker."""

    text: str
    start: float
    end: float
    confidence: float
    punctuation: str = ""
    speaker: int | None = None
    channel: int = 0

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Word":
        """Read one word of a result; unknown fields are ignored."""
        return cls(**{field.name: found[field.name] for field in fields(cls) if field.name in found})


@dataclass(frozen=True)
class Reading:
    """One possible text of a segment."""

    words: tuple[Word, ...]


@dataclass(frozen=True)
class Segment:
    """A sentence, or a part of one between pauses, with its readings. The likeliest reading is the first."""

    start: float
    end: float
    alternatives: tuple[Reading, ...]

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Segment":
        """Read one segment of a result."""
        readings = (Reading(tuple(map(Word.read, each["words"]))) for each in found["alternatives"])
        return cls(found["start"], found["end"], tuple(readings))


@dataclass(frozen=True)
class Entity:
    """Consecutive words that may identify the patient."""

    content: str
    category: str
    start: float
    end: float
    confidence: float

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Entity":
        """Read one entity of a result."""
        return cls(**{field.name: found[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class RecognitionResult:
    """The words of one recording in order of their starts, and the recording's detected properties.

    `segments` and `entities` are None if the request did not ask for them.
    """

    format: str
    sample_rate: int
    seconds: float
    channels: int
    words: tuple[Word, ...]
    segments: tuple[Segment, ...] | None = None
    entities: tuple[Entity, ...] | None = None

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "RecognitionResult":
        """Read what `as_json` returns.

        Raises:
            KeyError, TypeError: it is not a result.
        """
        return cls(
            format=found["format"],
            sample_rate=found["sample_rate"],
            seconds=found["seconds"],
            channels=found["channels"],
            words=tuple(map(Word.read, found["words"])),
            segments=tuple(map(Segment.read, found.get("segments") or ())),
            entities=tuple(map(Entity.read, found.get("entities") or ())),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the value as JSON has it, without the parts that are None."""
        return {name: value for name, value in asdict(self).items() if value is not None}


Progress = Callable[[float], None]
Recognise = Callable[[RecognitionRequest, Progress], RecognitionResult]


class RecordingRefused(Exception):
    """The recording cannot be transcribed; `reason` is the job's FailureReason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EngineNotReady(Exception):
    """The recogniser cannot start; the message is one sentence that ends with the remedy."""


def split_punctuation(text: str) -> tuple[str, str]:
    """Separate a word from the mark that follows it.

    >>> split_punctuation("daily,")
    ('daily', ',')
    >>> split_punctuation("well...")
    ('well', '.')
    >>> split_punctuation("Dr.")
    ('Dr.', '')
    """
    if text in _ABBREVIATIONS:
        return text, ""
    bare = text.rstrip(PUNCTUATION)
    return bare, text[len(bare) : len(bare) + 1]
