"""Runs on a schedule, and recovers what the signals missed: ended or vanished jobs, stalled claims, lost uploads.

The function only sends messages to the two queues, and the other functions process a repeated message safely. So two
runs at the same time do no harm.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from adapters import transcribe_jobs
from adapters.aws_pages import onward, pages
from adapters.clients import client
from adapters.ledger import Ledger, Sweep
from adapters.queues import CompletionQueue, IntakeQueue
from adapters.settings import read_settings
from adapters.telemetry import count, flush, log
from adapters.transcribe_jobs import TranscribeJob
from stethoscript import aws_errors, jobs, ledger_row
from stethoscript.ledger_row import (
    DELAYED_AFTER_SECONDS,
    MOST_ANNOUNCEMENTS,
    STUCK_AFTER_SECONDS,
    LedgerRow,
    State,
)
from stethoscript.queue_messages import Signal, UploadMessage
from stethoscript.uploads import NO_VERSION, Upload, is_folder

Value = TypeVar("Value")

LOST_WITHIN_DAYS = 30
"""How old an upload a whole sweep checks. A sweep finds a lost event within days, and a row is kept far longer."""
RECENT_DAYS = 2
"""How old an upload most sweeps check, so that they do not read the rows of older uploads every hour."""
WHOLE_SECONDS = 86400
"""Between sweeps over LOST_WITHIN_DAYS. They find multipart uploads, which S3 dates by their beginning, and lost
rows."""
JOB_CHECK_SECONDS = 60
"""The least time between two checks of a running job."""
BUSY_GRACE_SECONDS = 6 * 3600
"""The grace period while messages wait in the intake queue, because a stalled upload most likely waits there too."""
_RESERVE_SECONDS = 10
"""A run stops this long before its timeout."""
_VERSIONS = "list_object_versions"


@dataclass(frozen=True)
class ReconcileSettings:
    """The function's settings, from its environment."""

    deployment: str
    intake_bucket: str
    account: str
    ledger_table: str
    intake_queue_url: str
    completion_queue_url: str
    grace_seconds: int
    sweep_pages: int
    sweep_seconds: int
    row_days: int


