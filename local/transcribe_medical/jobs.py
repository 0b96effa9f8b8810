"""A medical transcription job: its request, status and output location."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from local.transcribe_medical.s3_locations import S3Location, named

IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"
PROBE = ".write_access_check_file.temp"


@dataclass(frozen=True)
class Job:
    """The state of a job."""

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
        """The job's name."""
        return str(self.request["MedicalTranscriptionJobName"])

    @property
    def arn(self) -> str:
        """The job's ARN."""
        return arn(self.region, self.account, self.name)

    @property
    def output(self) -> S3Location:
        """The location of the transcript."""
        return output(self.request)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings in the request."""
        return self.request.get("Settings") or {}

    def plain(self) -> dict[str, Any]:
        """Return the fields as JSON values; `Job(**plain)` restores the job."""
        return asdict(self)


def arn(region: str, account: str, name: str) -> str:
    """Return the ARN of a job."""
    return f"arn:aws:transcribe:{region}:{account}:medical-transcription-job/{name}"


def media(request: Mapping[str, Any]) -> S3Location | None:
    """Return the location of the recording, or None if the URI is not an object in S3."""
    return named(request["Media"].get("MediaFileUri") or "")


def output(request: Mapping[str, Any]) -> S3Location:
    """Return the location of the transcript. A key that ends with .json is the object; any other key is a folder.

    Without a key it is under `medical/`, as users of AWS report; AWS documents the bucket's root.
    """
    name = f"{request['MedicalTranscriptionJobName']}.json"
    key = request.get("OutputKey")
    if not key:
        return S3Location(request["OutputBucketName"], f"medical/{name}")
    if key.endswith(".json"):
        return S3Location(request["OutputBucketName"], key)
    return S3Location(request["OutputBucketName"], f"{key.rstrip('/')}/{name}")


def probe(request: Mapping[str, Any]) -> S3Location:
    """Return the location of the service's write check, in the folder of the transcript."""
    location = output(request)
    folder, slash, _name = location.key.rpartition("/")
    return S3Location(location.bucket, f"{folder}{slash}{PROBE}")


def started(job: Job) -> dict[str, Any]:
    """Return the answer of Start."""
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
    """Return the answer of Get."""
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
    """Return the job's entry in the answer of List."""
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
