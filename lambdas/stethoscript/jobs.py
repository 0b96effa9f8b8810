"""Names of jobs, and what Transcribe Medical is asked for.

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

# Says what the context is for, nothing about whom: it stands in clear in CloudTrail.
ENCRYPTION_CONTEXT_KEY = "stethoscript:job"
_LONGEST_TAG = 256
START_TIMEOUT_SECONDS = 180
"""The start function's timeout. Nothing that an invocation began goes on for longer."""
WRITE_PROBE = ".write_access_check_file.temp"
"""The key that Transcribe writes to test its permission, in the output's folder and at the root of the bucket."""


@dataclass(frozen=True)
class JobLocations:
    """Where a deployment's jobs read and write."""

    work_bucket: str
    key_arn: str


def recording(prefix: str, upload: Upload) -> str:
    """Name the recording after what was uploaded, so that a redelivered message finds it taken.

    The key may hold a patient's name, and job names appear in logs and events:
    only a digest goes in.

    >>> recording("clinic", Upload("intake", "dictation/a.wav", "v1"))
    'clinic-bc47d64dcbbfd8d648de2c4f0a44fcbbcd575d4a'
    """
    identity = json.dumps([upload.bucket, upload.key, upload.version])
    return f"{prefix}-{hashlib.sha256(identity.encode()).hexdigest()[:40]}"


def name(recording: str, attempt: int) -> str:
    """Name the job of one attempt at a recording: the first bears its name, later ones a number.

    >>> name("clinic-0a1b", 1), name("clinic-0a1b", 2)
    ('clinic-0a1b', 'clinic-0a1b-2')
    """
    return recording if attempt == 1 else f"{recording}-{attempt}"


def recording_of(prefix: str, job: str) -> str | None:
    """The recording that a job transcribes; None if the job is not one of this deployment's.

    >>> recording_of("clinic", "clinic-" + 40 * "0" + "-2") == "clinic-" + 40 * "0"
    True
    >>> recording_of("clinic", "clinic-by-hand")
    """
    match = re.fullmatch(rf"({re.escape(prefix)}-[0-9a-f]{{40}})(-[1-9][0-9]*)?", job)
    return match[1] if match else None


def staged(job: str, media_format: str) -> str:
    """Key of the frozen copy in the work bucket."""
    return f"staging/{job}.{media_format}"


def raw(job: str) -> str:
    """Key under which Transcribe leaves its transcript in the work bucket."""
    return f"raw/{job}.json"


def media_uri(work_bucket: str, job: str, media_format: str) -> str:
    """The media file as Transcribe is told of it; S3 keys are not encoded in this form."""
    return f"s3://{work_bucket}/{staged(job, media_format)}"


def tags(deployment: str, profile: str) -> dict[str, str]:
    """What a bill tells jobs apart by: the tag of all the deployment's resources, and the profile.

    Tags stand in clear in bills and logs, so nothing else of a recording may become one.
    """
    return {"application": deployment, "profile": profile[:_LONGEST_TAG]}


def request(
    job: str, media_format: str, job_settings: JobSettings, places: JobLocations, tags: Mapping[str, str]
) -> dict[str, Any]:
    """The arguments of StartMedicalTranscriptionJob.

    Rate and format are left to Transcribe to detect: a wrong hint fails the job. The key is given
    by ARN, since the condition of our IAM policy compares ARNs.
    """
    asked = {
        "MedicalTranscriptionJobName": job,
        "LanguageCode": "en-US",  # the only one Transcribe Medical takes
        "Media": {"MediaFileUri": media_uri(places.work_bucket, job, media_format)},
        "OutputBucketName": places.work_bucket,
        "OutputKey": raw(job),
        "OutputEncryptionKMSKeyId": places.key_arn,
        "KMSEncryptionContext": {ENCRYPTION_CONTEXT_KEY: job},
        "Specialty": job_settings.specialty,
        "Type": job_settings.type,
        "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
    }
    if settings := job_settings.settings():
        asked["Settings"] = settings
    if job_settings.content_identification_type:
        asked["ContentIdentificationType"] = job_settings.content_identification_type
    return asked
