"""CloudWatch and KMS: requests that AWS refuses.

Sources: "SetAlarmState", "PutMetricAlarm" and "GetMetricStatistics" in the CloudWatch API reference; "GetKeyPolicy" in
the KMS API reference.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch, kms

from local.cloud.gaps.table import Answer, Workarounds

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
MOST_POINTS = 1440
SHORT_PERIODS = (10, 20, 30)
"""The allowed periods below a minute, in seconds."""

Handler = Callable[..., Answer]


def alarms_and_statistics_are_checked() -> None:
    """Without it, CloudWatch accepts any state and period of an alarm, and any number of points of statistics."""
    for name, check in _CHECKS.items():
        setattr(cloudwatch, name, _checking(getattr(cloudwatch, name), check))


def _checking(handle: Handler, check: Callable[[Mapping[str, Any]], tuple[str, str] | None]) -> Handler:
    def handled(params: dict[str, Any], cbor_data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Answer:
        given = cbor_data if is_cbor or is_json else {name: cloudwatch._p(params, name) for name in params}
        problem = check(given)
        if problem:
            refused: Answer = cloudwatch._error(*problem, 400, use_json=is_json, use_cbor=is_cbor)
            return refused
        return handle(params, cbor_data, is_cbor, is_json)

    return handled


def _state(given: Mapping[str, Any]) -> tuple[str, str] | None:
    state = given.get("StateValue")
    if state in STATES:
        return None
    return "ValidationError", (
        f"1 validation error detected: Value '{state}' at 'stateValue' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{', '.join(STATES)}]"
    )


def _period(given: Mapping[str, Any]) -> tuple[str, str] | None:
    period = int(given.get("Period") or 60)
    if period in SHORT_PERIODS or (period and period % 60 == 0):
        return None
    message = "The parameter Period must be a multiple of 60 or one of 10, 20, 30."
    return "InvalidParameterValue", message


def _points(given: Mapping[str, Any]) -> tuple[str, str] | None:
    begin, end = (_seconds(given.get(name)) for name in ("StartTime", "EndTime"))
    if (found := _period(given)) or begin is None or end is None:
        return found
    points = (end - begin) / int(given.get("Period") or 60)
    if points <= MOST_POINTS:
        return None
    message = f"You have requested up to {points:.0f} datapoints, which exceeds the limit of {MOST_POINTS}."
    return "InvalidParameterCombination", message


def _seconds(value: Any) -> float | None:
    if isinstance(value, datetime):
        return value.timestamp()
    found = cloudwatch._parse_ts(value) if value else None
    return float(found) if found else None


_CHECKS = {"_set_alarm_state": _state, "_put_metric_alarm": _period, "_get_metric_statistics": _points}


def keys_have_one_policy() -> None:
    """Without it, KMS returns a key policy for any name."""
    read = kms._get_key_policy

    def policy(data: dict[str, Any]) -> Answer:
        name = data.get("PolicyName", "default")
        if name != "default":
            missing: Answer = error_response_json("NotFoundException", f"No such policy exists: {name}", 400)
            return missing
        answer: Answer = read(data)
        return answer

    kms._get_key_policy = policy


_CLOUDWATCH = ("params", "cbor_data", "is_cbor", "is_json")

WORKAROUNDS: Workarounds = {
    alarms_and_statistics_are_checked: {
        (cloudwatch, "_set_alarm_state"): _CLOUDWATCH,
        (cloudwatch, "_put_metric_alarm"): _CLOUDWATCH,
        (cloudwatch, "_get_metric_statistics"): _CLOUDWATCH,
        (cloudwatch, "_error"): ("code", "message", "status", "use_json", "use_cbor"),
        (cloudwatch, "_parse_ts"): ("value",),
        (cloudwatch, "_p"): ("params", "key", "default"),
    },
    keys_have_one_policy: {(kms, "_get_key_policy"): ("data",)},
}
