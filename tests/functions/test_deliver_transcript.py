"""The deliver function: any number of signals gives one set of documents and the same notification."""

import contextlib
import hashlib
import json
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

import deliver_transcript
from adapters import document_store
from documents import FORMATS, DocumentFormat
from stethoscript import transcript
from stethoscript.queue_messages import Signal
from tests.client_errors import refusal
from tests.documents.sample_info import INFO
from tests.functions.fakes import TRANSCRIPTS, WORK
from tests.schemas import errors


def listed(pipeline):
    """The manifest, at the key in the ledger and valid by its published schema."""
    assert pipeline.row().manifest in pipeline.keys(TRANSCRIPTS)
    manifest = json.loads(pipeline.delivered("manifest.json")["Body"].read())
    assert errors(manifest, "manifest-1.0") == []
    return manifest


@pytest.fixture
def job(pipeline):
    """A job in progress."""
    pipeline.start(pipeline.upload("conversation/Jane Doe.wav", Metadata={"correlation-id": "visit-7"}))
    return pipeline.row().job


def completed(pipeline, job, text="Hello there."):
    pipeline.write_raw(job, text)
    pipeline.transcribe.end(job)


def test_a_completed_job_is_delivered_and_notified(pipeline, job):
    completed(pipeline, job)
    pipeline.deliver(job)
    (notification,) = pipeline.notifications()
    assert (notification["status"], notification["correlationId"], notification["profile"]) == (
        "DELIVERED",
        "visit-7",
        "conversation",
    )
    folder = notification["manifest"]["key"].removesuffix("/manifest.json")
    assert pipeline.keys(TRANSCRIPTS) == [
        f"{folder}/{name}" for name in ("manifest.json", "transcribe.json", "transcript.txt")
    ]
    text = pipeline.s3.get_object(Bucket=TRANSCRIPTS, Key=f"{folder}/transcript.txt")["Body"].read().decode()
    assert text == "[0:00:00]\nHello there.\n\n(Length of the audio: 0:01.)\n"
    assert pipeline.row().state == "DELIVERED"


def test_the_frozen_copy_is_deleted_last_and_nothing_else(pipeline, job):
    completed(pipeline, job)
    pipeline.deliver(job)
    assert pipeline.keys(WORK) == [f"raw/{job}.json"]


def test_any_number_of_signals_delivers_once(pipeline, job):
    completed(pipeline, job)
    for source in ("object", "event", "object", "reconcile"):
        pipeline.deliver(job, source)
    assert len(pipeline.notifications()) == 1


def test_of_simultaneous_signals_one_is_taken_and_the_others_retry(pipeline, job):
    completed(pipeline, job)
    assert pipeline.ledger.lease(pipeline.row(), pipeline.clock, deliver_transcript.LEASE_SECONDS)
    pipeline.deliver(job)
    assert pipeline.notifications() == []
    assert len(pipeline.messages(pipeline.completion_queue)) == 1
    pipeline.clock += deliver_transcript.LEASE_SECONDS
    pipeline.deliver(job)
    assert len(pipeline.notifications()) == 1


def test_a_failed_delivery_releases_its_lease_at_once(pipeline, job):
    completed(pipeline, job)
    pipeline.s3.before["put_object"] = [refusal("InternalError", status=500)]
    pipeline.deliver(job)
    pipeline.deliver(job)
    assert pipeline.row().state == "DELIVERED"


@pytest.mark.parametrize("status", ["IN_PROGRESS", "QUEUED"])
def test_a_job_in_progress_is_checked_again_later(pipeline, job, status):
    pipeline.transcribe.jobs[job]["TranscriptionJobStatus"] = status
    pipeline.deliver(job)
    (again,) = pipeline.messages(pipeline.completion_queue)
    assert again.body == {"job": job, "source": "object", "deferrals": 1}
    assert pipeline.notifications() == []


def test_a_job_in_progress_for_a_day_is_left_to_the_reconciler(pipeline, job):
    pipeline.clock += deliver_transcript.STUCK_AFTER_SECONDS + 1
    pipeline.deliver(job)
    assert pipeline.messages(pipeline.completion_queue) == []


