# ruff: noqa: N803 - arguments are named as AWS names them
"""Transcribe Medical: jobs under quotas of rate and number, without a queue, deleted after 90 days."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.client_errors import refusal
from tests.simulation.fakes.s3 import S3
from tests.simulation.virtual_time import VirtualTime

REMEMBERED = 90 * 86400
BAD_URI = "The S3 URI that you provided can't be accessed. Make sure that you have read permission and try again."
ABSENT = "The requested job couldn't be found. Check the job name and try your request again."
TAKEN = "The requested job name already exists. Use a different job name."
NOT_READY = "The requested vocabulary isn't ready. Wait until its state is READY and try your request again."
FULL = "You have too many jobs running at the same time. Try your request again later."
RATE = (
    "You've either sent too many requests or your input file is too long. Wait before retrying your request, or use a "
    "smaller file and try your request again."
)


@dataclass(frozen=True)
class RecognitionResult:
    """The result of a recording: its duration, its words, and the status of its job."""

    seconds: float
    text: str
    ending: str = "COMPLETED"
    """COMPLETED, FAILED, GARBLED (complete with unreadable output) or VANISHES."""
    vocabulary_ready: float = 0.0
    """The time at which the vocabulary in its metadata is ready. Before that, Start is refused."""


@dataclass(eq=False)
class Job:
    """A job, even after Transcribe has deleted it."""

    name: str
    request: dict[str, Any]
    created: float
    status: str = "IN_PROGRESS"
    media: bytes | None = None
    ended: float | None = None
    forgotten: bool = False
    reason: str | None = None


@dataclass(eq=False)
class Transcribe:
    """The jobs of an account. Other users take some of its slots."""

    time: VirtualTime
    s3: S3
    recognise: Callable[[bytes], RecognitionResult]
    ended: Callable[[Job], None] = lambda _job: None
    concurrent_jobs: int = 250
    starts_per_second: int = 25
    gets_per_second: int = 30
    output_first: float = 0.0
    """Seconds from the output to the status COMPLETED."""
    known_after: float = 0.0
    """Seconds in which Get does not know a new job."""
    history: list[Job] = field(default_factory=list)
    _jobs: dict[str, Job] = field(default_factory=dict)
    _running: int = 0
    _rates: Counter[tuple[str, int]] = field(default_factory=Counter)

    def start_medical_transcription_job(
        self,
        *,
        MedicalTranscriptionJobName: str,
        LanguageCode: str,
        Media: dict[str, str],
        OutputBucketName: str,
        OutputKey: str,
        OutputEncryptionKMSKeyId: str,
        KMSEncryptionContext: dict[str, str],
        Specialty: str,
        Type: str,
        Tags: list[dict[str, str]] | None = None,
        Settings: dict[str, Any] | None = None,
        ContentIdentificationType: str | None = None,
    ) -> dict[str, Any]:
        """Start a job, if its name, a slot and the rate allow."""
        request = {name: value for name, value in locals().items() if name != "self" and value is not None}
        self._spend("start", self.starts_per_second)
        name = MedicalTranscriptionJobName
        if self._known(name):
            raise refusal("ConflictException", TAKEN)
        if self._running >= self.concurrent_jobs:
            raise refusal("LimitExceededException", FULL)
        if self._media(request) is None:
            raise refusal("BadRequestException", BAD_URI)
        recognition = self.recognise(self._media(request) or b"")
        if self.time.now < recognition.vocabulary_ready:
            raise refusal("BadRequestException", NOT_READY)
        job = self._jobs[name] = Job(name, request, self.time.now)
        self.history.append(job)
        self._running += 1
        self.time.after(recognition.seconds * 0.3, lambda: self._read(job))
        self.time.after(recognition.seconds, lambda: self._finish(job, recognition))
        return {"MedicalTranscriptionJob": self._described(job)}

    def get_medical_transcription_job(self, *, MedicalTranscriptionJobName: str) -> dict[str, Any]:
        """Describe a job."""
        self._spend("get", self.gets_per_second)
        job = self._known(MedicalTranscriptionJobName)
        if job is None or self.time.now < job.created + self.known_after:
            raise refusal("BadRequestException", ABSENT)
        return {"MedicalTranscriptionJob": self._described(job)}

    def delete_medical_transcription_job(self, *, MedicalTranscriptionJobName: str) -> None:
        """Delete the record of a job that has ended."""
        job = self._known(MedicalTranscriptionJobName)
        if job is None:
            raise refusal("BadRequestException", ABSENT)
        if job.status == "IN_PROGRESS":
            raise refusal("BadRequestException", "The job is in progress and can't be deleted.")
        job.forgotten = True

    def status(self, name: str) -> str | None:
        """The real status of a job, for the invariants."""
        job = self._known(name)
        return job.status if job else None

    def occupy(self, number: int) -> None:
        """Let another user of the account take (or release) slots."""
        self._running += number

    def _known(self, name: str) -> Job | None:
        job = self._jobs.get(name)
        if job is None or job.forgotten or self.time.now > job.created + REMEMBERED:
            return None
        return job

    def _spend(self, operation: str, per_second: int) -> None:
        second = int(self.time.now)
        self._rates[operation, second] += 1
        if self._rates[operation, second] > per_second:
            raise refusal("LimitExceededException", RATE)
        if len(self._rates) > 1000:
            for key in [key for key in self._rates if key[1] < second]:
                del self._rates[key]

    def _media(self, request: dict[str, Any]) -> bytes | None:
        bucket, _, key = request["Media"]["MediaFileUri"].removeprefix("s3://").partition("/")
        version = self.s3.buckets[bucket].find(key, None)
        return version.body if version else None

    def _read(self, job: Job) -> None:
        job.media = self._media(job.request)

    def _finish(self, job: Job, recognition: RecognitionResult) -> None:
        if recognition.ending == "FAILED" or job.media is None:
            unread = "The media file could not be read."
            job.reason = unread if job.media is None else "Unsupported media format: try again."
            self._end(job, "FAILED")
            return
        if recognition.ending == "VANISHES":
            job.forgotten = True
            self._end(job, "FAILED")
            return
        text = self.recognise(job.media).text
        output = b'{"results": {"items": [{]' if recognition.ending == "GARBLED" else json.dumps(spoken(job.name, text))
        where = {"Bucket": job.request["OutputBucketName"], "Key": job.request["OutputKey"]}
        self.s3.put_object(**where, Body=output if isinstance(output, bytes) else output.encode())
        self.time.after(self.output_first, lambda: self._end(job, "COMPLETED"))

    def _end(self, job: Job, status: str) -> None:
        job.status, job.ended = status, self.time.now
        self._running -= 1
        self.ended(job)

    def _described(self, job: Job) -> dict[str, Any]:
        described = {
            **job.request,
            "TranscriptionJobStatus": job.status,
            "CreationTime": datetime.fromtimestamp(job.created, UTC),
        }
        if job.ended is not None:
            described["CompletionTime"] = datetime.fromtimestamp(job.ended, UTC)
        if job.reason:
            described["FailureReason"] = job.reason
        return described


def spoken(job: str, text: str) -> dict[str, Any]:
    """A job's output with these words, half a second for each."""
    items = [
        {
            "type": "pronunciation",
            "start_time": f"{number / 2:.2f}",
            "end_time": f"{number / 2 + 0.4:.2f}",
            "alternatives": [{"confidence": "0.98", "content": word}],
        }
        for number, word in enumerate(text.split())
    ]
    return {"jobName": job, "status": "COMPLETED", "results": {"transcripts": [{"transcript": text}], "items": items}}
