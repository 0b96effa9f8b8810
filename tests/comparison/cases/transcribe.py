"""Transcribe Medical: the calls. tests/unit/test_medical_contract.py compares every limit of the model."""

from typing import Any

from tests.comparison.case import ANY, Call, call, case

NAME = {"MedicalTranscriptionJobName": "@name"}
CANNED = "Its jobs are canned, and it checks neither recording nor settings."
STATUS = "MedicalTranscriptionJob.TranscriptionJobStatus"


def started(**more: Any) -> Call:
    """A job."""
    return call("transcribe.start_medical_transcription_job", **{
        "MedicalTranscriptionJobName": "@name", "LanguageCode": "en-US", "Specialty": "PRIMARYCARE",
        "Type": "DICTATION", "Media": {"MediaFileUri": "s3://none/a.wav"}, "OutputBucketName": "@bucket",
        "OutputKey": "a.json", **more,
    })  # fmt: skip


CASES = (
    case("a missing recording", started(), status=400, code="BadRequestException", moto=CANNED),
    case("another language", started(LanguageCode="de-DE"), status=400, code="BadRequestException", moto=CANNED),
    case("a missing job", call("transcribe.get_medical_transcription_job", **NAME),
         status=400, code="BadRequestException"),
    case("jobs are listed", call("transcribe.list_medical_transcription_jobs", Status="COMPLETED", MaxResults=100,
         JobNameContains="none"), members={"MedicalTranscriptionJobSummaries": []}),
    case("a missing job is deleted", call("transcribe.delete_medical_transcription_job", **NAME),
         status=400, code="BadRequestException"),
    case("tags of a missing job", call("transcribe.list_tags_for_resource",
         ResourceArn="arn:aws:transcribe:us-east-1:000000000000:medical-transcription-job/none"),
         status=400, code="NotFoundException", moto="It answers with no tags."),
    case("output under our key, with tags and settings that contradict each other", started(
         OutputEncryptionKMSKeyId="@key", KMSEncryptionContext={"job": "a"}, Tags=[{"Key": "a", "Value": "b"}],
         ContentIdentificationType="PHI",
         Settings={"ShowSpeakerLabels": True, "MaxSpeakerLabels": 2, "ChannelIdentification": True,
                   "VocabularyName": "none", "ShowAlternatives": True, "MaxAlternatives": 2}),
         status=400, code="BadRequestException"),
    case("a missing vocabulary", call("transcribe.get_medical_vocabulary", VocabularyName="none"),
         status=400, code="NotFoundException", moto="Its code is another."),
    case("vocabularies are listed", call("transcribe.list_medical_vocabularies"), members={"Vocabularies": ANY}),
)  # fmt: skip
