import pytest

from local.transcribe_medical import request_validation
from local.transcribe_medical.request_validation import Refused

START = "StartMedicalTranscriptionJob"
FIT = {
    "MedicalTranscriptionJobName": "dictation-1",
    "LanguageCode": "en-US",
    "Media": {"MediaFileUri": "s3://clinic/staging/a.wav"},
    "OutputBucketName": "clinic-work",
    "Specialty": "PRIMARYCARE",
    "Type": "DICTATION",
}


def refusal(operation, request):
    with pytest.raises(Refused) as refused:
        request_validation.check(operation, request)
    return refused.value


def test_the_smallest_request_is_accepted():
    request_validation.check(START, FIT)


def test_a_complete_request_is_accepted():
    request_validation.check(
        START,
        FIT
        | {
            "MediaFormat": "flac",
            "MediaSampleRateHertz": 16000,
            "OutputKey": "raw/dictation-1.json",
            "OutputEncryptionKMSKeyId": "arn:aws:kms:us-east-1:000000000000:key/1234",
            "KMSEncryptionContext": {"purpose": "transcripts"},
            "ContentIdentificationType": "PHI",
            "Settings": {
                "ShowSpeakerLabels": True,
                "MaxSpeakerLabels": 10,
                "ShowAlternatives": True,
                "MaxAlternatives": 2,
                "VocabularyName": "cardiology",
            },
            "Tags": [{"Key": "ward", "Value": ""}],
        },
    )


def test_the_error_names_a_missing_member():
    refused = refusal(START, {name: value for name, value in FIT.items() if name != "Media"})
    assert refused.code == "BadRequestException"
    assert refused.message == (
        "1 validation error detected: Value null at 'media' failed to satisfy constraint: Member must not be null"
    )


def test_the_error_for_a_value_outside_an_enum_lists_the_enum():
    refused = refusal(START, FIT | {"Type": "LECTURE"})
    assert refused.message == (
        "1 validation error detected: Value 'LECTURE' at 'type' failed to satisfy constraint: "
        "Member must satisfy enum value set: [CONVERSATION, DICTATION]"
    )


def test_all_errors_are_named_at_once():
    refused = refusal(START, FIT | {"Type": "LECTURE", "MediaSampleRateHertz": 8000})
    assert refused.message.startswith("2 validation errors detected: ")
    assert "Value '8000' at 'mediaSampleRateHertz'" in refused.message
    assert "Member must have value greater than or equal to 16000" in refused.message


@pytest.mark.parametrize(
    ("member", "value", "constraint"),
    [
        ("MedicalTranscriptionJobName", "a b", "regular expression pattern: ^[0-9a-zA-Z._-]+"),
        ("MedicalTranscriptionJobName", "a" * 201, "length less than or equal to 200"),
        ("MedicalTranscriptionJobName", "", "length greater than or equal to 1"),
        ("MediaSampleRateHertz", 96000, "value less than or equal to 48000"),
        ("Media", {"MediaFileUri": "/home/a.wav"}, "'media.mediaFileUri'"),
        ("OutputBucketName", "s3://clinic", "regular expression pattern"),
        ("OutputKey", "a folder/a.json", "regular expression pattern"),
        ("Settings", {"ShowAlternatives": True, "MaxAlternatives": 11}, "'settings.maxAlternatives'"),
        ("Settings", {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 31}, "less than or equal to 30"),
        ("Tags", [{"Key": "a"}], "Value null at 'tags.1.member.value'"),
        ("Tags", [], "length greater than or equal to 1"),
        ("KMSEncryptionContext", {f"k{n}": "v" for n in range(11)}, "length less than or equal to 10"),
        ("KMSEncryptionContext", {"a": ""}, "Map value must satisfy constraint: [Member must have length greater"),
        ("KMSEncryptionContext", {"": "a"}, "Map key must satisfy constraint"),
    ],
)
def test_a_value_that_breaks_the_service_model_is_refused(member, value, constraint):
    key = {"OutputEncryptionKMSKeyId": "alias/clinic"} if member == "KMSEncryptionContext" else {}
    assert constraint in refusal(START, FIT | key | {member: value}).message


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"LanguageCode": "en-GB"}, "en-US"),
        ({"MedicalTranscriptionJobName": ".."}, "dots alone"),
        ({"Settings": {"ShowSpeakerLabels": True}}, "you must also specify MaxSpeakerLabels"),
        ({"Settings": {"MaxSpeakerLabels": 2}}, "ShowSpeakerLabels must be true"),
        ({"Settings": {"ShowAlternatives": True}}, "you must also specify MaxAlternatives"),
        ({"Settings": {"MaxAlternatives": 2}}, "ShowAlternatives must be true"),
        (
            {"Settings": {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 2, "ChannelIdentification": True}},
            "both ShowSpeakerLabels and ChannelIdentification",
        ),
        ({"KMSEncryptionContext": {"a": "b"}}, "OutputEncryptionKMSKeyId"),
        ({"Media": {"MediaFileUri": "s3://a/b", "RedactedMediaFileUri": "s3://a/c"}}, "Call Analytics"),
        ({"Tags": [{"Key": "aws:a", "Value": "b"}]}, "reserved"),
        ({"Tags": [{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "c"}]}, "only once"),
        ({"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]}, "at most 50"),
    ],
)
def test_contradictory_members_are_refused(changed, sentence):
    refused = refusal(START, FIT | changed)
    assert refused.code == "BadRequestException"
    assert sentence in refused.message


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("MedicalTranscriptionJobName", 7),
        ("MediaSampleRateHertz", "16000"),
        ("MediaSampleRateHertz", True),
        ("Media", "s3://clinic/a.wav"),
        ("Tags", {"a": "b"}),
        ("Settings", {"ShowSpeakerLabels": "yes"}),
        ("KMSEncryptionContext", {"a": 1}),
    ],
)
def test_a_value_of_another_type_cannot_be_read(member, value):
    assert refusal(START, FIT | {member: value}).code == "SerializationException"


def test_an_unknown_member_is_refused():
    assert "Unknown member 'outputPrefix'" in refusal(START, FIT | {"OutputPrefix": "raw/"}).message


def test_a_member_that_is_null_counts_as_left_out():
    request_validation.check(START, FIT | {"Settings": None, "OutputKey": None})


@pytest.mark.parametrize(
    ("operation", "request_", "constraint"),
    [
        ("GetMedicalTranscriptionJob", {}, "medicalTranscriptionJobName"),
        ("DeleteMedicalTranscriptionJob", {"MedicalTranscriptionJobName": "a/b"}, "pattern"),
        ("ListMedicalTranscriptionJobs", {"MaxResults": 101}, "less than or equal to 100"),
        ("ListMedicalTranscriptionJobs", {"Status": "DONE"}, "[QUEUED, IN_PROGRESS, FAILED, COMPLETED]"),
    ],
)
def test_the_other_operations_follow_the_same_model(operation, request_, constraint):
    assert constraint in refusal(operation, request_).message
