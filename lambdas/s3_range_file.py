"""A recording in S3 as a file of which only what is looked at is fetched, and never much."""

import os
from collections.abc import Callable

BLOCK_BYTES = 64 * 1024
MOST_BLOCKS = 16
"""So a header costs at most 16 requests and one megabyte."""
MOST_STEPS = 60_000
"""Reads and seeks: so that a header of tiny parts, or of parts that go in circles, costs a second at most."""


class Exhausted(Exception):
    """Reading on would cost more than a header is worth."""


class S3RangeFile:
    """A read-only file of `size` bytes over `fetch`, which returns the bytes from one offset up to another.

    Blocks are aligned and kept. After any trouble the file raises it again: a reader cannot swallow it and go on.
    """

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self.size = size
        self.trouble: Exception | None = None
        self._fetch = fetch
        self._blocks: dict[int, bytes] = {}
        self._position = 0
        self._steps = 0

    def read(self, count: int = -1) -> bytes:
        """At most so many bytes from here; all there are, if the count is negative.

        Raises:
            Exhausted: the budget does not last for it.
        """
        self._step()
        begin = min(self._position, self.size)
        end = self.size if count < 0 else min(begin + count, self.size)
        numbers = range(begin // BLOCK_BYTES, -(-end // BLOCK_BYTES) if end > begin else 0)
        if len(numbers) > MOST_BLOCKS:
            self._give_up()
        content = b"".join(self._block(number) for number in numbers)
        offset = begin % BLOCK_BYTES
        self._position += end - begin
        return content[offset : offset + end - begin]

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to an offset, which may lie behind the end.

        Raises:
            OSError: it lies before the beginning, as with any file.
        """
        self._step()
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if origin + offset < 0:
            raise OSError("an offset before the file's beginning")
        self._position = origin + offset
        return self._position

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def holds(self, mark: bytes) -> bool:
        """Whether the mark stands anywhere in what was fetched so far."""
        return any(mark in block for block in self._blocks.values())

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            if len(self._blocks) == MOST_BLOCKS:
                self._give_up()
            begin = number * BLOCK_BYTES
            try:
                self._blocks[number] = self._fetch(begin, min(begin + BLOCK_BYTES, self.size))
            except Exception as error:
                self.trouble = error
                raise
        return self._blocks[number]

    def _step(self) -> None:
        if self.trouble:
            raise self.trouble
        self._steps += 1
        if self._steps > MOST_STEPS:
            self._give_up()

    def _give_up(self) -> None:
        self.trouble = Exhausted()
        raise self.trouble
