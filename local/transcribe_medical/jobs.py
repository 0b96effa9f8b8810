"""A medical transcription job: what was asked, where its transcript goes, how far it is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from local.transcribe_medical.s3_locations import S3Location, named

IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"
PROBE = ".write_access_check_file.temp"


@dataclass(frozen=True)
class Job:
    """One job at one moment."""

    account: str
    region: str
    request: Mapping[str, Any]
    created: float
    status: str = IN_PROGRESS
    finished: float | None = None
    reason: str | None = None
    format: str | None = None
    sample_rate: int | None = None

    @property
    def name(self) -> str:
        """The name the caller gave it."""
        return str(self.request["MedicalTranscriptionJobName"])

    @property
    def arn(self) -> str:
        """The name by which IAM knows the job."""
        return arn(self.region, self.account, self.name)

    @property
    def output(self) -> S3Location:
        """Where the transcript goes."""
        return output(self.request)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings that were asked for."""
        return self.request.get("Settings") or {}

    def plain(self) -> dict[str, Any]:
        """Return what `Job(**plain)` makes the same job of, fit for JSON."""
        return asdict(self)


def arn(region: str, account: str, name: str) -> str:
    """Return the name by which IAM knows a job."""
    return f"arn:aws:transcribe:{region}:{account}:medical-transcription-job/{name}"


def media(request: Mapping[str, Any]) -> S3Location | None:
    """Return where the recording lies, or nothing if the URI names no object in S3."""
    return named(request["Media"].get("MediaFileUri") or "")


def output(request: Mapping[str, Any]) -> S3Location:
    """Return where the transcript goes: a key that ends in .json is the object, any other a folder.

    Without a key AWS's own pages say the bucket's root, and those who do so find it under `medical/`.
    """
    name = f"{request['MedicalTranscriptionJobName']}.json"
    key = request.get("OutputKey")
    if not key:
        return S3Location(request["OutputBucketName"], f"medical/{name}")
    if key.endswith(".json"):
        return S3Location(request["OutputBucketName"], key)
    return S3Location(request["OutputBucketName"], f"{key.rstrip('/')}/{name}")


def probe(request: Mapping[str, Any]) -> S3Location:
    """Return where the service tries whether it may write, beside the transcript."""
    location = output(request)
    folder, slash, _name = location.key.rpartition("/")
    return S3Location(location.bucket, f"{folder}{slash}{PROBE}")


def started(job: Job) -> dict[str, Any]:
    """Return what Start answers: what was sent, and that it has begun."""
    sent = (
        "MedicalTranscriptionJobName",
        "LanguageCode",
        "MediaSampleRateHertz",
        "MediaFormat",
        "Media",
        "Settings",
        "ContentIdentificationType",
        "Specialty",
        "Type",
        "Tags",
    )
    return {
        **{member: job.request[member] for member in sent if job.request.get(member) is not None},
        "TranscriptionJobStatus": job.status,
        "StartTime": job.created,
        "CreationTime": job.created,
    }


def described(job: Job) -> dict[str, Any]:
    """Return what Get answers: what was sent, what was found out, and what came of it."""
    found = {
        "MediaFormat": job.format,
        "MediaSampleRateHertz": job.sample_rate,
        "CompletionTime": job.finished,
        "FailureReason": job.reason,
    }
    return {
        **started(job),
        **{member: value for member, value in found.items() if value is not None},
        "Settings": {"ChannelIdentification": False, "ShowAlternatives": False, **job.settings},
        "Transcript": {"TranscriptFileUri": _uri(job)} if job.status == COMPLETED else {},
    }


def summary(job: Job) -> dict[str, Any]:
    """Return one line of List."""
    line = {
        "MedicalTranscriptionJobName": job.name,
        "CreationTime": job.created,
        "StartTime": job.created,
        "CompletionTime": job.finished,
        "LanguageCode": job.request["LanguageCode"],
        "TranscriptionJobStatus": job.status,
        "FailureReason": job.reason,
        "OutputLocationType": "CUSTOMER_BUCKET",
        "Specialty": job.request["Specialty"],
        "ContentIdentificationType": job.request.get("ContentIdentificationType"),
        "Type": job.request["Type"],
    }
    return {member: value for member, value in line.items() if value is not None}


def _uri(job: Job) -> str:
    return f"https://s3.{job.region}.amazonaws.com/{job.output.bucket}/{job.output.key}"
