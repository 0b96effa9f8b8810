"""The deliver function: any signal, any number of times, ends in one set of documents and the same news."""

import contextlib
import json
import time
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

import deliver_transcript
from tests.unit.conftest import TRANSCRIPTS, WORK, refusal


@pytest.fixture
def job(clinic):
    """A job in progress."""
    clinic.start(clinic.upload("conversation/Jane Doe.wav", Metadata={"correlation-id": "visit-7"}))
    return clinic.row().job


def completed(clinic, job, text="Hello there."):
    clinic.write_raw(job, text)
    clinic.transcribe.end(job)


def test_a_completed_job_is_delivered_and_told(clinic, job):
    completed(clinic, job)
    clinic.deliver(job)
    (told,) = clinic.told()
    assert (told["status"], told["correlationId"], told["profile"]) == ("DELIVERED", "visit-7", "conversation")
    folder = told["manifest"]["key"].removesuffix("/manifest.json")
    assert clinic.keys(TRANSCRIPTS) == [
        f"{folder}/{name}" for name in ("manifest.json", "transcribe.json", "transcript.txt")
    ]
    text = clinic.s3.get_object(Bucket=TRANSCRIPTS, Key=f"{folder}/transcript.txt")["Body"].read().decode()
    assert text == "[0:00:00]\nHello there.\n"
    assert clinic.row().state == "DELIVERED"


def test_the_frozen_copy_is_deleted_last_and_nothing_else(clinic, job):
    completed(clinic, job)
    clinic.deliver(job)
    assert clinic.keys(WORK) == [f"raw/{job}.json"]


def test_any_number_of_signals_delivers_once(clinic, job):
    completed(clinic, job)
    for source in ("object", "event", "object", "reconcile"):
        clinic.deliver(job, source)
    assert len(clinic.told()) == 1


def test_of_signals_that_come_at_once_one_is_taken_and_the_others_look_again(clinic, job):
    completed(clinic, job)
    assert clinic.ledger.lease(clinic.row(), clinic.clock, deliver_transcript.LEASE_SECONDS)
    clinic.deliver(job)
    assert clinic.told() == []
    assert len(clinic.messages(clinic.completion_queue)) == 1
    clinic.clock += deliver_transcript.LEASE_SECONDS
    clinic.deliver(job)
    assert len(clinic.told()) == 1


def test_a_delivery_that_failed_is_given_back_at_once(clinic, job):
    completed(clinic, job)
    clinic.s3.before["put_object"] = [refusal("InternalError", status=500)]
    clinic.deliver(job)
    clinic.deliver(job)
    assert clinic.row().state == "DELIVERED"


@pytest.mark.parametrize("status", ["IN_PROGRESS", "QUEUED"])
def test_a_job_that_has_not_ended_is_looked_at_again_later(clinic, job, status):
    clinic.transcribe.jobs[job]["TranscriptionJobStatus"] = status
    clinic.deliver(job)
    (again,) = clinic.messages(clinic.completion_queue)
    assert again.body == {"job": job, "source": "object", "deferrals": 1}
    assert clinic.told() == []


def test_a_job_in_progress_for_a_day_is_left_to_the_reconciler(clinic, job):
    clinic.clock += deliver_transcript.STUCK_SECONDS + 1
    clinic.deliver(job)
    assert clinic.messages(clinic.completion_queue) == []


