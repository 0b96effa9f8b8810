"""Recordings: found by whatever name an operator has for them, listed, counted, retried."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from adapters.aws_pages import Page, pages, pages_of_key
from operations import queues
from operations.deployment import Deployment
from operations.errors import Misused, NotFound, Refused, Unreachable, denied, of
from operations.ledger_admin import WAITING, is_called, seen
from operations.remedies import WITHOUT_VERSION
from operations.time_format import clock
from operations.waiting_uploads import Say, Search, Waiting, recent
from stethoscript import jobs, object_metadata, stopping
from stethoscript.ledger_row import OPEN, LedgerRow, State
from stethoscript.uploads import NO_VERSION, Upload

ATTENTION_AFTER_SECONDS = 3600
"""An open recording that has been where it is for so long is worth a look."""
_MOST_LOOKED_AT = 500
_MOST_CHOICES = 20
_NARROW = "narrow the search with `--since 2h`, or name the version id"


@dataclass(frozen=True)
class Recording:
    """A recording: its row if it has one, and when S3 stored it if it is still in the intake bucket."""

    name: str
    upload: Upload
    row: LedgerRow | None
    uploaded: int | None


@dataclass(frozen=True)
class Wanted:
    """Which recordings to list, `state` being a State's name; what is None or False does not matter."""

    state: str | None = None
    profile: str | None = None
    since: int = 0
    waiting_since: int | None = None


def find(
    deployment: Deployment,
    name: str,
    since: int | None = None,
    say: Say = lambda _line: None,
    *,
    dated: bool = True,
) -> Recording:
    """A recording by its job's name, its version id, its correlation id, its file's name or its whole key.

    Looks into the ledger first, and then, for what no function has looked at yet, into the bucket itself: at uploads
    since a time, by default of 30 days. A correlation id or file name may be that of several, so it looks into both.
    Without `dated` it does not look whether the upload of a row is still there: that needs a list of the bucket.

    Raises:
        NotFound: nothing is called so, as far as was looked.
        Misused: several recordings are called so; lists them.
    """
    recording = jobs.recording_of(deployment.name, name)
    search = Search(deployment, recent() if since is None else since, say)
    rows = _in_ledger(deployment, recording, name)
    waiting: list[Waiting] = []
    if not any(row.version == name or row.recording == recording for row in rows):
        waiting = _waiting(search, recording, name)
        rows = _in_ledger(deployment, recording, name)  # again: a function may have entered one meanwhile
    entered = {row.recording for row in rows}
    found = [_of_row(deployment, each, dated) for each in rows]
    found += [_of_upload(each) for each in waiting if each.name not in entered]
    if len(found) > 1:
        raise Misused(_choose(found, search))
    if not found:
        raise NotFound(_nothing(search))
    return found[0]


def wanted(deployment: Deployment, which: Wanted, most: int | None) -> list[LedgerRow]:
    """Rows of the ledger to list, in the same order."""
    touched_last = merge(
        *(deployment.ledger.in_state(state, which.since, newest_first=True) for state in states(which)),
        key=lambda row: -row.updated,
    )
    rows = sorted(touched_last, key=began) if which.waiting_since else touched_last
    return list(islice((row for row in rows if fits(row, which)), most))


def began(row: LedgerRow) -> int:
    """Since when a recording has been where it is; of a retry that has not begun, its last sign of life."""
    if not row.open or (row.attempt > 1 and not row.started):
        return row.updated
    return row.started or row.received


def longest_waiting(deployment: Deployment) -> LedgerRow | None:
    """The open recording that has been where it is for longest; of very many, of those untouched for longest."""
    looked_at = (row for state in OPEN for row in islice(deployment.ledger.in_state(state), _MOST_LOOKED_AT))
    return min(looked_at, key=began, default=None)


def retry(
    deployment: Deployment, name: str, now: float, since: int | None = None, say: Say = lambda _line: None
) -> Recording:
    """Have a FAILED recording transcribed again, as its next attempt; of several who ask, all get the same one.

    One that Transcribe has not been asked about is only announced anew, under the job it has: that is harmless.

    Raises:
        Refused: it is on its way, has come to another end, or is gone; says what to do instead.
    """
    found = find(deployment, name, since, say)
    row = found.row
    if found.upload.version == NO_VERSION:
        raise Refused(f"It has no version id, so no function takes it. {WITHOUT_VERSION}")
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
    for page in pages(deployment.client("s3"), "list_object_versions", Bucket=bucket, Prefix=prefix, **asked):
        yield from _entries(page)


