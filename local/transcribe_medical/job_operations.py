"""Start, Get, List and Delete of medical transcription jobs, and the work between them."""

import asyncio
import json
import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from local.transcribe_medical import caller_permissions, jobs, output
from local.transcribe_medical.cloud_port import Caller, CloudPort, Encryption
from local.transcribe_medical.fault_injection import FaultInjection
from local.transcribe_medical.job_store import JobStore, Key, key
from local.transcribe_medical.jobs import Job
from local.transcribe_medical.pagination import page
from local.transcribe_medical.recogniser import Order, RecognitionFailed
from local.transcribe_medical.recognition import RecognitionResult
from local.transcribe_medical.request_validation import Refused, Request, bad_request
from local.transcribe_medical.s3_locations import S3Location
from local.transcribe_medical.vocabulary_operations import VocabularyOperations
from stethoscript.vocabulary import Term

KEPT_SECONDS = 90 * 24 * 3600  # how long the service knows a job

ABSENT = "The requested job couldn't be found. Check the job name and try your request again."
TAKEN = "The requested job name already exists. Use a different job name."
UNDONE = "The requested job is in progress. Wait until it completes and try your request again."
FULL = "You have too many jobs running at the same time. Try your request again later."

log = logging.getLogger(__name__)


class Recognisers(Protocol):
    """Whatever hears recordings."""

    async def hear(self, order: Order) -> RecognitionResult:
        """Return the words of a recording, or raise NotHeard."""