@dataclass(frozen=True)
class Reconciler:
    """The settings, the clients and the clock."""

    settings: ReconcileSettings
    ledger: Ledger
    s3: Any
    transcribe: Any
    sqs: Any
    now: Callable[[], float] = time.time

    def run(self, deadline: float) -> dict[str, int]:
        """Check open rows, then some pages of the intake bucket if a sweep is due; the numbers of recovered items."""
        before = self.now() - self._grace()
        checked = self.now() - min(JOB_CHECK_SECONDS, self.settings.grace_seconds)
        found = {"jobs": 0, "uploads": 0}
        for row in self._in_time(deadline, self.ledger.waiting(State.TRANSCRIBING, checked)):
            found["jobs"] += self._check_job(row)
        for state in (State.CLAIMED, State.ANNOUNCED):
            for row in self._in_time(deadline, self.ledger.waiting(state, before)):
                found["uploads"] += self._announce_again(row)
        for recording, upload in self._in_time(deadline, self._lost_uploads(deadline, before)):
            found["uploads"] += self._announce_lost(recording, upload)
        return found

    def _in_time(self, deadline: float, items: Iterator[Value]) -> Iterator[Value]:
        for item in items:
            if self.now() > deadline - _RESERVE_SECONDS:
                log.info("out of time; the next run continues")
                return
            yield item

    def _grace(self) -> float:
        """The seconds without an update after which a recording counts as stalled."""
        queue = self.sqs.get_queue_attributes(
            QueueUrl=self.settings.intake_queue_url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        idle = int(queue["Attributes"]["ApproximateNumberOfMessages"]) == 0
        return self.settings.grace_seconds if idle else max(self.settings.grace_seconds, BUSY_GRACE_SECONDS)

    def _check_job(self, row: LedgerRow) -> int:
        """Signal an ended job, at most once per grace period; each check updates the row, so that others come first."""
        if row.signalled and self.now() - row.signalled < self.settings.grace_seconds:
            return 0
        try:
            job = transcribe_jobs.find(self.transcribe, row.job)
        except ClientError as error:
            log.warning("a job could not be checked", job=row.job, error=aws_errors.described(error))
            return 0
        ended = job is None or job.ended
        if ended:
            self._signal(row.job)
            self._count_if_late(job)
        if self.now() - (row.started or row.waiting_since) > STUCK_AFTER_SECONDS:
            count("Stuck")
            log.error("neither ended nor delivered for more than a day", job=row.job)
        self.ledger.advance(row, row.state, self.now(), signalled=int(self.now()) if ended else row.signalled)
        return int(ended)

    def _announce_again(self, row: LedgerRow) -> int:
        """Announce a stalled recording again; count it as stuck after MOST_ANNOUNCEMENTS."""
        if self.now() - row.waiting_since > DELAYED_AFTER_SECONDS:
            count("Delayed")
        if row.announcements >= MOST_ANNOUNCEMENTS:
            count("Stuck")
            log.error("announced too often", job=row.job)
            return 0
        self._announce(row.upload)
        self.ledger.advance(row, row.state, self.now(), announcements=row.announcements + 1)
        return 1

    def _count_if_late(self, job: TranscribeJob | None) -> None:
        """Count a job whose transcript was not delivered in time."""
        if job and job.completed is not None and self.now() - job.completed > DELAYED_AFTER_SECONDS:
            count("Delayed")

    def _lost_uploads(self, deadline: float, before: float) -> Iterator[tuple[str, Upload]]:
        """Uploads without a row on some pages of the intake bucket; the next run continues after the last page."""
        for _ in self._in_time(deadline, iter(range(self.settings.sweep_pages))):
            sweep = self._sweep()
            if sweep is None:
                return
            owned = {"Bucket": self.settings.intake_bucket, "ExpectedBucketOwner": self.settings.account}
            page = next(pages(self.s3, _VERSIONS, **owned, **sweep.markers))
            whole = sweep.began - sweep.whole >= WHOLE_SECONDS
            after = self.now() - (LOST_WITHIN_DAYS if whole else RECENT_DAYS) * 86400
            uploads = dict(self._due(page.get("Versions", []), after, before))
            known = self.ledger.known(list(uploads))
            yield from ((recording, upload) for recording, upload in uploads.items() if recording not in known)
            markers = onward(_VERSIONS, page)
            self.ledger.note_sweep(Sweep(markers, sweep.began, sweep.whole if markers or not whole else sweep.began))
            if not markers:
                return

    def _sweep(self) -> Sweep | None:
        """The present sweep, or a new one if it is due."""
        last, now = self.ledger.sweep(), int(self.now())
        if last.markers:
            return last
        return replace(last, began=now) if now - last.began >= self.settings.sweep_seconds else None

    def _due(self, versions: Iterable[Mapping[str, Any]], after: float, before: float) -> Iterator[tuple[str, Upload]]:
        """Versions that arrived between the two times and should have a row, each with its recording's name."""
        for version in versions:
            arrived = version["LastModified"].timestamp()
            upload = Upload(self.settings.intake_bucket, version["Key"], version["VersionId"])
            if after < arrived <= before and not is_folder(upload.key, version["Size"]):
                yield jobs.recording(self.settings.deployment, upload), upload

    def _announce_lost(self, recording: str, upload: Upload) -> int:
        if upload.version == NO_VERSION:
            count("Stuck")
            log.error("versioning was suspended, so this upload has no version id", job=recording)
            return 0
        row = ledger_row.new(recording, State.ANNOUNCED, upload, self.now(), row_days=self.settings.row_days)
        if not self.ledger.announce(replace(row, announcements=1)):
            return 0
        self._announce(upload)
        log.warning("an upload without a row", job=recording)
        return 1

    def _announce(self, upload: Upload) -> None:
        IntakeQueue(self.sqs, self.settings.intake_queue_url).send(UploadMessage(upload))

    def _signal(self, job: str) -> None:
        CompletionQueue(self.sqs, self.settings.completion_queue_url).send(Signal(job, "reconcile"))


@cache
def _reconciler() -> Reconciler:
    settings = read_settings(ReconcileSettings, os.environ)
    return Reconciler(
        settings=settings,
        ledger=Ledger(client("dynamodb"), settings.ledger_table),
        s3=client("s3"),
        transcribe=client("transcribe"),
        sqs=client("sqs"),
    )


def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    """Lambda's entry point: one run; the numbers of recovered jobs and uploads."""
    reconciler = _reconciler()
    try:
        found = reconciler.run(reconciler.now() + context.get_remaining_time_in_millis() / 1000)
    except Exception as error:  # noqa: BLE001 - Lambda would log its message, which may quote keys
        raise RuntimeError(f"the run failed: {aws_errors.described(error)}") from None
    else:
        if recovered := sum(found.values()):
            count("Recovered", recovered)
        log.info("reconciled", jobs=found["jobs"], uploads=found["uploads"])
        return found
    finally:
        flush(reconciler.settings.deployment)