def test_a_failed_job_is_notified_with_reason_and_remedy(pipeline, job):
    pipeline.transcribe.end(job, "FAILED", "Unsupported media format. Check the media format and try again.")
    pipeline.deliver(job)
    (notification,) = pipeline.notifications()
    assert (notification["status"], notification["reason"]["class"]) == ("FAILED", "UnsupportedMediaFormat")
    assert pipeline.row().failure.startswith("Unsupported media format")
    assert pipeline.keys(WORK) == []


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("s3", "get_object"), ("s3", "copy_object"), ("s3", "put_object"), ("s3", "delete_object"),
        ("events", "put_events"), ("sns", "publish"),
        ("dynamodb", "get_item"), ("dynamodb", "update_item"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_retry_recovers_from_a_call_that_fails_before_or_after_its_effect(pipeline, job, service, call, when):
    completed(pipeline, job)
    getattr(getattr(pipeline, service), when)[call] = [refusal("InternalError", status=500)]
    for _ in range(2):
        with contextlib.suppress(ClientError):  # the queue delivers the message again
            pipeline.deliver(job)
        pipeline.clock += deliver_transcript.LEASE_SECONDS
    received = pipeline.notifications()
    assert {notification["id"] for notification in received} == {f"{job}:DELIVERED"}
    assert 1 <= len(received) <= 2
    assert pipeline.row().state == "DELIVERED"
    assert pipeline.keys(WORK) == [f"raw/{job}.json"]


class FunctionCrash(BaseException):
    """The function's process has ended. No handler of the function catches this."""


def crash_at(pipeline, job, moment):
    """End one delivery at this moment, before or after a call. Return False if it had fewer moments."""
    left = iter(range(moment))

    def interrupt():
        if next(left, None) is None:
            raise FunctionCrash

    ends = (pipeline.s3, pipeline.sns, pipeline.events, pipeline.dynamodb)
    for end in ends:
        end.interrupt = interrupt
    try:
        pipeline.deliver(job)
    except FunctionCrash:
        return True
    finally:
        for end in ends:
            end.interrupt = lambda: None
    return False


def test_a_retry_recovers_from_a_crash_between_any_two_calls(pipeline):
    moment = 0
    while True:
        pipeline.start(pipeline.upload(f"dictation/{moment}.wav"))
        job = list(pipeline.transcribe.jobs)[-1]
        completed(pipeline, job)
        if not crash_at(pipeline, job, moment):
            break
        pipeline.clock += deliver_transcript.LEASE_SECONDS
        pipeline.deliver(job)
        row = pipeline.ledger.find(job)
        assert row.state == "DELIVERED"
        assert f"staging/{job}.wav" not in pipeline.keys(WORK)
        listed = json.loads(pipeline.s3.get_object(Bucket=TRANSCRIPTS, Key=row.manifest)["Body"].read())["documents"]
        assert {document["key"] for document in listed} <= set(pipeline.keys(TRANSCRIPTS))
        assert {notification["id"] for notification in pipeline.notifications() if notification["job"] == job} == {
            f"{job}:DELIVERED"
        }
        moment += 1
    assert moment > 15


def test_a_second_delivery_changes_nothing(pipeline, job):
    completed(pipeline, job)
    bodies = []
    for _ in range(2):
        pipeline.events.errors += ["ThrottlingException"] * (not bodies)
        pipeline.deliver(job, documents=FORMATS)
        keys = pipeline.keys(TRANSCRIPTS)
        bodies.append({key: pipeline.s3.get_object(Bucket=TRANSCRIPTS, Key=key)["Body"].read() for key in keys})
        pipeline.clock += 3600
    assert pipeline.row().state == "DELIVERED"
    assert len(bodies[0]) > len(FORMATS)
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(("code", "metric"), [("ThrottlingException", "Deferred"), ("InternalFailure", "Deferred"),
                         ("NotAuthorizedForSourceException", "ConfigurationError")])  # fmt: skip
def test_an_event_that_the_bus_refused_in_a_200_answer_is_sent_later(pipeline, job, counted, code, metric):
    completed(pipeline, job)
    pipeline.events.errors.append(code)
    pipeline.deliver(job)
    assert (pipeline.row().state, pipeline.notifications(), pipeline.events.events) == ("TRANSCRIBING", [], [])
    assert len(pipeline.messages(pipeline.completion_queue)) == 1
    assert counted[metric] == 1
    pipeline.deliver(job)
    assert (pipeline.row().state, len(pipeline.notifications()), len(pipeline.events.events)) == ("DELIVERED", 1, 1)


def test_an_unreachable_transcribe_delays_the_delivery(pipeline, job):
    completed(pipeline, job)
    pipeline.transcribe.errors.append(refusal("InternalFailureException", status=500))
    pipeline.deliver(job)
    assert len(pipeline.messages(pipeline.completion_queue)) == 1
    assert pipeline.row().state == "TRANSCRIBING"


def test_an_unreachable_ledger_delays_the_delivery(pipeline, job):
    completed(pipeline, job)
    pipeline.dynamodb.before["get_item"] = [refusal("ProvisionedThroughputExceededException")]
    pipeline.deliver(job)
    assert len(pipeline.messages(pipeline.completion_queue)) == 1
    pipeline.deliver(job)
    assert pipeline.row().state == "DELIVERED"


def test_an_unreadable_output_is_delivered_unchanged_and_notified_as_a_failure(pipeline, job):
    pipeline.s3.put_object(Bucket=WORK, Key=f"raw/{job}.json", Body=b'{"results": ')
    pipeline.transcribe.end(job)
    pipeline.deliver(job)
    (notification,) = pipeline.notifications()
    assert (notification["status"], notification["reason"]["class"]) == ("FAILED", "TranscriptUnreadable")
    assert notification["manifest"]["key"] == pipeline.row().manifest
    manifest = listed(pipeline)
    assert (manifest["reason"], manifest["words"]) == ("TranscriptUnreadable", None)
    assert [document["form"] for document in manifest["documents"]] == ["raw"]
    assert pipeline.delivered("transcribe.json")["Body"].read() == b'{"results": '


def test_an_output_larger_than_any_transcript_is_copied_and_never_read(pipeline, job, monkeypatch):
    completed(pipeline, job)
    monkeypatch.setattr(transcript, "MOST_BYTES", 10)
    pipeline.deliver(job)
    manifest = listed(pipeline)
    (raw,) = manifest["documents"]
    written = pipeline.delivered("transcribe.json")["Body"].read()
    assert (raw["bytes"], raw["sha256"]) == (len(written), None)
    assert pipeline.notifications()[0]["reason"]["class"] == "TranscriptUnreadable"


def test_a_job_that_transcribe_has_deleted_is_delivered_from_its_output(pipeline, job):
    pipeline.write_raw(job)
    del pipeline.transcribe.jobs[job]
    pipeline.clock += deliver_transcript.VANISHED_SECONDS
    pipeline.deliver(job)
    assert pipeline.notifications()[0]["status"] == "DELIVERED"


def test_a_deleted_job_without_output_fails_with_a_notification(pipeline, job):
    del pipeline.transcribe.jobs[job]
    pipeline.clock += deliver_transcript.VANISHED_SECONDS
    pipeline.deliver(job)
    assert pipeline.notifications()[0]["reason"]["class"] == "JobVanished"


def test_a_job_not_yet_visible_does_not_count_as_deleted(pipeline, job):
    del pipeline.transcribe.jobs[job]
    pipeline.deliver(job)
    assert pipeline.notifications() == []
    assert len(pipeline.messages(pipeline.completion_queue)) == 1


@pytest.mark.parametrize("name", ["clinic-by-hand", "other-" + 40 * "0", "clinic-" + 40 * "0", ""])
def test_jobs_of_others_are_ignored(pipeline, name):
    pipeline.deliver(name)
    assert pipeline.notifications() == []


def test_a_signal_for_a_recording_without_a_job_ends_nothing(pipeline):
    pipeline.transcribe.errors += [refusal("LimitExceededException")] * 1000
    pipeline.start(pipeline.upload())
    pipeline.transcribe.errors.clear()
    pipeline.clock += 2 * deliver_transcript.VANISHED_SECONDS
    pipeline.deliver(pipeline.row().job)
    assert pipeline.row().state == "CLAIMED"
    assert pipeline.notifications() == []


def test_a_completed_job_without_a_transcript_fails_with_a_notification_after_a_while(pipeline, job):
    pipeline.clock = time.time()
    pipeline.transcribe.end(job)
    pipeline.deliver(job)
    assert pipeline.notifications() == []
    pipeline.clock += deliver_transcript.VANISHED_SECONDS + 1
    pipeline.deliver(job)
    assert pipeline.notifications()[0]["reason"]["class"] == "TranscriptMissing"


def test_silence_is_delivered_as_an_empty_transcript(pipeline, job):
    completed(pipeline, job, "")
    pipeline.deliver(job)
    key = pipeline.row().manifest.replace("manifest.json", "transcript.txt")
    text = pipeline.s3.get_object(Bucket=TRANSCRIPTS, Key=key)["Body"].read()
    assert text == b"(no speech)\n\n(Length of the audio: 0:01.)\n"


def test_the_manifest_lists_every_other_document_with_its_digest(pipeline, job):
    completed(pipeline, job)
    pipeline.deliver(job)
    manifest = listed(pipeline)
    assert [document["name"] for document in manifest["documents"]] == ["transcribe.json", "transcript.txt"]
    assert (manifest["words"], manifest["failed"], manifest["reason"]) == (2, [], None)
    assert "Jane" not in json.dumps(manifest)
    for document in manifest["documents"]:
        body = pipeline.s3.get_object(Bucket=TRANSCRIPTS, Key=document["key"])["Body"].read()
        assert (document["bytes"], document["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("name", ["transcript.txt", "transcribe.json", "manifest.json"])
def test_the_download_name_of_a_document_reveals_nothing(pipeline, job, name):
    completed(pipeline, job)
    pipeline.deliver(job)
    answer = pipeline.delivered(name)
    assert answer["ContentDisposition"] == f'attachment; filename="{job}-{name}"'
    assert answer["CacheControl"] == "no-store"
    assert answer["ContentType"] == ("text/plain; charset=utf-8" if name.endswith("txt") else "application/json")


def test_documents_may_have_the_upload_s_path_and_the_manifest_never_has(pipeline, job):
    completed(pipeline, job)
    pipeline.deliver(job, layout="mirrored")
    (notification,) = pipeline.notifications()
    assert "Jane" not in json.dumps(notification)
    assert sorted(set(pipeline.keys(TRANSCRIPTS)) - {notification["manifest"]["key"]}) == [
        f"conversation/Jane Doe.wav/{job}/{name}" for name in ("transcribe.json", "transcript.txt")
    ]
    manifest = listed(pipeline)
    assert {document["key"] for document in manifest["documents"]} <= set(pipeline.keys(TRANSCRIPTS))


def test_two_uploads_under_one_key_never_overwrite_each_other_s_documents(pipeline):
    for words in ("First.", "Second."):
        pipeline.start(pipeline.upload("dictation/today.wav"))
        job = list(pipeline.transcribe.jobs)[-1]
        completed(pipeline, job, words)
        pipeline.deliver(job, layout="mirrored")
    texts = [key for key in pipeline.keys(TRANSCRIPTS) if key.endswith("transcript.txt")]
    read = {pipeline.s3.get_object(Bucket=TRANSCRIPTS, Key=key)["Body"].read() for key in texts}
    assert read == {f"[0:00:00]\n{words}.\n\n(Length of the audio: 0:01.)\n".encode() for words in ("First", "Second")}


def test_only_configured_formats_are_written_and_transcribe_s_output_always_is(pipeline, job):
    completed(pipeline, job)
    pipeline.deliver(job, documents=())
    manifest = listed(pipeline)
    assert [document["form"] for document in manifest["documents"]] == ["raw"]
    assert (pipeline.row().state, manifest["words"]) == ("DELIVERED", 2)


def test_a_profile_may_have_its_own_formats(pipeline, job):
    completed(pipeline, job)
    deliverer = pipeline.deliverer(documents=("txt",))
    own = replace(deliverer.delivery, documents={"": ("txt",), "conversation": ()})
    replace(deliverer, delivery=own).take(Signal(job, "object"))
    assert not [key for key in pipeline.keys(TRANSCRIPTS) if key.endswith(".txt")]


def test_a_failed_format_is_named_and_counted_and_affects_no_other(pipeline, job, counted, monkeypatch, caplog):
    def broken(_transcript, _facts):
        raise KeyError("Jane Doe")

    completed(pipeline, job)
    monkeypatch.setattr(
        document_store, "FORMATS", {"broken": DocumentFormat("broken.txt", "text/plain", broken), **FORMATS}
    )
    pipeline.deliver(job, documents=("broken", "txt"))
    manifest = listed(pipeline)
    assert (manifest["failed"], [each["form"] for each in manifest["documents"]]) == (["broken"], ["raw", "txt"])
    assert counted["FormatFailed"] == 1
    assert "Jane" not in str([vars(record) for record in caplog.records])
    assert pipeline.row().state == "DELIVERED"


def test_a_masked_text_without_identified_entities_is_reported_missing(pipeline, counted):
    pipeline.start(pipeline.upload("dictation/a.wav", Metadata={"content-identification-type": "PHI"}))
    job = pipeline.row().job
    completed(pipeline, job)
    pipeline.deliver(job, documents=("masked.txt", "json"))
    manifest = listed(pipeline)
    assert (manifest["failed"], [each["form"] for each in manifest["documents"]]) == (["masked.txt"], ["raw", "json"])
    assert json.loads(pipeline.delivered("transcript.json")["Body"].read())["notes"] == [transcript.UNIDENTIFIED]
    assert counted["FormatFailed"] == 1


def test_the_json_names_the_profile_as_its_published_example_does(pipeline, job):
    completed(pipeline, job)
    pipeline.deliver(job, documents=("json",))
    document = json.loads(pipeline.delivered("transcript.json")["Body"].read())
    assert document["profile"] == INFO.profile
    assert errors(document, "transcript-1.0") == []


def test_the_notification_has_the_word_count_and_the_confidence(pipeline, job):
    completed(pipeline, job)
    pipeline.deliver(job)
    assert pipeline.notifications()[0]["transcript"] == {"words": 2, "confidence": "high"}


def test_the_handler_returns_each_failed_message(pipeline, job, monkeypatch):
    completed(pipeline, job)
    deliverer = pipeline.deliverer()
    monkeypatch.setattr(deliver_transcript, "_deliverer", lambda: deliverer)
    bodies = {"1": json.dumps({"job": job}), "2": "[]", "3": json.dumps({"source": "aws.s3", "detail": {}})}
    records = [
        {"messageId": name, "body": body, "eventSource": "aws:sqs", "attributes": {}, "messageAttributes": {}}
        for name, body in bodies.items()
    ]
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 120_000)
    answer = deliver_transcript.handler({"Records": records}, context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert pipeline.row().state == "DELIVERED"


def test_a_signal_is_not_started_with_too_little_time_left_and_keeps_its_receive_count(pipeline, job):
    completed(pipeline, job)
    pipeline.deliverer().take(Signal(job, "object"), pipeline.clock + deliver_transcript.TAKE_SECONDS - 1)
    assert pipeline.row().state == "TRANSCRIBING"
    [waiting] = pipeline.messages(pipeline.completion_queue)
    assert waiting.body == {"job": job, "source": "object", "deferrals": 1}
    pipeline.deliverer().take(Signal(job, "object"), pipeline.clock + deliver_transcript.TAKE_SECONDS)
    assert pipeline.row().state == "DELIVERED"