class JobOperations:
    """The jobs of every account and Region of one cloud."""

    def __init__(
        self,
        memory: JobStore,
        surroundings: CloudPort,
        ears: Recognisers,
        vocabularies: VocabularyOperations,
        *,
        temporary: Path,
        faults: FaultInjection,
        tellings: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Tellings is how often a finished job is told to EventBridge."""
        self._memory = memory.jobs
        self._surroundings = surroundings
        self._ears = ears
        self._vocabularies = vocabularies
        self._temporary = temporary
        self._weather = faults
        self._tellings = tellings
        self._clock = clock
        self._running: dict[Key, asyncio.Task[None]] = {}

    def start(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Begin a job, once its name is free and its caller may do all that the job will do."""
        self._forget_the_old()
        if self._memory.find(caller, request["MedicalTranscriptionJobName"]):
            raise Refused("ConflictException", TAKEN)
        job = Job(caller.account, caller.region, dict(request), created=self._now())
        terms = self._terms(job)
        self._check_rights(caller, request)
        if self._in_progress(caller) >= self._weather.fault_rates.concurrent_jobs:
            raise Refused("LimitExceededException", FULL)
        self._write(job, jobs.probe(request), b"")
        self._memory.keep(job)
        self._work(job, terms)
        return {"MedicalTranscriptionJob": jobs.started(job)}

    def get(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Describe a job."""
        return {"MedicalTranscriptionJob": jobs.described(self._found(caller, request))}

    def list_jobs(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Sum up jobs, the newest first, a page at a time."""
        self._forget_the_old()
        status, part = request.get("Status"), (request.get("JobNameContains") or "").lower()
        matching = (job for job in self._memory.of(caller) if status in (None, job.status) and part in job.name.lower())
        shown, token = page(matching, request)
        summaries = [jobs.summed_up(job) for job in shown]
        return {**({"Status": status} if status else {}), "MedicalTranscriptionJobSummaries": summaries, **token}

    def delete(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Forget a job that has ended; its transcript stays where it is."""
        job = self._found(caller, request)
        if job.status == jobs.IN_PROGRESS:
            raise bad_request(UNDONE)
        self._memory.drop(job)
        return {}

    def resume(self) -> None:
        """Take up the work that an earlier run had not finished."""
        for job in self._memory:
            if job.status == jobs.IN_PROGRESS and key(job) not in self._running:
                try:
                    self._work(job, self._terms(job))
                except Refused as gone:  # the vocabulary, meanwhile
                    self._end(job, jobs.FAILED, reason=gone.message)

    def pause(self) -> None:
        """Stop working; what is in progress stays so, for a later run to take up."""
        for task in list(self._running.values()):
            task.cancel()

    def _found(self, caller: Caller, request: Request) -> Job:
        self._forget_the_old()
        job = self._memory.find(caller, request["MedicalTranscriptionJobName"])
        if job is None:
            raise bad_request(ABSENT)
        return job

    def _forget_the_old(self) -> None:
        """Drop the jobs whose time is over; they lie in the order in which they were begun."""
        over = self._clock() - KEPT_SECONDS
        while (oldest := self._memory.oldest()) and oldest.created < over and oldest.status != jobs.IN_PROGRESS:
            self._memory.drop(oldest)

    def _in_progress(self, caller: Caller) -> int:
        return sum((account, region) == (caller.account, caller.region) for account, region, _name in self._running)

    def _terms(self, job: Job) -> Sequence[Term]:
        name = job.settings.get("VocabularyName")
        return self._vocabularies.terms(Caller(job.account, job.region, ""), name) if name else ()

    def _check_rights(self, caller: Caller, request: Request) -> None:
        caller_permissions.check_source(self._surroundings, caller, jobs.media(request))
        for place in (jobs.output(request), jobs.probe(request)):
            caller_permissions.check_target(self._surroundings, caller, place, _encryption(request))
        caller_permissions.check_tags(self._surroundings, caller, request)

    def _now(self) -> float:
        return round(self._clock(), 3)

    # --- the work ---

    def _work(self, job: Job, terms: Sequence[Term]) -> None:
        task = asyncio.get_running_loop().create_task(self._run(job, terms))
        self._running[key(job)] = task  # the loop itself keeps no hold on a task
        task.add_done_callback(lambda _task: self._running.pop(key(job), None))

    async def _run(self, job: Job, terms: Sequence[Term]) -> None:
        try:
            heard = await self._heard(job, terms)
        except RecognitionFailed as reason:
            self._end(job, jobs.FAILED, reason=str(reason))
        except Exception as error:  # noqa: BLE001  # a job must end; its error may quote a patient
            log.warning("medical job failed inside the service: %s", type(error).__name__)
            self._end(job, jobs.FAILED, reason="Internal failure. Try your request again.")
        else:
            self._end(job, jobs.COMPLETED, format=heard.format, sample_rate=heard.sample_rate)

    async def _heard(self, job: Job, terms: Sequence[Term]) -> RecognitionResult:
        media = jobs.media(job.request)
        with tempfile.TemporaryDirectory(dir=self._temporary, prefix="media-") as folder:
            audio = Path(folder) / "audio"
            if media is None or not await asyncio.to_thread(self._surroundings.fetch, job.account, media, audio):
                raise RecognitionFailed(caller_permissions.UNREADABLE)
            await asyncio.sleep(self._weather.delay(job.name))
            heard = await self._ears.hear(_order_for(job, str(audio), terms))
        transcript = json.dumps(output.document(job, heard), ensure_ascii=False).encode()
        tellings = self._weather.tellings(job.name, "object")
        if not self._write(job, job.output, transcript, tellings=tellings):
            raise RecognitionFailed(caller_permissions.UNWRITABLE)
        return heard

    def _end(self, job: Job, status: str, **found: Any) -> None:
        """Note how a job ended, beside what became of it meanwhile, and tell of it."""
        current = self._memory.find(Caller(job.account, job.region, ""), job.name)
        if current is None:
            return
        ended = replace(current, status=status, finished=self._now(), **found)
        self._memory.keep(ended)
        for number in range(self._tellings):
            for _time in range(self._weather.tellings(job.name, f"event {number}")):
                self._surroundings.tell(ended, _detail(ended))

    def _write(self, job: Job, place: S3Location, content: bytes, *, tellings: int = 1) -> bool:
        return self._surroundings.write(job, place, content, _encryption(job.request), tellings=tellings)


def _encryption(request: Request) -> Encryption:
    return Encryption(request.get("OutputEncryptionKMSKeyId"), request.get("KMSEncryptionContext") or {})


def _order_for(job: Job, path: str, terms: Sequence[Term]) -> Order:
    settings = job.settings
    return Order(
        audio=path,
        channels=bool(settings.get("ChannelIdentification")),
        max_speakers=settings.get("MaxSpeakerLabels") or 0,
        format=job.request.get("MediaFormat"),
        sample_rate=job.request.get("MediaSampleRateHertz"),
        alternatives=settings.get("MaxAlternatives") or 0,
        entities=job.request.get("ContentIdentificationType") == "PHI",
        vocabulary=tuple(
            {"phrase": term.phrase, "display_as": term.display_as, "sounds_like": term.sounds_like} for term in terms
        ),
    )


def _detail(job: Job) -> dict[str, Any]:
    detail = {"MedicalTranscriptionJobName": job.name, "TranscriptionJobStatus": job.status}
    return {**detail, "FailureReason": job.reason} if job.reason else detail
