"""Recordings: found by whatever name an operator has for them, listed, counted, retried."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice
from typing import Any

from operations import queues
from operations.deployment import Deployment
from operations.problems import Misused, NotFound, Refused
from stethoscript import jobs, stopping
from stethoscript.rows import OPEN, Row, State
from stethoscript.uploads import Upload, is_folder

STUCK_SECONDS = 3600
"""An open recording that has been where it is for so long is worth a look."""
_MOST_LOOKED_AT = 500


@dataclass(frozen=True)
class Recording:
    """A recording: its row if it has one, and when S3 took it if it still lies in the intake bucket."""

    name: str
    upload: Upload
    row: Row | None
    uploaded: int | None


@dataclass(frozen=True)
class Wanted:
    """Which recordings to list, `state` being a State's name; what is None or False does not matter."""

    state: str | None = None
    profile: str | None = None
    since: int = 0
    waiting_since: int | None = None


def find(deployment: Deployment, name: str) -> Recording:
    """A recording by its job's name, its version id or its correlation id.

    Looks into the ledger first, and then, for what no function has looked at yet, into the bucket itself.

    Raises:
        NotFound: nothing is called so.
        Misused: a correlation id that several recordings carry; names their jobs.
    """
    row = _entered(deployment, name)
    if row is None:
        return _lying(deployment, name)
    if row.state is State.ERASED:
        return Recording(row.recording, row.upload, row, None)
    return Recording(row.recording, row.upload, row, _uploaded(deployment, row.upload))


def wanted(deployment: Deployment, which: Wanted, most: int) -> list[Row]:
    """Rows to list: those touched last come first, those that wait longest where it is asked who waits."""
    states = (State(which.state),) if which.state else OPEN if which.waiting_since else tuple(State)
    touched_last = merge(
        *(deployment.ledger.in_state(state, which.since, newest_first=True) for state in states),
        key=lambda row: -row.updated,
    )
    rows = sorted(touched_last, key=began) if which.waiting_since else touched_last
    return list(islice((row for row in rows if _fits(row, which)), most))


def began(row: Row) -> int:
    """Since when a recording has been where it is; of a retry that has not begun, its last sign of life."""
    if not row.open or (row.attempt > 1 and not row.started):
        return row.updated
    return row.started or row.received


def longest_waiting(deployment: Deployment) -> Row | None:
    """The open recording that has been where it is for longest; of very many, of those untouched for longest."""
    looked_at = (row for state in OPEN for row in islice(deployment.ledger.in_state(state), _MOST_LOOKED_AT))
    return min(looked_at, key=began, default=None)


def retry(deployment: Deployment, name: str, now: float) -> Recording:
    """Have a FAILED recording transcribed again, as its next attempt; of several who ask, all get the same one.

    One that Transcribe has not been asked about is only announced anew, under the job it has: that is harmless.

    Raises:
        Refused: it is on its way, has come to another end, or is gone; says what to do instead.
    """
    found = find(deployment, name)
    row = found.row
    if found.uploaded is None and (row is None or row.state is State.FAILED):
        raise Refused("The upload itself is gone, so there is nothing to transcribe: upload the recording again.")
    if row is not None and row.state is State.FAILED:
        row = deployment.ledger.again(row, now) or deployment.ledger.find(found.name)
    if row is not None and row.state not in (State.ANNOUNCED, State.CLAIMED):
        raise Refused(_no_retry(row))
    queues.announce(deployment, [found.upload])  # also if it was asked for before: who broke off here need only repeat
    return replace(found, row=row)


def versions(deployment: Deployment, bucket: str, prefix: str = "", **asked: str) -> Iterator[dict[str, Any]]:
    """Every version under a prefix, delete markers too: those have no `Size`."""
    pages = deployment.client("s3").get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=bucket, Prefix=prefix, **asked):
        yield from page.get("Versions", [])
        yield from page.get("DeleteMarkers", [])


def of_key(deployment: Deployment, bucket: str, key: str) -> list[dict[str, Any]]:
    """Every version of exactly this key, delete markers too."""
    return [each for each in versions(deployment, bucket, key) if each["Key"] == key]


def _entered(deployment: Deployment, name: str) -> Row | None:
    if recording := jobs.recording_of(deployment.name, name):
        return deployment.ledger.find(recording)
    found = list(deployment.ledger.search(version=name)) or list(deployment.ledger.search(correlation_id=name))
    if len(found) > 1:
        listed = ", ".join(row.job for row in sorted(found, key=lambda row: row.received))
        raise Misused(f"{len(found)} recordings carry the correlation id {name}; name one of their jobs: {listed}.")
    return found[0] if found else None


def _lying(deployment: Deployment, name: str) -> Recording:
    recording = jobs.recording_of(deployment.name, name)
    for version in versions(deployment, deployment.intake):
        upload = Upload(deployment.intake, version["Key"], version["VersionId"])
        called = jobs.recording(deployment.name, upload)
        is_it = called == recording if recording else upload.version == name
        if is_it and "Size" in version and not is_folder(upload.key, version["Size"]):
            return Recording(called, upload, None, int(version["LastModified"].timestamp()))
    raise NotFound(
        f"No recording is called {name}, neither in the ledger nor in the bucket: give a job's name, the version id "
        "that PutObject answered, or a correlation id (of a recording a function has looked at); a file's name is "
        "found with `list --show-key --since 2d`."
    )


def _uploaded(deployment: Deployment, upload: Upload) -> int | None:
    for each in of_key(deployment, upload.bucket, upload.key):
        if each["VersionId"] == upload.version and "Size" in each:
            return int(each["LastModified"].timestamp())
    return None


def _fits(row: Row, which: Wanted) -> bool:
    return (
        which.state in (None, row.state)
        and which.profile in (None, row.profile)
        and (which.waiting_since is None or began(row) < which.waiting_since)
    )


def _no_retry(row: Row) -> str:
    if row.state in (State.ERASING, State.ERASED):
        return "It was erased: upload it again if it is wanted."
    if row.open:
        return "It is with Transcribe, and only what FAILED is retried: `explain` says why it waits."
    if row.reason == stopping.CANCELLED:
        return "It was cancelled before Transcribe was asked, and only what FAILED is retried: upload it again."
    if row.state is State.REJECTED:
        return f"It was refused before Transcribe was asked, and would be again. {row.remedy} Then upload it anew."
    return "It was delivered, and only what FAILED is retried: upload it again to have it transcribed anew."
