"""Medical vocabularies and tags, without the time in between."""

import pytest

from local.transcribe_medical import vocabulary_operations
from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.job_store import JobStore
from local.transcribe_medical.request_validation import Refused
from local.transcribe_medical.s3_locations import S3Location
from local.transcribe_medical.vocabulary_operations import DOWNLOADS
from tests.medical_service import CALLER, TABLE, Clinic, create, start

ARN = "arn:aws:transcribe:us-east-1:000000000000:medical-vocabulary/drugs"


@pytest.fixture
def clinic():
    made = Clinic()
    yield made
    made.close()


def refusal(clinic, operation, **request):
    with pytest.raises(Refused) as refused:
        clinic.ask(operation, **request)
    return refused.value


def got(clinic, name="drugs"):
    return clinic.ask("GetMedicalVocabulary", VocabularyName=name)


def put(clinic, name, content):
    clinic.cloud.objects[S3Location("clinic", name)] = content.encode() if isinstance(content, str) else content


def ready(clinic, **more):
    clinic.ask("CreateMedicalVocabulary", **create(**more))
    clinic.pass_time()
    assert got(clinic)["VocabularyState"] == "READY"


def test_a_vocabulary_is_pending_first_and_ready_then(clinic):
    answer = clinic.ask("CreateMedicalVocabulary", **create())
    assert (answer["VocabularyState"], answer["VocabularyName"], answer["LanguageCode"]) == (
        "PENDING",
        "drugs",
        "en-US",
    )
    assert got(clinic)["VocabularyState"] == "PENDING"
    assert "DownloadUri" not in got(clinic)
    clinic.pass_time()
    assert got(clinic)["VocabularyState"] == "READY"


def test_what_is_ready_can_be_downloaded_by_its_address_and_by_no_other(clinic):
    ready(clinic)
    path = got(clinic)["DownloadUri"].removeprefix(clinic.cloud.endpoint)
    assert path.startswith(DOWNLOADS)
    assert clinic.service.vocabularies.download(path) == TABLE.encode()
    guessed = path.replace(path.split("/")[-2], "guess")
    assert [clinic.service.vocabularies.download(other) for other in (guessed, DOWNLOADS, f"{DOWNLOADS}a/b")] == [
        None
    ] * 3


def test_a_broken_table_fails_with_line_and_reason(clinic):
    put(clinic, "terms.txt", TABLE + "B12\t\t\t\n")
    clinic.ask("CreateMedicalVocabulary", **create())
    clinic.pass_time()
    assert got(clinic)["VocabularyState"] == "FAILED"
    reason = got(clinic)["FailureReason"]
    assert "invalid characters or incorrectly formatted terms" in reason
    assert "line 3: Phrase may hold letters" in reason
    assert refusal(clinic, "StartMedicalTranscriptionJob", **start(Settings={"VocabularyName": "drugs"})).message == (
        "The requested vocabulary isn't ready. Wait until its state is READY and try your request again."
    )


def test_a_table_that_is_too_large_is_not_even_read(clinic):
    put(clinic, "terms.txt", b"x" * 51_201)
    clinic.cloud.fetch = None
    clinic.ask("CreateMedicalVocabulary", **create())
    clinic.pass_time()
    assert "51,201 bytes" in got(clinic)["FailureReason"]


def test_a_failed_update_keeps_the_old_table_and_says_why(clinic):
    ready(clinic)
    before = got(clinic)["DownloadUri"]
    put(clinic, "broken.txt", "no table")
    assert clinic.ask("UpdateMedicalVocabulary", **create(file="broken.txt"))["VocabularyState"] == "PENDING"
    clinic.pass_time()
    after = got(clinic)
    assert (after["VocabularyState"], after["DownloadUri"]) == ("FAILED", before)
    assert "line 1: the header" in after["FailureReason"]
    assert [term.phrase for term in clinic.service.vocabularies.terms(CALLER, "drugs")] == ["metoprolol"]


def test_the_old_table_holds_until_the_new_one_is_ready(clinic):
    ready(clinic)
    put(clinic, "new.txt", TABLE.replace("metoprolol", "bisoprolol"))
    clinic.ask("UpdateMedicalVocabulary", **create(file="new.txt"))
    terms = clinic.service.vocabularies.terms
    assert [term.phrase for term in terms(CALLER, "drugs")] == ["metoprolol"]
    clinic.pass_time()
    assert [term.phrase for term in terms(CALLER, "drugs")] == ["bisoprolol"]
    assert "FailureReason" not in got(clinic)


