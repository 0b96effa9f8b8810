"""A recording in S3 as a file of which only what is asked for is fetched, and never much."""

from collections.abc import Callable, Mapping
from typing import Any

from stethoscript.audio_formats.byte_source import WINDOW_BYTES, Exhausted

BLOCK_BYTES = WINDOW_BYTES
MOST_BLOCKS = 16
"""So a header costs at most 16 requests and one megabyte."""
MOST_READS = 30_000
"""So that a header of tiny parts, or of parts that go in circles, costs a fraction of a second at most."""


class WrongRange(Exception):
    """S3, or what stands between, answered other bytes than were asked for. Says nothing of the recording."""


class S3RangeFile:
    """A read-only file of `size` bytes over `fetch`, which returns the bytes from one offset up to another.

    Blocks are aligned and kept.
    """

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self.size = size
        self._fetch = fetch
        self._blocks: dict[int, bytes] = {}
        self._reads = 0

    def at(self, offset: int, count: int) -> bytes:
        """The bytes from an offset on: at most `count`, fewer at the end of the file, none behind it.

        Raises:
            Exhausted: the budget does not last for it.
            WrongRange: `fetch` returned another number of bytes.
        """
        self._reads += 1
        end = min(offset + count, self.size)
        if self._reads > MOST_READS:
            raise Exhausted
        if end <= offset:
            return b""
        first, last = offset // BLOCK_BYTES, (end - 1) // BLOCK_BYTES
        begin = offset - first * BLOCK_BYTES
        if first == last and first in self._blocks:
            return self._blocks[first][begin : begin + end - offset]
        self._get(first, last)
        content = b"".join(self._blocks[number] for number in range(first, last + 1))
        return content[begin : begin + end - offset]

    def _get(self, first: int, last: int) -> None:
        """Fetch those of the blocks that are not here yet, neighbours at once."""
        if last - first >= MOST_BLOCKS:
            raise Exhausted
        missing = [number for number in range(first, last + 1) if number not in self._blocks]
        if len(self._blocks) + len(missing) > MOST_BLOCKS:
            raise Exhausted
        while missing:
            begin = missing[0]
            count = next((n for n, number in enumerate(missing) if number != begin + n), len(missing))
            del missing[:count]
            self._keep(begin * BLOCK_BYTES, min((begin + count) * BLOCK_BYTES, self.size))

    def _keep(self, begin: int, end: int) -> None:
        content = self._fetch(begin, end)
        if len(content) != end - begin:
            raise WrongRange
        for offset in range(begin, end, BLOCK_BYTES):
            self._blocks[offset // BLOCK_BYTES] = content[offset - begin : offset - begin + BLOCK_BYTES]


def get_range(s3: Any, source: Mapping[str, str], begin: int, end: int, size: int | None = None) -> Any:
    """S3's answer for the bytes of an object from one offset up to another, if it is that.

    Raises:
        WrongRange: its headers say that it is other bytes.
    """
    answer = s3.get_object(**source, Range=f"bytes={begin}-{end - 1}")
    expected, _, total = str(answer.get("ContentRange", "")).partition("/")
    if expected != f"bytes {begin}-{end - 1}" or answer["ContentLength"] != end - begin:
        raise WrongRange
    if size is not None and total not in (str(size), "*"):
        raise WrongRange
    return answer


def read_range(s3: Any, source: Mapping[str, str], begin: int, end: int, size: int | None = None) -> bytes:
    """The bytes of an object from one offset up to another, and no others.

    Raises:
        WrongRange: S3 answered other bytes, or another number of them.
    """
    content: bytes = get_range(s3, source, begin, end, size)["Body"].read()
    if len(content) != end - begin:
        raise WrongRange
    return content
