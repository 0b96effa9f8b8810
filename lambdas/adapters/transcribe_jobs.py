"""Starts Transcribe Medical jobs and reads their state: every call of a function to Transcribe goes through here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from stethoscript import aws_errors
from stethoscript.aws_errors import ErrorKind


@dataclass(frozen=True)
class TranscribeJob:
    """The state of a job by GetMedicalTranscriptionJob; times are whole seconds since 1970."""

    status: str
    media_uri: str | None = None
    started: int | None = None
    completed: int | None = None
    failure: str | None = None

    @property
    def ended(self) -> bool:
        """Whether the job is COMPLETED or FAILED."""
        return self.status in ("COMPLETED", "FAILED")


def find(transcribe: Any, job: str) -> TranscribeJob | None:
    """The job with this name; None if Transcribe has no job of that name.

    Transcribe deletes a job 90 days after its end. An operator can delete it earlier.

    Raises:
        ClientError: the call failed, which says nothing about the job.
    """
    try:
        answer = transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=job)
    except ClientError as error:
        if aws_errors.fault(error) is ErrorKind.ABSENT:
            return None
        raise
    return _read(answer["MedicalTranscriptionJob"])


def start(transcribe: Any, request: Mapping[str, Any]) -> None:
    """Start a job; `request` is the value that `jobs.request` returns.

    Raises:
        ClientError: Transcribe refused the job, or the call failed.
    """
    transcribe.start_medical_transcription_job(**request)


def _read(found: Mapping[str, Any]) -> TranscribeJob:
    return TranscribeJob(
        status=found.get("TranscriptionJobStatus", ""),
        media_uri=found.get("Media", {}).get("MediaFileUri"),
        started=_seconds(found.get("StartTime") or found.get("CreationTime")),
        completed=_seconds(found.get("CompletionTime")),
        failure=found.get("FailureReason"),
    )


def _seconds(moment: Any) -> int | None:
    return int(moment.timestamp()) if moment else None
