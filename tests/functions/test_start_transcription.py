"""The start function: every upload becomes one job, one rejection, or a message that is retried."""

import io
import json
import re
from dataclasses import replace
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

import start_transcription
from adapters.job_starts import NameTaken
from adapters.ledger import Ledger
from stethoscript import jobs
from stethoscript.queue_messages import UploadMessage
from stethoscript.uploads import Upload
from tests.client_errors import refusal
from tests.functions.deployment_harness import VOCABULARIES, WAV
from tests.functions.fakes import INTAKE, WORK


def test_an_upload_is_copied_and_transcribed(pipeline):
    upload = pipeline.upload(Metadata={"correlation-id": "visit-7"})
    pipeline.start(upload)
    row = pipeline.row()
    assert (row.state, row.profile, row.correlation_id) == ("TRANSCRIBING", "dictation", "visit-7")
    assert pipeline.keys(WORK) == [f"staging/{row.job}.wav"]
    assert pipeline.transcribe.jobs[row.job]["Media"] == {"MediaFileUri": f"s3://{WORK}/staging/{row.job}.wav"}


def test_a_job_is_tagged_for_the_bill_with_deployment_and_profile_and_nothing_of_the_key(pipeline):
    pipeline.start(pipeline.upload("conversation/Jane Doe.wav", Metadata={"patient": "Jane Doe"}))
    (job,) = pipeline.transcribe.jobs.values()
    assert job["Tags"] == [{"Key": "application", "Value": "clinic"}, {"Key": "profile", "Value": "conversation"}]


def test_the_working_copy_has_neither_metadata_nor_tags(pipeline):
    pipeline.start(pipeline.upload(Metadata={"patient": "Jane Doe"}, Tagging="patient=Jane"))
    (key,) = pipeline.keys(WORK)
    assert pipeline.s3.head_object(Bucket=WORK, Key=key)["Metadata"] == {}
    assert pipeline.s3.get_object_tagging(Bucket=WORK, Key=key)["TagSet"] == []


def test_an_overwritten_upload_is_transcribed_as_it_was_when_it_arrived(pipeline):
    first = pipeline.upload(body=WAV + b"first")
    second = pipeline.upload(body=WAV + b"second")
    pipeline.start(first)
    pipeline.start(second)
    frozen = {pipeline.s3.get_object(Bucket=WORK, Key=key)["Body"].read() for key in pipeline.keys(WORK)}
    assert frozen == {WAV + b"first", WAV + b"second"}


def test_a_repeated_message_starts_no_second_job(pipeline):
    upload = pipeline.upload()
    pipeline.start(upload)
    pipeline.start(upload)
    assert pipeline.transcribe.starts == 1


def test_a_job_with_a_lost_start_answer_is_used(pipeline):
    pipeline.transcribe.lost.append(EndpointConnectionError(endpoint_url="x"))
    upload = pipeline.upload()
    pipeline.start(upload)
    assert pipeline.row().state == "CLAIMED"
    pipeline.start(upload)
    assert pipeline.row().state == "TRANSCRIBING"
    assert pipeline.transcribe.starts == 1


def test_a_job_name_in_use_for_other_media_is_retried(pipeline):
    upload = pipeline.upload()
    job = jobs.recording("clinic", upload)
    pipeline.transcribe.jobs[job] = {"Media": {"MediaFileUri": "s3://elsewhere/other.wav"}}
    with pytest.raises(NameTaken):
        pipeline.start(upload)


def test_a_short_throttle_is_retried_within_the_invocation(pipeline):
    pipeline.transcribe.errors += [refusal("LimitExceededException"), refusal("ThrottlingException")]
    pipeline.start(pipeline.upload())
    assert pipeline.row().state == "TRANSCRIBING"
    assert pipeline.slept == 2


def test_a_lasting_throttle_defers_the_message_without_a_failure(pipeline):
    pipeline.transcribe.errors += [refusal("LimitExceededException")] * 1000
    upload = pipeline.upload()
    pipeline.start(upload)
    (again,) = pipeline.messages(pipeline.intake_queue)
    assert again.body == {"upload": {"bucket": INTAKE, "key": upload.key, "version": upload.version}, "deferrals": 1}
    assert again.delay == 1
    assert pipeline.row().state == "CLAIMED"


def test_without_a_free_slot_the_recording_waits(pipeline):
    pipeline.start(pipeline.upload("dictation/a.wav"))
    pipeline.start(pipeline.upload("dictation/b.wav"), concurrent_jobs=1)
    assert pipeline.transcribe.starts == 1
    assert len(pipeline.messages(pipeline.intake_queue)) == 1


def test_a_message_is_not_started_without_time_for_a_whole_copy(pipeline):
    upload = pipeline.upload()
    pipeline.starter().take(UploadMessage(upload), pipeline.clock + start_transcription.COPY_SECONDS - 1)
    assert pipeline.keys(WORK) == []
    assert len(pipeline.messages(pipeline.intake_queue)) == 1


@pytest.mark.parametrize(
    ("service", "call", "error"),
    [
        ("s3", "head_object", refusal("403")),
        ("s3", "copy_object", refusal("AccessDenied")),
        ("s3", "copy_object", refusal("KMS.DisabledException")),
        ("s3", "copy_object", refusal("InternalError", status=500)),
        ("dynamodb", "get_item", refusal("ProvisionedThroughputExceededException")),
        ("dynamodb", "put_item", refusal("AccessDeniedException")),
        ("dynamodb", "update_item", refusal("InternalServerError", status=500)),
    ],
)
def test_a_configuration_error_or_an_outage_only_delays_the_recording(pipeline, service, call, error):
    upload = pipeline.upload()
    getattr(pipeline, service).before[call] = [error]
    pipeline.start(upload)
    assert len(pipeline.messages(pipeline.intake_queue)) == 1
    pipeline.start(upload)
    assert pipeline.row().state == "TRANSCRIBING"
    assert pipeline.transcribe.starts == 1


@pytest.mark.parametrize("call", ["put_item", "update_item"])
def test_a_lost_ledger_answer_starts_no_second_job(pipeline, call):
    upload = pipeline.upload()
    pipeline.dynamodb.after[call] = [EndpointConnectionError(endpoint_url="x")]
    pipeline.start(upload)
    pipeline.start(upload)
    assert pipeline.row().state == "TRANSCRIBING"
    assert pipeline.transcribe.starts == 1


def test_an_unreachable_ledger_leaves_one_message(pipeline):
    upload = pipeline.upload()
    silent = EndpointConnectionError(endpoint_url="x")
    pipeline.dynamodb.before["get_item"] = [silent, silent]
    pipeline.start(upload)
    assert len(pipeline.messages(pipeline.intake_queue)) == 1


def test_an_unexpected_error_is_retried(pipeline):
    pipeline.transcribe.errors.append(refusal("SomethingNew", "of tomorrow"))
    with pytest.raises(Exception, match="SomethingNew"):
        pipeline.start(pipeline.upload())


@pytest.mark.parametrize(
    ("key", "body", "metadata", "reason"),
    [
        ("elsewhere/a.wav", WAV, {}, "NoProfile"),
        ("dictation/a.wav", b"", {}, "Empty"),
        ("dictation/a.wav", b"<html>", {}, "UnsupportedMediaFormat"),
        ("dictation/a.wav", WAV, {"max-speaker-labels": "1"}, "InvalidSetting"),
        ("dictation/a.wav", WAV, {"type": "Song"}, "InvalidSetting"),
        ("conversation/a.wav", WAV, {"channel-identification": "true"}, "InvalidSetting"),
        ("dictation/a.wav", WAV, {"language-code": "es-US"}, "UnknownSetting"),
        ("dictation/a.wav", WAV, {"media-format": "mp3"}, "UnknownSetting"),
    ],
)
def test_a_file_that_can_never_be_transcribed_is_rejected_with_a_remedy(pipeline, key, body, metadata, reason):
    pipeline.start(pipeline.upload(key, body, Metadata=metadata))
    (notification,) = pipeline.notifications()
    assert (notification["status"], notification["reason"]["class"]) == ("REJECTED", reason)
    assert notification["reason"]["remedy"].endswith(".")
    assert pipeline.row().state == "REJECTED"
    assert pipeline.transcribe.starts == 0


def test_a_rejection_names_the_profile_and_the_correlation_id(pipeline):
    pipeline.start(pipeline.upload("dictation/a.wav", b"<html>", Metadata={"correlation-id": "visit-7"}))
    (notification,) = pipeline.notifications()
    assert (notification["profile"], notification["correlationId"]) == ("dictation", "visit-7")


def test_a_rejection_names_the_type_that_the_uploader_requested(pipeline):
    pipeline.start(pipeline.upload("dictation/a.wav", b"<html>", Metadata={"type": "conversation"}))
    assert pipeline.notifications()[0]["type"] == "CONVERSATION"


def test_a_concurrent_claim_is_respected(pipeline):
    upload = pipeline.upload()
    other = pipeline.starter()
    pipeline.s3 = InterleavedClient(
        pipeline.s3, "get_object", lambda: other.take(UploadMessage(upload), pipeline.clock + 300)
    )
    pipeline.start(upload)
    assert pipeline.transcribe.starts == 1
    assert len(pipeline.messages(pipeline.intake_queue)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"ContentRange": None, "ContentLength": 300_000},
        {"ContentRange": "bytes 5-99/300000"},
        {"Body": io.BytesIO(b"RIFF")},
    ],
    ids=["the whole object", "another offset", "another length"],
)
def test_an_answer_with_the_wrong_byte_range_defers_the_recording(pipeline, wrong):
    read = pipeline.s3.get_object
    pipeline.s3.get_object = lambda **asked: read(**asked) | wrong
    pipeline.start(pipeline.upload())
    assert pipeline.transcribe.starts == 0
    assert not pipeline.notifications()
    assert len(pipeline.messages(pipeline.intake_queue)) == 1


class InterleavedClient:
    """A client that calls another function before the named call."""

    def __init__(self, client, name, happens, times=1):
        self._client, self._name, self._happens, self._times = client, name, happens, times

    def __getattr__(self, name):
        if name == self._name and self._times:
            self._times -= 1
            self._happens()
        return getattr(self._client, name)


def test_a_vocabulary_is_configured_by_its_table_and_requested_by_its_name_in_aws(pipeline):
    pipeline.start(pipeline.upload(Metadata={"vocabulary-name": "drugs"}))
    [job] = pipeline.transcribe.jobs.values()
    assert job["Settings"]["VocabularyName"] == VOCABULARIES["drugs"]
    assert pipeline.row().settings.vocabulary_name == "drugs"


def test_an_unknown_vocabulary_from_the_uploader_is_rejected(pipeline):
    pipeline.transcribe.errors.append(refusal("BadRequestException", "The requested vocabulary couldn't be found."))
    pipeline.start(pipeline.upload(Metadata={"vocabulary-name": "nope"}))
    assert pipeline.notifications()[0]["reason"]["class"] == "InvalidSetting"


def test_a_vocabulary_missing_from_the_deployment_is_a_configuration_error(pipeline):
    pipeline.transcribe.errors.append(refusal("BadRequestException", "The requested vocabulary couldn't be found."))
    pipeline.start(pipeline.upload(Metadata={"vocabulary-name": "drugs"}))
    assert pipeline.notifications() == []
    assert len(pipeline.messages(pipeline.intake_queue)) == 1


def test_a_limit_error_about_the_length_rejects_the_recording(pipeline):
    pipeline.transcribe.errors.append(refusal("LimitExceededException", "Your media file is too long."))
    pipeline.start(pipeline.upload())
    assert pipeline.notifications()[0]["reason"]["class"] == "TooLong"


def test_a_limit_error_for_a_day_without_running_jobs_is_notified(pipeline):
    pipeline.transcribe.errors += [refusal("LimitExceededException")] * 10_000
    upload = pipeline.upload()
    pipeline.start(upload)
    pipeline.clock += 25 * 3600
    pipeline.start(upload)
    assert pipeline.notifications()[0]["reason"]["class"] == "LimitExceeded"


def test_the_slower_of_two_starters_of_a_recording_ends_nothing(pipeline):
    upload = pipeline.upload()
    pipeline.transcribe.errors += [refusal("LimitExceededException")] * 1000
    pipeline.start(upload)  # claimed, waiting
    pipeline.transcribe.errors.clear()
    other, slow = pipeline.starter(), pipeline.starter()

    def meanwhile():
        other.take(UploadMessage(upload), pipeline.clock + 300)
        pipeline.s3.delete_object(Bucket=INTAKE, Key=upload.key, VersionId=upload.version)

    slow = replace(slow, ledger=Ledger(InterleavedClient(pipeline.dynamodb, "query", meanwhile, times=1), "ledger"))
    slow.take(UploadMessage(upload), pipeline.clock + 300)
    assert pipeline.row().state == "TRANSCRIBING"
    assert pipeline.notifications() == []
    assert pipeline.transcribe.starts == 1


def test_an_upload_deleted_before_its_claim_is_rejected_as_gone(pipeline):
    upload = pipeline.upload()
    pipeline.s3.delete_object(Bucket=INTAKE, Key=upload.key, VersionId=upload.version)
    pipeline.start(upload)
    (notification,) = pipeline.notifications()
    assert (notification["reason"]["class"], notification["profile"], notification["type"]) == (
        "Gone",
        "dictation",
        "DICTATION",
    )


def test_an_upload_deleted_after_its_claim_is_rejected_as_gone(pipeline):
    upload = pipeline.upload()
    pipeline.s3.before["copy_object"] = [refusal("NoSuchVersion", status=404)]
    pipeline.start(upload)
    assert pipeline.row().state == "REJECTED"
    assert pipeline.notifications()[0]["profile"] == "dictation"


