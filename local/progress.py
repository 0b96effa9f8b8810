"""One line for each phase of a long command. On a terminal the line counts the seconds."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_EVERY_SECONDS = 0.2
_SHORT_SECONDS = 2.0
_ERASE_LINE = "\r\x1b[K"


@contextmanager
def phase(what: str, stream: TextIO | None = None) -> Iterator[Callable[[str], None]]:
    """Show that a phase runs while the block runs, and its time if that is over two seconds.

    The block gets a function: what it is called with stands behind the seconds on a terminal, until the next call.
    """
    output = stream or sys.stdout
    began, ended, details = time.monotonic(), threading.Event(), [""]
    terminal = output.isatty() and os.environ.get("TERM") != "dumb"

    def seconds() -> str:
        lasted = time.monotonic() - began
        return f" {lasted:.0f} s" if lasted > _SHORT_SECONDS else ""

    def count() -> None:
        while not ended.wait(_EVERY_SECONDS):
            line = " · ".join(filter(None, (f"{what} …{seconds()}", details[-1])))
            output.write(_ERASE_LINE + line[: shutil.get_terminal_size().columns - 1])
            output.flush()

    output.write(f"{what} …")
    output.flush()
    counting = threading.Thread(target=count, daemon=True)
    if terminal:
        counting.start()
    try:
        yield details.append
    finally:
        ended.set()
        if terminal:
            counting.join()
            output.write(f"{_ERASE_LINE}{what} …")
        output.write(f"{seconds()}\n")
        output.flush()
