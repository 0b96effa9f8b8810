"""The deliver function: any signal, any number of times, ends in one set of documents and the same news."""

import contextlib
import hashlib
import json
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

import deliver_transcript
import delivery
from documents import FORMS, Form
from stethoscript import transcript
from stethoscript.events import Signal
from tests.documents.facts import FACTS
from tests.functions.far_ends import TRANSCRIPTS, WORK
from tests.refusals import refusal
from tests.schemas import errors


def listed(clinic):
    """The manifest, where the ledger says it is and as its published schema says."""
    assert clinic.row().manifest in clinic.keys(TRANSCRIPTS)
    manifest = json.loads(clinic.delivered("manifest.json")["Body"].read())
    assert errors(manifest, "manifest-1.0") == []
    return manifest


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
    assert text == "[0:00:00]\nHello there.\n\n(Length of the audio: 0:01.)\n"
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
        ("s3", "get_object"), ("s3", "copy_object"), ("s3", "put_object"), ("s3", "delete_object"),
        ("events", "put_events"), ("sns", "publish"),
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


class Died(BaseException):
    """The function's process is gone: nothing of its own catches this."""


def died_at(clinic, job, moment):
    """Have one delivery end at its so-many-th moment, before or after a call; False if it had fewer."""
    left = iter(range(moment))

    def befalls():
        if next(left, None) is None:
            raise Died

    ends = (clinic.s3, clinic.sns, clinic.events, clinic.dynamodb)
    for end in ends:
        end.befalls = befalls
    try:
        clinic.deliver(job)
    except Died:
        return True
    finally:
        for end in ends:
            end.befalls = lambda: None
    return False


def test_a_crash_between_any_two_effects_repeats_cleanly(clinic):
    moment = 0
    while True:
        clinic.start(clinic.upload(f"dictation/{moment}.wav"))
        job = list(clinic.transcribe.jobs)[-1]
        completed(clinic, job)
        if not died_at(clinic, job, moment):
            break
        clinic.clock += deliver_transcript.LEASE_SECONDS
        clinic.deliver(job)
        row = clinic.ledger.find(job)
        assert row.state == "DELIVERED"
        assert f"staging/{job}.wav" not in clinic.keys(WORK)
        listed = json.loads(clinic.s3.get_object(Bucket=TRANSCRIPTS, Key=row.manifest)["Body"].read())["documents"]
        assert {document["key"] for document in listed} <= set(clinic.keys(TRANSCRIPTS))
        assert {notice["id"] for notice in clinic.told() if notice["job"] == job} == {f"{job}:DELIVERED"}
        moment += 1
    assert moment > 15


def test_a_second_delivery_changes_nothing(clinic, job):
    completed(clinic, job)
    bodies = []
    for _ in range(2):
        clinic.events.troubles += ["ThrottlingException"] * (not bodies)
        clinic.deliver(job, documents=FORMS)
        keys = clinic.keys(TRANSCRIPTS)
        bodies.append({key: clinic.s3.get_object(Bucket=TRANSCRIPTS, Key=key)["Body"].read() for key in keys})
        clinic.clock += 3600
    assert clinic.row().state == "DELIVERED"
    assert len(bodies[0]) > len(FORMS)
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(("code", "metric"), [("ThrottlingException", "PutOff"), ("InternalFailure", "PutOff"),
                         ("NotAuthorizedForSourceException", "ConfigurationFault")])  # fmt: skip
def test_an_event_that_the_bus_did_not_take_is_put_there_later_though_it_answered_200(
    clinic, job, counted, code, metric
):
    completed(clinic, job)
    clinic.events.troubles.append(code)
    clinic.deliver(job)
    assert (clinic.row().state, clinic.told(), clinic.events.events) == ("TRANSCRIBING", [], [])
    assert len(clinic.messages(clinic.completion_queue)) == 1
    assert counted[metric] == 1
    clinic.deliver(job)
    assert (clinic.row().state, len(clinic.told()), len(clinic.events.events)) == ("DELIVERED", 1, 1)


def test_an_unreachable_transcribe_delays_and_loses_nothing(clinic, job):
    completed(clinic, job)
    clinic.transcribe.troubles.append(refusal("InternalFailureException", status=500))
    clinic.deliver(job)
    assert len(clinic.messages(clinic.completion_queue)) == 1
    assert clinic.row().state == "TRANSCRIBING"


