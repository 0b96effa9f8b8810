"""Run a recogniser on stdin and stdout: `python -m local.recogniser --engine whisper`."""

import argparse
import ctypes
import logging
import os
import signal
import sys
from contextlib import suppress
from typing import TextIO

from local.recogniser import engines, worker
from local.recogniser.requests_and_results import EngineNotReady

# From glibc's malloc.h.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 8 * 1024**2
_POOLS = 2


def main() -> int:
    """Load the engine, report whether it is ready, and serve requests until stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m local.recogniser", description=worker.__doc__)
    parser.add_argument("--engine", default="whisper", help="whisper, whisper:<folder> or scripted")
    chosen = parser.parse_args().engine
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and then closes stdin
    send = worker.sender(_keep_stdout())
    logging.basicConfig(format="recogniser: %(message)s")
    _return_freed_memory()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's own threads would slow ours down
    try:
        engine = engines.load(chosen)
    except EngineNotReady as problem:
        send(ready=False, problem=str(problem))
        return 1
    send(ready=True, engine=engine.name)
    worker.serve(sys.stdin, send, engine.recognise)
    return 0


def _return_freed_memory() -> None:
    """Make glibc return large blocks at once and share pools between threads: a long recording needs a third less."""
    with suppress(OSError, AttributeError):  # another C library has no mallopt
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.mallopt(_M_ARENA_MAX, _POOLS)


def _keep_stdout() -> TextIO:
    """Keep stdout for the answers: what a library prints goes to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


if __name__ == "__main__":
    sys.exit(main())
