"""Start, Get, List and Delete of medical transcription jobs, and the work between them."""

import asyncio
import base64
import json
import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from local.transcribe_medical import contract, jobs, output
from local.transcribe_medical.contract import Refused, bad_request
from local.transcribe_medical.heard import Heard
from local.transcribe_medical.jobs import Job
from local.transcribe_medical.recogniser import NotHeard, Order
from local.transcribe_medical.surroundings import Caller, Encryption, Surroundings

CONCURRENT_JOBS = 250  # AWS's default quota; medical jobs do not queue
PAGE = 5

ABSENT = "The requested job couldn't be found. Check the job name and try your request again."
TAKEN = "The requested job name already exists. Use a different job name."
UNREADABLE = (
    "The S3 URI that you provided can't be accessed. "
    "Make sure that you have read permission and try your request again."
)
NO_MEDIA = (
    "The S3 URI that you provided doesn't point to an S3 object. "
    "Make sure that the object exists and try your request again."
)
UNWRITABLE = (
    "The specified S3 bucket can't be accessed. "
    "Make sure you have write permission on the bucket and try your request again."
)
NO_KEY = (
    "The KMS key that you specified can't be used. Make sure that it exists and that you have permission to encrypt "
    "with it, and try your request again."
)
NO_VOCABULARY = "The requested vocabulary couldn't be found. Check the vocabulary name and try your request again."
FULL = "You have reached your limit of concurrent medical transcription jobs. Wait until a job completes."

log = logging.getLogger(__name__)


class Ears(Protocol):
    """Whatever hears recordings."""

    async def hear(self, order: Order) -> Heard:
        """Return the words of a recording, or raise NotHeard."""