def test_a_ledger_that_does_not_answer_delays_and_loses_nothing(clinic, job):
    completed(clinic, job)
    clinic.dynamodb.before["get_item"] = [refusal("ProvisionedThroughputExceededException")]
    clinic.deliver(job)
    assert len(clinic.messages(clinic.completion_queue)) == 1
    clinic.deliver(job)
    assert clinic.row().state == "DELIVERED"


def test_output_that_cannot_be_read_is_delivered_as_it_is_and_told_as_a_failure(clinic, job):
    clinic.s3.put_object(Bucket=WORK, Key=f"raw/{job}.json", Body=b'{"results": ')
    clinic.transcribe.end(job)
    clinic.deliver(job)
    (told,) = clinic.told()
    assert (told["status"], told["reason"]["class"]) == ("FAILED", "TranscriptUnreadable")
    assert told["manifest"]["key"] == clinic.row().manifest
    manifest = listed(clinic)
    assert (manifest["reason"], manifest["words"]) == ("TranscriptUnreadable", None)
    assert [document["form"] for document in manifest["documents"]] == ["raw"]
    assert clinic.delivered("transcribe.json")["Body"].read() == b'{"results": '


def test_output_larger_than_any_transcript_is_copied_and_never_read(clinic, job, monkeypatch):
    completed(clinic, job)
    monkeypatch.setattr(transcript, "MOST_BYTES", 10)
    clinic.deliver(job)
    manifest = listed(clinic)
    (raw,) = manifest["documents"]
    written = clinic.delivered("transcribe.json")["Body"].read()
    assert (raw["bytes"], raw["sha256"]) == (len(written), None)
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
    text = clinic.s3.get_object(Bucket=TRANSCRIPTS, Key=key)["Body"].read()
    assert text == b"(no speech)\n\n(Length of the audio: 0:01.)\n"