def test_a_file_that_goes_before_it_is_read_fails_the_vocabulary(clinic):
    clinic.ask("CreateMedicalVocabulary", **create())
    clinic.cloud.objects.clear()
    clinic.pass_time()
    assert "the file is gone" in got(clinic)["FailureReason"]


# --- refusals ---


@pytest.mark.parametrize("operation", ["GetMedicalVocabulary", "DeleteMedicalVocabulary"])
def test_an_unknown_vocabulary_is_not_found(clinic, operation):
    refused = refusal(clinic, operation, VocabularyName="nothing")
    assert (refused.code, refused.status) == ("NotFoundException", 400)
    assert "The requested vocabulary couldn't be found." in refused.message


def test_an_unknown_vocabulary_cannot_be_updated(clinic):
    assert refusal(clinic, "UpdateMedicalVocabulary", **create("nothing")).code == "NotFoundException"


def test_a_job_cannot_name_a_vocabulary_that_is_not_there(clinic):
    refused = refusal(clinic, "StartMedicalTranscriptionJob", **start(Settings={"VocabularyName": "nothing"}))
    assert refused.code == "BadRequestException"
    assert refused.message.startswith("The requested vocabulary couldn't be found.")


def test_a_name_in_use_is_a_conflict(clinic):
    ready(clinic)
    refused = refusal(clinic, "CreateMedicalVocabulary", **create())
    assert refused.code == "ConflictException"
    assert refused.message == "The requested vocabulary name already exists. Use a different vocabulary name."


def test_a_vocabulary_at_work_is_left_alone(clinic):
    clinic.ask("CreateMedicalVocabulary", **create())
    assert refusal(clinic, "UpdateMedicalVocabulary", **create()).code == "ConflictException"
    assert refusal(clinic, "DeleteMedicalVocabulary", VocabularyName="drugs").code == "BadRequestException"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"LanguageCode": "en-GB"}, "Use en-US"),
        ({"VocabularyName": ".."}, "dots alone"),
        ({"VocabularyFileUri": "https://example.org/terms.txt"}, "can't be accessed"),
        ({"VocabularyFileUri": "s3://clinic/nothing.txt"}, "doesn't point to an S3 object"),
        ({"VocabularyFileUri": "s3://abroad/terms.txt"}, "isn't in the same Region"),
        ({"Tags": [{"Key": "aws:a", "Value": ""}]}, "reserved"),
    ],
)
def test_what_the_service_does_not_accept_is_a_bad_request(clinic, changed, text):
    for operation in ("CreateMedicalVocabulary", "UpdateMedicalVocabulary"):
        if operation == "UpdateMedicalVocabulary":
            if "Tags" in changed or "VocabularyName" in changed:
                continue
            ready(clinic)
        refused = refusal(clinic, operation, **(create() | changed))
        assert (refused.code, text in refused.message) == ("BadRequestException", True), refused.message


def test_the_file_is_read_with_the_callers_own_right(clinic):
    clinic.cloud.refused = {"read"}
    assert "read permission" in refusal(clinic, "CreateMedicalVocabulary", **create()).message


def test_tags_need_a_right_of_their_own(clinic):
    clinic.cloud.refused = {"tag"}
    tagged = create(Tags=[{"Key": "ward", "Value": "3"}])
    assert refusal(clinic, "CreateMedicalVocabulary", **tagged).code == "AccessDeniedException"


def test_ten_are_pending_and_a_hundred_there_at_most(clinic):
    for number in range(vocabulary_operations.MOST):
        if number % vocabulary_operations.MOST_PENDING == 0:
            clinic.pass_time()
        clinic.ask("CreateMedicalVocabulary", **create(f"v{number}"))
    refused = refusal(clinic, "CreateMedicalVocabulary", **create("one-more"))
    assert (refused.code, "limit of medical vocabularies" in refused.message) == ("LimitExceededException", True)
    refused = refusal(clinic, "UpdateMedicalVocabulary", **create("v0"))
    assert (refused.code, "pending" in refused.message) == ("LimitExceededException", True)
    clinic.pass_time()
    clinic.ask("DeleteMedicalVocabulary", VocabularyName="v0")
    clinic.ask("CreateMedicalVocabulary", **create("one-more"))


# --- lists ---


