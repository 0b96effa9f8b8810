# ruff: noqa: T201 - a command prints
"""The cost of a month without Transcribe, from the calls of the deployed functions in virtual time.

One day is simulated and multiplied: recordings of 10 minutes in 12 of its hours, beside the uploads and ledger rows of
the 29 days before. `make bench-cost` writes benchmarks/results/cost.json and .md. cost_before.json holds the cost of
the design at an earlier commit, measured once by this module.
"""

import argparse
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from adapters import telemetry
from benchmarks import cost_report
from benchmarks.backlog import SilentRecording
from operations import estimate
from stethoscript import jobs
from stethoscript.uploads import Upload
from tests.simulation.fakes.s3 import Version
from tests.simulation.fakes.transcribe import RecognitionResult
from tests.simulation.fault_injection import DAY, HOUR, InjectedFaults
from tests.simulation.simulated_deployment import INTAKE, NAME, Numbers, World, running_in
from tests.simulation.virtual_time import BEGINNING

DAYS = 365 / 12
"""Days of a month."""
OPENS, CLOSES = 7 * HOUR, 19 * HOUR
SECONDS_EACH = 600.0
USUAL = 1_000
MONTHS = (0, USUAL, 100_000)
"""Recordings a month."""
BEFORE = Path(__file__).parent / "cost_before.json"


@dataclass(frozen=True)
class Usage:
    """The usage of a month with this many recordings, as simulated."""

    recordings: int
    calls: Mapping[str, float]
    """Calls by `service.operation`; invocations by `lambda.function`."""
    rows: float
    """Ledger rows that were looked up in batches."""
    seconds: Mapping[str, float]
    """Running seconds of each function."""
    metric_hours: float
    """Hours in which each of our metrics was sent, in total."""


def month(recordings: int, seed: int = 1) -> Usage:
    """Simulate one day of such a month, and multiply."""
    today = round(recordings / DAYS)
    world = World(InjectedFaults(seed, BEGINNING + DAY), _recognise, Numbers(), traced=False)
    telemetry.log.setLevel("ERROR")
    with running_in(world):
        _already_there(world, recordings - today)
        rows = _counting_rows(world)
        chance = random.Random(f"cost {seed}")  # noqa: S311 - the same day for the same seed
        for number in range(today):
            at = BEGINNING + OPENS + chance.random() * (CLOSES - OPENS)
            world.time.at(at, partial(_upload, world, number))
        world.time.run(BEGINNING + DAY)
    hours = {(name, int(at - BEGINNING) // HOUR) for name, points in world.measured.items() for at, _ in points}
    return Usage(
        recordings,
        {f"{service}.{name}": DAYS * made for (service, name), made in sorted(world.calls.items())},
        DAYS * sum(rows),
        {name: DAYS * seconds for name, seconds in sorted(world.busy.items())},
        DAYS * len(hours),
    )


def calls_a_recording(busy: Usage, idle: Usage) -> dict[str, float]:
    """The calls that each recording adds to an idle month."""
    return {
        name: round((made - idle.calls.get(name, 0.0)) / busy.recordings, 3)
        for name, made in sorted(busy.calls.items())
    }


def _recognise(recording: Any) -> RecognitionResult:
    return RecognitionResult(recording.job_seconds, f"recording {recording.number}", "COMPLETED")


def _upload(world: World, number: int) -> None:
    world.s3.put_object(
        Bucket=INTAKE, Key=f"dictation/{number}.wav", Body=SilentRecording(number, SECONDS_EACH), Metadata={}
    )


def _already_there(world: World, recordings: int) -> None:
    """The uploads of the 29 days before, with the rows of their ended recordings."""
    for number in range(recordings):
        key, at = f"dictation/earlier-{number:06}.wav", BEGINNING - DAY * (29 * (number + 1) / recordings)
        version = Version(f"e{number:06}", b"x", at)
        world.s3.buckets[INTAKE].put(key, version)
        name = jobs.recording(NAME, Upload(INTAKE, key, version.id))
        world.dynamodb.items[name] = {"recording": {"S": name}, "state": {"S": "DELIVERED"}}


def _counting_rows(world: World) -> list[int]:
    """Count the rows of each batch, because each row is charged."""
    counted: list[int] = []
    read = world.dynamodb.batch_get_item

    def batch_get_item(*, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803 - as AWS names it
        counted.extend(len(table["Keys"]) for table in RequestItems.values())
        return read(RequestItems=dict(RequestItems))

    world.dynamodb.batch_get_item = batch_get_item  # type: ignore[method-assign, assignment]
    return counted


def main() -> None:
    """Measure and write the results. With --before, write them into the file for later comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", metavar="COMMIT", help="keep the figures as those of this commit")
    asked = parser.parse_args()
    measured = {}
    for recordings in MONTHS:
        measured[recordings] = month(recordings)
        print(f"{recordings:,} recordings: simulated", flush=True)
    months = {str(recordings): vars(usage) for recordings, usage in measured.items()}
    if asked.before:
        kept = {"commit": asked.before, "alarms": estimate.ALARMS, "traced": cost_report.TRACED, "months": months}
        BEFORE.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    else:
        each = calls_a_recording(measured[USUAL], measured[0])
        cost_report.write(json.loads(BEFORE.read_text(encoding="utf-8")), months, each)


if __name__ == "__main__":
    main()
