"""From the intake queue: freezes each uploaded recording and has Transcribe Medical start on it."""

import json
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from adapters import audio_probe, sqs_batch, transcribe_jobs, upload_versions
from adapters.aws_pages import pages
from adapters.clients import client
from adapters.ledger import Ledger
from adapters.notifier import Notifier
from adapters.s3_range_file import S3RangeFile, read_range
from adapters.settings import read_settings
from adapters.telemetry import count, flush, log, measure
from stethoscript import (
    audio_info,
    aws_errors,
    jobs,
    object_metadata,
    profiles,
    queue_messages,
    start_refusals,
    stopping,
    upload_storage,
)
from stethoscript.aws_errors import ErrorKind
from stethoscript.ledger_row import DELAYED_AFTER_SECONDS, STUCK_AFTER_SECONDS, LedgerRow, State, audio_fields
from stethoscript.profiles import SETTINGS, JobSettings, Profile
from stethoscript.queue_messages import Signal, UploadMessage
from stethoscript.rejections import Rejected
from stethoscript.uploads import Upload, is_folder

COPY_SECONDS = 120
"""Long enough for S3 to copy 2 GB; a record is begun only if this much time is left."""

IN_HAND_SECONDS = 2
"""Between two looks for a free slot with the message in hand: a slot that lies idle is time lost."""

UNCERTAIN_SECONDS = 600
"""So long after a start was asked for, Transcribe knows the job if there is one: our call has ended after 180 s."""

LEASE_SECONDS = 150
"""How long the end of a stopped recording is one invocation's alone: longer than its calls may take."""

STOPPED_SECONDS = 200
"""Until the deliver function removes the frozen copy of a stopped recording: one that was being made is made by then,
since this function runs for at most 180 s."""

ENDED_SHARE = 5
"""Rows say TRANSCRIBING until their transcript is delivered: when much goes wrong, up to one in so many has ended."""


@dataclass(frozen=True)
class StartSettings:
    """What this function is deployed with."""

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


class NoTime(Exception):
    """No slot came free, or too little time is left to begin: the recording is put off, not failed."""


class TakenMeanwhile(Exception):
    """Somebody else claimed the recording between our looking and our claiming; a second look finds their row."""


class Gone(Exception):
    """The upload was deleted."""


class Uncertain(Exception):
    """The recording is stopped, and whether Transcribe has begun does not show yet: it is put off."""


class Deferred(Exception):
    """Transcribe refuses to start the job, and the recording waits: as this fault, because of this error."""

    def __init__(self, fault: ErrorKind, error: str) -> None:
        super().__init__(error)
        self.fault = fault
        self.error = error


class NameTaken(Exception):
    """A job of our name transcribes other media; somebody has to look."""


