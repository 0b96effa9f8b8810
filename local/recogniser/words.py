"""What a recogniser is asked, and what it answers."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PUNCTUATION = ".,?!:;"


@dataclass(frozen=True)
class Order:
    """One recording to be recognised, with what its sender claims about it.

    `max_speakers` is an upper bound, 0 asks for no speaker labels; `channels` asks for each channel by
    itself; `format` and `sample_rate` (hertz) are None where nothing was claimed.
    """

    id: str
    audio: Path
    channels: bool = False
    max_speakers: int = 0
    format: str | None = None
    sample_rate: int | None = None

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
class Recognition:
    """All that was heard in one recording, in the order of the words' starts."""

    format: str
    sample_rate: int
    seconds: float
    channels: int
    words: tuple[Word, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the value as it travels to whoever gave the order."""
        return asdict(self)


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
    """
    bare = text.rstrip(PUNCTUATION)
    return bare, text[len(bare) : len(bare) + 1]
