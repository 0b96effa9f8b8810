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

from adapters import sqs_batch, transcribe_jobs, upload_versions
from adapters.clients import client
from adapters.document_store import DocumentStore
from adapters.ledger import Ledger
from adapters.notifier import Notifier
from adapters.settings import read_settings
from adapters.telemetry import count, flush, log, measure
from stethoscript import aws_errors, failure_reasons, jobs, queue_messages, stopping
from stethoscript.aws_errors import ErrorKind
from stethoscript.ledger_row import STUCK_AFTER_SECONDS, LedgerRow, State
from stethoscript.queue_messages import Signal

VANISHED_SECONDS = 3600
"""Only after so long is a job that Transcribe does not know taken for gone: answers may lag behind."""

SOON_SECONDS = 3
"""To the second look: a job whose transcript is there has all but ended, and until then its slot seems taken."""

MESSAGE_SECONDS = 14 * 86400
"""SQS keeps a message no longer, so an older upload was announced by something else than its own message."""

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
    retry_delay_seconds: int


@dataclass(frozen=True)
class Deliverer:
    """The settings, the far ends and the clock."""

    settings: DeliverSettings
    ledger: Ledger
    s3: Any
    transcribe: Any
    sqs: Any
    delivery: DocumentStore
    notifier: Notifier
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
        if recording is None:
            _ignore(signal)
            return
        try:
            row = self.ledger.find(recording)
            if row is None or row.job != signal.job:
                _ignore(signal)
                return
            self._bring_to_end(row, signal)
        except Exception as error:
            fault = aws_errors.fault(error)
            if fault not in aws_errors.DEFERRABLE:
                log.error("back to the queue", job=signal.job, error=aws_errors.described(error))
                raise
            log.warning("put off", job=signal.job, error=aws_errors.described(error), fault=fault.name)
            count("ConfigurationError" if fault not in aws_errors.WITHOUT_ALARM else "Deferred")
            self._look_again(signal)

    def _bring_to_end(self, row: LedgerRow, signal: Signal) -> None:
        if not row.open:
            self._tidy(row)
            return
        job = transcribe_jobs.find(self.transcribe, row.job) or {}
        status = job.get("TranscriptionJobStatus")
        age = self.now() - (row.started or self.now())
        if status not in ("COMPLETED", "FAILED") and (status or age < VANISHED_SECONDS):
            if self.now() - (row.started or row.waiting_since) < STUCK_AFTER_SECONDS:
                self._look_again(signal)
            return
        if status != "FAILED" and row.leased is None and not row.cancelled and self._is_deleted(row):
            self.ledger.stop(row, stopping.GONE, self.now())
        # Several signals of one end come at once: one is taken, the others look again.
        leased = self.ledger.lease(row, self.now(), LEASE_SECONDS)
        if leased is None:
            self._look_again(signal)
            return
        try:
            self._finish(leased, job, signal)
        except Exception:
            self.ledger.release(row)
            raise

    def _is_deleted(self, row: LedgerRow) -> bool:
        return upload_versions.is_deleted(self.s3, self.settings.account, row.upload)

    def _finish(self, row: LedgerRow, job: Mapping[str, Any], signal: Signal) -> None:
        if row.cancelled:
            remedy = stopping.remedy_once_begun(str(row.reason))
            self._end(row, State.FAILED, signal, _ended(job, self.now()), reason=row.reason, remedy=remedy)
            return
        if job.get("TranscriptionJobStatus") == "FAILED":
            reason, remedy = failure_reasons.reason(job.get("FailureReason", ""))
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
            if aws_errors.fault(error) is not ErrorKind.ABSENT:
                raise
            if job and self.now() - _ended(job, self.now()) < VANISHED_SECONDS:
                self.ledger.release(row)
                self._look_again(signal)
                return
            self._end(
                row, State.FAILED, signal, _ended(job, self.now()),
                reason=failure_reasons.MISSING if job else failure_reasons.VANISHED,
                remedy="Transcribe has left no transcript: upload the recording again, or `retry` this job.",
            )  # fmt: skip
        else:
            state = State.FAILED if delivered.reason else State.DELIVERED
            self._end(row, state, signal, _ended(job, self.now()), **vars(delivered))

    def _end(self, row: LedgerRow, state: State, signal: Signal, completed: int, **more: Any) -> None:
        """Tell, note down, tidy up, in this order: a crash in between repeats, with the same id."""
        changes = {"completed": completed, "signal": signal.source, **more}
        ended = replace(row, state=state, updated=int(self.now()), **changes)
        self.notifier.notify(ended)
        stopped = ended.reason in stopping.REASONS
        if self.ledger.advance(row, state, self.now(), **changes):
            count("Stopped" if stopped else state.capitalize(), reason=ended.reason)
            for what, seconds in () if stopped else durations(ended):
                measure(what, seconds)
            if ended.seconds is not None:
                measure("AudioMinutes", ended.seconds / 60, MetricUnit.NoUnit)
        self._tidy(ended)
        log.info("ended", job=row.job, state=str(state), reason=ended.reason, signal=signal.source)

    def _tidy(self, row: LedgerRow) -> None:
        """The frozen copy has served; the original stays where it was uploaded.

        Of a recording that is not to be delivered, Transcribe's output is removed too, however late it comes.
        """
        unwanted = [jobs.staged(row.job, row.media_format)] if row.media_format else []
        if row.state not in (State.DELIVERED, State.FAILED) or row.reason in stopping.REASONS:
            unwanted.append(jobs.raw(row.job))
        for key in unwanted:
            self.s3.delete_object(Bucket=self.settings.work_bucket, Key=key, ExpectedBucketOwner=self.settings.account)

    def _look_again(self, signal: Signal) -> None:
        soon = min(SOON_SECONDS, self.settings.retry_delay_seconds)
        self.sqs.send_message(
            QueueUrl=self.settings.completion_queue_url,
            MessageBody=queue_messages.signal_message(replace(signal, deferrals=signal.deferrals + 1)),
            DelaySeconds=aws_errors.delay(signal.deferrals, soon, self.jitter()),
        )


