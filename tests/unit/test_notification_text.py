"""Notifications: one body, attributes for filters, and a readable e-mail."""

import ast
import json
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import validate_parameters

from stethoscript import email_text, notifications
from stethoscript.confidence import Band
from stethoscript.ledger_row import LedgerRow
from tests.sample_rows import BUCKET, ENDS, JOB, ends

ROOT = Path(__file__).parents[2]


@ends
def test_subscribers_can_filter_by_every_attribute_s_published_values(end):
    sent = notifications.publication(end, BUCKET)["MessageAttributes"]
    assert sent.keys() == notifications.VALUES.keys()
    for name, value in sent.items():
        assert value["StringValue"] in (notifications.VALUES[name] or ("dictation", "none"))


def test_bands_are_those_of_the_transcript():
    assert tuple(Band) == notifications.CONFIDENCES


def refusals():
    """The classes of every Rejected that anything raises."""
    for path in (ROOT / "lambdas").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Rejected":
                yield ast.literal_eval(node.args[0])


def test_every_reason_can_be_a_filter_and_is_documented():
    described = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
    assert set(refusals()) == set(notifications.rejections.CLASSES)
    for reason in set(notifications.VALUES["reason"]) - {notifications.NONE}:
        assert f"`{reason}`" in described


@ends
@pytest.mark.parametrize(("service", "operation"), [("sns", "Publish"), ("events", "PutEvents")])
def test_the_sdk_s_own_model_accepts_what_is_sent(end, service, operation):
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    asked = {
        "sns": {"TopicArn": "t", **notifications.publication(end, BUCKET)},
        "events": {"Entries": [notifications.event(end, BUCKET)]},
    }
    validate_parameters(asked[service], model.input_shape)


@ends
def test_sns_accepts_every_subject(end):
    for longest in (
        end,
        LedgerRow(**vars(end) | {"correlation_id": "x" * 64, "job": "a" * 23 + "-" + 40 * "0" + "-99"}),
    ):
        subject = email_text.subject(longest)
        assert subject.isascii()
        assert subject.isprintable()
        assert 0 < len(subject) < 100


@ends
def test_neither_e_mail_nor_message_names_the_file(end):
    sent = json.dumps([notifications.publication(end, BUCKET), notifications.event(end, BUCKET)])
    assert "Jane" not in sent
    assert ".wav" not in sent


def test_an_e_mail_gives_the_recording_the_outcome_the_documents_and_the_next_step():
    assert (
        email_text.text(ENDS["delivered"], BUCKET)
        == f"""\
The transcript of your recording is ready.

  Profile         dictation
  Received        1970-01-01 00:00:00 UTC
  Version id      v1
  Job             {JOB}
  Words           2
  Confidence      high

Where
  s3://clinic-transcripts/day/job/m.json

What next
  Open the list of documents in AWS. If you have no permission to read transcripts, ask your operator."""
    )


def test_an_e_mail_about_a_rejection_gives_the_reason_and_the_remedy():
    text = email_text.text(ENDS["rejected"], BUCKET)
    assert "nothing was charged" in text
    assert "Correlation id  visit-7" in text
    assert "Why\n  TooShort" in text
    assert text.endswith("What next\n  Send more.")


@pytest.mark.parametrize(
    ("end", "words"), [("deleted in time", "nothing was charged"), ("cancelled too late", "No transcript is delivered")]
)
def test_an_e_mail_about_a_stopped_recording_does_not_call_it_a_failure(end, words):
    assert email_text.subject(ENDS[end]).startswith("Recording stopped: ")
    text = email_text.text(ENDS[end], BUCKET)
    assert words in text
    assert "is kept" not in text


def test_an_e_mail_about_an_erasure_asks_to_delete_every_copy():
    assert email_text.subject(ENDS["erased"]) == f"Recording erased: {JOB}"
    assert "Delete every copy that you keep" in email_text.text(ENDS["erased"], BUCKET)


def test_an_e_mail_about_an_uncertain_transcript_asks_to_listen_again():
    unsure = LedgerRow(**vars(ENDS["delivered"]) | {"confidence": "low"})
    assert "listen to the recording" in email_text.text(unsure, BUCKET)
    assert "listen to the recording" not in email_text.text(ENDS["delivered"], BUCKET)


def test_events_have_our_source_and_the_status_in_their_type():
    event = notifications.event(ENDS["unreadable"], BUCKET)
    assert (event["Source"], event["DetailType"]) == ("stethoscript", "Recording Failed")
    assert json.loads(event["Detail"]) == notifications.body(ENDS["unreadable"], BUCKET)


def test_a_cut_off_recording_is_announced_as_incomplete():
    end = ENDS["cut off"]
    assert email_text.subject(end).startswith("Transcript ready, recording incomplete: ")
    assert email_text.text(end, BUCKET).startswith(
        "The recording is incomplete: its file ends at about 0:16 of 1:09. The end of the speech is missing. "
        "Upload the recording again if you have a complete file."
    )
    assert notifications.body(end, BUCKET)["audio"] == {"seconds": 16.9, "declaredSeconds": 69.0, "complete": False}
    assert notifications.attributes(end)["audio"] == "incomplete"


def test_a_recording_of_unknown_completeness_is_not_announced_as_incomplete():
    end = ENDS["delivered"]
    assert email_text.subject(end).startswith("Transcript ready: ")
    assert "incomplete" not in email_text.text(end, BUCKET)
    assert notifications.attributes(end)["audio"] == "unknown"


def test_silence_is_announced_as_silence():
    end = ENDS["silence"]
    assert email_text.subject(end).startswith("No speech found: ")
    assert email_text.text(end, BUCKET).startswith("No speech was found in your recording.")
    assert notifications.attributes(end)["speech"] == "no"


def test_an_e_mail_says_why_a_correlation_id_is_missing():
    assert "correlation id in the object's metadata is ignored" in email_text.text(
        ENDS["without its correlation id"], BUCKET
    )
