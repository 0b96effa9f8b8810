"""What subscribers of the completion topic are told: no patient data, the same id in every duplicate."""

import json
from datetime import UTC, datetime
from typing import Any

from stethoscript.rows import Row, State

SCHEMA = "1.0"


def body(row: Row, transcripts_bucket: str) -> dict[str, Any]:
    """The notification of a recording's terminal state; `docs/notifications.md` describes each member."""
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "id": f"{row.job}:{row.state}",
        "job": row.job,
        "status": str(row.state),
        "profile": row.profile,
        "versionId": row.version,
        "correlationId": row.correlation_id,
        "received": _time(row.received),
        "started": _time(row.started),
        "completed": _time(row.completed),
        "ended": _time(row.updated),
    }
    if row.manifest:
        told["manifest"] = {"bucket": transcripts_bucket, "key": row.manifest}
    if row.reason:
        told["reason"] = {"class": row.reason, "remedy": row.remedy}
    return told


def publication(row: Row, transcripts_bucket: str) -> dict[str, Any]:
    """The arguments of SNS Publish, but for the topic: JSON for programs, sentences for e-mail."""
    notice = json.dumps(body(row, transcripts_bucket))
    return {
        "MessageStructure": "json",
        "Message": json.dumps({"default": notice, "email": _mail(row, transcripts_bucket)}),
        "Subject": f"{_SUBJECTS[row.state]}: {row.job}"[:100],
        "MessageAttributes": {
            "schema": {"DataType": "String", "StringValue": SCHEMA},
            "status": {"DataType": "String", "StringValue": str(row.state)},
            "profile": {"DataType": "String", "StringValue": row.profile or "none"},
        },
    }


_SUBJECTS = {
    State.DELIVERED: "Transcript ready",
    State.FAILED: "Transcription failed",
    State.REJECTED: "Recording refused",
}


def _mail(row: Row, transcripts_bucket: str) -> str:
    lines = [f"{_SUBJECTS[row.state]}: {row.job}"]
    if row.manifest:
        folder = row.manifest.rpartition("/")[0]
        lines.append(f"The documents are in s3://{transcripts_bucket}/{folder}/")
    if row.reason:
        lines.append(f"Why: {row.reason}. {row.remedy}")
    if row.correlation_id:
        lines.append(f"Your correlation id: {row.correlation_id}")
    return "\n\n".join(lines)


def _time(seconds: int | None) -> str | None:
    """ISO 8601 in UTC.

    >>> _time(0)
    '1970-01-01T00:00:00Z'
    """
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
