"""Reads an object in S3 as a file, in blocks and within a limit of requests and bytes."""

from collections.abc import Callable, Mapping
from typing import Any

from stethoscript.audio_formats.byte_source import WINDOW_BYTES, Exhausted

BLOCK_BYTES = WINDOW_BYTES
MOST_BLOCKS = 16
"""The most blocks of one file. A header costs at most 16 requests and one megabyte."""
MOST_READS = 30_000
"""The most reads of one file. A header of tiny or circular parts costs less than a second."""


class WrongRange(Exception):
    """S3 or a proxy returned other bytes than requested, which says nothing about the recording."""


class S3RangeFile:
    """A read-only file of `size` bytes. `fetch(begin, end)` returns the bytes from one offset up to another.

    Blocks are aligned and cached.
    """

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self.size = size
        self._fetch = fetch
        self._blocks: dict[int, bytes] = {}
        self._reads = 0

    def at(self, offset: int, count: int) -> bytes:
        """The bytes from an offset: at most `count`, fewer at the end of the file, none after it.

        Raises:
            Exhausted: the read exceeds the limits.
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
        """Fetch the blocks that are not cached, adjacent ones in one request."""
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
    """GetObject's answer for the bytes of an object from one offset up to another.

    Raises:
        WrongRange: the answer's headers name other bytes.
    """
    answer = s3.get_object(**source, Range=f"bytes={begin}-{end - 1}")
    expected, _, total = str(answer.get("ContentRange", "")).partition("/")
    if expected != f"bytes {begin}-{end - 1}" or answer["ContentLength"] != end - begin:
        raise WrongRange
    if size is not None and total not in (str(size), "*"):
        raise WrongRange
    return answer


def read_range(s3: Any, source: Mapping[str, str], begin: int, end: int, size: int | None = None) -> bytes:
    """The bytes of an object from one offset up to another.

    Raises:
        WrongRange: S3 returned other bytes, or another number of them.
    """
    content: bytes = get_range(s3, source, begin, end, size)["Body"].read()
    if len(content) != end - begin:
        raise WrongRange
    return content
