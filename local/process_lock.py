"""A lock on a command that may run only once at a time in this folder. The system releases it with the process."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Running(RuntimeError):
    """Another process holds the lock; the message gives its start time and process id."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock while the block runs.

    Raises:
        Running: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Running(lock.read().strip() or "just now") from None
        lock.truncate(0)
        lock.write(f"since {time.strftime('%H:%M:%S')}, as process {os.getpid()}")
        lock.flush()
        yield
