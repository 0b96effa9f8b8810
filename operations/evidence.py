"""Gathers what there is to know about one recording, for `explain` to decide on."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from adapters.aws_pages import pages
from operations import doctor, medical_jobs, queues, retry_log, s3_keys
from operations.deployment import Deployment
from operations.doctor import DoctorContext, Finding, Health
from operations.errors import AWS_ERRORS, unless_denied
from operations.explain import Evidence
from operations.medical_jobs import Job
from operations.recordings import Recording
from stethoscript import aws_errors
from stethoscript.ledger_row import LedgerRow, State
from stethoscript.uploads import NO_VERSION

Found = TypeVar("Found")


def gather(deployment: Deployment, recording: Recording, now: float) -> Evidence:
    """All evidence about an open recording; of one that has ended, its row and its way.

    Lists that only add to it never stop it: the explanation names those that could not be read.
    """
    row = recording.row
    if row is not None and not row.open:
        return Evidence(int(now), row, recording.uploaded)
    unread: list[str] = []
    outage, job, running = _transcribe(deployment, row, unread)
    broken, unchecked = _pipeline(deployment)
    depths = {name: queues.depth(deployment, name) for name in queues.NAMES}
    dead = [name for name in queues.NAMES if depths[name].dead]
    begun = _begun(recording, now)
    noted = _read("logs", lambda: retry_log.read(deployment, recording.name, begun, now), unread)
    about_it = _read(
        "dead letters", lambda: [name for name in dead if _is_dead(deployment, name, recording.name)], unread
    )
    return Evidence(
        int(now),
        row,
        recording.uploaded,
        job,
        outage,
        running,
        deployment.quota(),
        row.leased if row else None,
        _written(deployment, row),
        about_it,
        depths["intake"].messages,
        depths["intake"].in_hand,
        depths["completion"].messages,
        noted,
        broken,
        (*unchecked, *unread),
        recording.upload.version == NO_VERSION,
    )


def _pipeline(deployment: Deployment) -> tuple[tuple[tuple[str, Finding], ...], tuple[str, ...]]:
    """What `doctor` finds broken in what brings recordings further; and which of its checks could not be made."""
    context = DoctorContext(deployment.name, deployment.client)
    found = [(name, each) for name in doctor.PIPELINE for each in doctor.made(doctor.CHECKS[name], context)]
    broken = tuple((name, each) for name, each in found if each.health is Health.BROKEN)
    return broken, tuple(dict.fromkeys(name for name, each in found if each.health is Health.UNKNOWN))


def _read(what: str, read: Callable[[], Iterable[Found]], unread: list[str]) -> tuple[Found, ...]:
    try:
        return tuple(read())
    except AWS_ERRORS:
        unread.append(what)
        return ()


def _transcribe(deployment: Deployment, row: LedgerRow | None, unread: list[str]) -> tuple[str | None, Job | None, int]:
    """The job and how many run; or the error, if Transcribe does not answer us either."""
    try:
        asked = row is not None and row.state is State.TRANSCRIBING
        job = medical_jobs.find(deployment, row.job) if row and asked else None
        return None, job, _running(deployment, unread)
    except AWS_ERRORS as error:
        if not _is_outage(error):
            raise
        return aws_errors.described(error), None, 0


def _running(deployment: Deployment, unread: list[str]) -> int:
    try:
        return medical_jobs.running(deployment.client)
    except AWS_ERRORS as error:
        if _is_outage(error):
            raise
        unread.append("running jobs")
        return 0


def _is_outage(error: Exception) -> bool:
    return aws_errors.fault(error) in (aws_errors.ErrorKind.UNAVAILABLE, aws_errors.ErrorKind.BUSY)


def _is_dead(deployment: Deployment, name: str, recording: str) -> bool:
    return any(recording in letter.recordings for letter in queues.dead_letters(deployment, name))


def _written(deployment: Deployment, row: LedgerRow | None) -> int | None:
    """Since when the manifest is there; its place is the one the deliver function gives it.

    By listing, because reading an object's head needs the permission to read the transcript.
    """
    if row is None or row.state is not State.TRANSCRIBING:
        return None
    key = s3_keys.manifest(row)
    listed: Any = unless_denied(
        lambda: next(
            pages(deployment.client("s3"), "list_objects_v2", Bucket=deployment.transcripts, Prefix=key, MaxKeys=1)
        ),
        {},
    )
    return next((int(each["LastModified"].timestamp()) for each in listed.get("Contents", [])), None)


def _begun(recording: Recording, now: float) -> int:
    row = recording.row
    if row is not None and row.attempt > 1:
        return row.updated  # what its earlier attempts met does not explain this one
    return recording.uploaded or (row.received if row else int(now))
