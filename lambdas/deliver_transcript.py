"""Takes signals from the completion queue, delivers the documents of ended jobs, and notifies subscribers.

A job can have any number of signals, in any order. The function trusts only GetMedicalTranscriptionJob.
"""

import json
import math
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError

from adapters import sqs_batch, transcribe_jobs, upload_versions
from adapters.clients import client
from adapters.document_store import DocumentStore
from adapters.ledger import LEASE_SECONDS, Ledger
from adapters.notifier import Notifier
from adapters.queues import CompletionQueue
from adapters.settings import read_settings
from adapters.telemetry import count, flush, log, measure
from adapters.transcribe_jobs import TranscribeJob
from stethoscript import aws_errors, failure_reasons, jobs, queue_messages, stopping
from stethoscript.aws_errors import ErrorKind
from stethoscript.durations import durations
from stethoscript.ledger_row import STUCK_AFTER_SECONDS, LedgerRow, State
from stethoscript.log_messages import DEFERRED, RETURNED
from stethoscript.queue_messages import Signal

VANISHED_SECONDS = 3600
"""A job that Transcribe does not have counts as vanished after this time, because answers can lag behind."""

SOON_SECONDS = 3
"""Delay of the second check. Short, because a job with a transcript ends soon, and occupies a slot until then."""

TAKE_SECONDS = 90
"""The most that one message takes: 30 s of work, and three calls that time out by PATIENCE."""

PATIENCE = {"attempts": 2, "seconds": 10}
"""The attempts and the timeout of each call, for every client."""


@dataclass(frozen=True)
class DeliverSettings:
    """The function's settings, from its environment."""

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
    """The settings, the clients and the clock."""

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
        """End the job's recording if the job has ended; else check again later.

        `deadline` is the end of this invocation, in seconds since 1970. With less than TAKE_SECONDS left, the signal
        is deferred.
        """
        if deadline - self.now() < TAKE_SECONDS:
            self._check_again(signal)
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
            self._process(row, signal)
        except Exception as error:
            fault = aws_errors.fault(error)
            if fault not in aws_errors.DEFERRABLE:
                log.error(RETURNED, job=signal.job, error=aws_errors.described(error))
                raise
            log.warning(DEFERRED, job=signal.job, error=aws_errors.described(error), fault=fault.name)
            count("ConfigurationError" if fault not in aws_errors.WITHOUT_ALARM else "Deferred")
            self._check_again(signal)

    def _process(self, row: LedgerRow, signal: Signal) -> None:
        if not row.open:
            self._clean_up(row)
            return
        job = transcribe_jobs.find(self.transcribe, row.job)
        failed = job is not None and job.status == "FAILED"
        running = job is not None and not job.ended
        age = self.now() - (row.started or self.now())
        if running or (job is None and age < VANISHED_SECONDS):
            if self.now() - (row.started or row.waiting_since) < STUCK_AFTER_SECONDS:
                self._check_again(signal)
            return
        if not failed and row.leased is None and not row.cancelled and self._is_deleted(row):
            self.ledger.stop(row, stopping.GONE, self.now())
        # Several signals of one job can come at once. The lease admits one of them, and the others check again.
        leased = self.ledger.lease(row, self.now(), LEASE_SECONDS)
        if leased is None:
            self._check_again(signal)
            return
        try:
            self._finish(leased, job, signal)
        except Exception:
            self.ledger.release(row)
            raise

    def _is_deleted(self, row: LedgerRow) -> bool:
        return upload_versions.is_deleted(self.s3, self.settings.account, row.upload)

    def _finish(self, row: LedgerRow, job: TranscribeJob | None, signal: Signal) -> None:
        """End a recording whose job has ended, or whose job Transcribe does not have."""
        completed = job.completed if job and job.completed is not None else int(self.now())
        if row.cancelled:
            remedy = stopping.remedy_after_start(str(row.reason))
            self._end(row, State.FAILED, signal, completed, reason=row.reason, remedy=remedy)
            return
        if job and job.status == "FAILED":
            reason, remedy = failure_reasons.reason(job.failure or "")
            self._end(row, State.FAILED, signal, completed, reason=reason, remedy=remedy, failure=job.failure)
            return
        if not job:  # its record was deleted or has expired, but its output may exist
            count("Vanished")
        try:
            delivered = self.delivery.deliver(row)
        except ClientError as error:
            if aws_errors.fault(error) is not ErrorKind.ABSENT:
                raise
            if job and self.now() - completed < VANISHED_SECONDS:
                self.ledger.release(row)
                self._check_again(signal)
                return
            self._end(
                row, State.FAILED, signal, completed,
                reason=failure_reasons.MISSING if job else failure_reasons.VANISHED,
                remedy="Transcribe has left no transcript: upload the recording again, or `retry` this job.",
            )  # fmt: skip
        else:
            state = State.FAILED if delivered.reason else State.DELIVERED
            self._end(row, state, signal, completed, **vars(delivered))

    def _end(self, row: LedgerRow, state: State, signal: Signal, completed: int, **more: Any) -> None:
        """Notify, write the row, then clean up. A crash in between repeats the notification with the same id."""
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
        self._clean_up(ended)
        log.info("ended", job=row.job, state=str(state), reason=ended.reason, signal=signal.source)

    def _clean_up(self, row: LedgerRow) -> None:
        """Delete the staged copy; the upload itself stays.

        If nothing is to be delivered, delete Transcribe's output too, however late it comes.
        """
        obsolete = [jobs.staged(row.job, row.media_format)] if row.media_format else []
        if row.state not in (State.DELIVERED, State.FAILED) or row.reason in stopping.REASONS:
            obsolete.append(jobs.raw(row.job))
        for key in obsolete:
            self.s3.delete_object(Bucket=self.settings.work_bucket, Key=key, ExpectedBucketOwner=self.settings.account)

    def _check_again(self, signal: Signal) -> None:
        soon = min(SOON_SECONDS, self.settings.retry_delay_seconds)
        delay = aws_errors.delay(signal.deferrals, soon, self.jitter())
        queue = CompletionQueue(self.sqs, self.settings.completion_queue_url)
        queue.send(replace(signal, deferrals=signal.deferrals + 1), delay=delay)


def _ignore(signal: Signal) -> None:
    count("Ignored")
    log.info("a signal for another deployment's job", signal=signal.source)


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
    """Lambda's entry point: process a batch of the completion queue, and return the messages that failed."""
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
