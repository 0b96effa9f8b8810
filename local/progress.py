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
    """Print the name of a phase while the block runs, and its seconds if they are over two.

    The block gets a function that sets the detail after the seconds. Only a terminal shows details.
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
