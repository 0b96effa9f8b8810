"""Handles Ctrl-C and SIGTERM, and blocks both during cleanup."""

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
def until_ctrl_c() -> Iterator[threading.Event]:
    """Set the event at the first Ctrl-C; a second one interrupts as usual.

    An exception in the place of the event can be lost: Python drops one that is raised inside of a destructor.
    """
    stopped = threading.Event()

    def stop(_number: int, _frame: Any) -> None:
        stopped.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    with _handled(stop, (signal.SIGINT,)):
        yield stopped


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
