"""What `open` shows: a delivered transcript as the reader page, and its recording from the intake bucket."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from adapters.s3_range_file import get_range
from documents import html
from documents.recording_info import RecordingInfo
from operations import s3_keys
from operations.deployment import Deployment
from operations.errors import Refused, absent, denied
from operations.loopback_server import Sound
from operations.recordings import Recording
from stethoscript import transcript
from stethoscript.ledger_row import LedgerRow, State
from stethoscript.transcript import Transcript, Unreadable

_PART = 256 * 1024
_CONTENT_TYPES = {
    "mp3": "audio/mpeg", "mp4": "video/mp4", "m4a": "audio/mp4", "wav": "audio/wav", "flac": "audio/flac",
    "ogg": "audio/ogg", "amr": "audio/amr", "webm": "video/webm",
}  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """The page, and the recording if it still exists and access is allowed."""

    page: bytes
    sound: Sound | None


def opened(deployment: Deployment, found: Recording) -> Opened:
    """Make the page from Transcribe's own output, so that it matters neither which forms were chosen nor when.

    Raises:
        Refused: there is no transcript; says what to do instead.
    """
    row = found.row
    if row is None or row.state is not State.DELIVERED:
        raise Refused("It has no transcript (yet), so there is nothing to open: `explain` says where it is.")
    page = html.write(_heard(deployment, row), RecordingInfo.of(row))
    return Opened(page, _sound(deployment, row))


def _heard(deployment: Deployment, row: LedgerRow) -> Transcript:
    listed = json.loads(_body(deployment, row.manifest or s3_keys.manifest(row)))["documents"]
    (raw,) = (document["key"] for document in listed if document["form"] == "raw")
    try:
        return transcript.read(_body(deployment, raw), sought=row.settings.identification)
    except Unreadable as error:
        raise Refused("Transcribe's output cannot be read: open the documents that were delivered.") from error


def _body(deployment: Deployment, key: str) -> bytes:
    answer = deployment.client("s3").get_object(
        Bucket=deployment.transcripts, Key=key, ExpectedBucketOwner=deployment.account
    )
    with closing(answer["Body"]) as body:
        return bytes(body.read(transcript.MOST_BYTES + 1))


def _sound(deployment: Deployment, row: LedgerRow) -> Sound | None:
    """The recording; None if it is deleted or access is denied: S3 answers readers alike."""
    s3 = deployment.client("s3")
    version = {
        "Bucket": row.bucket,
        "Key": row.key,
        "VersionId": row.version,
        "ExpectedBucketOwner": deployment.account,
    }

    try:
        size = s3.head_object(**version)["ContentLength"]
    except ClientError as error:
        if not (denied(error) or absent(error)):
            raise
        return None

    def read(first: int, last: int) -> Iterator[bytes]:
        return _parts(get_range(s3, version, first, last + 1, size)["Body"])

    return Sound(size, _CONTENT_TYPES.get(row.media_format or "", "application/octet-stream"), read)


def _parts(body: Any) -> Iterator[bytes]:
    with closing(body):
        yield from body.iter_chunks(_PART)  # which raises if fewer bytes come than were announced
