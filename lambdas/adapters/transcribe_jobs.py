"""Asks Transcribe Medical about its jobs."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from stethoscript import aws_errors
from stethoscript.aws_errors import ErrorKind


def find(transcribe: Any, job: str) -> Mapping[str, Any] | None:
    """What Transcribe says of a job: the member `MedicalTranscriptionJob`; None if it does not know the job.

    Transcribe forgets a job 90 days after its end, or when somebody deletes it.

    Raises:
        ClientError: Transcribe did not answer; that says nothing about the job.
    """
    try:
        answer = transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=job)
    except ClientError as error:
        if aws_errors.fault(error) is ErrorKind.ABSENT:
            return None
        raise
    found: Mapping[str, Any] = answer["MedicalTranscriptionJob"]
    return found
