"""The notification about an ended recording, with one body for the completion topic and the event bus.

The body holds no patient data, and every duplicate has the same id. Its schema is
`docs/schemas/notification-1.0.json`.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from stethoscript import audio_notes, email_text, failure_reasons, profiles, rejections, upload_warnings
from stethoscript.ledger_row import LedgerRow, State

SCHEMA = "1.0"
SOURCE = "stethoscript"
"""The source of our events on the bus."""
NONE = "none"
"""The value of an attribute without one: SNS takes no empty value, and a filter can name this one."""
CONFIDENCES = ("high", "medium", "low", NONE)
AUDIO = (audio_notes.COMPLETE, audio_notes.INCOMPLETE, audio_notes.UNKNOWN)
SPEECH = ("yes", "no", NONE)
VALUES: Mapping[str, tuple[str, ...]] = {
    "status": (State.DELIVERED, State.FAILED, State.REJECTED, State.ERASED),
    "profile": (),
    "type": (*profiles.TYPES, NONE),
    "specialty": (*profiles.SPECIALTIES, NONE),
    "reason": (*dict.fromkeys((*rejections.CLASSES, *failure_reasons.CLASSES)), NONE),
    "confidence": CONFIDENCES,
    "audio": AUDIO,
    "speech": SPEECH,
    "schema": (SCHEMA,),
}
"""The attributes that subscribers filter by, and their values. The profiles are those of the deployment."""

_TYPES = {"type": profiles.TYPES, "specialty": profiles.SPECIALTIES}
ENDS: tuple[Mapping[str, tuple[str, ...]], ...] = (
    {"status": (State.DELIVERED,), "reason": (NONE,), "confidence": CONFIDENCES, "speech": SPEECH[:2], **_TYPES},
    {"status": (State.FAILED,), "reason": failure_reasons.CLASSES, "confidence": (NONE,), "speech": (NONE,), **_TYPES},
    {"status": (State.REJECTED,), "reason": rejections.CLASSES, "confidence": (NONE,), "speech": (NONE,)},
    {"status": (State.ERASED,), "reason": (NONE,), "confidence": (NONE,), "speech": (NONE,)},
)
"""The combinations of these values, by status. An attribute that is not named takes any value."""


def body(row: LedgerRow, transcripts_bucket: str) -> dict[str, Any]:
    """The body of the notification; `docs/notifications.md` describes each member."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "id": f"{row.job}:{row.state}",
        "job": row.job,
        "status": str(row.state),
        "profile": row.profile,
        "type": row.job_settings.get("type"),
        "specialty": row.job_settings.get("specialty"),
        "versionId": row.version,
        "correlationId": row.correlation_id,
        "received": _time(row.received),
        "started": _time(row.started),
        "completed": _time(row.completed),
        "ended": _time(row.updated),
        "audio": audio_notes.described(row.audio),
    }
    if row.words is not None:
        content["transcript"] = {"words": row.words, "confidence": row.confidence}
    if row.manifest:
        content["manifest"] = {"bucket": transcripts_bucket, "key": row.manifest}
    if row.reason:
        content["reason"] = {"class": row.reason, "remedy": row.remedy}
    if row.warning:
        content["warning"] = {"class": row.warning, "remedy": upload_warnings.sentence(row.warning)}
    return content


def publication(row: LedgerRow, transcripts_bucket: str) -> dict[str, Any]:
    """The arguments of SNS Publish except the topic: JSON for programs, sentences for e-mail."""
    default = json.dumps(body(row, transcripts_bucket))
    return {
        "MessageStructure": "json",
        "Message": json.dumps({"default": default, "email": email_text.text(row, transcripts_bucket)}),
        "Subject": email_text.subject(row),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value or NONE} for name, value in attributes(row).items()
        },
    }


def event(row: LedgerRow, transcripts_bucket: str) -> dict[str, Any]:
    """The entry of EventBridge PutEvents, for the account's default bus."""
    return {
        "Source": SOURCE,
        "DetailType": detail_type(row.state),
        "Detail": json.dumps(body(row, transcripts_bucket)),
    }


def detail_type(state: State) -> str:
    """The detail type of the event for a state.

    >>> detail_type(State.DELIVERED)
    'Recording Delivered'
    """
    return f"Recording {state.capitalize()}"


def attributes(row: LedgerRow) -> dict[str, str | None]:
    """The values that a subscriber can filter by."""
    return {
        "status": str(row.state),
        "profile": row.profile,
        "type": row.job_settings.get("type"),
        "specialty": row.job_settings.get("specialty"),
        "reason": row.reason,
        "confidence": row.confidence,
        "audio": audio_notes.completeness(row.audio),
        "speech": None if row.words is None else "yes" if row.words else "no",
        "schema": SCHEMA,
    }


def _time(seconds: int | None) -> str | None:
    """ISO 8601 in UTC.

    >>> _time(0)
    '1970-01-01T00:00:00Z'
    """
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
