"""Every refusal of Transcribe's to start a job ends: by waiting, by the operator, or as a rejection with a remedy."""

from dataclasses import replace

import pytest

from stethoscript import profiles
from stethoscript.events import Arrival
from tests.functions.published import Watched
from tests.refusals import refusal

HOUR, DAY = 3600, 86400
NOT_READY = refusal("BadRequestException", "The requested vocabulary isn't ready. Wait until its state is READY.")
FAILED = refusal("BadRequestException", "The requested vocabulary has failed.")
TOO_MANY = refusal("BadRequestException", "1 validation error detected: Value '30' at 'settings.maxSpeakerLabels'")
UNKNOWN = refusal("BadRequestException", "We do not like it.")
BROKEN = refusal("InternalFailureException", "There was an internal error.", status=500)
NO_BUCKET = refusal("BadRequestException", "The bucket of your output is in another Region.")


@pytest.fixture
def watched(clinic, monkeypatch, capsys):
    return Watched(clinic, monkeypatch, capsys)


def refuse(clinic, upload, error, after=0, **settings):
    """Have Transcribe refuse an upload's job now, or after so many seconds."""
    clinic.clock += after
    clinic.transcribe.troubles = [error]
    clinic.drain(clinic.intake_queue)
    clinic.start(upload, **settings)


def waits(clinic):
    return clinic.told() == [] and clinic.row().state == "CLAIMED" and len(clinic.messages(clinic.intake_queue)) == 1


def rejected(clinic):
    (told,) = clinic.told()
    assert (told["status"], clinic.row().state) == ("REJECTED", "REJECTED")
    assert told["reason"]["remedy"].endswith(".")
    return told["reason"]["class"]


def test_a_vocabulary_that_is_not_ready_is_waited_for_and_used(clinic):
    upload = clinic.upload(Metadata={"vocabulary-name": "mine"})
    refuse(clinic, upload, NOT_READY)
    assert waits(clinic)
    clinic.start(upload)
    assert clinic.row().state == "TRANSCRIBING"


def test_a_vocabulary_that_does_not_get_ready_within_an_hour_ends_the_recording(clinic):
    upload = clinic.upload(Metadata={"vocabulary-name": "mine"})
    refuse(clinic, upload, NOT_READY)
    refuse(clinic, upload, NOT_READY, after=HOUR - 1)
    assert waits(clinic)
    refuse(clinic, upload, NOT_READY, after=2)
    assert rejected(clinic) == "BadSetting"
    assert clinic.transcribe.starts == 0


def test_a_vocabulary_that_has_failed_ends_the_recording_at_once(clinic):
    refuse(clinic, clinic.upload(Metadata={"vocabulary-name": "mine"}), FAILED)
    assert rejected(clinic) == "BadSetting"


@pytest.mark.parametrize("error", [NOT_READY, FAILED])
def test_the_deployment_s_own_vocabulary_is_the_operator_s_to_mend(clinic, error):
    upload = clinic.upload(Metadata={"vocabulary-name": "drugs"})
    refuse(clinic, upload, error)
    refuse(clinic, upload, error, after=10 * DAY)
    assert waits(clinic)


@pytest.mark.parametrize("error", [NOT_READY, FAILED])
def test_a_vocabulary_that_the_profile_names_is_the_operator_s_to_mend(clinic, error):
    upload = clinic.upload()
    named = profiles.read({"dictation/": {"vocabulary_name": "elsewhere"}})
    for _ in range(2):
        clinic.transcribe.troubles = [error]
        clinic.drain(clinic.intake_queue)
        replace(clinic.starter(), profiles=named).take(Arrival(upload), clinic.clock + 300)
        clinic.clock += 10 * DAY
    assert waits(clinic)


def test_a_setting_of_the_uploader_s_that_transcribe_does_not_take_ends_the_recording(clinic):
    refuse(clinic, clinic.upload(Metadata={"max-speaker-labels": "30"}), TOO_MANY)
    assert rejected(clinic) == "BadSetting"
    assert "max-speaker-labels" in clinic.told()[0]["reason"]["remedy"]


def test_a_setting_of_the_profile_s_that_transcribe_does_not_take_is_the_operator_s_to_mend(clinic):
    upload = clinic.upload("conversation/a.wav")
    refuse(clinic, upload, TOO_MANY)
    refuse(clinic, upload, TOO_MANY, after=10 * DAY)
    assert waits(clinic)


def test_a_refusal_in_unknown_words_waits_for_a_day_and_then_ends_the_recording(clinic):
    upload = clinic.upload()
    refuse(clinic, upload, UNKNOWN)
    refuse(clinic, upload, UNKNOWN, after=DAY - 1)
    assert waits(clinic)
    refuse(clinic, upload, UNKNOWN, after=2)
    assert rejected(clinic) == "RefusedByTranscribe"


def test_one_refusal_in_unknown_words_after_a_long_wait_for_another_reason_ends_nothing(clinic):
    upload = clinic.upload()
    refuse(clinic, upload, BROKEN)
    refuse(clinic, upload, UNKNOWN, after=2 * DAY)
    assert waits(clinic)
    clinic.start(upload)
    assert clinic.row().state == "TRANSCRIBING"


def test_an_internal_failure_that_lasts_a_day_becomes_a_configuration_error(watched):
    clinic, upload = watched.clinic, watched.clinic.upload()
    clinic.transcribe.troubles = [BROKEN, BROKEN]
    watched.take(upload)
    assert "ConfigurationFault" not in {each.name for each in watched.published()}
    clinic.clock += DAY + 1
    watched.take(upload)
    assert "ConfigurationFault" in {each.name for each in watched.published()}
    assert clinic.told() == []


@pytest.mark.parametrize(
    ("error", "metadata", "metric"),
    [
        (NO_BUCKET, {}, "ConfigurationFault"),
        (UNKNOWN, {}, "ConfigurationFault"),
        (NOT_READY, {"vocabulary-name": "drugs"}, "ConfigurationFault"),
        (NOT_READY, {"vocabulary-name": "mine"}, "PutOff"),  # no uploader may set off an operator's alarm
    ],
)
def test_what_an_operator_can_mend_is_counted_for_the_alarm(watched, error, metadata, metric):
    watched.clinic.transcribe.troubles = [error]
    assert watched.take(watched.clinic.upload(Metadata=metadata)) == {"batchItemFailures": []}
    assert {"ConfigurationFault", "PutOff"} & {each.name for each in watched.published()} == {metric}


def test_an_unusable_correlation_id_is_left_out_and_the_recording_is_transcribed(clinic):
    clinic.start(clinic.upload(Metadata={"correlation-id": "Jane Doe"}))
    row = clinic.row()
    assert (row.state, row.correlation_id, row.warning) == ("TRANSCRIBING", None, "BadCorrelationId")


def test_a_rejection_says_as_well_that_the_correlation_id_was_left_out(clinic):
    clinic.start(clinic.upload("dictation/a.wav", b"<html>", Metadata={"correlation-id": "Jane Doe"}))
    (told,) = clinic.told()
    assert (told["reason"]["class"], told["warning"]["class"]) == ("UnsupportedMediaFormat", "BadCorrelationId")
    assert "Jane" not in str(told)
