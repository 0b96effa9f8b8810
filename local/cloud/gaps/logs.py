"""CloudWatch Logs: filter patterns, and pages of filtered events.

Source: "FilterLogEvents" in the CloudWatch Logs API reference.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

import json
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import cloudwatch_logs as logs

from local.cloud.gaps import filter_patterns
from local.cloud.gaps.table import Answer, Workarounds

MOST = 10_000
"""The most events in one page."""


def filter_patterns_are_obeyed() -> None:
    """Without it, a JSON pattern matches every message, and a term matches in any case."""
    filter_ = logs._filter_log_events

    def filtered(data: dict[str, Any]) -> Answer:
        try:
            filter_patterns.compiled(data.get("filterPattern") or "")
        except ValueError:
            refused: Answer = error_response_json("InvalidParameterException", "Invalid filter pattern", 400)
            return refused
        answer: Answer = filter_(data)
        return answer

    logs._compile_filter_pattern = filter_patterns.compiled
    logs._filter_log_events = filtered


def filtered_events_come_in_pages() -> None:
    """Without it, an answer has no token for more events, and events after the first 10,000 are unreachable.

    A token is the last event's time and the number of answered events with that time.
    """
    filter_ = logs._filter_log_events

    def filtered(data: dict[str, Any]) -> Answer:
        begin, seen = _position(data.get("nextToken"))
        if begin is None and "nextToken" in data:
            refused: Answer = error_response_json(
                "InvalidParameterException", "The specified nextToken is invalid.", 400
            )
            return refused
        limit = min(data.get("limit") or MOST, MOST)
        asked = {**data, "limit": min(seen + limit, MOST)}
        if begin is not None:
            asked["startTime"] = begin
        status, headers, body = filter_(asked)
        if status != 200:  # noqa: PLR2004  # an error
            return status, headers, body
        answer = json.loads(body)
        full = len(answer["events"]) == asked["limit"]
        events = answer["events"][seen:]
        if full and events:
            last = events[-1]["timestamp"]
            same = sum(each["timestamp"] == last for each in answer["events"])
            answer["nextToken"] = f"{last}/{same}"
        paged: Answer = json_response({**answer, "events": events})
        return paged

    logs._filter_log_events = filtered


def _position(token: str | None) -> tuple[int | None, int]:
    try:
        begin, seen = (token or "").split("/")
        return int(begin), int(seen)
    except ValueError:
        return None, 0


WORKAROUNDS: Workarounds = {
    filter_patterns_are_obeyed: {
        (logs, "_filter_log_events"): ("data",),
        (logs, "_compile_filter_pattern"): ("raw",),
    },
    filtered_events_come_in_pages: {(logs, "_filter_log_events"): ("data",)},
}
