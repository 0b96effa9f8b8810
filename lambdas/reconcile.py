"""On a schedule: finds what the signals missed. Ended or vanished jobs, claims nobody follows, lost uploads.

It starts and delivers nothing itself: it only puts messages into the two queues, and those who take
them are safe to repeat. So two runs at once do no harm.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

import environment
from clients import client
from ledger import Ledger
from stethoscript import events, faults, jobs
from stethoscript.events import Arrival, Signal
from stethoscript.faults import Fault
from stethoscript.rows import Row, State
from stethoscript.uploads import Upload, is_folder
from telemetry import count, flush, log

STUCK_SECONDS = 24 * 3600
_AT_ONCE = 200
"""Open rows looked at per state and run: well below Transcribe's 30 Gets a second over a run."""
_RESERVE_SECONDS = 10


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
        """Look at open rows, then at some pages of the intake bucket; says how much was brought back."""
        jobs_found = sum(self._look_at(row) for row in self._until(deadline, self._open_rows()))
        uploads_found = sum(self._sweep() for _ in self._until(deadline, range(self.settings.sweep_pages)))
        return {"jobs": jobs_found, "uploads": uploads_found}

    def _open_rows(self) -> Iterator[Row]:
        return self.ledger.waiting(self.now() - self.settings.grace_seconds, _AT_ONCE)

    def _until(self, deadline: float, work: Any) -> Iterator[Any]:
        for piece in work:
            if self.now() > deadline - _RESERVE_SECONDS:
                log.info("out of time; the next run goes on")
                return
            yield piece

    def _look_at(self, row: Row) -> int:
        if row.state is State.CLAIMED:
            self._announce(row.upload)
            return 1
        status = self._status(row.job)
        if status in ("COMPLETED", "FAILED", None):
            self._signal(row.job)
            return 1
        if self.now() - row.updated > STUCK_SECONDS:
            count("Stuck")
            log.error("in progress for more than a day", job=row.job)
        return 0

    def _status(self, job: str) -> str | None:
        try:
            found = self.transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=job)
        except ClientError as error:
            if faults.fault(error) is Fault.ABSENT:
                return None
            raise
        status: str = found["MedicalTranscriptionJob"]["TranscriptionJobStatus"]
        return status

    def _sweep(self) -> int:
        """One page of the bucket's object versions: whatever has no row was never heard of."""
        markers = self.ledger.cursor()
        page = self.s3.list_object_versions(
            Bucket=self.settings.intake_bucket, ExpectedBucketOwner=self.settings.account, **markers
        )
        found = 0
        for version in page.get("Versions", []):
            upload = Upload(self.settings.intake_bucket, version["Key"], version["VersionId"])
            if self._is_forgotten(upload, version):
                self._announce(upload)
                found += 1
        onward = {"KeyMarker": "NextKeyMarker", "VersionIdMarker": "NextVersionIdMarker"}
        self.ledger.move_cursor(
            {marker: page[following] for marker, following in onward.items() if page.get(following)}
            if page.get("IsTruncated")
            else {}
        )
        return found

    def _is_forgotten(self, upload: Upload, version: Mapping[str, Any]) -> bool:
        age = datetime.fromtimestamp(self.now(), UTC) - version["LastModified"]
        if age.total_seconds() < self.settings.grace_seconds or is_folder(upload.key, version["Size"]):
            return False
        return self.ledger.find(jobs.recording(self.settings.deployment, upload)) is None

    def _announce(self, upload: Upload) -> None:
        self.sqs.send_message(
            QueueUrl=self.settings.intake_queue_url, MessageBody=events.arrival_message(Arrival(upload))
        )

    def _signal(self, job: str) -> None:
        self.sqs.send_message(
            QueueUrl=self.settings.completion_queue_url,
            MessageBody=events.signal_message(Signal(job, "reconcile")),
        )


@cache
def _reconciler() -> Reconciler:
    settings = environment.read(ReconcileSettings, os.environ)
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
    except Exception as error:
        log.error("the run failed", error=faults.described(error))
        raise
    else:
        count("BroughtBack", sum(found.values()))
        log.info("reconciled", jobs=found["jobs"], uploads=found["uploads"])
        return found
    finally:
        flush(reconciler.settings.deployment)