def test_a_rejection_is_notified_once_before_it_is_in_the_ledger(pipeline):
    upload = pipeline.upload("dictation/a.wav", b"")
    pipeline.sns.before["publish"] = [refusal("InternalError", status=500)]
    pipeline.start(upload)
    assert pipeline.notifications() == []
    pipeline.start(upload)
    pipeline.start(upload)
    assert len(pipeline.notifications()) == 1


def test_a_rejection_event_that_the_bus_refused_in_a_200_answer_is_sent_later(pipeline):
    upload = pipeline.upload("dictation/a.wav", b"")
    pipeline.events.errors.append("ThrottlingException")
    pipeline.start(upload)
    assert (pipeline.notifications(), pipeline.events.events) == ([], [])
    assert len(pipeline.messages(pipeline.intake_queue)) == 1
    pipeline.start(upload)
    assert (len(pipeline.notifications()), pipeline.events.events[0]["DetailType"]) == (1, "Recording Rejected")


def test_metadata_overrides_the_profile(pipeline):
    pipeline.start(pipeline.upload("conversation/a.wav", Metadata={"max-speaker-labels": "5", "type": "DICTATION"}))
    (job,) = pipeline.transcribe.jobs.values()
    assert job["Settings"] == {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 5}
    assert (job["Type"], pipeline.row().job_settings["type"]) == ("DICTATION", "DICTATION")


def test_a_folder_created_in_the_console_is_no_recording(pipeline):
    pipeline.start(pipeline.upload("dictation/", b""))
    assert pipeline.notifications() == []
    assert pipeline.dynamodb.scan(TableName="ledger")["Items"] == []


def test_another_buckets_upload_is_ignored(pipeline):
    pipeline.start(Upload("somebody-elses", "dictation/a.wav", "v1"))
    assert pipeline.dynamodb.scan(TableName="ledger")["Items"] == []


def test_a_poll_message_is_sent_if_configured(pipeline):
    pipeline.start(pipeline.upload(), job_poll_seconds=60)
    (watch,) = pipeline.messages(pipeline.completion_queue)
    assert (watch.body["job"], watch.delay) == (pipeline.row().job, 60)


def test_the_request_to_transcribe_satisfies_its_service_model(pipeline):
    pipeline.start(pipeline.upload("conversation/a.wav"))
    (request,) = pipeline.transcribe.jobs.values()
    client = boto3.client("transcribe")
    operation = client.meta.service_model.operation_model("StartMedicalTranscriptionJob")
    assert (
        constraints_broken(operation.input_shape, {k: v for k, v in request.items() if k != "TranscriptionJobStatus"})
        == []
    )


def constraints_broken(shape, value, path=""):
    """The constraints that botocore does not check itself: enums, patterns and maxima of its own model."""
    broken = []
    if shape.type_name == "structure":
        broken += [f"{path}.{name}: unknown" for name in value if name not in shape.members]
        for name, member in shape.members.items():
            if name in value:
                broken += constraints_broken(member, value[name], f"{path}.{name}")
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            broken.append(f"{path}: {value} is none of {shape.enum}")
        if (pattern := shape.metadata.get("pattern")) and not re.search(pattern, value):
            broken.append(f"{path}: {value} does not match {pattern}")
        if len(value) > shape.metadata.get("max", len(value)):
            broken.append(f"{path}: too long")
    return broken


def test_the_handler_returns_each_failed_message_and_logs_the_error(pipeline, monkeypatch, caplog):
    good, bad = pipeline.upload(), "not json"
    starter = pipeline.starter()
    for name, value in vars(starter.settings).items():
        monkeypatch.setenv(name.upper(), str(value))
    monkeypatch.setattr(start_transcription, "_starter", lambda: starter)
    event = {"Records": [record("1", s3_message(good)), record("2", bad), record("3", TEST_EVENT)]}
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 300_000)
    answer = start_transcription.handler(event, context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    (named,) = [vars(each) for each in caplog.records if each.getMessage() == "returned to the queue"]
    assert (named["message_id"], named["error"]) == ("2", "UnknownMessage")
    assert pipeline.row().state == "TRANSCRIBING"


TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": INTAKE})


def s3_message(upload):
    entity = {
        "bucket": {"name": upload.bucket},
        "object": {"key": "dictation/Jane+Doe.wav", "versionId": upload.version},
    }
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": entity}]})


def record(message_id, body):
    return {"messageId": message_id, "body": body, "eventSource": "aws:sqs", "attributes": {}, "messageAttributes": {}}
