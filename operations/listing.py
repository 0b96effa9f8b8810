"""Pages of recordings: those of the ledger, and the uploads that no function has looked at yet."""

from dataclasses import dataclass

from operations import queues
from operations.deployment import Deployment
from operations.errors import AWS_ERRORS
from operations.ledger_admin import WAITING
from operations.recordings import Wanted, began, fits, states, wanted
from operations.waiting_uploads import MOST_VERSIONS, Say, Search, Waiting, recent
from stethoscript import aws_errors
from stethoscript.ledger_row import LedgerRow, State

MOST_LISTED = 20_000
"""Versions that a list without `--state waiting` looks through at most for uploads that wait."""


@dataclass(frozen=True)
class Listed:
    """A page of recordings: how many there are in all, and what was not looked through for them, if anything."""

    rows: list[LedgerRow]
    total: int
    first: int
    stopped: str | None = None

    @property
    def more(self) -> bool:
        """Whether there is a next page."""
        return self.first + len(self.rows) < self.total


def listed(deployment: Deployment, which: Wanted, page: int, most: int, say: Say = lambda _line: None) -> Listed:
    """A page of recordings: those touched last come first, those that wait longest where it is asked who waits."""
    waiting, stopped = _all_waiting(deployment, which, say)
    first = (page - 1) * most
    if _needs_rows(which):
        in_ledger = wanted(deployment, which, None)
        counted = len(in_ledger)
    else:
        in_ledger = wanted(deployment, which, first + most)
        counted = sum(deployment.ledger.count(state, which.since) for state in states(which))
    rows = sorted([*waiting, *in_ledger], key=began if which.waiting_since else lambda row: -row.updated)
    return Listed(rows[first : first + most], len(waiting) + counted, first, stopped)


def _all_waiting(deployment: Deployment, which: Wanted, say: Say) -> tuple[list[LedgerRow], str | None]:
    """Uploads without a row, as rows to list, where they are asked for and messages wait; and what was left out."""
    asked = which.state == WAITING
    if not asked and (which.state or not queues.depth(deployment, "intake").messages):
        return [], None
    search = Search(deployment, which.since or recent(), say, MOST_VERSIONS if asked else MOST_LISTED)
    profiles, rows = deployment.profiles(), list[LedgerRow]()
    try:
        rows += (_as_row(each, profiles) for each in search.uploads())
    except AWS_ERRORS as error:
        if asked:
            raise
        search.stopped = f"{len(rows):,}, because S3 did not list more ({aws_errors.described(error)}),"
    return [row for row in rows if fits(row, which)], search.stopped


def _as_row(waiting: Waiting, profiles: tuple[str, ...]) -> LedgerRow:
    """An upload without a row as one; attempt 0 marks it as not from the ledger."""
    upload = waiting.upload
    prefix = max((each for each in profiles if upload.key.startswith(each)), key=len, default="")
    return LedgerRow(
        recording=waiting.name, state=State.ANNOUNCED, bucket=upload.bucket, key=upload.key, version=upload.version,
        received=waiting.uploaded, updated=waiting.uploaded, job=waiting.name, attempt=0,
        profile=prefix.rstrip("/") or None,
    )  # fmt: skip


def _needs_rows(which: Wanted) -> bool:
    """Whether only the rows themselves say how many fit: the index counts states and times alone."""
    return bool(which.profile or which.waiting_since)
