"""Names of jobs, keys in the work bucket, and the request to Transcribe Medical.

Source of the request's shape: StartMedicalTranscriptionJob, API version 2017-10-26.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stethoscript.profiles import JobSettings
from stethoscript.uploads import Upload

ENCRYPTION_CONTEXT_KEY = "stethoscript:job"
"""CloudTrail shows the encryption context in clear, so it holds no patient data."""
_LONGEST_TAG = 256
START_TIMEOUT_SECONDS = 180
"""The start function's timeout. Nothing that an invocation began goes on for longer."""
WRITE_PROBE = ".write_access_check_file.temp"
"""The key that Transcribe writes to test its permission, in the output's folder and at the root of the bucket."""


@dataclass(frozen=True)
class JobLocations:
    """The bucket and the KMS key that a deployment's jobs use."""

    work_bucket: str
    key_arn: str


def recording(prefix: str, upload: Upload) -> str:
    """The name of an upload's recording. The same upload always has the same name, so a repeated message is harmless.

    The name holds a digest of the key, because a key may hold a patient's name. Logs and events show job names.

    >>> recording("clinic", Upload("intake", "dictation/a.wav", "v1"))
    'clinic-bc47d64dcbbfd8d648de2c4f0a44fcbbcd575d4a'
    """
    identity = json.dumps([upload.bucket, upload.key, upload.version])
    return f"{prefix}-{hashlib.sha256(identity.encode()).hexdigest()[:40]}"


def name(recording: str, attempt: int) -> str:
    """The name of the job of one attempt: the recording's name, with a number from the second attempt on.

    >>> name("clinic-0a1b", 1), name("clinic-0a1b", 2)
    ('clinic-0a1b', 'clinic-0a1b-2')
    """
    return recording if attempt == 1 else f"{recording}-{attempt}"


def recording_of(prefix: str, job: str) -> str | None:
    """The name of the recording that a job transcribes; None for another deployment's job.

    >>> recording_of("clinic", "clinic-" + 40 * "0" + "-2") == "clinic-" + 40 * "0"
    True
    >>> recording_of("clinic", "clinic-by-hand")
    """
    match = re.fullmatch(rf"({re.escape(prefix)}-[0-9a-f]{{40}})(-[1-9][0-9]*)?", job)
    return match[1] if match else None


def staged(job: str, media_format: str) -> str:
    """The key of the staged copy in the work bucket."""
    return f"staging/{job}.{media_format}"


def raw(job: str) -> str:
    """The key of Transcribe's output in the work bucket."""
    return f"raw/{job}.json"


def media_uri(work_bucket: str, job: str, media_format: str) -> str:
    """The URI of the staged copy. A URI of this form does not encode the key."""
    return f"s3://{work_bucket}/{staged(job, media_format)}"


def tags(deployment: str, profile: str) -> dict[str, str]:
    """The job's tags for cost allocation: the tag of all the deployment's resources, and the profile.

    Bills and logs show tags in clear, so no other value of a recording may become one.
    """
    return {"application": deployment, "profile": profile[:_LONGEST_TAG]}


def request(
    job: str, media_format: str, job_settings: JobSettings, locations: JobLocations, tags: Mapping[str, str]
) -> dict[str, Any]:
    """The arguments of StartMedicalTranscriptionJob.

    Transcribe detects the sample rate and the format, because a wrong hint fails the job. The key is an ARN, because
    the condition of our IAM policy compares ARNs.
    """
    arguments = {
        "MedicalTranscriptionJobName": job,
        "LanguageCode": "en-US",  # the only language of Transcribe Medical
        "Media": {"MediaFileUri": media_uri(locations.work_bucket, job, media_format)},
        "OutputBucketName": locations.work_bucket,
        "OutputKey": raw(job),
        "OutputEncryptionKMSKeyId": locations.key_arn,
        "KMSEncryptionContext": {ENCRYPTION_CONTEXT_KEY: job},
        "Specialty": job_settings.specialty,
        "Type": job_settings.type,
        "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
    }
    if settings := job_settings.settings():
        arguments["Settings"] = settings
    if job_settings.content_identification_type:
        arguments["ContentIdentificationType"] = job_settings.content_identification_type
    return arguments
