"""Takes uploads from the intake queue, and starts a Transcribe Medical job for each one or rejects it."""

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from adapters import sqs_batch
from adapters.clients import client
from adapters.job_slots import JobSlots, NoTime
from adapters.job_starts import Deferred, JobStarts, TakenMeanwhile
from adapters.ledger import Ledger
from adapters.notifier import Notifier
from adapters.preflight import Preflight
from adapters.queues import CompletionQueue, IntakeQueue
from adapters.rejecter import Rejecter, Uncertain
from adapters.settings import read_settings
from adapters.staging import Staging
from adapters.telemetry import count, flush, log
from adapters.upload_reader import UploadGone, UploadReader
from stethoscript import aws_errors, jobs, ledger_row, object_metadata, profiles, queue_messages
from stethoscript.aws_errors import ErrorKind
from stethoscript.ledger_row import DELAYED_AFTER_SECONDS, LedgerRow, State
from stethoscript.log_messages import DEFERRED, RETURNED
from stethoscript.profiles import Profile
from stethoscript.queue_messages import UploadMessage
from stethoscript.rejections import Rejected
from stethoscript.uploads import Upload, is_folder

COPY_SECONDS = 120
"""S3 copies 2 GB within this time. A recording is only begun if this much time is left."""


@dataclass(frozen=True)
class StartSettings:
    """The function's settings, from its environment."""

    deployment: str
    intake_bucket: str
    work_bucket: str
    transcripts_bucket: str
    account: str
    key_arn: str
    ledger_table: str
    intake_queue_url: str
    completion_queue_url: str
    completion_topic_arn: str
    profiles: str
    vocabularies: str
    concurrent_jobs: int
    retry_delay_seconds: int
    job_poll_seconds: int
    row_days: int


