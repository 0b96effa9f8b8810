"""Puts recordings into the intake bucket, as an uploader's own program would."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from adapters import audio_probe
from adapters.s3_range_file import S3RangeFile
from operations import errors
from operations.deployment import Deployment
from operations.errors import Misused, Refused, Unreachable
from stethoscript import audio_info, jobs, object_metadata
from stethoscript.ledger_row import LedgerRow
from stethoscript.rejections import Rejected
from stethoscript.uploads import Upload

_MEGABYTE = 1024**2
_TRANSFER = TransferConfig(multipart_threshold=64 * _MEGABYTE, multipart_chunksize=32 * _MEGABYTE, max_concurrency=4)
_ANSWERS = ("PutObject", "CompleteMultipartUpload")
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class UploadedRecording:
    """A file that is in the bucket now."""

    path: Path
    version: str
    job: str


def check(
    deployment: Deployment, paths: list[Path], profile: str, correlation_id: str | None, *, skip: bool = False
) -> tuple[list[Path], list[str]]:
    """See to it that nothing is uploaded that would be refused: all files are checked before the first is sent.

    Returns the files to send; with `skip`, what is left out too, in a sentence each.

    Raises:
        Misused: a profile, correlation id or file that cannot be.
        Refused: files that Transcribe Medical does not take, each named with its remedy.
    """
    deployment.check_profile(profile)
    if correlation_id is not None and not object_metadata.CORRELATION.fullmatch(correlation_id):
        raise Misused(f"Use {object_metadata.CORRELATION_RULE} as correlation id.")
    refusals = [(path, _refusal(path)) for path in paths]
    good = [path for path, refusal in refusals if refusal is None]
    refused = [f"{path}: {each.reason}. {each.remedy}" for path, each in refusals if each]
    if refused and len(paths) == 1:
        raise Refused(f"Nothing was uploaded, because it would be refused. {refused[0]}")
    if refused and not (skip and good):
        raise Refused(
            f"Nothing was uploaded, because {len(refused)} of {len(paths)} files would be refused: "
            "leave them out, or add --skip-refused.\n" + "\n".join(refused)
        )
    return good, refused


def send(
    deployment: Deployment, path: Path, profile: str, correlation_id: str | None, progress: Callable[[int], None]
) -> UploadedRecording:
    """Upload one file; `progress` receives the number of bytes sent.

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
                "Metadata": {object_metadata.CORRELATION_ID: correlation_id} if correlation_id else {},
                "ExpectedBucketOwner": deployment.account,
            },
        )  # fmt: skip
    except S3UploadFailedError as error:
        raise _failed(error) from error
    finally:
        for operation in _ANSWERS:
            s3.meta.events.unregister(f"after-call.s3.{operation}", unique_id=f"version-{operation}")
    version = str(versions[-1])
    return UploadedRecording(path, version, jobs.recording(deployment.name, Upload(deployment.intake, key, version)))


def check_wait(deployment: Deployment) -> None:
    """See to it that the ledger can be read, before anything is uploaded that is to be waited for.

    Raises:
        Unreachable: we may not; says what helps.
    """
    try:
        deployment.ledger.rows([f"{deployment.name}-"])
    except ClientError as error:
        if not errors.denied(error):
            raise
        raise Unreachable(f"Nothing was uploaded: leave out --wait. {errors.of(error)}") from error


def wait(
    deployment: Deployment,
    sent: list[UploadedRecording],
    say: Callable[[str], None],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> list[LedgerRow]:
    """The rows of the uploads, once each has ended; `say` receives every change of state."""
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


def check_file(path: Path) -> None:
    """See to it that a file can be read and is not one that would be refused.

    Raises:
        Misused: it cannot be read.
        Refused: Transcribe Medical does not take it.
    """
    if refusal := _refusal(path):
        raise Refused(f"{path} would be refused ({refusal.reason}). {refusal.remedy}")


def _refusal(path: Path) -> Rejected | None:
    """Why the file would be refused, judged as the start function judges uploads; None if it would not be."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:

            def fetch(begin: int, end: int) -> bytes:
                file.seek(begin)
                return file.read(end - begin)

            audio_info.check_size(size)
            _, info = audio_probe.probe(S3RangeFile(size, fetch), path.name)
            audio_info.check_sound(info, each_channel=False)
    except OSError as error:
        raise Misused(f"{path} cannot be read ({error.strerror}): name a recording.") from error
    except Rejected as refusal:
        return refusal
    return None


def _failed(error: S3UploadFailedError) -> errors.CommandError:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ClientError):
        return errors.of(cause)
    return Refused("The upload did not get to its end: try again.")
