"""What the parsers of a format read from, and where they keep what they learn."""

from dataclasses import dataclass
from typing import Protocol

from stethoscript.audio_info import AudioInfo

WINDOW_BYTES = 64 * 1024
"""As much as is searched for a mark at one place; S3RangeFile fetches as much at once."""
WALK_BYTES = 8 * WINDOW_BYTES
"""A file up to this size is read from one end to the other where that tells its duration exactly."""
_SHARE = 0.05


class Exhausted(Exception):
    """Reading on would cost more than the probe is worth. What was learned so far stays valid."""


class Source(Protocol):
    """A file that is read by offset."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    def at(self, offset: int, count: int) -> bytes:
        """The bytes from an offset on: at most `count`, fewer at the end of the file, none behind it.

        Raises:
            Exhausted: the budget is spent.
        """


@dataclass(frozen=True)
class Part:
    """The part of a file that holds the recording: behind tags in front of it, before tags at its end."""

    source: Source
    begin: int
    end: int

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.end - self.begin

    def at(self, offset: int, count: int) -> bytes:
        """As of a Source, counted from this part's beginning."""
        offset = max(0, offset)
        return self.source.at(self.begin + offset, max(0, min(count, self.size - offset)))

    def window(self, offset: int) -> int:
        """Where the window begins that holds an offset: reading whole windows costs one request each."""
        return max(0, offset - (self.begin + offset) % WINDOW_BYTES)

    def number(self, offset: int, count: int) -> int | None:
        """A big-endian number; None where the part ends before it does."""
        content = self.at(offset, count)
        return int.from_bytes(content, "big") if len(content) == count else None


@dataclass
class Findings:
    """What was learned so far: filled as it is read, so that it stays when the budget runs out."""

    media_format: str | None = None
    seconds: float | None = None
    hertz: int | None = None
    channels: int | None = None
    declared_seconds: float | None = None
    cut_off: bool | None = None

    def info(self) -> AudioInfo:
        """The findings as a value."""
        return AudioInfo(self.seconds, self.hertz, self.channels, self.declared_seconds, self.cut_off)


def agree(one: float | None, other: float | None, slack: float = 0.1) -> bool:
    """Whether two durations in seconds are the same, but for a twentieth and so much that a codec pads.

    >>> agree(60.0, 61.0), agree(60.0, 30.0), agree(60.0, None), agree(0.3, 0.35)
    (True, False, False, True)
    """
    return one is not None and other is not None and abs(one - other) <= _SHARE * max(one, other) + slack