@dataclass(frozen=True)
class Starter:
    """The settings, the clients and the clock."""

    settings: StartSettings
    profiles: tuple[Profile, ...]
    vocabularies: Mapping[str, str]
    ledger: Ledger
    s3: Any
    copier: Any
    """A second client of S3, for copies only: it waits longer, and never repeats a call."""
    transcribe: Any
    sqs: Any
    notifier: Notifier
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def take(self, message: UploadMessage, deadline: float) -> None:
        """Start the upload's job or reject the upload; if neither is possible yet, defer its message.

        `deadline` is the end of this invocation, in seconds since 1970.
        """
        upload = message.upload
        recording_id = jobs.recording(self.settings.deployment, upload)
        if upload.bucket != self.settings.intake_bucket:
            count("Ignored")
            log.warning("a message names another bucket", job=recording_id)
            return
        try:
            self._process(recording_id, upload, deadline)
        except (NoTime, TakenMeanwhile, Uncertain):
            self._defer(recording_id, message, ErrorKind.BUSY, steady=True)
        except Deferred as deferred:
            log.warning(DEFERRED, job=recording_id, error=deferred.error, fault=deferred.fault.name)
            self._defer(recording_id, message, deferred.fault)
        except Exception as error:
            fault = aws_errors.fault(error)
            if fault not in aws_errors.DEFERRABLE:
                log.error(RETURNED, job=recording_id, error=aws_errors.described(error))
                raise
            log.warning(DEFERRED, job=recording_id, error=aws_errors.described(error), fault=fault.name)
            self._defer(recording_id, message, fault)

    def _process(self, recording_id: str, upload: Upload, deadline: float) -> None:
        if deadline - self.now() < COPY_SECONDS:
            raise NoTime
        known = self.ledger.find(recording_id)
        unclaimed = known is None or known.state is State.ANNOUNCED
        row = self._new_row(recording_id, upload) if known is None or unclaimed else known
        try:
            if unclaimed:
                head = self._reader.head(upload)
                if is_folder(upload.key, head["ContentLength"]):
                    return
                received = int(head["LastModified"].timestamp())
                row = replace(row, received=received, correlation_id=object_metadata.correlation_id(head["Metadata"]))
                row = self._preflight.with_metadata(row, head)
                if known and known.cancelled:
                    self._rejecter.end_stopped(replace(row, cancelled=known.cancelled, reason=known.reason))
                    return
                row = self._preflight.with_audio(row, head)
                if not self.ledger.claim(row):
                    raise TakenMeanwhile
            self._start(row, deadline)
        except UploadGone:
            self._rejecter.stop_deleted(row)
        except Rejected as refusal:
            self._rejecter.reject(row, refusal)

    def _new_row(self, recording_id: str, upload: Upload) -> LedgerRow:
        row = ledger_row.new(recording_id, State.CLAIMED, upload, self.now(), row_days=self.settings.row_days)
        return self._preflight.with_profile(row)

    def _start(self, row: LedgerRow, deadline: float) -> None:
        if row.state is State.CLAIMED and not row.cancelled:
            self._slots.await_free(deadline)
        current = self.ledger.find(row.recording)  # another invocation may have advanced it during the wait
        if current is None or current.job != row.job or current.state is not State.CLAIMED:
            log.info("already started", job=row.job)
            return
        if current.cancelled:
            self._rejecter.end_stopped(current)
            return
        if not self._staging.is_staged(row):
            self._staging.stage(row)
        self._job_starts.start(row, deadline)
        self.ledger.advance(row, State.TRANSCRIBING, self.now(), started=int(self.now()))
        self._completion_queue.watch(row.job)
        count("Started")
        log.info("transcribing", job=row.job, profile=row.profile)

    def _defer(self, recording_id: str, message: UploadMessage, fault: ErrorKind, *, steady: bool = False) -> None:
        """Send the message again with a delay, because SQS's receive count is for unexpected errors only."""
        self._mark_waiting(recording_id)
        seconds = aws_errors.delay(message.deferrals, self.settings.retry_delay_seconds, self.jitter(), steady=steady)
        # The last call that can fail: a later error would return the old message beside the new one.
        deferred = replace(message, deferrals=message.deferrals + 1)
        IntakeQueue(self.sqs, self.settings.intake_queue_url).send(deferred, delay=seconds)
        count("Deferred" if fault in aws_errors.WITHOUT_ALARM else "ConfigurationError")
        log.info(DEFERRED, job=recording_id, seconds=seconds, deferrals=deferred.deferrals)

    def _mark_waiting(self, recording_id: str) -> None:
        """Update the row of a claimed recording, so that the reconciler does not announce its upload again."""
        try:
            row = self.ledger.find(recording_id)
            if row and row.state is State.CLAIMED:
                if self.now() - row.waiting_since > DELAYED_AFTER_SECONDS:
                    count("Delayed")
                self.ledger.advance(row, State.CLAIMED, self.now(), announcements=0)
        except (BotoCoreError, ClientError) as error:  # then it is announced once more, which does no harm
            log.info("the ledger does not answer", error=aws_errors.described(error))

    @cached_property
    def _completion_queue(self) -> CompletionQueue:
        return CompletionQueue(self.sqs, self.settings.completion_queue_url, self.settings.job_poll_seconds)

    @cached_property
    def _rejecter(self) -> Rejecter:
        return Rejecter(self.ledger, self.transcribe, self._completion_queue, self.notifier, self.now)

    @cached_property
    def _reader(self) -> UploadReader:
        return UploadReader(self.s3, self.settings.account, self.settings.key_arn)

    @cached_property
    def _preflight(self) -> Preflight:
        return Preflight(self.profiles, self._reader)

    @cached_property
    def _staging(self) -> Staging:
        return Staging(self.s3, self.copier, self.settings.work_bucket, self.settings.account)

    @cached_property
    def _slots(self) -> JobSlots:
        given = self.settings
        return JobSlots(
            self.ledger, given.concurrent_jobs, given.retry_delay_seconds, COPY_SECONDS,
            self.now, self.sleep, self.jitter,
        )  # fmt: skip

    @cached_property
    def _job_starts(self) -> JobStarts:
        given = self.settings
        return JobStarts(
            given.deployment, given.account, jobs.JobLocations(given.work_bucket, given.key_arn),
            self.profiles, self.vocabularies, self.ledger, self._slots, self.s3, self.transcribe,
        )  # fmt: skip


@cache
def _starter() -> Starter:
    settings = read_settings(StartSettings, os.environ)
    return Starter(
        settings=settings,
        profiles=profiles.from_json(settings.profiles),
        vocabularies=json.loads(settings.vocabularies),
        ledger=Ledger(client("dynamodb"), settings.ledger_table),
        # Two attempts, because a resumed environment finds its connections closed. A start is safe to repeat,
        # because the job's name is unique.
        s3=client("s3", attempts=2),
        copier=client("s3", attempts=1, seconds=COPY_SECONDS - 10),  # S3 answers a copy when it is done
        transcribe=client("transcribe", attempts=2),
        sqs=client("sqs"),
        notifier=Notifier(settings.completion_topic_arn, settings.transcripts_bucket, client("sns"), client("events")),
    )


def handler(event: dict[str, Any], context: Any) -> Any:
    """Lambda's entry point: process a batch of the intake queue, and return the messages that failed."""
    starter = _starter()
    deadline = starter.now() + context.get_remaining_time_in_millis() / 1000

    def take(body: str) -> None:
        for message in queue_messages.upload_messages(body):
            starter.take(message, deadline)

    try:
        return sqs_batch.answer(event, take)
    finally:
        flush(starter.settings.deployment)
