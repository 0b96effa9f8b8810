"""On a schedule: finds what the signals missed. Ended or vanished jobs, claims nobody follows, lost uploads.

It starts and delivers nothing itself: it only puts messages into the two queues, and those who take
them are safe to repeat. So two runs at once do no harm.
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
from adapters.settings import read_settings
from adapters.telemetry import count, flush, log
from stethoscript import aws_errors, jobs, queue_messages
from stethoscript.ledger_row import DELAYED_AFTER_SECONDS, STUCK_AFTER_SECONDS, LedgerRow, State
from stethoscript.queue_messages import Signal, UploadMessage
from stethoscript.uploads import NO_VERSION, Upload, is_folder

Value = TypeVar("Value")

LOST_WITHIN_DAYS = 30
"""How far back the sweep looks: an event that got lost is found within days, and a row outlives this by far."""
RECENT_DAYS = 2
"""How far back most sweeps look: rows that were there an hour ago are not read again and again."""
WHOLE_SECONDS = 86400
"""Between sweeps that look back LOST_WITHIN_DAYS: S3 dates a multipart upload by its beginning, and rows get lost."""
LOOK_SECONDS = 60
"""How long a running job is left alone between two looks."""
BUSY_GRACE_SECONDS = 6 * 3600
"""The grace while messages wait in the intake queue: what nobody has worked at most likely waits there, too."""
MOST_ANNOUNCEMENTS = 10
"""After so many nobody will bring a recording further by repeating it: a person has to look."""
_RESERVE_SECONDS = 10
_VERSIONS = "list_object_versions"


@dataclass(frozen=True)
class ReconcileSettings:
    """What this function is deployed with."""

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
    """The settings, the far ends and the clock."""

    settings: ReconcileSettings
    ledger: Ledger
    s3: Any
    transcribe: Any
    sqs: Any
    now: Callable[[], float] = time.time

    def run(self, deadline: float) -> dict[str, int]:
        """Look at open rows, then, if a sweep is due, at some pages of the intake bucket; says how much was found."""
        before = self.now() - self._grace()
        looked = self.now() - min(LOOK_SECONDS, self.settings.grace_seconds)
        found = {"jobs": 0, "uploads": 0}
        for row in self._in_time(deadline, self.ledger.waiting(State.TRANSCRIBING, looked)):
            found["jobs"] += self._look_at_job(row)
        for state in (State.CLAIMED, State.ANNOUNCED):
            for row in self._in_time(deadline, self.ledger.waiting(state, before)):
                found["uploads"] += self._announce_again(row)
        for recording, upload in self._in_time(deadline, self._forgotten(deadline, before)):
            found["uploads"] += self._announce_forgotten(recording, upload)
        return found

    def _in_time(self, deadline: float, work: Iterator[Value]) -> Iterator[Value]:
        for piece in work:
            if self.now() > deadline - _RESERVE_SECONDS:
                log.info("out of time; the next run goes on")
                return
            yield piece

    def _grace(self) -> float:
        """Seconds after which what nobody has touched counts as forgotten."""
        asked = self.sqs.get_queue_attributes(
            QueueUrl=self.settings.intake_queue_url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        idle = int(asked["Attributes"]["ApproximateNumberOfMessages"]) == 0
        return self.settings.grace_seconds if idle else max(self.settings.grace_seconds, BUSY_GRACE_SECONDS)

    def _look_at_job(self, row: LedgerRow) -> int:
        """Signal a job that has ended, once in a while; every look moves the row to the end of the line."""
        if row.signalled and self.now() - row.signalled < self.settings.grace_seconds:
            return 0
        try:
            job = transcribe_jobs.find(self.transcribe, row.job)
        except ClientError as error:
            log.warning("could not look at a job", job=row.job, error=aws_errors.described(error))
            return 0
        ended = job is None or job["TranscriptionJobStatus"] in ("COMPLETED", "FAILED")
        if ended:
            self._signal(row.job)
            self._say_if_late(job)
        if self.now() - (row.started or row.waiting_since) > STUCK_AFTER_SECONDS:
            count("Stuck")
            log.error("neither ended nor delivered for more than a day", job=row.job)
        self.ledger.advance(row, row.state, self.now(), signalled=int(self.now()) if ended else row.signalled)
        return int(ended)

    def _announce_again(self, row: LedgerRow) -> int:
        """Bring back a recording that nobody follows; one that will not be helped by it is said to be stuck."""
        if self.now() - row.waiting_since > DELAYED_AFTER_SECONDS:
            count("Delayed")
        if row.announcements >= MOST_ANNOUNCEMENTS:
            count("Stuck")
            log.error("brought back in vain", job=row.job)
            return 0
        self._announce(row.upload)
        self.ledger.advance(row, row.state, self.now(), announcements=row.announcements + 1)
        return 1

    def _say_if_late(self, job: Mapping[str, Any] | None) -> None:
        """Count a job that has ended, and could not be delivered since."""
        completed = job and job.get("CompletionTime")
        if completed and self.now() - completed.timestamp() > DELAYED_AFTER_SECONDS:
            count("Delayed")

    def _forgotten(self, deadline: float, before: float) -> Iterator[tuple[str, Upload]]:
        """Uploads of some pages of the intake bucket that have no row; the next run goes on where this one ends."""
        for _ in self._in_time(deadline, iter(range(self.settings.sweep_pages))):
            sweep = self._sweep()
            if sweep is None:
                return
            page = next(
                pages(
                    self.s3, _VERSIONS, Bucket=self.settings.intake_bucket, ExpectedBucketOwner=self.settings.account,
                    **sweep.markers,
                )
            )  # fmt: skip
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
        """The sweep that is under way, or a new one if it is time for one."""
        last, now = self.ledger.sweep(), int(self.now())
        if last.markers:
            return last
        return replace(last, began=now) if now - last.began >= self.settings.sweep_seconds else None

    def _due(self, versions: Iterable[Mapping[str, Any]], after: float, before: float) -> Iterator[tuple[str, Upload]]:
        """Versions that are old enough to have a row, and not too old, by the names that their rows would have."""
        for version in versions:
            arrived = version["LastModified"].timestamp()
            upload = Upload(self.settings.intake_bucket, version["Key"], version["VersionId"])
            if after < arrived <= before and not is_folder(upload.key, version["Size"]):
                yield jobs.recording(self.settings.deployment, upload), upload

    def _announce_forgotten(self, recording: str, upload: Upload) -> int:
        if upload.version == NO_VERSION:
            count("Stuck")
            log.error("versioning was suspended, so this upload has no version id", job=recording)
            return 0
        if not self.ledger.announce(self._row(recording, upload)):
            return 0
        self._announce(upload)
        log.warning("nobody had heard of this upload", job=recording)
        return 1

    def _row(self, recording: str, upload: Upload) -> LedgerRow:
        now, days = int(self.now()), self.settings.row_days
        return LedgerRow(
            recording=recording, state=State.ANNOUNCED, bucket=upload.bucket, key=upload.key, version=upload.version,
            received=now, entered=now, updated=now, job=jobs.name(recording, 1), announcements=1,
            expires=now + days * 86400 if days else None,
        )  # fmt: skip

    def _announce(self, upload: Upload) -> None:
        self.sqs.send_message(
            QueueUrl=self.settings.intake_queue_url, MessageBody=queue_messages.upload_message(UploadMessage(upload))
        )

    def _signal(self, job: str) -> None:
        self.sqs.send_message(
            QueueUrl=self.settings.completion_queue_url,
            MessageBody=queue_messages.signal_message(Signal(job, "reconcile")),
        )


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
    """Lambda's entry: one run."""
    reconciler = _reconciler()
    try:
        found = reconciler.run(reconciler.now() + context.get_remaining_time_in_millis() / 1000)
    except Exception as error:  # noqa: BLE001 - its message may quote keys, and Lambda would log it
        raise RuntimeError(f"the run failed: {aws_errors.described(error)}") from None
    else:
        if brought := sum(found.values()):
            count("Recovered", brought)
        log.info("reconciled", jobs=found["jobs"], uploads=found["uploads"])
        return found
    finally:
        flush(reconciler.settings.deployment)
