"""The functions classify every refusal of the laptop's Transcribe Medical."""

import pytest

from local.transcribe_medical import caller_permissions, job_operations, request_validation, vocabulary_operations
from local.transcribe_medical.request_validation import Refused
from stethoscript import aws_errors
from stethoscript.aws_errors import ErrorKind
from tests.client_errors import refusal

REQUEST = {
    "MedicalTranscriptionJobName": "clinic-1", "LanguageCode": "en-US", "Media": {"MediaFileUri": "s3://clinic-work/a.wav"},
    "OutputBucketName": "work", "Specialty": "PRIMARYCARE", "Type": "CONVERSATION",
}  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        (vocabulary_operations.ABSENT, ErrorKind.VOCABULARY),
        (vocabulary_operations.UNREADY, ErrorKind.VOCABULARY_NOT_READY),
        (job_operations.ABSENT, ErrorKind.ABSENT),
        (caller_permissions.UNREADABLE, ErrorKind.CONFIGURATION),
        (caller_permissions.UNWRITABLE, ErrorKind.CONFIGURATION),
        (caller_permissions.NO_OBJECT, ErrorKind.CONFIGURATION),
        (caller_permissions.NO_KEY, ErrorKind.CONFIGURATION),
    ],
)
def test_every_refusal_text_is_classified(sentence, fault):
    assert aws_errors.fault(refusal("BadRequestException", sentence)) is fault


@pytest.mark.parametrize(
    "settings",
    [
        {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 31},
        {"ShowSpeakerLabels": True},
        {"ShowAlternatives": True, "MaxAlternatives": 11},
        {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 2, "ChannelIdentification": True},
        {"VocabularyName": "no name"},
    ],
)
def test_a_refused_setting_is_classified_as_a_setting(settings):
    with pytest.raises(Refused) as refused:
        request_validation.check("StartMedicalTranscriptionJob", {**REQUEST, "Settings": settings})
    assert aws_errors.fault(refusal(refused.value.code, refused.value.message)) is ErrorKind.SETTING
