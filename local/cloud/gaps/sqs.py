"""SQS: requests that AWS refuses and MiniStack accepts, and the reverse.

Sources: "SendMessage", "ReceiveMessage", "ChangeMessageVisibility", "CreateQueue", "SetQueueAttributes",
"GetQueueAttributes" and "DeleteMessage" in the SQS API reference.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from ministack.services import sqs

from local.cloud.gaps.table import Workarounds

LIMITS = {"DelaySeconds": 900, "WaitTimeSeconds": 20, "VisibilityTimeout": 43_200}
"""The maximum of each number; the minimum is 0."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
_HANDLE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The form of MiniStack's receipt handles."""
_POLICIES = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")


def numbers_have_limits() -> None:
    """Without it, SQS accepts any delay, wait or visibility timeout."""
    sqs._act_send_message = _limited(sqs._act_send_message)
    sqs._HANDLERS["SendMessage"] = sqs._act_send_message
    for action in ("ReceiveMessage", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch"):
        sqs._HANDLERS[action] = _limited(sqs._HANDLERS[action])


def _limited(act: Callable[[dict[str, Any], str], Any]) -> Callable[[dict[str, Any], str], Any]:
    def limited(data: dict[str, Any], qurl: str) -> Any:
        for name, most in LIMITS.items():
            _refuse_outside(name, data.get(name), most)
        if "VisibilityTimeout" in next(iter(data.get("Entries") or []), {}):
            return _each_visibility(act, data, qurl)
        return act(data, qurl)

    return limited


def _refuse_outside(name: str, value: Any, most: int) -> None:
    if value is not None and not 0 <= int(value) <= most:
        raise sqs._Err(
            "InvalidParameterValue",
            f"Value {value} for parameter {name} is invalid. Reason: Must be between 0 and {most}, if provided.",
        )


def _each_visibility(act: Callable[[dict[str, Any], str], Any], data: dict[str, Any], qurl: str) -> Any:
    """Check each entry of a batch, because entries fail separately."""
    outside = [each for each in data["Entries"] if not 0 <= int(each.get("VisibilityTimeout", 0)) <= 43_200]  # noqa: PLR2004
    failed = [
        {
            "Id": each.get("Id", ""),
            "Code": "InvalidParameterValue",
            "Message": f"Value {each['VisibilityTimeout']} for parameter VisibilityTimeout is invalid.",
            "SenderFault": True,
        }
        for each in outside
    ]
    kept = [each for each in data["Entries"] if each not in outside]
    answer = act({**data, "Entries": kept}, qurl) if kept else {"Successful": [], "Failed": []}
    return {**answer, "Failed": [*answer["Failed"], *failed]}


def queues_have_known_names_and_attributes() -> None:
    """Without it, a queue may have any name, unknown attributes and an invalid policy."""
    create, change, read = (
        sqs._HANDLERS[action] for action in ("CreateQueue", "SetQueueAttributes", "GetQueueAttributes")
    )

    def created(data: dict[str, Any], qurl: str) -> Any:
        if not _NAME.fullmatch(data.get("QueueName", "")):
            raise sqs._Err(
                "InvalidParameterValue",
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            )
        _check_attributes(data.get("Attributes") or {})
        return create(data, qurl)

    def changed(data: dict[str, Any], qurl: str) -> Any:
        _check_attributes(data.get("Attributes") or {})
        return change(data, qurl)

    def described(data: dict[str, Any], qurl: str) -> Any:
        _check_names(data.get("AttributeNames") or [])
        return read(data, qurl)

    sqs._HANDLERS.update(CreateQueue=created, SetQueueAttributes=changed, GetQueueAttributes=described)


@cache
def _known() -> frozenset[str]:
    return frozenset(Loader().load_service_model("sqs", "service-2")["shapes"]["QueueAttributeName"]["enum"])


def _check_names(names: list[str]) -> None:
    for name in names:
        if name not in _known():
            raise sqs._Err("InvalidAttributeName", f"Unknown Attribute {name}.")


def _check_attributes(attributes: Mapping[str, Any]) -> None:
    _check_names(list(attributes))
    for name in _POLICIES:
        if attributes.get(name) and not _is_object(str(attributes[name])):
            raise sqs._Err("InvalidAttributeValue", f"Invalid value for the parameter {name}.")


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def outdated_receipts_are_taken() -> None:
    """Without it, a delete with an outdated receipt handle, or of a deleted message, fails; on AWS it succeeds."""
    delete, delete_batch = sqs._HANDLERS["DeleteMessage"], sqs._HANDLERS["DeleteMessageBatch"]

    def deleted(data: dict[str, Any], qurl: str) -> Any:
        try:
            return delete(data, qurl)
        except sqs._Err as error:
            if error.code == "ReceiptHandleIsInvalid" and _HANDLE.fullmatch(data["ReceiptHandle"]):
                return {}
            raise

    def deleted_batch(data: dict[str, Any], qurl: str) -> Any:
        answer = delete_batch(data, qurl)
        handles = {each.get("Id"): each.get("ReceiptHandle", "") for each in data["Entries"]}
        outdated = [each for each in answer["Failed"] if _HANDLE.fullmatch(handles[each["Id"]])]
        taken = [*answer["Successful"], *({"Id": each["Id"]} for each in outdated)]
        return {"Successful": taken, "Failed": [each for each in answer["Failed"] if each not in outdated]}

    sqs._HANDLERS.update(DeleteMessage=deleted, DeleteMessageBatch=deleted_batch)


WORKAROUNDS: Workarounds = {
    numbers_have_limits: {
        (sqs, "_act_send_message"): ("data", "qurl"),
        (sqs, "_act_change_visibility_batch"): ("data", "qurl"),
        (sqs, "_HANDLERS"): None,
        (sqs, "_Err"): ("code", "message", "status"),
    },
    queues_have_known_names_and_attributes: {
        (sqs, "_act_create_queue"): ("data", "_u"),
        (sqs, "_act_set_queue_attributes"): ("data", "qurl"),
        (sqs, "_act_get_queue_attributes"): ("data", "qurl"),
        (sqs, "_HANDLERS"): None,
    },
    outdated_receipts_are_taken: {
        (sqs, "_act_delete_message"): ("data", "qurl"),
        (sqs, "_act_delete_message_batch"): ("data", "qurl"),
        (sqs, "_HANDLERS"): None,
    },
}
