"""What the laptop's Transcribe answers to a job that it does not start has a meaning to the functions."""

import pytest

from local.transcribe_medical import contract, job_operations, rights, vocabulary_operations
from local.transcribe_medical.contract import Refused
from stethoscript import faults
from stethoscript.faults import Fault
from tests.refusals import refusal

REQUEST = {
    "MedicalTranscriptionJobName": "clinic-1", "LanguageCode": "en-US", "Media": {"MediaFileUri": "s3://clinic-work/a.wav"},
    "OutputBucketName": "work", "Specialty": "PRIMARYCARE", "Type": "CONVERSATION",
}  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        (vocabulary_operations.ABSENT, Fault.VOCABULARY),
        (vocabulary_operations.UNREADY, Fault.VOCABULARY_NOT_READY),
        (job_operations.ABSENT, Fault.ABSENT),
        (rights.UNREADABLE, Fault.CONFIGURATION),
        (rights.UNWRITABLE, Fault.CONFIGURATION),
        (rights.NO_OBJECT, Fault.CONFIGURATION),
        (rights.NO_KEY, Fault.CONFIGURATION),
    ],
)
def test_its_sentences_are_understood(sentence, fault):
    assert faults.fault(refusal("BadRequestException", sentence)) is fault


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
def test_a_setting_that_it_does_not_take_is_known_for_a_setting(settings):
    with pytest.raises(Refused) as refused:
        contract.check("StartMedicalTranscriptionJob", {**REQUEST, "Settings": settings})
    assert faults.fault(refusal(refused.value.code, refused.value.message)) is Fault.SETTING