def test_a_failed_job_is_told_with_reason_and_remedy(clinic, job):
    clinic.transcribe.end(job, "FAILED", "Unsupported media format. Check the media format and try again.")
    clinic.deliver(job)
    (told,) = clinic.told()
    assert (told["status"], told["reason"]["class"]) == ("FAILED", "UnsupportedMediaFormat")
    assert clinic.row().failure.startswith("Unsupported media format")
    assert clinic.keys(WORK) == []


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("s3", "get_object"), ("s3", "put_object"), ("s3", "delete_object"), ("sns", "publish"),
        ("dynamodb", "get_item"), ("dynamodb", "update_item"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_that_fails_before_or_after_its_effect_is_made_good(clinic, job, service, call, when):
    completed(clinic, job)
    getattr(getattr(clinic, service), when)[call] = [refusal("InternalError", status=500)]
    for _ in range(2):
        with contextlib.suppress(ClientError):  # the queue brings the message again
            clinic.deliver(job)
        clinic.clock += deliver_transcript.LEASE_SECONDS
    told = clinic.told()
    assert {notice["id"] for notice in told} == {f"{job}:DELIVERED"}
    assert 1 <= len(told) <= 2
    assert clinic.row().state == "DELIVERED"
    assert clinic.keys(WORK) == [f"raw/{job}.json"]


def test_an_unreachable_transcribe_delays_and_loses_nothing(clinic, job):
    completed(clinic, job)
    clinic.transcribe.troubles.append(refusal("InternalFailureException", status=500))
    clinic.deliver(job)
    assert len(clinic.messages(clinic.completion_queue)) == 1
    assert clinic.row().state == "TRANSCRIBING"


def test_output_that_cannot_be_read_is_a_failure_somebody_is_told_of(clinic, job):
    clinic.s3.put_object(Bucket=WORK, Key=f"raw/{job}.json", Body=b'{"results": ')
    clinic.transcribe.end(job)
    clinic.deliver(job)
    assert clinic.told()[0]["reason"]["class"] == "TranscriptUnreadable"


def test_a_job_transcribe_no_longer_knows_is_delivered_from_what_it_wrote(clinic, job):
    clinic.write_raw(job)
    del clinic.transcribe.jobs[job]
    clinic.clock += deliver_transcript.VANISHED_SECONDS
    clinic.deliver(job)
    assert clinic.told()[0]["status"] == "DELIVERED"


def test_a_job_that_vanished_without_output_fails_aloud(clinic, job):
    del clinic.transcribe.jobs[job]
    clinic.clock += deliver_transcript.VANISHED_SECONDS
    clinic.deliver(job)
    assert clinic.told()[0]["reason"]["class"] == "JobVanished"


def test_a_job_not_yet_known_is_not_taken_for_vanished(clinic, job):
    del clinic.transcribe.jobs[job]
    clinic.deliver(job)
    assert clinic.told() == []
    assert len(clinic.messages(clinic.completion_queue)) == 1


@pytest.mark.parametrize("name", ["clinic-by-hand", "other-" + 40 * "0", "clinic-" + 40 * "0", ""])
def test_jobs_that_are_not_ours_are_ignored(clinic, name):
    clinic.deliver(name)
    assert clinic.told() == []


def test_a_signal_for_a_recording_that_still_waits_for_its_start_ends_nothing(clinic):
    clinic.transcribe.troubles += [refusal("LimitExceededException")] * 1000
    clinic.start(clinic.upload())
    clinic.transcribe.troubles.clear()
    clinic.clock += 2 * deliver_transcript.VANISHED_SECONDS
    clinic.deliver(clinic.row().job)
    assert clinic.row().state == "CLAIMED"
    assert clinic.told() == []


def test_a_completed_job_whose_transcript_was_deleted_fails_aloud_after_a_while(clinic, job):
    clinic.clock = time.time()
    clinic.transcribe.end(job)
    clinic.deliver(job)
    assert clinic.told() == []
    clinic.clock += deliver_transcript.VANISHED_SECONDS + 1
    clinic.deliver(job)
    assert clinic.told()[0]["reason"]["class"] == "TranscriptMissing"


def test_silence_is_delivered_as_silence(clinic, job):
    completed(clinic, job, "")
    clinic.deliver(job)
    key = clinic.row().manifest.replace("manifest.json", "transcript.txt")
    assert clinic.s3.get_object(Bucket=TRANSCRIPTS, Key=key)["Body"].read() == b"(no speech)\n"


def test_the_manifest_lists_every_other_document_with_its_digest(clinic, job):
    completed(clinic, job)
    clinic.deliver(job)
    manifest = json.loads(clinic.s3.get_object(Bucket=TRANSCRIPTS, Key=clinic.row().manifest)["Body"].read())
    assert [document["name"] for document in manifest["documents"]] == ["transcribe.json", "transcript.txt"]
    assert manifest["words"] == 2
    assert "Jane" not in json.dumps(manifest)


def test_the_handler_answers_per_message(clinic, job, monkeypatch):
    completed(clinic, job)
    deliverer = clinic.deliverer()
    monkeypatch.setattr(deliver_transcript, "_deliverer", lambda: deliverer)
    bodies = {"1": json.dumps({"job": job}), "2": "[]", "3": json.dumps({"source": "aws.s3", "detail": {}})}
    records = [
        {"messageId": name, "body": body, "eventSource": "aws:sqs", "attributes": {}, "messageAttributes": {}}
        for name, body in bodies.items()
    ]
    answer = deliver_transcript.handler({"Records": records}, SimpleNamespace())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert clinic.row().state == "DELIVERED"
