"""Medical vocabularies and tags, with the waiting time skipped."""

import pytest

from local.transcribe_medical import vocabulary_operations
from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.job_store import JobStore
from local.transcribe_medical.request_validation import Refused
from local.transcribe_medical.s3_locations import S3Location
from local.transcribe_medical.vocabulary_operations import DOWNLOADS
from tests.medical_service import CALLER, TABLE, ServiceHarness, create, start

ARN = "arn:aws:transcribe:us-east-1:000000000000:medical-vocabulary/drugs"


@pytest.fixture
def harness():
    made = ServiceHarness()
    yield made
    made.close()


def refusal(harness, operation, **request):
    with pytest.raises(Refused) as refused:
        harness.ask(operation, **request)
    return refused.value


def got(harness, name="drugs"):
    return harness.ask("GetMedicalVocabulary", VocabularyName=name)


def put(harness, name, content):
    harness.cloud.objects[S3Location("clinic", name)] = content.encode() if isinstance(content, str) else content


def ready(harness, **more):
    harness.ask("CreateMedicalVocabulary", **create(**more))
    harness.pass_time()
    assert got(harness)["VocabularyState"] == "READY"


def test_a_vocabulary_is_first_pending_and_then_ready(harness):
    answer = harness.ask("CreateMedicalVocabulary", **create())
    assert (answer["VocabularyState"], answer["VocabularyName"], answer["LanguageCode"]) == (
        "PENDING",
        "drugs",
        "en-US",
    )
    assert got(harness)["VocabularyState"] == "PENDING"
    assert "DownloadUri" not in got(harness)
    harness.pass_time()
    assert got(harness)["VocabularyState"] == "READY"


def test_a_ready_vocabulary_is_downloaded_only_by_its_address(harness):
    ready(harness)
    path = got(harness)["DownloadUri"].removeprefix(harness.cloud.endpoint)
    assert path.startswith(DOWNLOADS)
    assert harness.service.vocabularies.download(path) == TABLE.encode()
    guessed = path.replace(path.split("/")[-2], "guess")
    assert [harness.service.vocabularies.download(other) for other in (guessed, DOWNLOADS, f"{DOWNLOADS}a/b")] == [
        None
    ] * 3


def test_a_broken_table_fails_with_line_and_reason(harness):
    put(harness, "terms.txt", TABLE + "B12\t\t\t\n")
    harness.ask("CreateMedicalVocabulary", **create())
    harness.pass_time()
    assert got(harness)["VocabularyState"] == "FAILED"
    reason = got(harness)["FailureReason"]
    assert "invalid characters or incorrectly formatted terms" in reason
    assert "line 3: Phrase may hold letters" in reason
    assert refusal(harness, "StartMedicalTranscriptionJob", **start(Settings={"VocabularyName": "drugs"})).message == (
        "The requested vocabulary isn't ready. Wait until its state is READY and try your request again."
    )


def test_a_table_that_is_too_large_is_not_even_read(harness):
    put(harness, "terms.txt", b"x" * 51_201)
    harness.cloud.fetch = None
    harness.ask("CreateMedicalVocabulary", **create())
    harness.pass_time()
    assert "51,201 bytes" in got(harness)["FailureReason"]


def test_a_failed_update_keeps_the_old_table_and_says_why(harness):
    ready(harness)
    before = got(harness)["DownloadUri"]
    put(harness, "broken.txt", "no table")
    assert harness.ask("UpdateMedicalVocabulary", **create(file="broken.txt"))["VocabularyState"] == "PENDING"
    harness.pass_time()
    after = got(harness)
    assert (after["VocabularyState"], after["DownloadUri"]) == ("FAILED", before)
    assert "line 1: the header" in after["FailureReason"]
    assert [term.phrase for term in harness.service.vocabularies.terms(CALLER, "drugs")] == ["metoprolol"]


def test_the_old_table_is_used_until_the_new_one_is_ready(harness):
    ready(harness)
    put(harness, "new.txt", TABLE.replace("metoprolol", "bisoprolol"))
    harness.ask("UpdateMedicalVocabulary", **create(file="new.txt"))
    terms = harness.service.vocabularies.terms
    assert [term.phrase for term in terms(CALLER, "drugs")] == ["metoprolol"]
    harness.pass_time()
    assert [term.phrase for term in terms(CALLER, "drugs")] == ["bisoprolol"]
    assert "FailureReason" not in got(harness)


def test_a_file_deleted_before_it_is_read_fails_the_vocabulary(harness):
    harness.ask("CreateMedicalVocabulary", **create())
    harness.cloud.objects.clear()
    harness.pass_time()
    assert "the file does not exist" in got(harness)["FailureReason"]


# --- refusals ---


@pytest.mark.parametrize("operation", ["GetMedicalVocabulary", "DeleteMedicalVocabulary"])
def test_an_unknown_vocabulary_is_not_found(harness, operation):
    refused = refusal(harness, operation, VocabularyName="nothing")
    assert (refused.code, refused.status) == ("NotFoundException", 400)
    assert "The requested vocabulary couldn't be found." in refused.message


def test_an_unknown_vocabulary_cannot_be_updated(harness):
    assert refusal(harness, "UpdateMedicalVocabulary", **create("nothing")).code == "NotFoundException"


def test_a_job_cannot_name_a_vocabulary_that_is_not_there(harness):
    refused = refusal(harness, "StartMedicalTranscriptionJob", **start(Settings={"VocabularyName": "nothing"}))
    assert refused.code == "BadRequestException"
    assert refused.message.startswith("The requested vocabulary couldn't be found.")


def test_a_name_in_use_is_a_conflict(harness):
    ready(harness)
    refused = refusal(harness, "CreateMedicalVocabulary", **create())
    assert refused.code == "ConflictException"
    assert refused.message == "The requested vocabulary name already exists. Use a different vocabulary name."


def test_a_vocabulary_in_progress_cannot_be_changed(harness):
    harness.ask("CreateMedicalVocabulary", **create())
    assert refusal(harness, "UpdateMedicalVocabulary", **create()).code == "ConflictException"
    assert refusal(harness, "DeleteMedicalVocabulary", VocabularyName="drugs").code == "BadRequestException"


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
def test_an_invalid_value_is_a_bad_request(harness, changed, text):
    for operation in ("CreateMedicalVocabulary", "UpdateMedicalVocabulary"):
        if operation == "UpdateMedicalVocabulary":
            if "Tags" in changed or "VocabularyName" in changed:
                continue
            ready(harness)
        refused = refusal(harness, operation, **(create() | changed))
        assert (refused.code, text in refused.message) == ("BadRequestException", True), refused.message


def test_the_file_is_read_with_the_caller_s_permissions(harness):
    harness.cloud.refused = {"read"}
    assert "read permission" in refusal(harness, "CreateMedicalVocabulary", **create()).message


def test_tags_need_their_own_permission(harness):
    harness.cloud.refused = {"tag"}
    tagged = create(Tags=[{"Key": "ward", "Value": "3"}])
    assert refusal(harness, "CreateMedicalVocabulary", **tagged).code == "AccessDeniedException"


def test_at_most_ten_vocabularies_are_pending_and_a_hundred_exist(harness):
    for number in range(vocabulary_operations.MOST):
        if number % vocabulary_operations.MOST_PENDING == 0:
            harness.pass_time()
        harness.ask("CreateMedicalVocabulary", **create(f"v{number}"))
    refused = refusal(harness, "CreateMedicalVocabulary", **create("one-more"))
    assert (refused.code, "limit of medical vocabularies" in refused.message) == ("LimitExceededException", True)
    refused = refusal(harness, "UpdateMedicalVocabulary", **create("v0"))
    assert (refused.code, "pending" in refused.message) == ("LimitExceededException", True)
    harness.pass_time()
    harness.ask("DeleteMedicalVocabulary", VocabularyName="v0")
    harness.ask("CreateMedicalVocabulary", **create("one-more"))


# --- lists ---


