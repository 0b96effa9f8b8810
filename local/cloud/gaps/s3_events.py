"""S3: fields of its events.

Sources: "Event message structure" in the S3 user guide; "Amazon S3 events" in the EventBridge events reference; the
table of `aws:userid` in the IAM user guide.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator, router
from ministack.core.responses import get_account_id
from ministack.services import eventbridge, s3

from local.cloud.gaps.s3 import DISPATCH, Request, before
from local.cloud.gaps.table import Answer, Workarounds

_caller: ContextVar[str | None] = ContextVar("caller", default=None)
_version: ContextVar[str | None] = ContextVar("version", default=None)


def messages_name_the_caller() -> None:
    """Without it, every message from S3 names the same principal."""

    def step(request: Request) -> Request | Answer:
        key = router.extract_access_key_id(dict(request.headers), dict(request.query))
        found = iam_evaluator.resolve_caller_identity(key) if key else None
        _caller.set(found["userId"] if found else None)
        return request

    def naming(deliver: Callable[..., None]) -> Callable[..., None]:
        def delivered(arn: str, event_payload: dict[str, Any], bucket_region: str, **more: str) -> None:
            for record in event_payload.get("Records", []):  # S3's test event has none
                record["userIdentity"] = {"principalId": f"AWS:{_caller.get() or get_account_id()}"}
            deliver(arn, event_payload, bucket_region, **more)

        return delivered

    before(step)
    for name in _DELIVERERS:
        setattr(s3, name, naming(getattr(s3, name)))


_DELIVERERS = ("_deliver_event_to_sqs", "_deliver_event_to_sns", "_deliver_event_to_lambda")


def bus_events_name_the_version() -> None:
    """Without it, an event on the bus does not have the object's version id."""
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fired(*event: Any, **more: Any) -> None:
        restore = _version.set(more.get("version_id"))
        try:
            fire(*event, **more)
        finally:
            _version.reset(restore)

    def dispatched(event: dict[str, Any], view: Any = None) -> None:
        if event.get("Source") == "aws.s3" and view is None and (version := _version.get()):
            detail = json.loads(event["Detail"])
            event = {**event, "Detail": json.dumps({**detail, "object": {**detail["object"], "version-id": version}})}
        dispatch(event, view)

    s3._fire_s3_event, eventbridge._dispatch_event = fired, dispatched


_DELIVERY = ("arn", "event_payload", "bucket_region", "bucket_name")
_EVENT = ("bucket_name", "key", "event_name", "size", "etag", "deletion_type", "restore_event_data", "version_id")

WORKAROUNDS: Workarounds = {
    messages_name_the_caller: {
        **DISPATCH,
        (s3, "_deliver_event_to_sqs"): _DELIVERY,
        (s3, "_deliver_event_to_sns"): _DELIVERY,
        (s3, "_deliver_event_to_lambda"): _DELIVERY[:3],
        (iam_evaluator, "resolve_caller_identity"): ("access_key_id",),
        (router, "extract_access_key_id"): ("headers", "query_params"),
    },
    bus_events_name_the_version: {
        (s3, "_fire_s3_event"): (*_EVENT, "sequencer", "object_extra", "record_extra"),
        (eventbridge, "_dispatch_event"): ("event", "view"),
    },
}