def test_the_manifest_lists_every_other_document_with_its_digest(clinic, job):
    completed(clinic, job)
    clinic.deliver(job)
    manifest = listed(clinic)
    assert [document["name"] for document in manifest["documents"]] == ["transcribe.json", "transcript.txt"]
    assert (manifest["words"], manifest["failed"], manifest["reason"]) == (2, [], None)
    assert "Jane" not in json.dumps(manifest)
    for document in manifest["documents"]:
        body = clinic.s3.get_object(Bucket=TRANSCRIPTS, Key=document["key"])["Body"].read()
        assert (document["bytes"], document["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("name", ["transcript.txt", "transcribe.json", "manifest.json"])
def test_a_document_is_handed_out_as_a_file_whose_name_says_nothing(clinic, job, name):
    completed(clinic, job)
    clinic.deliver(job)
    answer = clinic.delivered(name)
    assert answer["ContentDisposition"] == f'attachment; filename="{job}-{name}"'
    assert answer["CacheControl"] == "no-store"
    assert answer["ContentType"] == ("text/plain; charset=utf-8" if name.endswith("txt") else "application/json")


def test_documents_may_lie_under_the_upload_s_own_path_and_the_manifest_never_does(clinic, job):
    completed(clinic, job)
    clinic.deliver(job, layout="mirrored")
    (told,) = clinic.told()
    assert "Jane" not in json.dumps(told)
    assert sorted(set(clinic.keys(TRANSCRIPTS)) - {told["manifest"]["key"]}) == [
        f"conversation/Jane Doe.wav/{job}/{name}" for name in ("transcribe.json", "transcript.txt")
    ]
    manifest = listed(clinic)
    assert {document["key"] for document in manifest["documents"]} <= set(clinic.keys(TRANSCRIPTS))


def test_two_uploads_under_one_key_never_overwrite_each_other_s_documents(clinic):
    for words in ("First.", "Second."):
        clinic.start(clinic.upload("dictation/today.wav"))
        job = list(clinic.transcribe.jobs)[-1]
        completed(clinic, job, words)
        clinic.deliver(job, layout="mirrored")
    texts = [key for key in clinic.keys(TRANSCRIPTS) if key.endswith("transcript.txt")]
    read = {clinic.s3.get_object(Bucket=TRANSCRIPTS, Key=key)["Body"].read() for key in texts}
    assert read == {f"[0:00:00]\n{words}.\n\n(Length of the audio: 0:01.)\n".encode() for words in ("First", "Second")}


def test_only_the_chosen_forms_are_made_and_transcribe_s_own_output_always_is(clinic, job):
    completed(clinic, job)
    clinic.deliver(job, documents=())
    manifest = listed(clinic)
    assert [document["form"] for document in manifest["documents"]] == ["raw"]
    assert (clinic.row().state, manifest["words"]) == ("DELIVERED", 2)


def test_a_profile_may_choose_other_forms_than_the_rest(clinic, job):
    completed(clinic, job)
    deliverer = clinic.deliverer(documents=("txt",))
    own = replace(deliverer.delivery, documents={"": ("txt",), "conversation": ()})
    replace(deliverer, delivery=own).take(Signal(job, "object"))
    assert not [key for key in clinic.keys(TRANSCRIPTS) if key.endswith(".txt")]


def test_a_form_that_fails_is_named_and_counted_and_costs_no_other(clinic, job, counted, monkeypatch, caplog):
    def broken(_transcript, _facts):
        raise KeyError("Jane Doe")

    completed(clinic, job)
    monkeypatch.setattr(delivery, "FORMS", {"broken": Form("broken.txt", "text/plain", broken), **FORMS})
    clinic.deliver(job, documents=("broken", "txt"))
    manifest = listed(clinic)
    assert (manifest["failed"], [each["form"] for each in manifest["documents"]]) == (["broken"], ["raw", "txt"])
    assert counted["FormFailed"] == 1
    assert "Jane" not in str([vars(record) for record in caplog.records])
    assert clinic.row().state == "DELIVERED"


def test_a_masked_text_that_cannot_be_made_for_want_of_what_was_identified_is_missed_aloud(clinic, counted):
    clinic.start(clinic.upload("dictation/a.wav", Metadata={"content-identification-type": "PHI"}))
    job = clinic.row().job
    completed(clinic, job)
    clinic.deliver(job, documents=("masked.txt", "json"))
    manifest = listed(clinic)
    assert (manifest["failed"], [each["form"] for each in manifest["documents"]]) == (["masked.txt"], ["raw", "json"])
    assert json.loads(clinic.delivered("transcript.json")["Body"].read())["notes"] == [transcript.UNIDENTIFIED]
    assert counted["FormFailed"] == 1


def test_the_json_names_the_profile_as_its_published_example_does(clinic, job):
    completed(clinic, job)
    clinic.deliver(job, documents=("json",))
    document = json.loads(clinic.delivered("transcript.json")["Body"].read())
    assert document["profile"] == FACTS.profile
    assert errors(document, "transcript-1.0") == []


def test_the_news_say_how_many_words_there_are_and_how_sure_the_service_was(clinic, job):
    completed(clinic, job)
    clinic.deliver(job)
    assert clinic.told()[0]["transcript"] == {"words": 2, "confidence": "high"}


def test_the_handler_answers_per_message(clinic, job, monkeypatch):
    completed(clinic, job)
    deliverer = clinic.deliverer()
    monkeypatch.setattr(deliver_transcript, "_deliverer", lambda: deliverer)
    bodies = {"1": json.dumps({"job": job}), "2": "[]", "3": json.dumps({"source": "aws.s3", "detail": {}})}
    records = [
        {"messageId": name, "body": body, "eventSource": "aws:sqs", "attributes": {}, "messageAttributes": {}}
        for name, body in bodies.items()
    ]
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 120_000)
    answer = deliver_transcript.handler({"Records": records}, context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert clinic.row().state == "DELIVERED"


def test_a_signal_is_not_begun_when_too_little_time_is_left_and_waits_without_a_receive(clinic, job):
    completed(clinic, job)
    clinic.deliverer().take(Signal(job, "object"), clinic.clock + deliver_transcript.TAKE_SECONDS - 1)
    assert clinic.row().state == "TRANSCRIBING"
    [waiting] = clinic.messages(clinic.completion_queue)
    assert waiting.body == {"job": job, "source": "object", "deferrals": 1}
    clinic.deliverer().take(Signal(job, "object"), clinic.clock + deliver_transcript.TAKE_SECONDS)
    assert clinic.row().state == "DELIVERED"
