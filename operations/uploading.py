"""Puts recordings into the intake bucket, as an uploader's own program would."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from operations import problems
from operations.deployment import Deployment
from operations.problems import Misused, Refused
from stethoscript import audio, jobs, metadata
from stethoscript.rejections import Rejected
from stethoscript.rows import Row
from stethoscript.uploads import Upload

_MEGABYTE = 1024**2
_TRANSFER = TransferConfig(multipart_threshold=64 * _MEGABYTE, multipart_chunksize=32 * _MEGABYTE, max_concurrency=4)
_ANSWERS = ("PutObject", "CompleteMultipartUpload")
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Sent:
    """A file that is in the bucket now."""

    path: Path
    version: str
    job: str


def check(deployment: Deployment, paths: list[Path], profile: str, correlation_id: str | None) -> None:
    """See to it that nothing is uploaded that would be refused.

    Raises:
        Misused: a profile, correlation id or file that cannot be.
        Refused: a file that Transcribe Medical does not take.
    """
    deployment.check_profile(profile)
    if correlation_id is not None and not metadata.CORRELATION.fullmatch(correlation_id):
        raise Misused(f"Use {metadata.CORRELATION_RULE} as correlation id.")
    for path in paths:
        _check_file(path)


def send(
    deployment: Deployment, path: Path, profile: str, correlation_id: str | None, progress: Callable[[int], None]
) -> Sent:
    """Upload one file; `progress` is told of bytes as they go.

    Raises:
        Problem: S3 did not take it.
    """
    s3, key, versions = deployment.client("s3"), f"{profile.rstrip('/')}/{path.name}", []

    def note(parsed: dict[str, Any], **_rest: Any) -> None:
        versions.append(parsed.get("VersionId"))

    # boto3's transfer keeps S3's answer to itself, and looking the version up afterwards could find another's.
    for operation in _ANSWERS:
        s3.meta.events.register(f"after-call.s3.{operation}", note, unique_id=f"version-{operation}")
    try:
        s3.upload_file(
            str(path), deployment.intake, key, Callback=progress, Config=_TRANSFER,
            ExtraArgs={
                "Metadata": {metadata.CORRELATION_ID: correlation_id} if correlation_id else {},
                "ExpectedBucketOwner": deployment.account,
            },
        )  # fmt: skip
    except S3UploadFailedError as error:
        raise _failed(error) from error
    finally:
        for operation in _ANSWERS:
            s3.meta.events.unregister(f"after-call.s3.{operation}", unique_id=f"version-{operation}")
    version = str(versions[-1])
    return Sent(path, version, jobs.recording(deployment.name, Upload(deployment.intake, key, version)))


def wait(
    deployment: Deployment,
    sent: list[Sent],
    say: Callable[[str], None],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> list[Row]:
    """The rows of what was sent, once each has come to its end; `say` is told of every change of state."""
    told: dict[str, str] = {}
    while True:
        known = deployment.ledger.rows([each.job for each in sent])
        for each in sent:
            state = str(known[each.job].state) if each.job in known else "waits for its turn"
            if state != told.get(each.job):
                told[each.job] = state
                say(f"{each.path.name}: {state}")
        ended = [known[each.job] for each in sent if each.job in known and not known[each.job].open]
        if len(ended) == len(sent):
            return ended
        pause(_LOOK_SECONDS)


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(audio.HEADER_BYTES)
    except OSError as error:
        raise Misused(f"{path} cannot be read ({error.strerror}): name a recording.") from error
    try:
        audio.check_size(size)
        audio.media_format(header)
    except Rejected as refusal:
        said = f"{path} would be refused ({refusal.reason}), so nothing was uploaded. {refusal.remedy}"
        raise Refused(said) from refusal


def _failed(error: S3UploadFailedError) -> problems.Problem:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ClientError):
        return problems.of(cause)
    return Refused("The upload did not get to its end: try again.")
