"""CloudWatch Logs."""

import json
import time
from typing import Any

from tests.comparison.case import ABSENT, ANY, Call, call, case

PATTERNS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html"
NOW = int(time.time() * 1000)
LINES = (
    json.dumps({"job": "clinic-1", "message": "put off", "seconds": 30, "again": True}),
    json.dumps({"job": "clinic-2", "message": "back to the queue", "nested": {"code": "Throttling"}}),
    "REPORT Duration: 12 ms",
)
WRITTEN = call(
    "logs.put_log_events",
    logGroupName="@log group",
    logStreamName="one",
    logEvents=[{"timestamp": NOW + number, "message": line} for number, line in enumerate(LINES)],
)
MOTO = "It does not know this pattern."


def filtered(pattern: str | None = None, **more: Any) -> Call:
    """A search."""
    given = {"filterPattern": pattern} if pattern is not None else {}
    return call("logs.filter_log_events", logGroupName="@log group", **given, **more)


def finds(pattern: str, *numbers: int, moto: str | None = None) -> Any:
    """A case of a pattern that finds these lines."""
    messages = {f"events.{at}.message": LINES[number] for at, number in enumerate(numbers)}
    return case(f"`{pattern}`", WRITTEN, filtered(pattern), members={"#events": len(numbers), **messages},
                source=PATTERNS, moto=moto)  # fmt: skip


CASES = (
    case("everything", WRITTEN, filtered(startTime=NOW, endTime=NOW + 9),
         members={"#events": 3, "events.0.eventId": ANY, "events.0.logStreamName": "one", "nextToken": ABSENT}),
    case("since then", WRITTEN, filtered(startTime=NOW + 1), members={"#events": 2}),
    finds('{ $.job = "clinic-1*" }', 0, moto=MOTO),
    finds('{ $.job = "clinic-1" && $.seconds > 29 }', 0, moto=MOTO),
    finds("{ $.seconds >= 31 }", moto=MOTO),
    finds('{ ($.job = "none") || ($.nested.code = "Throttling") }', 1, moto=MOTO),
    finds("{ $.again IS TRUE }", 0, moto=MOTO),
    finds("{ $.seconds NOT EXISTS }", 1, moto=MOTO),
    finds('{ $.message != "put off" }', 1, moto=MOTO),
    finds("{ $.job = %clinic-[2-9]% }", 1, moto=MOTO),
    finds('"put off"', 0),
    finds("REPORT", 2),
    finds("report"),
    finds("clinic -off", 1, moto=MOTO),
    finds("?REPORT ?off", 0, 2, moto=MOTO),
    case("a pattern that is none", WRITTEN, filtered("{ $.job = }"), status=400, code="InvalidParameterException",
         source=PATTERNS, moto=MOTO),
    case("the first page", WRITTEN, filtered(limit=2), members={"#events": 2, "nextToken": ANY}),
    case("the next page", WRITTEN, filtered(limit=2), filtered(limit=2, nextToken="@1.nextToken"),
         members={"#events": 1, "events.0.message": LINES[2], "nextToken": ABSENT}),
    case("what is no token", WRITTEN, filtered(nextToken="none"), status=400, code="InvalidParameterException",
         moto="It begins anew."),
    case("a missing group", call("logs.filter_log_events", logGroupName="/none"),
         status=400, code="ResourceNotFoundException"),
    case("groups are listed", call("logs.describe_log_groups", logGroupNamePrefix="@log group"),
         members={"logGroups.0.logGroupName": "@log group", "#logGroups": 1}),
)  # fmt: skip
