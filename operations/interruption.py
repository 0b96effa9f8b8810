"""Being stopped: by Ctrl-C or by whoever ends processes, but not in the middle of tidying up."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_STOPS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def orderly() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that what follows it is done."""
    with _handled(_interrupt, (signal.SIGTERM,)):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let neither end the block."""
    with _handled(signal.SIG_IGN, _STOPS):
        yield


@contextmanager
def _handled(handler: Any, signals: tuple[signal.Signals, ...]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # Python hands signals to the main thread alone
        yield
        return
    before = {each: signal.signal(each, handler) for each in signals}
    try:
        yield
    finally:
        for each, former in before.items():
            signal.signal(each, former)


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt
