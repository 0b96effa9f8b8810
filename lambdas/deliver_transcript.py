"""From the completion queue: turns what Transcribe has written into documents, and tells whoever subscribed.

Any number of signals in any order may speak of a job; only GetMedicalTranscriptionJob is believed.
"""

import json
import math
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError

import batch
import environment
from clients import client
from delivery import Delivery
from herald import Herald
from ledger import Ledger
from stethoscript import events, failures, faults, jobs
from stethoscript.events import Signal
from stethoscript.faults import Fault
from stethoscript.rows import STUCK_SECONDS, Row, State
from telemetry import count, flush, log, measure

VANISHED_SECONDS = 3600
"""Only after so long is a job that Transcribe does not know taken for gone: answers may lag behind."""

SOON_SECONDS = 3
"""To the second look: a job whose transcript is there has all but ended, and until then its slot seems taken."""

LEASE_SECONDS = 150
"""How long a delivery is one invocation's alone: a little longer than the function may run."""


TAKE_SECONDS = 90
"""What a message may take: half a minute of work, and three calls that get no answer at PATIENCE."""

PATIENCE = {"attempts": 2, "seconds": 10}
"""Of every client, for each call."""


@dataclass(frozen=True)
class DeliverSettings:
    """What this function is deployed with."""

    deployment: str
    work_bucket: str
    transcripts_bucket: str
    account: str
    ledger_table: str
    completion_queue_url: str
    completion_topic_arn: str
    documents: str
    layout: str
    patience_seconds: int


@dataclass(frozen=True)
class Deliverer:
    """The settings, the far ends and the clock."""

    settings: DeliverSettings
    ledger: Ledger
    s3: Any
    transcribe: Any
    sqs: Any
    delivery: Delivery
    herald: Herald
    now: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random

    def take(self, signal: Signal, deadline: float = math.inf) -> None:
        """Bring the job's recording to its terminal state, if the job has ended; else look again later.

        A signal is not begun when too little time is left until the deadline.
        """
        if deadline - self.now() < TAKE_SECONDS:
            self._look_again(signal)
            return
        recording = jobs.recording_of(self.settings.deployment, signal.job)
        row = self.ledger.find(recording) if recording else None
        if row is None or row.job != signal.job:
            count("Ignored")
            log.info("a signal for no job of ours", signal=signal.source)
            return
        try:
            self._bring_to_end(row, signal)
        except Exception as error:
            fault = faults.fault(error)
            if fault not in faults.PUT_OFF:
                log.error("back to the queue", job=row.job, error=faults.described(error))
                raise
            log.warning("put off", job=row.job, error=faults.described(error), fault=fault.name)
            count("ConfigurationFault" if fault is Fault.CONFIGURATION else "PutOff")
            self._look_again(signal)

    def _bring_to_end(self, row: Row, signal: Signal) -> None:
        if not row.open:
            self._tidy(row)
            return
        job = self._job(row)
        status = job.get("TranscriptionJobStatus")
        age = self.now() - (row.started or self.now())
        if status not in ("COMPLETED", "FAILED") and (status or age < VANISHED_SECONDS):
            if self.now() - (row.started or row.waiting_since) < STUCK_SECONDS:
                self._look_again(signal)
            return
        # Several signals of one end come at once: one is taken, the others look again.
        if not self.ledger.lease(row, self.now(), LEASE_SECONDS):
            self._look_again(signal)
            return
        try:
            self._finish(row, job, signal)
        except Exception:
            self.ledger.release(row)
            raise

    def _finish(self, row: Row, job: Mapping[str, Any], signal: Signal) -> None:
        if job.get("TranscriptionJobStatus") == "FAILED":
            reason, remedy = failures.reason(job.get("FailureReason", ""))
            self._end(
                row, State.FAILED, signal, _ended(job, self.now()),
                reason=reason, remedy=remedy, failure=job.get("FailureReason"),
            )  # fmt: skip
            return
        if not job:  # somebody deleted its record, or it aged out; what it wrote is ours all the same
            count("Vanished")
        try:
            delivered = self.delivery.deliver(row)
        except ClientError as error:
            if faults.fault(error) is not Fault.ABSENT:
                raise
            if job and self.now() - _ended(job, self.now()) < VANISHED_SECONDS:
                self.ledger.release(row)
                self._look_again(signal)
                return
            self._end(
                row, State.FAILED, signal, _ended(job, self.now()),
                reason=failures.MISSING if job else failures.VANISHED,
                remedy="Transcribe has left no transcript; have your operator retry the recording.",
            )  # fmt: skip
        else:
            state = State.FAILED if delivered.reason else State.DELIVERED
            self._end(row, state, signal, _ended(job, self.now()), **vars(delivered))

    def _job(self, row: Row) -> Mapping[str, Any]:
        """What Transcribe says of the job; nothing if it does not know it (any more)."""
        try:
            found = self.transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=row.job)
        except ClientError as error:
            if faults.fault(error) is Fault.ABSENT:
                return {}
            raise
        job: Mapping[str, Any] = found["MedicalTranscriptionJob"]
        return job

    def _end(self, row: Row, state: State, signal: Signal, completed: int, **more: Any) -> None:
        """Tell, note down, tidy up, in this order: a crash in between repeats, with the same id."""
        changes = {"completed": completed, "signal": signal.source, **more}
        ended = replace(row, state=state, updated=int(self.now()), **changes)
        self.herald.tell(ended)
        if self.ledger.advance(row, state, self.now(), **changes):
            count(state.capitalize(), reason=ended.reason)
            for what, seconds in _times(ended):
                measure(what, seconds)
            if ended.seconds is not None:
                measure("AudioMinutes", ended.seconds / 60, MetricUnit.NoUnit)
        self._tidy(ended)
        log.info("ended", job=row.job, state=str(state), reason=ended.reason, signal=signal.source)

    def _tidy(self, row: Row) -> None:
        """The frozen copy has served; the original stays where it was uploaded."""
        if row.media_format:
            self.s3.delete_object(
                Bucket=self.settings.work_bucket,
                Key=jobs.staged(row.job, row.media_format),
                ExpectedBucketOwner=self.settings.account,
            )

    def _look_again(self, signal: Signal) -> None:
        soon = min(SOON_SECONDS, self.settings.patience_seconds)
        self.sqs.send_message(
            QueueUrl=self.settings.completion_queue_url,
            MessageBody=events.signal_message(replace(signal, deferrals=signal.deferrals + 1)),
            DelaySeconds=faults.delay(signal.deferrals, soon, self.jitter()),
        )


def _times(ended: Row) -> Iterator[tuple[str, int]]:
    """How long an ended recording was in each state, and in all."""
    completed = ended.completed or ended.updated
    if ended.started:  # its end may have come before its start was noted down
        yield "WaitingSeconds", ended.started - ended.received
        yield "TranscribingSeconds", max(0, completed - ended.started)  # two services' clocks
    yield "DeliveringSeconds", max(0, ended.updated - completed)
    yield "TurnaroundSeconds", ended.updated - ended.received


def _ended(job: Mapping[str, Any], now: float) -> int:
    at = job.get("CompletionTime")
    return int(at.timestamp()) if at else int(now)


@cache
def _deliverer() -> Deliverer:
    settings = environment.read(DeliverSettings, os.environ)
    s3, transcripts = client("s3", **PATIENCE), settings.transcripts_bucket
    documents = json.loads(settings.documents)
    return Deliverer(
        settings=settings,
        ledger=Ledger(client("dynamodb", **PATIENCE), settings.ledger_table),
        s3=s3,
        transcribe=client("transcribe", **PATIENCE),
        sqs=client("sqs", **PATIENCE),
        delivery=Delivery(s3, settings.account, settings.work_bucket, transcripts, settings.layout, documents),
        herald=Herald(
            settings.completion_topic_arn, transcripts, client("sns", **PATIENCE), client("events", **PATIENCE)
        ),
    )


def handler(event: dict[str, Any], context: Any) -> Any:
    """Lambda's entry: a batch of the completion queue, answered per message."""
    deliverer = _deliverer()
    deadline = deliverer.now() + context.get_remaining_time_in_millis() / 1000

    def take(body: str) -> None:
        signal = events.signal(body)
        if signal:
            deliverer.take(signal, deadline)

    try:
        return batch.answer(event, take)
    finally:
        flush(deliverer.settings.deployment)
