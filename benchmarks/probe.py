"""The audio probe beside a decoder: `make bench-probe`.

Files of real encoders: whole, changed at random, and truncated. For each: the probe's result, its cost, and whether a
decoder (PyAV) agrees. Writes benchmarks/results/probe.json and the tables probe.md. Exits with 1 if the probe
contradicts the decoder, raises an error, or rejects without a confirmed reason.
"""

import argparse
import io
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av

from benchmarks import machine, probe_report
from tests.encoded_recordings import Encoded, Truth, decoded
from tests.probe_checks import CUTS, Probed, contradictions, end_of_cut, explained, mutations, probed, unknown
from tests.recordings_matrix import recordings

RESULTS = Path(__file__).parent / "results"
MOST_SECONDS = 0.2
"""Of processor time, for one probe."""


def main() -> int:
    """Measure, write the results, and say whether they pass."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    made = list(recordings())
    results = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine.described(),
        "matrix": matrix(made),
        "mutations": changed(made, asked.mutations, asked.seed),
        "cuts": cuts([each for each in made if each.refused is None]),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "probe.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    page = probe_report.tables(results)
    (RESULTS / "probe.md").write_text(page, encoding="utf-8")
    sys.stdout.write(page)
    return 0 if holds(results) else 1


def holds(results: dict[str, Any]) -> bool:
    """Whether the probe meets its limits."""
    matrix, mutated, cut = results["matrix"], results["mutations"], results["cuts"]
    broken = [*matrix["contradictions"], *matrix["wrong verdicts"], *mutated["unexplained"], *cut["whole but flagged"]]
    return not broken and not mutated["exceptions"] and mutated["slowest seconds"] <= MOST_SECONDS


def matrix(made: Sequence[Encoded]) -> dict[str, Any]:
    """Every whole file: the probe's result against the decoder's."""
    rows = [(each, probed(each.name, each.content), decoded(each.content)) for each in made]
    opened = [_opening(each.content) for each in made]
    wrong = {each.name: _against(found, truth) for each, found, truth in rows}
    open_ends = {each.name: unknown(found.info) for each, found, _ in rows if found.info}
    return {
        "files": len(made),
        "by extension": Counter(each.name.rpartition(".")[2] for each in made),
        "contradictions": {name: each for name, each in wrong.items() if each},
        "wrong verdicts": [each.name for each, found, _ in rows if found.reason != each.refused],
        "unknown": {name: each for name, each in open_ends.items() if each},
        "requests": Counter(found.requests for _, found, _ in rows),
        "probe milliseconds": _milliseconds([found.seconds for _, found, _ in rows]),
        "av.open milliseconds": _milliseconds([each for each in opened if each is not None]),
    }


def changed(made: Sequence[Encoded], count: int, seed: int) -> dict[str, Any]:
    """This many changed files: exceptions, the longest time, and each rejection that a decoder does not confirm."""
    kinds: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    exceptions: list[str] = []
    unexplained: list[str] = []
    times = []
    for kind, each in mutations(made, count, seed):
        kinds[kind] += 1
        try:
            found = probed(each.name, each.content)
        except Exception as error:  # noqa: BLE001 - what is looked for
            exceptions.append(f"{each.name}, {kind}: {type(error).__name__}")
            continue
        times.append(found.seconds)
        if found.reason and found.reason != each.refused:
            why = explained(each.name, each.content)
            reasons[f"{found.reason}: {why}"] += 1
            if why is None:
                unexplained.append(f"{each.name}, {kind}: {found.reason}")
    return {
        "files": count, "seed": seed, "kinds": kinds, "exceptions": exceptions,
        "refusals": dict(sorted(reasons.items())), "unexplained": unexplained,
        "slowest seconds": round(max(times), 4), "milliseconds": _milliseconds(times),
    }  # fmt: skip


def cuts(made: Sequence[Encoded]) -> dict[str, Any]:
    """Every file truncated, with its outcome; and whole, which must not be flagged."""
    ends = {each.name: {percent: end_of_cut(each, percent) for percent in CUTS} for each in made}
    flagged = [each.name for each in made if (info := probed(each.name, each.content).info) and info.cut_off]
    untold = {name: each for name, each in ends.items() if not set(each.values()) <= {"flagged", "refused"}}
    return {
        "files": len(made),
        "ends": {percent: Counter(each[percent] for each in ends.values()) for percent in CUTS},
        "not told": untold,
        "whole but flagged": flagged,
    }


def _against(found: Probed, truth: Truth | None) -> list[str]:
    return contradictions(found.info, truth) if found.info and truth else []


def _opening(content: bytes) -> float | None:
    """Processor seconds that a decoder needs to open the file from memory."""
    began = time.process_time()
    try:
        with av.open(io.BytesIO(content)) as container:
            _ = container.duration, container.streams.audio[0].codec_context.sample_rate
    except (av.FFmpegError, IndexError):
        return None
    return time.process_time() - began


def _milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(1000 * each for each in seconds)
    return {
        "median": round(statistics.median(ordered), 3),
        "99 of 100": round(ordered[len(ordered) * 99 // 100], 3),
        "most": round(ordered[-1], 3),
    }


if __name__ == "__main__":
    sys.exit(main())
