"""`make demo`: transcribe recordings with the real stacks on the embedded AWS, and show the results."""

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
    """Run the demo. Every failure ends it with one sentence that names the next step."""
    for each in _STOPPING:
        signal.signal(each, _stop)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # the terminal may not be UTF-8
    try:
        arguments = _parser().parse_args()
        with process_lock.held(LOCK):
            _run(arguments)
    except KeyboardInterrupt:
        sys.exit("\nStopped. No process is left running. Run `make demo` to start again.")
    except process_lock.Running as other:
        sys.exit(f"Another demo runs in this folder, {other}: wait until it ends, then run `make demo` again.")
    except OSError as error:
        sys.exit(_os_error(error))


def _run(arguments: argparse.Namespace) -> None:
    from local import demo_report, demo_run  # noqa: PLC0415  # slow to load, and Ctrl-C must work meanwhile

    if shutil.disk_usage(LOCK.parent).free < NEEDED_MEGABYTES * _MEGABYTE:
        sys.exit(f"Less than {NEEDED_MEGABYTES} MB of disk space are free: free some, then run `make demo` again.")
    try:
        recordings = demo_run.recordings(arguments.audio, arguments.profile)
        results = demo_run.run(recordings, arguments.engine)
    except demo_run.FAILURES as failed:
        sys.exit(demo_run.printable(demo_run.sentence(failed)))
    demo_report.show(results)
    undelivered = [each for each in results.summary if each["status"] != "DELIVERED"]
    if undelivered:
        sys.exit(f"Not delivered: {len(undelivered)} of {len(results.summary)}. The reason is below the table.")


def _stop(*_received: object) -> None:
    """Stop as after Ctrl-C. Further signals are ignored while the demo stops, which takes up to 12 seconds."""
    for each in _STOPPING:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _os_error(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full: free some space, then run `make demo` again. The last run's documents are kept."
    where = f" ({error.filename})" if error.filename else ""
    return f"The demo failed: {error.strerror or error}{where}. Correct that, then run `make demo` again."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--audio", type=Path, help="a recording of your own")
    parser.add_argument("--profile", default="dictation", choices=["dictation", "conversation", "telehealth"])
    parser.add_argument("--engine", default="whisper", help="see `python -m local.cloud --help`")
    return parser


if __name__ == "__main__":
    main()
