"""Write the backlog's results: numbers as JSON, tables as Markdown."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SELDOM = 0.0005
"""Calls for each recording below which a line is left out."""
RESULTS = Path(__file__).parent / "results"
PRICES_READ = "2026-09"
"""The date of the prices: us-east-1, US dollars."""
AUDIO_SECOND = 0.00125
GB_SECOND, INVOCATION = 0.0000133334, 0.20 / 1e6
GIGABYTES = {"start": 0.25, "deliver": 1.0, "reconcile": 0.25, "tell": 0.25}
CALL = {
    "s3.put_object": 5e-6, "s3.copy_object": 5e-6, "s3.list_objects_v2": 5e-6, "s3.list_object_versions": 5e-6,
    "s3.get_object": 0.4e-6, "s3.head_object": 0.4e-6, "sqs": 0.4e-6, "sns": 0.5e-6,
    "dynamodb.put_item": 0.625e-6, "dynamodb.update_item": 0.625e-6, "dynamodb.get_item": 0.125e-6,
    "dynamodb.query": 0.5e-6,
}  # fmt: skip
"""Dollars for each request; a service name alone covers all its requests. Anything else is free."""


def write(results: Mapping[str, Mapping[str, Any]], seed: int) -> None:
    """Write backlog.json and backlog.md."""
    for designs in results.values():
        for counts in designs.values():
            counts["dollars per 1000"] = dollars(counts)
    about = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{_processor()}, {os.cpu_count()} processors, Python {platform.python_version()}",
        "seed": seed,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "backlog.json").write_text(json.dumps({**about, "results": results}, indent=2) + "\n")
    (RESULTS / "backlog.md").write_text(_markdown(about, results))


def dollars(counts: Mapping[str, Any]) -> dict[str, float]:
    """The cost of 1,000 recordings: Transcribe, and everything else by service."""
    cost = {"transcribe": counts["audio seconds"] * AUDIO_SECOND, "lambda": 0.0}
    for call, made in counts["calls"].items():
        service = call.partition(".")[0]
        cost[service] = cost.get(service, 0.0) + made * CALL.get(call, CALL.get(service, 0.0))
    cost["lambda"] = sum(
        seconds * GIGABYTES[name] * GB_SECOND + counts["calls"].get(f"lambda.{name}", 0) * INVOCATION
        for name, seconds in counts["function seconds"].items()
    )
    return {service: round(1000 * each, 4) for service, each in cost.items()}


_ROWS = (
    ("Recordings", "recordings", "{:,}"),
    ("Lost (nobody was told of an end)", "lost", "{:,}"),
    ("Transcribed twice", "transcribed twice", "{:,}"),
    ("Times people were told", "told", "{:,}"),
    ("Dead letters", "dead letters", "{:,}"),
    ("Hours to the last delivery", "hours", "{:.2f}"),
    ("Shortest possible under the quotas", "shortest hours", "{:.2f}"),
    ("Ratio, where nothing was lost", "ratio", "{:.3f}"),
)


def _markdown(about: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["# The backlog", "", f"{about['date']}; {about['machine']}; seed {about['seed']}; virtual time.", ""]
    for burst, designs in results.items():
        lines += [f"## {burst.capitalize()}", "", f"| | {' | '.join(designs)} |", f"| --- |{' ---: |' * len(designs)}"]
        for title, name, form in _ROWS:
            cells = ["-" if counts[name] is None else form.format(counts[name]) for counts in designs.values()]
            lines.append(f"| {title} | {' | '.join(cells)} |")
        for title, priced in (("Transcribe, dollars per 1,000", True), ("All else, dollars per 1,000", False)):
            sums = [
                sum(each for service, each in counts["dollars per 1000"].items() if (service == "transcribe") is priced)
                for counts in designs.values()
            ]
            lines.append(f"| {title} | {' | '.join(f'{each:.2f}' for each in sums)} |")
        lines.append("")
    calls = results["burst"]["ours"]["calls"]
    lines += ["## Calls per recording in the burst", "", "| call | ours |", "| --- | ---: |"]
    lines += [f"| {call} | {made:.3f} |" for call, made in calls.items() if made >= SELDOM]
    return "\n".join([*lines, "", *_notes(results)]) + "\n"


def _notes(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    poison = results["burst"]["ours"]["poison"]
    return [
        "The burst is uploaded within ten minutes, the quiet day's recordings over 24 hours. A job takes 20 seconds",
        "and a quarter of the recording's length. Two in a hundred notifications and events get lost, as many come",
        "twice; two in a hundred calls fail, half of them after their effect; two in a hundred recordings fail in",
        "Transcribe; functions die in the middle, and scheduled runs are missed.",
        f"The {poison} dead letters of ours are poison that was put into the intake queue.",
        "The public samples are given keys that make valid job names and a Transcribe that sends events for medical",
        "jobs, which AWS does not promise. What they lose in the burst was refused for lack of a slot, and swallowed.",
        f"Prices: us-east-1, read {PRICES_READ}. Not counted: KMS requests, logs, storage, empty polls of the queues.",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