@dataclass(frozen=True)
class Starter:
    """The settings, the far ends and the clock."""

    settings: StartSettings
    profiles: tuple[Profile, ...]
    vocabularies: Mapping[str, str]
    ledger: Ledger
    s3: Any
    copier: Any
    """S3 again, for copies alone: a copy takes long, and is not begun a second time while the first may go on."""
    transcribe: Any
    sqs: Any
    notifier: Notifier
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def take(self, arrival: UploadMessage, deadline: float) -> None:
        """Bring an upload to a running job or a rejection; else put it back into the queue with a delay."""
        upload = arrival.upload
        recording = jobs.recording(self.settings.deployment, upload)
        if upload.bucket != self.settings.intake_bucket:
            count("Ignored")
            log.warning("a message names another bucket", job=recording)
            return
        try:
            self._settle(recording, upload, deadline)
        except (NoTime, TakenMeanwhile, Uncertain):
            self._put_off(recording, arrival, ErrorKind.BUSY, steady=True)
        except Deferred as deferred:
            log.warning("put off", job=recording, error=deferred.error, fault=deferred.fault.name)
            self._put_off(recording, arrival, deferred.fault)
        except Exception as error:
            fault = aws_errors.fault(error)
            if fault not in aws_errors.DEFERRABLE:
                log.error("back to the queue", job=recording, error=aws_errors.described(error))
                raise
            log.warning("put off", job=recording, error=aws_errors.described(error), fault=fault.name)
            self._put_off(recording, arrival, fault)

    def _settle(self, recording: str, upload: Upload, deadline: float) -> None:
        if deadline - self.now() < COPY_SECONDS:
            raise NoTime
        known = self.ledger.find(recording)
        fresh = known is None or known.state is State.ANNOUNCED
        row = self._row(recording, upload) if known is None or fresh else known
        try:
            if fresh:
                head = self._head(upload)
                if is_folder(upload.key, head["ContentLength"]):
                    return
                received = int(head["LastModified"].timestamp())
                row = replace(row, received=received, correlation_id=object_metadata.correlation_id(head["Metadata"]))
                row = self._asking(row, head)
                if known and known.cancelled:
                    self._end_stopped(replace(row, cancelled=known.cancelled, reason=known.reason))
                    return
                row = self._checked(row, head)
                if not self.ledger.claim(row):
                    raise TakenMeanwhile
            self._start(row, deadline)
        except Gone:
            self._stop_deleted(row)
        except Rejected as refusal:
            self._reject(row, refusal)

    def _start(self, row: LedgerRow, deadline: float) -> None:
        if row.state is State.CLAIMED and not row.cancelled:
            self._await_slot(deadline)
        standing = self.ledger.find(row.recording)  # somebody may have been quicker while we waited
        if standing is None or standing.job != row.job or standing.state is not State.CLAIMED:
            log.info("already on its way", job=row.job)
            return
        if standing.cancelled:
            self._end_stopped(standing)
            return
        if not self._is_frozen(row):
            self._freeze(row)
        self._begin(row, deadline)
        self.ledger.advance(row, State.TRANSCRIBING, self.now(), started=int(self.now()))
        self._watch(row)
        count("Started")
        log.info("transcribing", job=row.job, profile=row.profile)

    def _asking(self, row: LedgerRow, head: Mapping[str, Any]) -> LedgerRow:
        """The row with the recipe as its metadata has it: a refusal that comes later names it too.

        Raises:
            Rejected: it lies under no profile, or its metadata asks for the impossible.
        """
        profile = profiles.match(self.profiles, row.key)
        if profile is None:
            raise profiles.unmatched(self.profiles)
        job_settings = object_metadata.overridden(profile, head["Metadata"])
        return replace(row, job_settings=_plain(job_settings), warning=object_metadata.warning(head["Metadata"]))

    def _checked(self, row: LedgerRow, head: Mapping[str, Any]) -> LedgerRow:
        """The row to claim, with all that the job needs.

        Raises:
            Rejected: Transcribe would refuse it.
        """
        audio_info.check_size(head["ContentLength"])
        upload_storage.check_class(head)
        recording = S3RangeFile(head["ContentLength"], partial(self._header, row.upload, head))
        media_format, info = audio_probe.probe(recording, row.key)
        object_metadata.check_media_format(head["Metadata"], media_format)
        audio_info.check_sound(info, each_channel=row.settings.channel_identification)
        return replace(row, media_format=media_format, **audio_fields(info))

    def _row(self, recording: str, upload: Upload) -> LedgerRow:
        now = int(self.now())
        days = self.settings.row_days
        profile = profiles.match(self.profiles, upload.key)
        return LedgerRow(
            recording=recording,
            state=State.CLAIMED,
            bucket=upload.bucket,
            key=upload.key,
            version=upload.version,
            received=now,
            entered=now,
            updated=now,
            job=jobs.name(recording, 1),
            profile=profile.name if profile else None,
            job_settings=_plain(profile.job_settings) if profile else {},
            expires=now + days * 86400 if days else None,
        )

    def _head(self, upload: Upload) -> Mapping[str, Any]:
        try:
            with _present():
                head: Mapping[str, Any] = self.s3.head_object(**self._source(upload))
        except ClientError as error:
            if error.response["Error"]["Code"] == "400":  # an answer to HEAD has no body: GET says what is wrong
                self._header(upload, {}, 0, 1)
            raise
        return head

    def _header(self, upload: Upload, head: Mapping[str, Any], begin: int, end: int) -> bytes:
        """The upload's bytes from one offset up to another.

        Raises:
            Rejected: S3 will not let us read this upload, whatever our rights.
            WrongRange: the answer is of other bytes, which says nothing of the upload.
        """
        try:
            with _present():
                content = read_range(self.s3, self._source(upload), begin, end, head.get("ContentLength"))
        except ClientError as error:
            refusal = upload_storage.foreign_key(head, self.settings.key_arn)
            if refusal is None or aws_errors.fault(error) is not ErrorKind.CONFIGURATION:
                raise
            raise refusal from error
        return content

    def _source(self, upload: Upload) -> dict[str, str]:
        return {
            "Bucket": upload.bucket,
            "Key": upload.key,
            "VersionId": upload.version,
            "ExpectedBucketOwner": self.settings.account,
        }

    def _is_frozen(self, row: LedgerRow) -> bool:
        key = self._staged(row)
        owned = {"Bucket": self.settings.work_bucket, "ExpectedBucketOwner": self.settings.account}
        first = next(pages(self.s3, "list_objects_v2", Prefix=key, MaxKeys=1, **owned))  # no key stands before its own
        return any(entry["Key"] == key for entry in first.get("Contents", []))

    def _freeze(self, row: LedgerRow) -> None:
        """Copy exactly this version aside: Transcribe takes no version id, and keys get overwritten.

        Nothing of the original's metadata or tags is carried along.
        """
        with _present():
            self.copier.copy_object(
                Bucket=self.settings.work_bucket,
                Key=self._staged(row),
                CopySource={"Bucket": row.bucket, "Key": row.key, "VersionId": row.version},
                MetadataDirective="REPLACE",
                TaggingDirective="REPLACE",
                StorageClass="STANDARD",
                ContentType="application/octet-stream",
                ExpectedBucketOwner=self.settings.account,
                ExpectedSourceBucketOwner=self.settings.account,
            )

    def _staged(self, row: LedgerRow) -> str:
        return jobs.staged(row.job, str(row.media_format))

    def _begin(self, row: LedgerRow, deadline: float) -> None:
        """Start the job; wait here for as long as Transcribe is busy and there is time.

        Raises:
            Gone: the upload was deleted.
            TakenMeanwhile: the recording was cancelled, or another invocation has brought it further.
            NoTime: still busy at the deadline.
            NameTaken: the name belongs to a job with other media.
        """
        places = jobs.JobLocations(self.settings.work_bucket, self.settings.key_arn)
        tags = jobs.tags(self.settings.deployment, str(row.profile))
        request = jobs.request(row.job, str(row.media_format), self._recipe(row), places, tags)
        while True:
            # As late as possible: what is deleted or cancelled before this is not paid for.
            if upload_versions.is_deleted(self.s3, self.settings.account, row.upload):
                raise Gone
            if not self.ledger.request_start(row, self.now()):
                raise TakenMeanwhile
            try:
                self.transcribe.start_medical_transcription_job(**request)
            except ClientError as error:
                fault = aws_errors.fault(error)
                if fault is ErrorKind.TAKEN:
                    self._adopt(row.job, request["Media"]["MediaFileUri"])
                    return
                deferred_as = self._refuse_for(fault, row)
                if deferred_as is not fault:
                    raise Deferred(deferred_as, aws_errors.described(error)) from error
                if fault is not ErrorKind.BUSY:
                    raise
                self._wait(deadline)
            else:
                return

    def _recipe(self, row: LedgerRow) -> JobSettings:
        """What the row asks for, its vocabulary by the name it has in AWS today: that changes with its content."""
        name = row.settings.vocabulary_name
        return replace(row.settings, vocabulary_name=self.vocabularies.get(name, name) if name else None)

    def _refuse_for(self, fault: ErrorKind, row: LedgerRow) -> ErrorKind:
        """The fault as which a refused recording waits, if waiting may help; each such wait has an end.

        Raises:
            Rejected: too long, refused for its uploader's own settings, or busy for a day while idle.
        """
        if fault is ErrorKind.TOO_LONG:
            raise audio_info.too_long()
        idle = self.settings.concurrent_jobs // 10 + 1
        waited = self.now() - row.waiting_since
        if fault is ErrorKind.BUSY and waited > STUCK_AFTER_SECONDS and self.ledger.in_flight(idle) < idle:
            raise Rejected("LimitExceeded", "Transcribe has refused it for a day without being busy; shorten it.")
        decided = start_refusals.decided(fault, self._own_settings(row), self._refused_for(fault, row))
        if isinstance(decided, Rejected):
            raise decided
        return decided

    def _own_settings(self, row: LedgerRow) -> list[str]:
        """The settings in which the recording differs from its profile; a vocabulary of ours is the deployment's."""
        profile = profiles.match(self.profiles, row.key)
        usual, asked = profile.job_settings if profile else JobSettings(), row.settings
        own = [name for name in SETTINGS if getattr(asked, name) != getattr(usual, name)]
        return [name for name in own if name != "vocabulary_name" or asked.vocabulary_name not in self.vocabularies]

    def _refused_for(self, fault: ErrorKind, row: LedgerRow) -> float:
        """For how many seconds Transcribe has refused the recording for this reason; the ledger keeps since when."""
        if fault not in start_refusals.WAIT_SECONDS:
            return 0.0
        if fault.name not in row.refused:
            refused = {**row.refused, fault.name: int(self.now())}
            self.ledger.advance(row, State.CLAIMED, self.now(), refused=refused)
        return self.now() - row.refused.get(fault.name, self.now())

    def _adopt(self, job: str, media_uri: str) -> None:
        """A job of this name exists: ours, if it transcribes our frozen copy (an answer got lost)."""
        found = transcribe_jobs.find(self.transcribe, job)
        if not found or found["Media"]["MediaFileUri"] != media_uri:
            raise NameTaken

    def _await_slot(self, deadline: float) -> None:
        """Wait while far more jobs seem to run than the quota allows. Advice only: Transcribe itself is the judge."""
        most = self.settings.concurrent_jobs + self.settings.concurrent_jobs // ENDED_SHARE
        while (standing := self.ledger.in_flight(most)) >= most:
            self._wait(deadline)
        measure("QuotaUtilization", 100 * standing / self.settings.concurrent_jobs, MetricUnit.Percent)

    def _wait(self, deadline: float) -> None:
        pause = min(IN_HAND_SECONDS, self.settings.retry_delay_seconds) * (0.5 + self.jitter())
        if self.now() + pause > deadline - COPY_SECONDS:
            raise NoTime
        self.sleep(pause)

    def _watch(self, row: LedgerRow) -> None:
        """Leave a message that looks at the job after a while, where the reconciler would be too late."""
        if self.settings.job_poll_seconds:
            self._signal(row, "watch", delay=self.settings.job_poll_seconds)

    def _signal(self, row: LedgerRow, source: str, *, delay: int) -> None:
        self.sqs.send_message(
            QueueUrl=self.settings.completion_queue_url,
            MessageBody=queue_messages.signal_message(Signal(row.job, source)),
            DelaySeconds=delay,
        )

    def _stop_deleted(self, row: LedgerRow) -> None:
        """Stop a recording whose upload was deleted, then bring it to its end.

        Raises:
            TakenMeanwhile: it is being delivered, or its row is gone.
            Uncertain: Transcribe may have begun.
        """
        stopped = replace(row, cancelled=int(self.now()), reason=stopping.GONE)
        if not self.ledger.claim(stopped):
            known = self.ledger.stop(row, stopping.GONE, self.now()) or self.ledger.find(row.recording)
            if known and (known.job != row.job or known.state not in (State.ANNOUNCED, State.CLAIMED)):
                log.info("already on its way", job=row.job)
                return
            if not known or not known.cancelled:
                raise TakenMeanwhile
            stopped = replace(
                row, cancelled=known.cancelled, reason=known.reason, start_requested=known.start_requested
            )
        self._end_stopped(stopped)

    def _end_stopped(self, row: LedgerRow) -> None:
        """Refuse a stopped recording that Transcribe has not begun; else leave it to the deliver function.

        Raises:
            Uncertain: Transcribe may have begun.
            TakenMeanwhile: another invocation is ending it.
        """
        if row.start_requested is not None:
            if transcribe_jobs.find(self.transcribe, row.job):
                self.ledger.advance(row, State.TRANSCRIBING, self.now(), started=row.start_requested)
                self._watch(row)
                return
            if self.now() - row.start_requested < UNCERTAIN_SECONDS:
                raise Uncertain
        if row.media_format:  # there may be a frozen copy: the deliver function removes it once the row has ended
            self._signal(row, "stopped", delay=STOPPED_SECONDS)
        # Two messages may speak of it, S3's own and the operator's: one is taken, so that it is notified once.
        if not self.ledger.lease(row, self.now(), LEASE_SECONDS):
            raise TakenMeanwhile
        try:
            self._reject(row, stopping.refusal(str(row.reason)))
        except Exception:
            self.ledger.release(row)
            raise

    def _reject(self, row: LedgerRow, refusal: Rejected) -> None:
        """Tell, then note down: who is told twice sees the same id, nobody is left untold."""
        standing = self.ledger.find(row.recording)
        if standing and (standing.job != row.job or standing.state not in (State.ANNOUNCED, State.CLAIMED)):
            log.info("somebody else has brought it further", job=row.job)
            return
        why: dict[str, Any] = {"reason": refusal.reason, "remedy": refusal.remedy}
        refused = replace(row, state=State.REJECTED, updated=int(self.now()), **why)
        self.notifier.notify(refused)
        if not self.ledger.claim(refused):
            why |= {"profile": row.profile, "job_settings": row.job_settings, "correlation_id": row.correlation_id}
            self.ledger.advance(row, State.REJECTED, self.now(), received=row.received, **why)
        if refusal.reason in stopping.REASONS:
            count("Stopped", reason=refusal.reason)
        else:
            count("Rejected", reason=refusal.reason)
        log.info("rejected", job=row.job, reason=refusal.reason)

    def _put_off(self, recording: str, arrival: UploadMessage, fault: ErrorKind, *, steady: bool = False) -> None:
        """Send the message anew with a delay: receive counts are for unexpected errors alone."""
        self._show_life(recording)
        seconds = aws_errors.delay(arrival.deferrals, self.settings.retry_delay_seconds, self.jitter(), steady=steady)
        # Last: whatever failed after it would bring back the old message beside the new one.
        self.sqs.send_message(
            QueueUrl=self.settings.intake_queue_url,
            MessageBody=queue_messages.upload_message(replace(arrival, deferrals=arrival.deferrals + 1)),
            DelaySeconds=seconds,
        )
        count("Deferred" if fault in aws_errors.WITHOUT_ALARM else "ConfigurationError")
        log.info("put off", job=recording, seconds=seconds, deferrals=arrival.deferrals + 1)

    def _show_life(self, recording: str) -> None:
        """A claimed recording that waits is not a forgotten one: the reconciler need not announce it."""
        try:
            row = self.ledger.find(recording)
            if row and row.state is State.CLAIMED:
                if self.now() - row.waiting_since > DELAYED_AFTER_SECONDS:
                    count("Delayed")
                self.ledger.advance(row, State.CLAIMED, self.now(), announcements=0)
        except (BotoCoreError, ClientError) as error:  # then it is announced once more, which does no harm
            log.info("the ledger does not answer", error=aws_errors.described(error))


