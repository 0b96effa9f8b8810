"""`make demo`: recordings on their real way through the real stacks, and what became of them."""

import argparse
import errno
import shutil
import signal
import sys
from pathlib import Path

from local import process_lock

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "build" / "demo.lock"
NEEDED_MEGABYTES = 500
_MEGABYTE = 1024**2
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Run the demo; every failure ends it with one sentence that says what to do."""
    for each in _STOPPING:
        signal.signal(each, _stop)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # for a terminal that is not UTF-8
    try:
        arguments = _parser().parse_args()
        with process_lock.held(LOCK):
            _demonstrate(arguments)
    except KeyboardInterrupt:
        sys.exit("\nStopped; nothing is left running. `make demo` begins again.")
    except process_lock.Running as other:
        sys.exit(f"Another demo runs in this folder, {other}: wait until it has ended, then run `make demo` again.")
    except OSError as error:
        sys.exit(_of_the_system(error))


def _demonstrate(arguments: argparse.Namespace) -> None:
    from local import demo_report, demo_run  # noqa: PLC0415  # slow to load: Ctrl-C meanwhile is answered too

    if shutil.disk_usage(LOCK.parent).free < NEEDED_MEGABYTES * _MEGABYTE:
        sys.exit(f"Less than {NEEDED_MEGABYTES} MB are free here: make room, then run `make demo` again.")
    try:
        recordings = demo_run.recordings(arguments.audio, arguments.profile)
        results = demo_run.run(recordings, arguments.engine)
    except demo_run.FAILURES as failed:
        sys.exit(demo_run.printable(demo_run.sentence(failed)))
    demo_report.show(results)
    undelivered = [each for each in results.summary if each["status"] != "DELIVERED"]
    if undelivered:
        sys.exit(f"Not delivered: {len(undelivered)} of {len(results.summary)}. The reason stands below the table.")


def _stop(*_signal: object) -> None:
    """End as after Ctrl-C. Another signal does not interrupt the end itself, which takes up to twelve seconds."""
    for each in _STOPPING:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _of_the_system(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full: make room on it, then run `make demo` again. The last run's documents are kept."
    where = f" ({error.filename})" if error.filename else ""
    return f"The demo could not go on: {error.strerror or error}{where}. Correct that, then run `make demo` again."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--audio", type=Path, help="a recording of your own")
    parser.add_argument("--profile", default="dictation", choices=["dictation", "conversation", "telehealth"])
    parser.add_argument("--engine", default="whisper", help="see `python -m local.cloud --help`")
    return parser


if __name__ == "__main__":
    main()
