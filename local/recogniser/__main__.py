"""Run a recogniser on stdin and stdout: `python -m local.recogniser --engine whisper`."""

import argparse
import logging
import os
import signal
import sys
from typing import TextIO

from local.recogniser import engines, worker
from local.recogniser.words import Unready


def main() -> int:
    """Load the engine, say whether that worked, and serve until stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m local.recogniser", description=worker.__doc__)
    parser.add_argument("--engine", default="whisper", help="whisper, whisper:<folder> or scripted")
    chosen = parser.parse_args().engine
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us; the end of stdin ends us
    send = worker.sender(_keep_stdout())
    logging.basicConfig(format="recogniser: %(message)s")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's own threads would only get in the way of ours
    try:
        engine = engines.load(chosen)
    except Unready as problem:
        send(ready=False, problem=str(problem))
        return 1
    send(ready=True, engine=engine.name)
    worker.serve(sys.stdin, send, engine.recognise)
    return 0


def _keep_stdout() -> TextIO:
    """Take stdout for the answers alone; what a library prints goes to stderr instead."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


if __name__ == "__main__":
    sys.exit(main())
