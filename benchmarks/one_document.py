"""Make one document in a separate process: `python -m benchmarks.one_document WHAT FILE`. Prints its usage.

WHAT is `json.loads`, `model` (reading it), one of our formats, `all forms`, or `tscribe` and one of its formats.
Measured from the file to the document's bytes, with our format's imports and without tscribe's.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from benchmarks import process_usage

Task = Callable[[Path], int]


def floor() -> Task:
    """Only read the JSON."""
    return lambda path: len(json.loads(path.read_bytes()))


def model() -> Task:
    """The model from which every format is made."""
    from stethoscript import transcript  # noqa: PLC0415 - not where tscribe is measured

    return lambda path: len(transcript.read(path.read_bytes()).words)


def ours(*forms: str) -> Task:
    """Read once, then write these formats, or all that apply, one after the other."""
    from documents import FORMATS  # noqa: PLC0415
    from documents.recording_info import RecordingInfo  # noqa: PLC0415
    from stethoscript import transcript  # noqa: PLC0415
    from stethoscript.profiles import JobSettings  # noqa: PLC0415

    info = RecordingInfo("bench", "conversation/visit.flac", 0, JobSettings("CONVERSATION"))

    def task(path: Path) -> int:
        parsed = transcript.read(path.read_bytes())
        wanted = [kind for form, kind in FORMATS.items() if form in forms or not forms]
        return sum(len(kind.write(parsed, info)) for kind in wanted if kind.applies(parsed, info))

    return task


def tscribe(form: str) -> Task:
    """The same with tscribe, which writes files."""
    import tscribe as other  # noqa: PLC0415 - only where it is installed

    def task(path: Path) -> int:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder, f"out.{form}")
            other.write(str(path), format=form, save_as=str(made), tmp_dir=folder)
            return made.stat().st_size

    return task


def main() -> None:
    """Do what the arguments say, and print the usage."""
    what, path = sys.argv[1], Path(sys.argv[2])
    if what.startswith("tscribe "):
        task = tscribe(what.removeprefix("tscribe "))
    else:
        task = {"json.loads": floor, "model": model, "all forms": ours}.get(what, lambda: ours(what))()
    with process_usage.spent() as usage:
        size = task(path)
    sys.stdout.write("\n" + json.dumps({**asdict(usage), "bytes": size}) + "\n")


if __name__ == "__main__":
    main()
