"""Reads the messages of the two queues into values, and writes the functions' own messages.

Shapes: S3 event notification 2.x (intake queue), EventBridge "Object Created" and `aws.transcribe` events (completion
queue), and the two messages below.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from stethoscript.uploads import NO_VERSION, Upload

_MAJOR = "2"


class UnknownMessage(ValueError):
    """A message of an unknown shape. It goes to the dead-letter queue, whose alarm notifies the operator."""


@dataclass(frozen=True)
class UploadMessage:
    """An upload to process; `deferrals` is how often the start function has deferred it."""

    upload: Upload
    deferrals: int = 0


@dataclass(frozen=True)
class Signal:
    """A hint from `source` that a job may have ended. Only the answer of Transcribe is proof."""

    job: str
    source: str
    deferrals: int = 0


def upload_messages(body: str) -> list[UploadMessage]:
    """The uploads in one message of the intake queue; none in S3's test message.

    Raises:
        UnknownMessage: the body is neither an S3 notification nor our own message.
    """
    message = _object(body)
    if message.get("Event") == "s3:TestEvent":
        return []
    if "upload" in message:
        return [UploadMessage(_own_upload(message["upload"]), _count(message.get("deferrals")))]
    records = message.get("Records")
    if not isinstance(records, list):
        raise UnknownMessage("neither an S3 notification nor a message of ours")
    return [_uploaded(record) for record in records if _is_creation(record)]


def upload_message(message: UploadMessage) -> str:
    """The message of the intake queue for an upload.

    >>> upload_messages(upload_message(UploadMessage(Upload("b", "k+ü.wav", "v1"), 2)))
    [UploadMessage(upload=Upload(bucket='b', key='k+ü.wav', version='v1'), deferrals=2)]
    """
    upload = message.upload
    return json.dumps(
        {
            "upload": {"bucket": upload.bucket, "key": upload.key, "version": upload.version},
            "deferrals": message.deferrals,
        }
    )


def signal(body: str) -> Signal | None:
    """The signal in a message of the completion queue; None if it names no job.

    Raises:
        UnknownMessage: the body is not JSON of a known shape.
    """
    message = _object(body)
    if isinstance(message.get("job"), str):
        return Signal(message["job"], str(message.get("source", "unknown")), _count(message.get("deferrals")))
    detail = message.get("detail")
    if not isinstance(detail, dict):
        raise UnknownMessage("neither an EventBridge event nor a message of ours")
    if message.get("source") == "aws.s3":
        written = detail.get("object")
        named = re.fullmatch(r"raw/([^/]*)\.json", str(written.get("key"))) if isinstance(written, dict) else None
        return Signal(named[1], "object") if named else None
    # AWS documents no event for medical jobs, so every name in its other job events is accepted.
    names = ("MedicalTranscriptionJobName", "TranscriptionJobName", "JobName")
    job = next((detail[name] for name in names if isinstance(detail.get(name), str)), None)
    return Signal(job, "event") if job else None


def signal_message(signal: Signal) -> str:
    """The message of the completion queue for a signal.

    >>> signal_message(Signal("clinic-0a1b", "reconcile"))
    '{"job": "clinic-0a1b", "source": "reconcile", "deferrals": 0}'
    """
    return json.dumps({"job": signal.job, "source": signal.source, "deferrals": signal.deferrals})


def _object(body: str) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnknownMessage("not JSON") from error
    if not isinstance(message, dict):
        raise UnknownMessage("not a JSON object")
    return message


def _count(number: object) -> int:
    return number if isinstance(number, int) and number > 0 else 0


def _is_creation(record: object) -> bool:
    return isinstance(record, dict) and str(record.get("eventName", "")).startswith("ObjectCreated:")


def _uploaded(record: dict[str, Any]) -> UploadMessage:
    """The upload of one S3 record. S3 form-encodes the key: a space is `+`, and a plus sign is `%2B`.

    Another major version may give the same names another meaning; a newer minor version only adds members (S3 user
    guide, "Event message structure").
    """
    if str(record.get("eventVersion", _MAJOR)).partition(".")[0] != _MAJOR:
        raise UnknownMessage("a notification of another major version")
    try:
        entity = record["s3"]
        key = unquote_plus(_text(entity["object"]["key"]), errors="strict")
        return UploadMessage(_upload(entity["bucket"]["name"], key, entity["object"]["versionId"]))
    except (KeyError, TypeError, UnicodeError) as error:
        raise UnknownMessage("an S3 record without bucket, key or version") from error


def _own_upload(upload: object) -> Upload:
    try:
        given = Upload(**upload)  # type: ignore[arg-type] # another shape raises TypeError
        return _upload(given.bucket, given.key, given.version)
    except (TypeError, UnicodeError) as error:
        raise UnknownMessage("a message of ours without bucket, key or version") from error


def _upload(bucket: object, key: object, version: object) -> Upload:
    """The upload, if its version identifies it (docs/decisions/0007)."""
    if version == NO_VERSION:
        raise UnknownMessage("versioning of the intake bucket is suspended")
    return Upload(_text(bucket), _text(key), _text(version))


def _text(value: object) -> str:
    """The value, if it is text that S3 accepts: not empty, and valid in UTF-8."""
    if not isinstance(value, str) or not value.encode():
        raise TypeError
    return value
