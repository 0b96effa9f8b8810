"""Price the simulated usage, and compare it with the earlier one: JSON and Markdown."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from operations import estimate
from operations.prices import PRICES, READ

RESULTS = Path(__file__).parent / "results"
MINUTES_EACH = 10
DOCUMENTS = 5
"""The documents that are delivered by default. The simulation writes one of them and the manifest."""
_GIGABYTES = {"start": 0.25, "deliver": 1.5, "reconcile": 0.25}
TRACED = ("start", "deliver")
_WORK = {"start": 0.3, "deliver": 0.5, "reconcile": 0.3}
"""Seconds of own work in an invocation, besides the calls, because the simulation counts only these."""
_CALLS: Mapping[str, Mapping[str, float]] = {
    "dynamodb.get_item": {"DynamoDB reads": 1},
    "dynamodb.query": {"DynamoDB reads": 0.5},
    # The row, and its entry in the index, which is deleted and written when state or time change.
    "dynamodb.put_item": {"DynamoDB writes": 3},
    "dynamodb.update_item": {"DynamoDB writes": 3},
    "events.put_events": {"EventBridge": 1},
    "s3.copy_object": {"S3 writes": 1},
    "s3.get_object": {"S3 reads": 1},
    "s3.head_object": {"S3 reads": 1},
    "s3.list_object_versions": {"S3 writes": 1},
    "s3.list_objects_v2": {"S3 writes": 1},
    "s3.put_object": {"S3 writes": 1},
    "sns.publish": {"SNS": 1},
}
"""The charge for a call. S3's deletions, Transcribe's Start and Get, and batches of rows are free as calls."""
_OF_A_SERVICE: Mapping[str, Mapping[str, float]] = {
    "sqs": {"SQS": 1},
    "lambda": {"Lambda requests": 1},
}
_BY_SERVICES: Mapping[str, float] = {
    "S3 writes": 3 + DOCUMENTS - 1,  # the upload; Transcribe's write probe and output; the other documents
    "S3 reads": 1,  # Transcribe reads the media
    "SQS": 2,  # S3's announcement, and EventBridge's
    "EventBridge": 5,  # objects that are written and deleted in the work bucket
    "SNS e-mail": 1,
    "KMS requests": 20,
}
"""AWS's own calls for each recording, besides our functions' calls."""


def dollars(usage: Mapping[str, Any], alarms: int, traced: Iterable[str] = TRACED) -> dict[str, float]:
    """The cost of a month's usage without Transcribe, by line."""
    used: Counter[str] = Counter()
    for call, made in usage["calls"].items():
        charged = _CALLS.get(call) or _OF_A_SERVICE.get(call.partition(".")[0], {})
        used.update({what: each * made for what, each in charged.items()})
    for what, each in _BY_SERVICES.items():
        used[what] += each * usage["recordings"]
    used["DynamoDB reads"] += 0.5 * usage["rows"]
    for function, seconds in usage["seconds"].items():
        used["Lambda time"] += _GIGABYTES[function] * (seconds + _WORK[function] * usage["calls"][f"lambda.{function}"])
    used["X-Ray"] += sum(usage["calls"].get(f"lambda.{function}", 0) for function in traced)
    used["EventBridge Scheduler"] += usage["calls"]["lambda.reconcile"]
    used["SQS"] += estimate.QUEUES * 15 * 60 * estimate.HOURS  # Lambda's polling of idle queues
    used["CloudWatch metrics"] += usage["metric_hours"] / estimate.HOURS
    used["CloudWatch alarms"] += alarms
    used["KMS key"] += 1
    month = estimate.Month(MINUTES_EACH * usage["recordings"], usage["recordings"], DOCUMENTS)
    for what in ("S3 storage", "CloudWatch logs"):
        used[what] += estimate.by_recording(month)[what] * usage["recordings"]
    return {what: round(PRICES[what].of(quantity), 4) for what, quantity in sorted(used.items())}


def write(before: Mapping[str, Any], months: Mapping[str, Any], calls_each: Mapping[str, float]) -> None:
    """Write cost.json and cost.md."""
    results = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "prices": READ.isoformat(),
        "calls a recording": calls_each,
        "before": {
            name: dollars(usage, before["alarms"], before["traced"]) for name, usage in before["months"].items()
        },
        "after": {name: dollars(usage, estimate.ALARMS) for name, usage in months.items()},
        "commit before": before["commit"],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "cost.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "cost.md").write_text(_markdown(results), encoding="utf-8")


def _markdown(results: Mapping[str, Any]) -> str:
    before, after = results["before"], results["after"]
    about = (
        f"{results['date']}; list prices of us-east-1 of {results['prices']}, in dollars; from the calls that the "
        f"functions make in virtual time. Before: commit {results['commit before']}. Recordings a month, of "
        f"{MINUTES_EACH} minutes each, told to one subscriber by e-mail; each subscriber adds an alarm ($0.10)."
    )
    head = " | ".join(f"{int(name):,} before | after" for name in after)
    lines = [
        "# What a month costs beside Transcribe",
        "",
        about,
        "",
        f"| | {head} |",
        f"| --- |{' ---: | ---: |' * len(after)}",
    ]
    whats = sorted({what for each in (*before.values(), *after.values()) for what in each})
    for what in whats:
        cells = [f"{each[name].get(what, 0):,.2f}" for name in after for each in (before, after)]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    sums = [f"**{sum(each[name].values()):,.2f}**" for name in after for each in (before, after)]
    lines.append(f"| together | {' | '.join(sums)} |")
    shares = [_share(name, each[name], each["0"]) for name in after for each in (before, after)]
    lines += [f"| above idle, of Transcribe's price | {' | '.join(shares)} |", ""]
    lines += ["## Calls of the functions for a recording", "", "| call | |", "| --- | ---: |"]
    lines += [f"| `{name}` | {made:.2f} |" for name, made in results["calls a recording"].items() if made]
    return "\n".join(lines) + "\n"


def _share(recordings: str, lines: Mapping[str, float], idle: Mapping[str, float]) -> str:
    recognition = int(recordings) * MINUTES_EACH * PRICES["Transcribe Medical"].dollars
    return f"{(sum(lines.values()) - sum(idle.values())) / recognition:.2%}" if recognition else "-"
