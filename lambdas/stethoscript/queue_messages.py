"""Reads the messages of the two queues into values, and writes the ones we send ourselves.

Shapes: S3 event notification 2.x (intake queue), EventBridge "Object Created" and `aws.transcribe`
events (completion queue), and our own two messages below.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from stethoscript.uploads import NO_VERSION, Upload

_MAJOR = "2"


class UnknownMessage(ValueError):
    """A message of no shape we know; it belongs in the dead-letter queue, where somebody sees it."""


@dataclass(frozen=True)
class UploadMessage:
    """An upload to look at, and how often we have put it off ourselves."""

    upload: Upload
    deferrals: int = 0


@dataclass(frozen=True)
class Signal:
    """Something that says a job may have ended; only Transcribe's own answer is believed."""

    job: str
    source: str
    deferrals: int = 0


def upload_messages(body: str) -> list[UploadMessage]:
    """The uploads that one message of the intake queue announces; none for S3's test message.

    Raises:
        UnknownMessage: the body is not a message we or S3 write.
    """
    message = _object(body)
    if message.get("Event") == "s3:TestEvent":
        return []
    if "upload" in message:
        return [UploadMessage(_ours(message["upload"]), _count(message.get("deferrals")))]
    records = message.get("Records")
    if not isinstance(records, list):
        raise UnknownMessage("neither an S3 notification nor a message of ours")
    return [_arrival(record) for record in records if _is_creation(record)]


def upload_message(arrival: UploadMessage) -> str:
    """The message that brings an upload to the intake queue (again).

    >>> upload_messages(upload_message(UploadMessage(Upload("b", "k+ü.wav", "v1"), 2)))
    [UploadMessage(upload=Upload(bucket='b', key='k+ü.wav', version='v1'), deferrals=2)]
    """
    upload = arrival.upload
    return json.dumps(
        {
            "upload": {"bucket": upload.bucket, "key": upload.key, "version": upload.version},
            "deferrals": arrival.deferrals,
        }
    )


def signal(body: str) -> Signal | None:
    """The job that a message of the completion queue speaks of; None if it is not about a job.

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
    # AWS documents no event for medical jobs, so any of the names its job events use will do.
    names = ("MedicalTranscriptionJobName", "TranscriptionJobName", "JobName")
    job = next((detail[name] for name in names if isinstance(detail.get(name), str)), None)
    return Signal(job, "event") if job else None


def signal_message(signal: Signal) -> str:
    """The message that has a job looked at (again).

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


def _arrival(record: dict[str, Any]) -> UploadMessage:
    """S3 form-encodes the key, once: a space arrives as `+`, a plus sign as `%2B`.

    Another major version of the notification may mean other things by the same names (S3 user guide,
    "Event message structure"); a newer minor one only adds.
    """
    if str(record.get("eventVersion", _MAJOR)).partition(".")[0] != _MAJOR:
        raise UnknownMessage("a notification of another major version")
    try:
        entity = record["s3"]
        key = unquote_plus(_text(entity["object"]["key"]), errors="strict")
        return UploadMessage(_upload(entity["bucket"]["name"], key, entity["object"]["versionId"]))
    except (KeyError, TypeError, UnicodeError) as error:
        raise UnknownMessage("an S3 record without bucket, key or version") from error


def _ours(upload: object) -> Upload:
    try:
        given = Upload(**upload)  # type: ignore[arg-type] # any other shape is refused right here
        return _upload(given.bucket, given.key, given.version)
    except (TypeError, UnicodeError) as error:
        raise UnknownMessage("a message of ours without bucket, key or version") from error


def _upload(bucket: object, key: object, version: object) -> Upload:
    """The upload, if its version identifies it (docs/decisions/0007)."""
    if version == NO_VERSION:
        raise UnknownMessage("versioning of the intake bucket is suspended")
    return Upload(_text(bucket), _text(key), _text(version))


def _text(value: object) -> str:
    """The value, if it is text that S3 could have been given: not empty, and UTF-8 can write it."""
    if not isinstance(value, str) or not value.encode():
        raise TypeError
    return value