def _plain(job_settings: JobSettings) -> dict[str, Any]:
    return {name: value for name, value in asdict(job_settings).items() if value is not None}


@contextmanager
def _present() -> Iterator[None]:
    """Reads of the upload: if it is gone or S3 will not hand it out, whatever our rights, that is the end of it.

    Raises:
        Gone: the version does not exist.
        Rejected: S3 hands it out to nobody.
    """
    try:
        yield
    except ClientError as error:
        answer = error.response["Error"]
        if refusal := upload_storage.unreadable(answer["Code"], answer.get("Message", "")):
            raise refusal from error
        if aws_errors.fault(error) is ErrorKind.ABSENT:
            raise Gone from error
        raise


@cache
def _starter() -> Starter:
    settings = read_settings(StartSettings, os.environ)
    return Starter(
        settings=settings,
        profiles=profiles.from_json(settings.profiles),
        vocabularies=json.loads(settings.vocabularies),
        ledger=Ledger(client("dynamodb"), settings.ledger_table),
        # Two attempts, because a thawed environment finds its connections closed. Start may be repeated under its name.
        s3=client("s3", attempts=2),
        copier=client("s3", attempts=1, seconds=COPY_SECONDS - 10),  # a copy answers when it is done
        transcribe=client("transcribe", attempts=2),
        sqs=client("sqs"),
        notifier=Notifier(settings.completion_topic_arn, settings.transcripts_bucket, client("sns"), client("events")),
    )


def handler(event: dict[str, Any], context: Any) -> Any:
    """Lambda's entry: a batch of the intake queue, answered per message."""
    starter = _starter()
    deadline = starter.now() + context.get_remaining_time_in_millis() / 1000

    def take(body: str) -> None:
        for arrival in queue_messages.upload_messages(body):
            starter.take(arrival, deadline)

    try:
        return sqs_batch.answer(event, take)
    finally:
        flush(starter.settings.deployment)
