"""The input of the parsers, and the values that they find."""

from dataclasses import dataclass
from typing import Protocol

from stethoscript.audio_info import AudioInfo

WINDOW_BYTES = 64 * 1024
"""The bytes that a parser searches for a marker at one place. S3RangeFile fetches blocks of this size."""
WALK_BYTES = 8 * WINDOW_BYTES
"""A file up to this size is read completely if that gives its exact duration."""
_SHARE = 0.05


class Exhausted(Exception):
    """The limits of the probe are reached. The values found so far stay valid."""


class Source(Protocol):
    """A file that parsers read by offset."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    def at(self, offset: int, count: int) -> bytes:
        """The bytes from an offset: at most `count`, fewer at the end of the file, none after it.

        Raises:
            Exhausted: the limits are reached.
        """


@dataclass(frozen=True)
class Part:
    """The part of a file between the tags at its beginning and the tags at its end."""

    source: Source
    begin: int
    end: int

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.end - self.begin

    def at(self, offset: int, count: int) -> bytes:
        """The bytes from an offset in this part."""
        offset = max(0, offset)
        return self.source.at(self.begin + offset, max(0, min(count, self.size - offset)))

    def window(self, offset: int) -> int:
        """The start of the window that holds an offset. A whole window costs one request."""
        return max(0, offset - (self.begin + offset) % WINDOW_BYTES)

    def number(self, offset: int, count: int) -> int | None:
        """A big-endian number; None if the part ends within it."""
        content = self.at(offset, count)
        return int.from_bytes(content, "big") if len(content) == count else None


@dataclass
class Findings:
    """The values found so far. A parser sets them one by one, so that they stay when the limits are reached."""

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
    """Whether two durations in seconds agree, within 5 percent and a codec's padding.

    >>> agree(60.0, 61.0), agree(60.0, 30.0), agree(60.0, None), agree(0.3, 0.35)
    (True, False, False, True)
    """
    return one is not None and other is not None and abs(one - other) <= _SHARE * max(one, other) + slack