class Service:
    """Transcribe Medical for every account and Region of one cloud."""

    def __init__(
        self,
        surroundings: Surroundings,
        ears: Ears,
        *,
        temporary: Path,
        tellings: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Tellings is how often a finished job is told to EventBridge."""
        self._surroundings = surroundings
        self._ears = ears
        self._temporary = temporary
        self._tellings = tellings
        self._clock = clock
        self._jobs: dict[tuple[str, str, str], Job] = {}
        self._running: dict[tuple[str, str, str], asyncio.Task[None]] = {}
        self.operations: Mapping[str, Callable[[Caller, Mapping[str, Any]], dict[str, Any]]] = {
            "StartMedicalTranscriptionJob": self.start,
            "GetMedicalTranscriptionJob": self.get,
            "ListMedicalTranscriptionJobs": self.list_jobs,
            "DeleteMedicalTranscriptionJob": self.delete,
        }

    def answer(self, operation: str, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request, or raise Refused."""
        contract.check(operation, request)
        return self.operations[operation](caller, request)

    def start(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a job, once its name is free and its caller may do all that the job will do."""
        name = request["MedicalTranscriptionJobName"]
        if (caller.account, caller.region, name) in self._jobs:
            raise Refused("ConflictException", TAKEN)
        if (request.get("Settings") or {}).get("VocabularyName"):
            raise bad_request(NO_VOCABULARY)
        self._check_rights(caller, request)
        if self._in_progress(caller) >= CONCURRENT_JOBS:
            raise Refused("LimitExceededException", FULL)
        job = Job(caller.account, caller.region, dict(request), created=self._now())
        self._write(job, jobs.probe(request), b"")
        self._keep(job)
        self._work(job)
        return {"MedicalTranscriptionJob": jobs.started(job)}

    def get(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        """Describe a job."""
        return {"MedicalTranscriptionJob": jobs.described(self._found(caller, request))}

    def list_jobs(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        """Sum up jobs, the newest first, a page at a time."""
        status, part = request.get("Status"), (request.get("JobNameContains") or "").lower()
        matching = [
            job for job in reversed(self._of(caller)) if status in (None, job.status) and part in job.name.lower()
        ]
        rest = _after(matching, request.get("NextToken"))
        size = request.get("MaxResults") or PAGE
        page = rest[:size]
        answer: dict[str, Any] = {"MedicalTranscriptionJobSummaries": [jobs.summed_up(job) for job in page]}
        if status:
            answer["Status"] = status
        if len(rest) > size:
            answer["NextToken"] = _token(page[-1])
        return answer

    def delete(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        """Forget a job that has ended; its transcript stays where it is."""
        job = self._found(caller, request)
        if job.status == jobs.IN_PROGRESS:
            raise bad_request("The requested job is in progress. Wait until it completes and try your request again.")
        del self._jobs[_key(job)]
        return {}

    # --- what the service remembers ---

    def remembered(self) -> dict[str, Any]:
        """Return every job, fit for JSON."""
        return {"jobs": [job.plain() for job in self._jobs.values()]}

    def remember(self, state: Mapping[str, Any]) -> None:
        """Take up what an earlier run remembered, and the work it had not finished."""
        for plain in state["jobs"]:
            job = Job(**plain)
            self._keep(job)
            if job.status == jobs.IN_PROGRESS:
                self._work(job)

    def forget(self) -> None:
        """Forget every job, the running ones too."""
        self.pause()
        self._jobs.clear()

    def pause(self) -> None:
        """Stop working; what is in progress stays so, for a later run to take up."""
        for task in self._running.values():
            task.cancel()

    def _found(self, caller: Caller, request: Mapping[str, Any]) -> Job:
        try:
            return self._jobs[caller.account, caller.region, request["MedicalTranscriptionJobName"]]
        except KeyError:
            raise bad_request(ABSENT) from None

    def _of(self, caller: Caller) -> list[Job]:
        mine = (job for job in self._jobs.values() if (job.account, job.region) == (caller.account, caller.region))
        return sorted(mine, key=_order)

    def _in_progress(self, caller: Caller) -> int:
        return sum(job.status == jobs.IN_PROGRESS for job in self._of(caller))

    def _keep(self, job: Job) -> None:
        self._jobs[_key(job)] = job

    def _now(self) -> float:
        return round(self._clock(), 3)

    # --- what the caller may do: the service acts with the caller's rights ---

    def _check_rights(self, caller: Caller, request: Mapping[str, Any]) -> None:
        media = jobs.media(request)
        if media is None or not self._surroundings.may_read(caller, media):
            raise bad_request(UNREADABLE)
        if not self._surroundings.object_exists(caller, media):
            raise bad_request(NO_MEDIA)
        for place in (jobs.output(request), jobs.probe(request)):
            if not self._surroundings.bucket_exists(caller, place.bucket):
                raise bad_request(UNWRITABLE)
            if not self._surroundings.may_write(caller, place, _encryption(request)):
                raise bad_request(UNWRITABLE)
            if not self._surroundings.may_encrypt(caller, place, _encryption(request)):
                raise bad_request(NO_KEY)
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}
        if tags and not self._surroundings.may_tag(caller, tags, conditions(request)):
            raise Refused(
                "AccessDeniedException", "You don't have permission to tag the job: transcribe:TagResource is missing."
            )

    # --- the work ---

    def _work(self, job: Job) -> None:
        task = asyncio.get_running_loop().create_task(self._run(job))
        self._running[_key(job)] = task  # the loop itself keeps no hold on a task
        task.add_done_callback(lambda _task: self._running.pop(_key(job), None))

    async def _run(self, job: Job) -> None:
        try:
            ended = await self._heard(job)
        except NotHeard as reason:
            ended = replace(job, status=jobs.FAILED, reason=str(reason))
        except Exception as error:  # noqa: BLE001  # a job must end; its error may quote a patient
            log.warning("medical job failed inside the service: %s", type(error).__name__)
            ended = replace(job, status=jobs.FAILED, reason="Internal failure. Try your request again.")
        self._keep(replace(ended, finished=self._now()))
        for _time in range(self._tellings):
            self._surroundings.tell(ended, _detail(ended))

    async def _heard(self, job: Job) -> Job:
        media = jobs.media(job.request)
        content = await asyncio.to_thread(self._surroundings.read, job, media) if media else None
        if content is None:
            raise NotHeard(UNREADABLE)
        with tempfile.NamedTemporaryFile(dir=self._temporary, prefix="media-") as file:
            await asyncio.to_thread(file.write, content)
            file.flush()
            del content
            heard = await self._ears.hear(_order_for(job, file.name))
        transcript = json.dumps(output.document(job, heard), ensure_ascii=False).encode()
        if not self._write(job, job.output, transcript):
            raise NotHeard(UNWRITABLE)
        return replace(job, status=jobs.COMPLETED, format=heard.format, sample_rate=heard.sample_rate)

    def _write(self, job: Job, place: jobs.Place, content: bytes) -> bool:
        return self._surroundings.write(job, place, content, _encryption(job.request))


def conditions(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the values that a policy's `transcribe:` condition keys are compared with; what was not sent is absent."""
    members = ("OutputBucketName", "OutputKey", "OutputEncryptionKMSKeyId")
    return {f"transcribe:{member}": request[member] for member in members if isinstance(request.get(member), str)}


def _key(job: Job) -> tuple[str, str, str]:
    return job.account, job.region, job.name


def _encryption(request: Mapping[str, Any]) -> Encryption:
    return Encryption(request.get("OutputEncryptionKMSKeyId"), request.get("KMSEncryptionContext") or {})


def _order_for(job: Job, path: str) -> Order:
    return Order(
        audio=path,
        channels=bool(job.settings.get("ChannelIdentification")),
        max_speakers=job.settings.get("MaxSpeakerLabels") or 0,
        format=job.request.get("MediaFormat"),
        sample_rate=job.request.get("MediaSampleRateHertz"),
    )


def _detail(job: Job) -> dict[str, Any]:
    detail = {"MedicalTranscriptionJobName": job.name, "TranscriptionJobStatus": job.status}
    return {**detail, "FailureReason": job.reason} if job.reason else detail


# --- pages: a token names the last job of the page before, so that new jobs do not shift the next ---


def _order(job: Job) -> tuple[float, str]:
    return job.created, job.name


def _token(job: Job) -> str:
    return base64.urlsafe_b64encode(json.dumps(_order(job)).encode()).decode()


def _after(newest_first: list[Job], token: str | None) -> list[Job]:
    if token is None:
        return newest_first
    try:
        created, name = json.loads(base64.urlsafe_b64decode(token))
        return [job for job in newest_first if _order(job) < (float(created), str(name))]
    except (ValueError, TypeError):
        raise bad_request("The NextToken that you provided is invalid.") from None