def _ignore(signal: Signal) -> None:
    count("Ignored")
    log.info("a signal for no job of ours", signal=signal.source)


def durations(ended: LedgerRow) -> Iterator[tuple[str, int]]:
    """How long an ended recording was in each state, and in all.

    A retry has no waiting time and no turnaround: nobody keeps when it was asked for.
    """
    completed = ended.completed or ended.updated
    since = _since(ended)
    if ended.started and ended.attempt == 1:  # its end may have come before its start was written down
        yield "WaitingSeconds", max(0, ended.started - since)
    if ended.started:
        yield "TranscribingSeconds", max(0, completed - ended.started)  # two services' clocks
    yield "DeliveringSeconds", max(0, ended.updated - completed)
    if ended.attempt == 1:
        yield "TurnaroundSeconds", ended.updated - since


def _since(ended: LedgerRow) -> int:
    """The upload's time; of an upload older than any message about it can be, the time when its row was made.

    Such an upload was announced later, by a backfill or the reconciler, and would spoil the percentiles of all others.
    """
    late = ended.waiting_since - ended.received > MESSAGE_SECONDS
    return ended.waiting_since if late else ended.received


def _ended(job: Mapping[str, Any], now: float) -> int:
    at = job.get("CompletionTime")
    return int(at.timestamp()) if at else int(now)


@cache
def _deliverer() -> Deliverer:
    settings = read_settings(DeliverSettings, os.environ)
    s3, transcripts = client("s3", **PATIENCE), settings.transcripts_bucket
    documents = json.loads(settings.documents)
    return Deliverer(
        settings=settings,
        ledger=Ledger(client("dynamodb", **PATIENCE), settings.ledger_table),
        s3=s3,
        transcribe=client("transcribe", **PATIENCE),
        sqs=client("sqs", **PATIENCE),
        delivery=DocumentStore(s3, settings.account, settings.work_bucket, transcripts, settings.layout, documents),
        notifier=Notifier(
            settings.completion_topic_arn, transcripts, client("sns", **PATIENCE), client("events", **PATIENCE)
        ),
    )


def handler(event: dict[str, Any], context: Any) -> Any:
    """Lambda's entry: a batch of the completion queue, answered per message."""
    deliverer = _deliverer()
    deadline = deliverer.now() + context.get_remaining_time_in_millis() / 1000

    def take(body: str) -> None:
        signal = queue_messages.signal(body)
        if signal:
            deliverer.take(signal, deadline)

    try:
        return sqs_batch.answer(event, take)
    finally:
        flush(deliverer.settings.deployment)
