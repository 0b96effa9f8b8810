"""Messages of the two queues become values."""

import contextlib
import json
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stethoscript import queue_messages
from stethoscript.queue_messages import Signal, UploadMessage
from stethoscript.uploads import Upload

EVENTS = Path(__file__).parents[1] / "events"
keys = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


def notification(key, version="v1", **changes):
    entity = {"bucket": {"name": "b"}, "object": {"key": key, "versionId": version}}
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": entity} | changes]})


@given(keys)
def test_any_key_is_read_from_s3_s_encoding(key):
    assert queue_messages.upload_messages(notification(quote_plus(key))) == [UploadMessage(Upload("b", key, "v1"))]


@given(keys, st.integers(0, 1000))
def test_any_key_is_read_from_our_own_message(key, deferrals):
    arrival = UploadMessage(Upload("b", key, "v1"), deferrals)
    assert queue_messages.upload_messages(queue_messages.upload_message(arrival)) == [arrival]


def test_a_literal_percent_is_decoded_only_once():
    (arrival,) = queue_messages.upload_messages(notification("dictation/100%252F.wav"))
    assert arrival.upload.key == "dictation/100%2F.wav"


def test_several_records_in_one_message_are_several_uploads():
    body = json.dumps({"Records": json.loads(notification("a"))["Records"] * 3})
    assert len(queue_messages.upload_messages(body)) == 3


def test_deletions_and_s3_s_test_message_are_no_uploads():
    assert queue_messages.upload_messages(notification("a", eventName="ObjectRemoved:Delete")) == []
    assert queue_messages.upload_messages(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})) == []


@pytest.mark.parametrize(
    "body",
    [
        "", "not json", "null", "[]", '"x"', "{}", "[" * 100_000, '{"Records": 1}', '{"upload": 1}', '{"upload": {}}',
        '{"upload": {"bucket": "b", "key": "k", "version": "v", "more": 1}}', notification("%FF.wav"),
        '{"upload": {"bucket": "b", "key": "k", "version": "null"}}', notification("a", version="null"),
        '{"Records": [{"eventName": "ObjectCreated:Put"}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": 1}]}',
    ],
)  # fmt: skip
def test_a_message_of_unknown_shape_is_unintelligible(body):
    with pytest.raises(queue_messages.UnknownMessage):
        queue_messages.upload_messages(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["Records", "upload", "detail", "job", "s3", "object", "key", "source", "eventName"])
                | st.text(),
                inner,
            )
        ),
    )
)
def test_any_json_is_read_or_unintelligible(value):
    for reader in (queue_messages.upload_messages, queue_messages.signal):
        with contextlib.suppress(queue_messages.UnknownMessage):
            reader(json.dumps(value))


def test_the_transcript_itself_signals_its_job():
    event = {"source": "aws.s3", "detail": {"object": {"key": "raw/clinic-0a.json"}}}
    assert queue_messages.signal(json.dumps(event)) == Signal("clinic-0a", "object")


@pytest.mark.parametrize("key", ["raw/.write_access_check_file.temp", "raw/a/b.json", "staging/clinic-0a.wav", ""])
def test_other_objects_of_the_work_bucket_are_no_signal(key):
    assert queue_messages.signal(json.dumps({"source": "aws.s3", "detail": {"object": {"key": key}}})) is None


@pytest.mark.parametrize("name", ["MedicalTranscriptionJobName", "TranscriptionJobName", "JobName"])
def test_a_transcribe_event_signals_its_job_whatever_it_calls_it(name):
    event = {"source": "aws.transcribe", "detail-type": "anything", "detail": {name: "clinic-0a"}}
    assert queue_messages.signal(json.dumps(event)) == Signal("clinic-0a", "event")
