"""Speed and memory of the documents, beside json.loads and tscribe: `make bench-documents`.

A synthetic consultation of up to four hours is written in every format, each in a separate process. Then the cold start
of the three functions is measured, beside that of boto3. Writes benchmarks/results/documents.json and .md, the picture
docs/documents.svg. Linux only, because it reads /proc.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import cold_start, documents_report, machine, process_usage, sample_transcript
from benchmarks.machine import ROOT
from documents import FORMATS

RESULTS = ROOT / "benchmarks" / "results"
MINUTE = round(sample_transcript.WORDS_IN_FOUR_HOURS / 240)
SIZES = (MINUTE, 1_000, 2_000, 4_000, 8_000, 16_000, sample_transcript.WORDS_IN_FOUR_HOURS)
OURS = ("json.loads", "model", *FORMATS, "all forms")
TSCRIBE = ("tscribe docx", "tscribe vtt", "tscribe csv")
PATIENCE = 60.0
"""The limit in seconds for one document of tscribe."""


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="times for each document; the median counts")
    parser.add_argument("--pairs", type=int, default=15, help="cold starts of each function and of its floor")
    asked = parser.parse_args()
    about = machine.described()
    with tempfile.TemporaryDirectory() as folder:
        files = {words: Path(folder, f"{words}.json") for words in SIZES}
        for words, path in files.items():
            path.write_bytes(sample_transcript.output(words))
        rows = [row for words, path in files.items() for row in _ours(words, path, asked.repeat)]
        rows += [row for what in TSCRIBE for row in _tscribe(what, files, asked.repeat)]
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": about,
        "repeat": asked.repeat,
        "documents": rows,
        "cold_starts": cold_start.measured(asked.pairs),
    }
    documents_report.write(results, RESULTS, ROOT / "docs")


def _ours(words: int, path: Path, repeat: int) -> Iterator[dict[str, Any]]:
    """Each document in turn, then all of them again, so that a slow phase of the machine affects all of them."""
    environment = dict(os.environ)
    loads, runs = [], []
    for _ in range(repeat):
        loads.append(process_usage.reference_seconds())
        runs.append([_run(sys.executable, what, path, environment) for what in OURS])
    for what, found in zip(OURS, zip(*runs, strict=True), strict=True):
        yield _row(what, words, path, found, loads)


def _tscribe(what: str, files: dict[int, Path], repeat: int) -> Iterator[dict[str, Any]]:
    """A growing number of words, until it takes more than a minute."""
    python = machine.environment("bench-tscribe", ROOT / "benchmarks" / "requirements-tscribe.txt")
    for words, path in files.items():
        load = process_usage.reference_seconds()
        try:
            found = [_run(str(python), what, path, {**os.environ, "MPLBACKEND": "Agg"}) for _ in range(repeat)]
        except subprocess.TimeoutExpired:
            return
        yield _row(what, words, path, found, [load])


def _run(python: str, what: str, path: Path, environment: dict[str, str]) -> dict[str, float]:
    command = [python, "-m", "benchmarks.one_document", what, str(path)]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, timeout=PATIENCE, stdout=subprocess.PIPE, check=True, text=True
    )
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


def _row(
    what: str, words: int, path: Path, found: Sequence[dict[str, float]], loads: Sequence[float]
) -> dict[str, Any]:
    row = {
        "what": what,
        "words": words,
        "input_megabytes": round(path.stat().st_size / 1e6, 2),
        **{name: round(statistics.median(each[name] for each in found), 4) for name in found[0]},
        "reference_seconds": round(statistics.median(loads), 2),
    }
    sys.stdout.write(f"{what:14} {words:6} words  {row['wall']:8.3f} s  {row['peak_megabytes']:6.0f} MB\n")
    sys.stdout.flush()
    return row


if __name__ == "__main__":
    main()
