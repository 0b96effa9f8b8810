"""EventBridge: entries that AWS refuses, and missing rules.

Sources: `PutEventsResultEntry` and the errors of `ListTargetsByRule` in botocore's model; "PutEvents" in the
EventBridge API reference. An event for a bus that does not exist is accepted and lost, on AWS too
(https://github.com/aws/aws-cli/issues/9186).
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

import json
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import eventbridge

from local.cloud.gaps.table import Answer, Workarounds

REQUIRED = ("Source", "DetailType", "Detail")


def entries_are_checked() -> None:
    """Without it, EventBridge sends entries without source or type, and entries whose detail is not JSON."""
    put = eventbridge._put_events

    def checked(data: dict[str, Any], allow_aws_source: bool = False) -> Answer:
        entries = data.get("Entries", [])
        refused = {number: found for number, entry in enumerate(entries) if (found := refusal(entry))}
        if not refused or len(entries) > 10:  # noqa: PLR2004  # AWS refuses a request with more entries
            answer: Answer = put(data, allow_aws_source)
            return answer
        taken = [entry for number, entry in enumerate(entries) if number not in refused]
        answered = json.loads(put({**data, "Entries": taken}, allow_aws_source)[2])
        others = iter(answered["Entries"])
        results = [refused.get(number) or next(others) for number in range(len(entries))]
        failed = answered["FailedEntryCount"] + len(refused)
        merged: Answer = json_response({"FailedEntryCount": failed, "Entries": results})
        return merged

    eventbridge._put_events = checked


def refusal(entry: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the error with which AWS refuses an entry, or None.

    >>> refusal({"Source": "a", "DetailType": "b", "Detail": "{}"})
    >>> refusal({"Source": "a", "DetailType": "b", "Detail": "[]"})["ErrorCode"]
    'MalformedDetail'
    """
    for name in REQUIRED:
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    try:
        well_formed = isinstance(json.loads(entry["Detail"]), dict)
    except (TypeError, ValueError):
        well_formed = False
    return None if well_formed else {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


def targets_need_a_rule() -> None:
    """Without it, a list of the targets of a missing rule is empty."""
    list_ = eventbridge._list_targets_by_rule

    def listed(data: dict[str, Any]) -> Answer:
        bus = data.get("EventBusName", "default")
        if eventbridge._rule_key(data.get("Rule", ""), bus) not in eventbridge._rules:
            message = f"Rule {data.get('Rule')} does not exist on EventBus {bus}."
            missing: Answer = error_response_json("ResourceNotFoundException", message, 400)
            return missing
        answer: Answer = list_(data)
        return answer

    eventbridge._list_targets_by_rule = listed


WORKAROUNDS: Workarounds = {
    entries_are_checked: {(eventbridge, "_put_events"): ("data", "allow_aws_source")},
    targets_need_a_rule: {
        (eventbridge, "_list_targets_by_rule"): ("data",),
        (eventbridge, "_rule_key"): ("rule_name", "bus_name"),
        (eventbridge, "_rules"): None,
    },
}
