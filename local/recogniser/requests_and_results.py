"""What a recogniser is asked, and what it answers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PUNCTUATION = ".,?!:;"
MOST_ALTERNATIVES = 10
# Their full stop is part of them and ends no sentence.
_ABBREVIATIONS = frozenset({"Mr.", "Mrs.", "Ms.", "Dr.", "Prof.", "St.", "Jr.", "Sr.", "vs.", "a.m.", "p.m."})


@dataclass(frozen=True)
class Term:
    """One row of a custom vocabulary: hyphens in `phrase` and `sounds_like` part words and syllables."""

    phrase: str
    display_as: str | None = None
    sounds_like: str | None = None

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "Term":
        """Read a row; KeyError or TypeError if it is none."""
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
        """What stands for the phrase in a transcript."""
        return self.display_as or self.spoken


@dataclass(frozen=True)
class Order:
    """One recording to be recognised, with what its sender claims about it.

    `max_speakers` is an upper bound, 0 asks for no speaker labels; `channels` asks for each channel by
    itself; `format` and `sample_rate` (hertz) are None where nothing was claimed. `alternatives` is how many
    readings of each segment are wanted, 0 none; `entities` asks for what may tell who the patient is.
    """

    id: str
    audio: Path
    channels: bool = False
    max_speakers: int = 0
    format: str | None = None
    sample_rate: int | None = None
    alternatives: int = 0
    vocabulary: tuple[Term, ...] = ()
    entities: bool = False

    @classmethod
    def read(cls, line: str) -> "Order":
        """Read one line of JSON; ValueError, KeyError or TypeError if it is no order."""
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


@dataclass(frozen=True)
class Word:
    """One spoken word: seconds from the recording's start, the mark that follows it, and who said it."""

    text: str
    start: float
    end: float
    confidence: float
    punctuation: str = ""
    speaker: int | None = None
    channel: int = 0


@dataclass(frozen=True)
class Reading:
    """One way of hearing a segment."""

    words: tuple[Word, ...]


@dataclass(frozen=True)
class Segment:
    """A sentence, or the part of one between pauses: first as it was heard, then as it might have been."""

    start: float
    end: float
    alternatives: tuple[Reading, ...]


@dataclass(frozen=True)
class Entity:
    """A stretch of words that may tell who the patient is."""

    content: str
    category: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True)
class Recognition:
    """All that was heard in one recording, in the order of the words' starts; None where nothing was asked."""

    format: str
    sample_rate: int
    seconds: float
    channels: int
    words: tuple[Word, ...]
    segments: tuple[Segment, ...] | None = None
    entities: tuple[Entity, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the value as it travels to whoever gave the order."""
        return {name: value for name, value in asdict(self).items() if value is not None}


Progress = Callable[[float], None]
Recogniser = Callable[[Order, Progress], Recognition]


class Unusable(Exception):
    """The recording cannot be transcribed; `reason` is the job's FailureReason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unready(Exception):
    """The recogniser cannot start; the message is one sentence that ends in the remedy."""


def split_punctuation(text: str) -> tuple[str, str]:
    """Part a word from the mark that follows it.

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
