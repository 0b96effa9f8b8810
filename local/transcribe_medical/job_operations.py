"""Start, Get, List and Delete of medical transcription jobs, and the processing of a job."""

import asyncio
import json
import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from local import recogniser as recognition
from local.recogniser import RecognitionRequest, RecognitionResult
from local.transcribe_medical import caller_permissions, jobs, output
from local.transcribe_medical.cloud_port import Caller, CloudPort, Encryption
from local.transcribe_medical.fault_injection import FaultInjection
from local.transcribe_medical.job_store import JobStore, Key, key
from local.transcribe_medical.jobs import Job
from local.transcribe_medical.pagination import page
from local.transcribe_medical.recogniser import RecognitionFailed
from local.transcribe_medical.request_validation import Refused, Request, bad_request
from local.transcribe_medical.s3_locations import S3Location
from local.transcribe_medical.vocabulary_operations import VocabularyOperations
from stethoscript.vocabulary import Term

KEPT_SECONDS = 90 * 24 * 3600  # the service deletes older jobs

ABSENT = "The requested job couldn't be found. Check the job name and try your request again."
TAKEN = "The requested job name already exists. Use a different job name."
UNDONE = "The requested job is in progress. Wait until it completes and try your request again."
FULL = "You have too many jobs running at the same time. Try your request again later."

log = logging.getLogger(__name__)


class RecogniserPort(Protocol):
    """The interface of the recogniser to the service."""

    async def recognise(self, request: RecognitionRequest) -> RecognitionResult:
        """Return the words of a recording, or raise RecognitionFailed."""


