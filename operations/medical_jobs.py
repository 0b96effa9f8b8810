"""Transcribe's own records of our jobs."""

from dataclasses import dataclass

from adapters import transcribe_jobs
from adapters.aws_pages import pages
from operations.deployment import Client, Deployment

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
    found = transcribe_jobs.find(deployment.client("transcribe"), name)
    return Job(name, found.status, found.started, found.completed, found.failure) if found else None


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
