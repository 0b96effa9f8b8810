"""What the functions' logs say of a recording: how often it was put off, and why the last try ended."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operations.deployment import Deployment
from stethoscript import jobs
from stethoscript.aws_errors import ErrorKind
from stethoscript.log_messages import DEFERRED, RETURNED

FUNCTIONS = ("start-transcription", "deliver-transcript")
_WINDOW_SECONDS = 24 * 3600
_MOST = 10_000


@dataclass(frozen=True)
class RetryLog:
    """One try that did not get to its end.

    `fault` is None for an unexpected error, and `deferrals` counts the tries that were put off so far, where
    the function said so.
    """

    at: int
    function: str
    fault: ErrorKind | None
    error: str | None = None
    deferrals: int | None = None
    seconds: int | None = None


def read(deployment: Deployment, recording: str, since: int, now: float) -> tuple[RetryLog, ...]:
    """The traces of the last day, oldest first."""
    begin = max(since - 60, int(now) - _WINDOW_SECONDS)
    found = [
        trace
        for function in FUNCTIONS
        for trace in traces(function, list(_lines(deployment, function, recording, begin)))
    ]
    return tuple(sorted(found, key=lambda trace: trace.at))


def traces(function: str, lines: list[Mapping[str, Any]]) -> Iterator[RetryLog]:
    """Traces out of log lines about one recording, each with its time as `at`.

    A function says first which fault it met, unless it is a mere lack of slots, and then for how long it puts off.
    """
    fault, error = ErrorKind.BUSY, None
    for line in lines:
        if line["message"] == DEFERRED and "fault" in line:
            fault, error = ErrorKind.__members__.get(line["fault"], ErrorKind.OTHER), line.get("error")
            if function != FUNCTIONS[0]:  # only the start function says for how long
                yield RetryLog(line["at"], function, fault, error)
        elif line["message"] == DEFERRED:
            yield RetryLog(line["at"], function, fault, error, line.get("deferrals"), line.get("seconds"))
            fault, error = ErrorKind.BUSY, None
        elif line["message"] == RETURNED:
            yield RetryLog(line["at"], function, None, line.get("error"))


def _lines(deployment: Deployment, function: str, recording: str, begin: int) -> Iterator[Mapping[str, Any]]:
    pages = deployment.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(
        logGroupName=deployment.log_group(function),
        startTime=begin * 1000,
        filterPattern=f'{{ $.job = "{recording}*" }}',
        PaginationConfig={"MaxItems": _MOST},
    ):
        for event in page["events"]:
            line = _line(event["message"])
            if jobs.recording_of(deployment.name, str(line.get("job"))) == recording and "message" in line:
                yield {**line, "at": int(event["timestamp"] / 1000)}


def _line(text: str) -> Mapping[str, Any]:
    """A line as the functions write them; empty for one of Lambda's own."""
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