class JobOperations:
    """The jobs of every account and Region of one cloud."""

    def __init__(
        self,
        store: JobStore,
        cloud: CloudPort,
        recogniser: RecogniserPort,
        vocabularies: VocabularyOperations,
        *,
        temporary: Path,
        faults: FaultInjection,
        events_per_job: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Write `events_per_job` events to EventBridge for each finished job."""
        self._store = store.jobs
        self._cloud = cloud
        self._recogniser = recogniser
        self._vocabularies = vocabularies
        self._temporary = temporary
        self._faults = faults
        self._events_per_job = events_per_job
        self._clock = clock
        self._running: dict[Key, asyncio.Task[None]] = {}

    def start(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Start a job, if its name is free and its caller has all permissions that the job needs."""
        self._delete_expired()
        if self._store.find(caller, request["MedicalTranscriptionJobName"]):
            raise Refused("ConflictException", TAKEN)
        job = Job(caller.account, caller.region, dict(request), created=self._now())
        terms = self._terms(job)
        self._check_rights(caller, request)
        if self._in_progress(caller) >= self._faults.fault_rates.concurrent_jobs:
            raise Refused("LimitExceededException", FULL)
        self._write(job, jobs.probe(request), b"")
        self._store.put(job)
        self._work(job, terms)
        return {"MedicalTranscriptionJob": jobs.started(job)}

    def get(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Describe a job."""
        return {"MedicalTranscriptionJob": jobs.described(self._found(caller, request))}

    def list_jobs(self, caller: Caller, request: Request) -> dict[str, Any]:
        """List jobs, the newest first, in pages."""
        self._delete_expired()
        status, part = request.get("Status"), (request.get("JobNameContains") or "").lower()
        matching = (job for job in self._store.of(caller) if status in (None, job.status) and part in job.name.lower())
        shown, token = page(matching, request)
        summaries = [jobs.summary(job) for job in shown]
        return {**({"Status": status} if status else {}), "MedicalTranscriptionJobSummaries": summaries, **token}

    def delete(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Delete a finished job; its transcript stays."""
        job = self._found(caller, request)
        if job.status == jobs.IN_PROGRESS:
            raise bad_request(UNDONE)
        self._store.delete(job)
        return {}

    def resume(self) -> None:
        """Continue the unfinished jobs of an earlier run."""
        for job in self._store:
            if job.status == jobs.IN_PROGRESS and key(job) not in self._running:
                try:
                    self._work(job, self._terms(job))
                except Refused as gone:  # the vocabulary was deleted
                    self._end(job, jobs.FAILED, reason=gone.message)

    def pause(self) -> None:
        """Stop all jobs; they stay in progress, and a later run continues them."""
        for task in list(self._running.values()):
            task.cancel()

    def _found(self, caller: Caller, request: Request) -> Job:
        self._delete_expired()
        job = self._store.find(caller, request["MedicalTranscriptionJobName"])
        if job is None:
            raise bad_request(ABSENT)
        return job

    def _delete_expired(self) -> None:
        """Delete the jobs that started over 90 days ago; records are in the order of their start."""
        over = self._clock() - KEPT_SECONDS
        while (oldest := self._store.oldest()) and oldest.created < over and oldest.status != jobs.IN_PROGRESS:
            self._store.delete(oldest)

    def _in_progress(self, caller: Caller) -> int:
        return sum((account, region) == (caller.account, caller.region) for account, region, _name in self._running)

    def _terms(self, job: Job) -> Sequence[Term]:
        name = job.settings.get("VocabularyName")
        return self._vocabularies.terms(Caller(job.account, job.region, ""), name) if name else ()

    def _check_rights(self, caller: Caller, request: Request) -> None:
        caller_permissions.check_source(self._cloud, caller, jobs.media(request))
        for location in (jobs.output(request), jobs.probe(request)):
            caller_permissions.check_target(self._cloud, caller, location, _encryption(request))
        caller_permissions.check_tags(self._cloud, caller, request)

    def _now(self) -> float:
        return round(self._clock(), 3)

    # --- the processing ---

    def _work(self, job: Job, terms: Sequence[Term]) -> None:
        task = asyncio.get_running_loop().create_task(self._run(job, terms))
        self._running[key(job)] = task  # the event loop keeps only a weak reference to a task
        task.add_done_callback(lambda _task: self._running.pop(key(job), None))

    async def _run(self, job: Job, terms: Sequence[Term]) -> None:
        try:
            result = await self._recognised(job, terms)
        except RecognitionFailed as reason:
            self._end(job, jobs.FAILED, reason=str(reason))
        except Exception as error:  # noqa: BLE001  # a job must end; the error may quote a patient
            log.warning("medical job failed inside the service: %s", type(error).__name__)
            self._end(job, jobs.FAILED, reason="Internal failure. Try your request again.")
        else:
            self._end(job, jobs.COMPLETED, format=result.format, sample_rate=result.sample_rate)

    async def _recognised(self, job: Job, terms: Sequence[Term]) -> RecognitionResult:
        media = jobs.media(job.request)
        with tempfile.TemporaryDirectory(dir=self._temporary, prefix="media-") as folder:
            audio = Path(folder) / "audio"
            if media is None or not await asyncio.to_thread(self._cloud.fetch, job.account, media, audio):
                raise RecognitionFailed(caller_permissions.UNREADABLE)
            await asyncio.sleep(self._faults.delay(job.name))
            result = await self._recogniser.recognise(_recognition_request(job, audio, terms))
        transcript = json.dumps(output.document(job, result), ensure_ascii=False).encode()
        copies = self._faults.copies(job.name, "object")
        if not self._write(job, job.output, transcript, copies=copies):
            raise RecognitionFailed(caller_permissions.UNWRITABLE)
        return result

    def _end(self, job: Job, status: str, **found: Any) -> None:
        """Store a job's end, unless it was deleted, and send its events."""
        current = self._store.find(Caller(job.account, job.region, ""), job.name)
        if current is None:
            return
        ended = replace(current, status=status, finished=self._now(), **found)
        self._store.put(ended)
        for number in range(self._events_per_job):
            for _time in range(self._faults.copies(job.name, f"event {number}")):
                self._cloud.put_event(ended, _detail(ended))

    def _write(self, job: Job, location: S3Location, content: bytes, *, copies: int = 1) -> bool:
        return self._cloud.write(job, location, content, _encryption(job.request), copies=copies)


def _encryption(request: Request) -> Encryption:
    return Encryption(request.get("OutputEncryptionKMSKeyId"), request.get("KMSEncryptionContext") or {})


def _recognition_request(job: Job, audio: Path, terms: Sequence[Term]) -> RecognitionRequest:
    settings = job.settings
    return RecognitionRequest(
        audio=audio,
        channels=bool(settings.get("ChannelIdentification")),
        max_speakers=settings.get("MaxSpeakerLabels") or 0,
        format=job.request.get("MediaFormat"),
        sample_rate=job.request.get("MediaSampleRateHertz"),
        alternatives=settings.get("MaxAlternatives") or 0,
        entities=job.request.get("ContentIdentificationType") == "PHI",
        vocabulary=tuple(
            recognition.Term(term.phrase, term.display_as or None, term.sounds_like or None) for term in terms
        ),
    )


def _detail(job: Job) -> dict[str, Any]:
    detail = {"MedicalTranscriptionJobName": job.name, "TranscriptionJobStatus": job.status}
    return {**detail, "FailureReason": job.reason} if job.reason else detail
