"""Transcribe's own records of our jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from adapters.aws_pages import pages
from operations.deployment import Client, Deployment
from stethoscript import aws_errors
from stethoscript.aws_errors import ErrorKind

_PAGE = 100


@dataclass(frozen=True)
class Job:
    """What Transcribe says of a job; times are seconds since 1970."""

    name: str
    status: str
    started: int | None = None
    completed: int | None = None
    failure: str | None = None

    @property
    def running(self) -> bool:
        """Whether it has not come to an end."""
        return self.status in ("QUEUED", "IN_PROGRESS")


def find(deployment: Deployment, name: str) -> Job | None:
    """A job by its name; None if Transcribe knows none of that name (any more)."""
    try:
        answer = deployment.client("transcribe").get_medical_transcription_job(MedicalTranscriptionJobName=name)
    except ClientError as error:
        if aws_errors.fault(error) is ErrorKind.ABSENT:
            return None
        raise
    return _job(name, answer["MedicalTranscriptionJob"])


def running(client: Client) -> int:
    """How many medical jobs are in progress in this account and Region: the quota is for all of them together."""
    listed = pages(client("transcribe"), "list_medical_transcription_jobs", Status="IN_PROGRESS", MaxResults=_PAGE)
    return sum(len(page["MedicalTranscriptionJobSummaries"]) for page in listed)


def forget(deployment: Deployment, name: str) -> bool:
    """Delete Transcribe's record of a job that has ended; False if there is none."""
    if find(deployment, name) is None:
        return False
    deployment.client("transcribe").delete_medical_transcription_job(MedicalTranscriptionJobName=name)
    return True


def _job(name: str, answer: Mapping[str, Any]) -> Job:
    return Job(
        name,
        answer["TranscriptionJobStatus"],
        _seconds(answer.get("StartTime") or answer.get("CreationTime")),
        _seconds(answer.get("CompletionTime")),
        answer.get("FailureReason"),
    )


def _seconds(moment: Any) -> int | None:
    return int(moment.timestamp()) if moment else None