def test_vocabularies_are_listed_newest_first_by_state_and_by_part_of_their_name(clinic):
    put(clinic, "broken.txt", "no table")
    clock = iter(range(1, 100))
    clinic.service.vocabularies._clock = lambda: next(clock)  # noqa: SLF001  # six moments apart
    for number in range(6):
        clinic.ask("CreateMedicalVocabulary", **create(f"Drugs-{number}", "broken.txt" if number == 3 else "terms.txt"))
    clinic.pass_time()

    def listed(**request):
        answer = clinic.ask("ListMedicalVocabularies", **request)
        return [line["VocabularyName"] for line in answer["Vocabularies"]], answer

    names, first = listed()
    assert names == ["Drugs-5", "Drugs-4", "Drugs-3", "Drugs-2", "Drugs-1"]
    assert listed(NextToken=first["NextToken"])[0] == ["Drugs-0"]
    names, failed = listed(StateEquals="FAILED")
    assert (names, failed["Status"]) == (["Drugs-3"], "FAILED")
    assert listed(NameContains="dRUGS-1")[0] == ["Drugs-1"]
    assert clinic.ask("ListMedicalVocabularies", Caller("111111111111", "us-east-1", ""))["Vocabularies"] == []


# --- tags ---


def test_tags_are_added_replaced_and_removed(clinic):
    ready(clinic, Tags=[{"Key": "ward", "Value": "3"}, {"Key": "team", "Value": "a"}])
    clinic.ask("TagResource", ResourceArn=ARN, Tags=[{"Key": "ward", "Value": "4"}, {"Key": "floor", "Value": ""}])
    clinic.ask("UntagResource", ResourceArn=ARN, TagKeys=["team", "never-there"])
    answer = clinic.ask("ListTagsForResource", ResourceArn=ARN)
    assert answer == {"ResourceArn": ARN, "Tags": [{"Key": "ward", "Value": "4"}, {"Key": "floor", "Value": ""}]}


def test_a_resource_has_fifty_tags_at_most(clinic):
    ready(clinic, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])
    refused = refusal(clinic, "TagResource", ResourceArn=ARN, Tags=[{"Key": "one-more", "Value": ""}])
    assert (refused.code, "at most 50" in refused.message) == ("BadRequestException", True)
    clinic.ask("TagResource", ResourceArn=ARN, Tags=[{"Key": "k0", "Value": "changed"}])


@pytest.mark.parametrize(
    "arn",
    [
        ARN.replace("drugs", "nothing"),
        ARN.replace("000000000000", "111111111111"),
        ARN.replace("us-east-1", "eu-west-1"),
        ARN.replace("medical-vocabulary", "medical-transcription-job"),
    ],
)
def test_what_is_not_there_has_no_tags(clinic, arn):
    ready(clinic)
    for operation, more in (
        ("ListTagsForResource", {}),
        ("TagResource", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("UntagResource", {"TagKeys": ["a"]}),
    ):
        assert refusal(clinic, operation, ResourceArn=arn, **more).code == "NotFoundException"


@pytest.mark.parametrize("key", ["aws:a", "AWS:a"])
def test_aws_own_tags_are_neither_set_nor_removed(clinic, key):
    ready(clinic)
    assert (
        refusal(clinic, "TagResource", ResourceArn=ARN, Tags=[{"Key": key, "Value": ""}]).code == "BadRequestException"
    )
    assert refusal(clinic, "UntagResource", ResourceArn=ARN, TagKeys=[key]).code == "BadRequestException"


def test_tags_of_transcribes_other_resources_are_left_to_others(clinic):
    takes = clinic.service.takes
    assert takes("TagResource", {"ResourceArn": ARN})
    assert takes("TagResource", {"ResourceArn": "no ARN at all"})
    assert not takes("TagResource", {"ResourceArn": ARN.replace("medical-vocabulary", "vocabulary")})
    assert not takes("StartTranscriptionJob", {})


# --- remembering ---


def test_a_vocabulary_outlives_the_service(tmp_path):
    first = Clinic(memory=JobStore(tmp_path / "journal"))
    ready(first, Tags=[{"Key": "ward", "Value": "3"}])
    second = Clinic(memory=JobStore(tmp_path / "journal"))
    assert got(second) == got(first)
    assert second.ask("ListTagsForResource", ResourceArn=ARN)["Tags"] == [{"Key": "ward", "Value": "3"}]
    for clinic in (first, second):
        clinic.close()