def of_key(deployment: Deployment, bucket: str, key: str) -> list[dict[str, Any]]:
    """Every version of exactly this key, delete markers too."""
    listed = pages_of_key(deployment.client("s3"), "list_object_versions", Bucket=bucket, key=key)
    return [each for page in listed for each in _entries(page) if each["Key"] == key]


def _entries(page: Page) -> list[dict[str, Any]]:
    return [*page.get("Versions", []), *page.get("DeleteMarkers", [])]


def _of_row(deployment: Deployment, row: LedgerRow, dated: bool) -> Recording:
    uploaded = _uploaded(deployment, row.upload) if dated and row.state is not State.ERASED else None
    return Recording(row.recording, row.upload, row, uploaded)


def _of_upload(waiting: Waiting) -> Recording:
    return Recording(waiting.name, waiting.upload, None, waiting.uploaded)


def _in_ledger(deployment: Deployment, recording: str | None, name: str) -> list[LedgerRow]:
    if recording is None:
        try:
            return deployment.ledger.called(name)
        except ClientError as error:
            if not denied(error):
                raise
            raise Unreachable(f"Name the recording by its job, which notifications carry. {of(error)}") from error
    row = deployment.ledger.find(recording)
    return [row] if row else []


def _waiting(search: Search, recording: str | None, name: str) -> list[Waiting]:
    """The uploads without a row that are called so; a job's name and a version id are those of only one."""
    uploads = []
    for each in search.uploads():
        if each.name == recording or each.upload.version == name:
            return [each]
        uploads.append(each)
    if recording is not None:
        return []
    called = [each for each in uploads if is_called(each.upload.key, name)]
    others = [each for each in uploads if each not in called]
    return called + (search.correlated(others, name) if object_metadata.CORRELATION.fullmatch(name) else [])


def _choose(found: list[Recording], search: Search) -> str:
    """Ask which of several recordings is meant; says nothing that the keys hold."""
    newest = sorted(found, key=_received, reverse=True)
    lines = [
        f"  {each.row.job if each.row else each.name}  {seen(each.row) if each.row else WAITING}  "
        f"received {clock(_received(each))}"
        for each in newest[:_MOST_CHOICES]
    ]
    more = [f"  and {len(found) - _MOST_CHOICES} older ones"] if len(found) > _MOST_CHOICES else []
    stopped = [f"Only {search.stopped} could be looked through: {_NARROW}."] if search.stopped else []
    return "\n".join([f"{len(found)} recordings are called so; name one of them by its job:", *lines, *more, *stopped])


def _nothing(search: Search) -> str:
    looked = (
        f"looked through {search.stopped} only: {_NARROW}"
        if search.stopped
        else f"looked through the ledger and the uploads since {clock(search.since)}: `--since` goes further back"
    )
    return (
        f"No recording is called so ({looked}). Give a job's name, the version id that PutObject answered, a "
        "correlation id, a file's name or a whole key."
    )


def _received(found: Recording) -> int:
    return found.row.received if found.row else found.uploaded or 0


def states(which: Wanted) -> tuple[State, ...]:
    """The ledger's states in which such recordings are."""
    if which.state == WAITING:
        return ()
    return (State(which.state),) if which.state else OPEN if which.waiting_since else tuple(State)


def _uploaded(deployment: Deployment, upload: Upload) -> int | None:
    for each in of_key(deployment, upload.bucket, upload.key):
        if each["VersionId"] == upload.version and "Size" in each:
            return int(each["LastModified"].timestamp())
    return None


def fits(row: LedgerRow, which: Wanted) -> bool:
    """Whether a recording is one of those to list, as far as its state and times are concerned."""
    return (
        which.state in (None, seen(row))
        and which.profile in (None, row.profile)
        and (which.waiting_since is None or began(row) < which.waiting_since)
    )


def _no_retry(row: LedgerRow) -> str:
    if row.state in (State.ERASING, State.ERASED):
        return "It was erased: upload it again if it is wanted."
    if row.open:
        return "It is with Transcribe, and only what FAILED is retried: `explain` says why it waits."
    if row.reason == stopping.CANCELLED:
        return "It was cancelled before Transcribe was asked, and only what FAILED is retried: upload it again."
    if row.state is State.REJECTED:
        return f"It was refused before Transcribe was asked, and would be again. {row.remedy} Then upload it anew."
    return "It was delivered, and only what FAILED is retried: upload it again to have it transcribed anew."