def test_vocabularies_are_listed_newest_first_by_state_and_by_part_of_their_name(harness):
    put(harness, "broken.txt", "no table")
    clock = iter(range(1, 100))
    harness.service.vocabularies._clock = lambda: next(clock)  # noqa: SLF001  # six moments apart
    for number in range(6):
        harness.ask(
            "CreateMedicalVocabulary", **create(f"Drugs-{number}", "broken.txt" if number == 3 else "terms.txt")
        )
    harness.pass_time()

    def listed(**request):
        answer = harness.ask("ListMedicalVocabularies", **request)
        return [line["VocabularyName"] for line in answer["Vocabularies"]], answer

    names, first = listed()
    assert names == ["Drugs-5", "Drugs-4", "Drugs-3", "Drugs-2", "Drugs-1"]
    assert listed(NextToken=first["NextToken"])[0] == ["Drugs-0"]
    names, failed = listed(StateEquals="FAILED")
    assert (names, failed["Status"]) == (["Drugs-3"], "FAILED")
    assert listed(NameContains="dRUGS-1")[0] == ["Drugs-1"]
    assert harness.ask("ListMedicalVocabularies", Caller("111111111111", "us-east-1", ""))["Vocabularies"] == []


# --- tags ---


def test_tags_are_added_replaced_and_removed(harness):
    ready(harness, Tags=[{"Key": "ward", "Value": "3"}, {"Key": "team", "Value": "a"}])
    harness.ask("TagResource", ResourceArn=ARN, Tags=[{"Key": "ward", "Value": "4"}, {"Key": "floor", "Value": ""}])
    harness.ask("UntagResource", ResourceArn=ARN, TagKeys=["team", "never-there"])
    answer = harness.ask("ListTagsForResource", ResourceArn=ARN)
    assert answer == {"ResourceArn": ARN, "Tags": [{"Key": "ward", "Value": "4"}, {"Key": "floor", "Value": ""}]}


def test_a_resource_has_fifty_tags_at_most(harness):
    ready(harness, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])
    refused = refusal(harness, "TagResource", ResourceArn=ARN, Tags=[{"Key": "one-more", "Value": ""}])
    assert (refused.code, "at most 50" in refused.message) == ("BadRequestException", True)
    harness.ask("TagResource", ResourceArn=ARN, Tags=[{"Key": "k0", "Value": "changed"}])


@pytest.mark.parametrize(
    "arn",
    [
        ARN.replace("drugs", "nothing"),
        ARN.replace("000000000000", "111111111111"),
        ARN.replace("us-east-1", "eu-west-1"),
        ARN.replace("medical-vocabulary", "medical-transcription-job"),
    ],
)
def test_a_missing_resource_has_no_tags(harness, arn):
    ready(harness)
    for operation, more in (
        ("ListTagsForResource", {}),
        ("TagResource", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("UntagResource", {"TagKeys": ["a"]}),
    ):
        assert refusal(harness, operation, ResourceArn=arn, **more).code == "NotFoundException"


@pytest.mark.parametrize("key", ["aws:a", "AWS:a"])
def test_aws_own_tags_are_neither_set_nor_removed(harness, key):
    ready(harness)
    assert (
        refusal(harness, "TagResource", ResourceArn=ARN, Tags=[{"Key": key, "Value": ""}]).code == "BadRequestException"
    )
    assert refusal(harness, "UntagResource", ResourceArn=ARN, TagKeys=[key]).code == "BadRequestException"


def test_tags_of_transcribe_s_other_resources_are_passed_on(harness):
    takes = harness.service.takes
    assert takes("TagResource", {"ResourceArn": ARN})
    assert takes("TagResource", {"ResourceArn": "no ARN at all"})
    assert not takes("TagResource", {"ResourceArn": ARN.replace("medical-vocabulary", "vocabulary")})
    assert not takes("StartTranscriptionJob", {})


# --- remembering ---


def test_a_vocabulary_outlives_the_service(tmp_path):
    first = ServiceHarness(store=JobStore(tmp_path / "journal"))
    ready(first, Tags=[{"Key": "ward", "Value": "3"}])
    second = ServiceHarness(store=JobStore(tmp_path / "journal"))
    assert got(second) == got(first)
    assert second.ask("ListTagsForResource", ResourceArn=ARN)["Tags"] == [{"Key": "ward", "Value": "3"}]
    for harness in (first, second):
        harness.close()
