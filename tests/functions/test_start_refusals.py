"""Every refusal to start a job is handled: the message waits, the operator is alerted, or the recording is rejected."""

from dataclasses import replace

import pytest

from stethoscript import profiles
from stethoscript.queue_messages import UploadMessage
from tests.client_errors import refusal
from tests.functions.published_metrics import Watched

HOUR, DAY = 3600, 86400
NOT_READY = refusal("BadRequestException", "The requested vocabulary isn't ready. Wait until its state is READY.")
FAILED = refusal("BadRequestException", "The requested vocabulary has failed.")
TOO_MANY = refusal("BadRequestException", "1 validation error detected: Value '30' at 'settings.maxSpeakerLabels'")
UNKNOWN = refusal("BadRequestException", "We do not like it.")
BROKEN = refusal("InternalFailureException", "There was an internal error.", status=500)
NO_BUCKET = refusal("BadRequestException", "The bucket of your output is in another Region.")


@pytest.fixture
def watched(pipeline, monkeypatch, capsys):
    return Watched(pipeline, monkeypatch, capsys)


def refuse(pipeline, upload, error, after=0, **settings):
    """Let Transcribe refuse an upload's job now, or after this many seconds."""
    pipeline.clock += after
    pipeline.transcribe.errors = [error]
    pipeline.drain(pipeline.intake_queue)
    pipeline.start(upload, **settings)


def waits(pipeline):
    return (
        pipeline.notifications() == []
        and pipeline.row().state == "CLAIMED"
        and len(pipeline.messages(pipeline.intake_queue)) == 1
    )


def rejected(pipeline):
    (notification,) = pipeline.notifications()
    assert (notification["status"], pipeline.row().state) == ("REJECTED", "REJECTED")
    assert notification["reason"]["remedy"].endswith(".")
    return notification["reason"]["class"]


def test_a_start_waits_for_a_pending_vocabulary_and_uses_it(pipeline):
    upload = pipeline.upload(Metadata={"vocabulary-name": "mine"})
    refuse(pipeline, upload, NOT_READY)
    assert waits(pipeline)
    pipeline.start(upload)
    assert pipeline.row().state == "TRANSCRIBING"


def test_a_vocabulary_pending_for_an_hour_ends_the_recording(pipeline):
    upload = pipeline.upload(Metadata={"vocabulary-name": "mine"})
    refuse(pipeline, upload, NOT_READY)
    refuse(pipeline, upload, NOT_READY, after=HOUR - 1)
    assert waits(pipeline)
    refuse(pipeline, upload, NOT_READY, after=2)
    assert rejected(pipeline) == "InvalidSetting"
    assert pipeline.transcribe.starts == 0


def test_a_failed_vocabulary_ends_the_recording_at_once(pipeline):
    refuse(pipeline, pipeline.upload(Metadata={"vocabulary-name": "mine"}), FAILED)
    assert rejected(pipeline) == "InvalidSetting"


@pytest.mark.parametrize("error", [NOT_READY, FAILED])
def test_a_fault_in_the_deployment_s_vocabulary_is_a_configuration_error(pipeline, error):
    upload = pipeline.upload(Metadata={"vocabulary-name": "drugs"})
    refuse(pipeline, upload, error)
    refuse(pipeline, upload, error, after=10 * DAY)
    assert waits(pipeline)


@pytest.mark.parametrize("error", [NOT_READY, FAILED])
def test_a_fault_in_a_profile_s_vocabulary_is_a_configuration_error(pipeline, error):
    upload = pipeline.upload()
    named = profiles.read({"dictation/": {"vocabulary_name": "elsewhere"}})
    for _ in range(2):
        pipeline.transcribe.errors = [error]
        pipeline.drain(pipeline.intake_queue)
        replace(pipeline.starter(), profiles=named).take(UploadMessage(upload), pipeline.clock + 300)
        pipeline.clock += 10 * DAY
    assert waits(pipeline)


def test_an_uploader_s_setting_that_transcribe_refuses_ends_the_recording(pipeline):
    refuse(pipeline, pipeline.upload(Metadata={"max-speaker-labels": "30"}), TOO_MANY)
    assert rejected(pipeline) == "InvalidSetting"
    assert "max-speaker-labels" in pipeline.notifications()[0]["reason"]["remedy"]


def test_a_profile_s_setting_that_transcribe_refuses_is_a_configuration_error(pipeline):
    upload = pipeline.upload("conversation/a.wav")
    refuse(pipeline, upload, TOO_MANY)
    refuse(pipeline, upload, TOO_MANY, after=10 * DAY)
    assert waits(pipeline)


def test_a_refusal_with_an_unknown_text_ends_the_recording_after_a_day(pipeline):
    upload = pipeline.upload()
    refuse(pipeline, upload, UNKNOWN)
    refuse(pipeline, upload, UNKNOWN, after=DAY - 1)
    assert waits(pipeline)
    refuse(pipeline, upload, UNKNOWN, after=2)
    assert rejected(pipeline) == "RefusedByTranscribe"


def test_one_refusal_with_an_unknown_text_after_another_long_wait_ends_nothing(pipeline):
    upload = pipeline.upload()
    refuse(pipeline, upload, BROKEN)
    refuse(pipeline, upload, UNKNOWN, after=2 * DAY)
    assert waits(pipeline)
    pipeline.start(upload)
    assert pipeline.row().state == "TRANSCRIBING"


def test_an_internal_failure_that_lasts_a_day_becomes_a_configuration_error(watched):
    pipeline, upload = watched.pipeline, watched.pipeline.upload()
    pipeline.transcribe.errors = [BROKEN, BROKEN]
    watched.take(upload)
    assert "ConfigurationError" not in {each.name for each in watched.published()}
    pipeline.clock += DAY + 1
    watched.take(upload)
    assert "ConfigurationError" in {each.name for each in watched.published()}
    assert pipeline.notifications() == []


@pytest.mark.parametrize(
    ("error", "metadata", "metric"),
    [
        (NO_BUCKET, {}, "ConfigurationError"),
        (UNKNOWN, {}, "ConfigurationError"),
        (NOT_READY, {"vocabulary-name": "drugs"}, "ConfigurationError"),
        (NOT_READY, {"vocabulary-name": "mine"}, "Deferred"),  # no uploader may trigger an operator's alarm
    ],
)
def test_a_configuration_error_is_counted_for_the_alarm(watched, error, metadata, metric):
    watched.pipeline.transcribe.errors = [error]
    assert watched.take(watched.pipeline.upload(Metadata=metadata)) == {"batchItemFailures": []}
    assert {"ConfigurationError", "Deferred"} & {each.name for each in watched.published()} == {metric}


def test_an_unusable_correlation_id_is_left_out_and_the_recording_is_transcribed(pipeline):
    pipeline.start(pipeline.upload(Metadata={"correlation-id": "Jane Doe"}))
    row = pipeline.row()
    assert (row.state, row.correlation_id, row.warning) == ("TRANSCRIBING", None, "BadCorrelationId")


def test_a_rejection_also_says_that_the_correlation_id_was_left_out(pipeline):
    pipeline.start(pipeline.upload("dictation/a.wav", b"<html>", Metadata={"correlation-id": "Jane Doe"}))
    (notification,) = pipeline.notifications()
    assert (notification["reason"]["class"], notification["warning"]["class"]) == (
        "UnsupportedMediaFormat",
        "BadCorrelationId",
    )
    assert "Jane" not in str(notification)
