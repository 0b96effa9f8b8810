"""`cancel`: what waits is not paid for, what runs is not delivered, and what was delivered is refused."""

import json

import pytest

from operations import cancellation
from operations.problems import Refused
from operations.recordings import find
from stethoscript.rows import State
from stethoscript.uploads import Upload
from tests.operations.test_operations import KEY, PATIENT, ward
from tests.refusals import refusal

__all__ = ["ward"]


def take(ward):
    """Have the start function take every message of the intake queue."""
    messages = ward.clinic.messages(ward.clinic.intake_queue)
    ward.clinic.drain(ward.clinic.intake_queue)
    for each in messages:
        ward.clinic.start(Upload(**each.body["upload"]))


def waiting(ward, **more):
    """A claimed recording that Transcribe was not asked about."""
    upload = ward.clinic.upload(KEY, **more)
    ward.clinic.dynamodb.before["query"] = [refusal("InternalServerError", status=500)]
    ward.clinic.start(upload)
    ward.clinic.drain(ward.clinic.intake_queue)
    return upload


def running(ward):
    upload = ward.clinic.upload(KEY)
    ward.clinic.start(upload)
    return upload


def deliver(ward, upload):
    ward.clinic.write_raw(ward.name(upload), f"{PATIENT} has a cough.")
    ward.clinic.transcribe.end(ward.name(upload))
    ward.clinic.deliver(ward.name(upload))


def ends(ward):
    return [(told["id"], told.get("reason", {}).get("class")) for told in ward.clinic.told()]


def test_a_recording_that_waits_is_cancelled_for_nothing(ward):
    upload = waiting(ward)
    said = ward.run("cancel", ward.name(upload), "--yes").stdout
    assert said == f"{ward.name(upload)}: cancelled; nothing is charged.\n"
    take(ward)
    assert ends(ward) == [(f"{ward.name(upload)}:REJECTED", "Cancelled")]
    assert not ward.clinic.transcribe.jobs
    assert ward.json("explain", ward.name(upload))["why"] == "cancelled"


def test_an_upload_that_no_function_has_looked_at_is_cancelled_for_nothing(ward):
    upload = ward.clinic.upload(KEY, Metadata={"correlation-id": "visit-7"})
    (done,) = ward.json("cancel", upload.version, "--yes")
    assert (done["job"], done["charged"], done["dollars"]) == (ward.name(upload), "nothing", None)
    assert ward.json("explain", upload.version)["why"] == "cancelled"
    ward.clinic.start(upload)  # S3's own message
    take(ward)
    assert ends(ward) == [(f"{ward.name(upload)}:REJECTED", "Cancelled")]
    assert ward.clinic.told()[0]["correlationId"] == "visit-7"


def test_of_a_running_job_it_is_said_that_it_is_paid_for_and_how_much(ward):
    upload = running(ward)
    ward.clinic.dynamodb.update_item(
        TableName="ledger", Key={"recording": {"S": ward.name(upload)}},
        UpdateExpression="SET audio_ms = :long", ExpressionAttributeValues={":long": {"N": "600000"}},
    )  # fmt: skip
    said = ward.run("cancel", ward.name(upload), "--yes").stdout
    assert "Transcribe cannot stop a running job" in said
    assert "about 10.0 minutes ($0.75) are charged" in said
    assert ward.json("cancel", ward.name(upload), "--yes")[0]["dollars"] == 0.75
    assert "output is removed" in ward.json("explain", ward.name(upload))["sentence"]
    deliver(ward, upload)
    assert ends(ward) == [(f"{ward.name(upload)}:FAILED", "Cancelled")]
    assert "cough" not in ward.everything()


def test_of_an_unknown_length_the_least_price_is_said(ward):
    upload = running(ward)
    ward.clinic.dynamodb.update_item(
        TableName="ledger", Key={"recording": {"S": ward.name(upload)}}, UpdateExpression="REMOVE audio_ms"
    )
    assert "at least 15 seconds ($0.02) are charged" in ward.run("cancel", ward.name(upload), "--yes").stdout


def test_where_transcribe_was_asked_and_no_answer_is_known_it_is_said_so(ward):
    upload = ward.clinic.upload(KEY)
    ward.clinic.transcribe.troubles.append(refusal("InternalFailureException", status=500))
    ward.clinic.start(upload)
    (done,) = ward.json("cancel", ward.name(upload), "--yes")
    assert (done["state"], done["charged"]) == ("CLAIMED", "unknown")
    assert "was just asked" in ward.run("cancel", ward.name(upload), "--yes").stdout


def test_a_cancellation_is_repeated_without_harm_before_and_after_its_end(ward):
    upload = waiting(ward)
    for _ in range(2):
        assert "nothing is charged" in ward.run("cancel", ward.name(upload), "--yes").stdout
        take(ward)
    assert len(ward.clinic.told()) == 1


@pytest.mark.parametrize(("call", "service"), [("send_message_batch", "sqs"), ("update_item", "dynamodb")])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cancellation_that_breaks_off_is_simply_repeated(ward, service, call, when):
    upload = waiting(ward)
    getattr(getattr(ward.clinic, service), when)[call] = [refusal("InternalError", status=500)]
    ward.run("cancel", ward.name(upload), "--yes", code=4)
    ward.run("cancel", ward.name(upload), "--yes")
    take(ward)
    assert ends(ward) == [(f"{ward.name(upload)}:REJECTED", "Cancelled")]


def test_a_cancellation_whose_message_got_lost_is_ended_by_the_reconciler(ward):
    upload = waiting(ward)
    ward.clinic.sqs.after["send_message_batch"] = [refusal("InternalError", status=500)]
    ward.run("cancel", ward.name(upload), "--yes", code=4)
    ward.clinic.drain(ward.clinic.intake_queue)
    ward.clinic.clock += 3600
    ward.clinic.reconciler().run(ward.clinic.clock + 100)
    take(ward)
    assert ends(ward) == [(f"{ward.name(upload)}:REJECTED", "Cancelled")]


def test_what_was_delivered_is_refused_with_what_helps(ward):
    upload = ward.delivered()
    said = ward.run("cancel", ward.name(upload), "--yes", code=1).stderr
    assert f"`erase {ward.name(upload)}`" in said
    assert ward.row(upload).state is State.DELIVERED


def test_what_is_being_delivered_is_refused_with_what_helps(ward):
    upload = running(ward)
    ward.clinic.ledger.lease(ward.row(upload), ward.clinic.clock, 150)
    assert "Wait until it is DELIVERED" in ward.run("cancel", ward.name(upload), "--yes", code=1).stderr


def test_what_has_ended_otherwise_is_refused(ward):
    upload = ward.failed()
    assert "has ended (FAILED TooLarge)" in ward.run("cancel", ward.name(upload), "--yes", code=1).stderr
    ward.clinic.clock -= 3600
    erased = ward.delivered("dictation/other.wav")
    ward.run("erase", ward.name(erased), "--yes")
    assert "it was erased" in ward.run("cancel", ward.name(erased), "--yes", code=1).stderr


def test_several_are_cancelled_at_once_and_none_if_one_may_not_be(ward):
    first, second = waiting(ward), running(ward)
    done = ward.delivered("dictation/other.wav")
    ward.run("cancel", *map(ward.name, (first, second, done)), "--yes", code=1)
    assert not ward.row(first).cancelled
    said = ward.json("cancel", *map(ward.name, (first, second)), "--yes")
    assert [each["charged"] for each in said] == ["nothing", "charged"]


def test_one_that_is_delivered_meanwhile_keeps_no_other_from_being_cancelled(ward):
    late, other = running(ward), waiting(ward)
    found = [find(ward.deployment, ward.name(each)) for each in (late, other)]
    deliver(ward, late)
    done, refused = cancellation.cancel_all(ward.deployment, found, ward.clinic.clock)
    assert [each.row.recording for each in done] == [ward.name(other)]
    assert len(refused) == 1
    assert "it was delivered" in str(refused[0])


def test_nobody_cancels_by_accident(ward):
    upload = waiting(ward)
    assert "Nothing was cancelled" in ward.run("cancel", ward.name(upload), code=1, input="n\n").stderr
    ward.run("cancel", ward.name(upload), "--json", code=2)
    assert not ward.row(upload).cancelled
    ward.run("cancel", ward.name(upload), input="y\n")
    assert ward.row(upload).cancelled


def test_a_row_that_changes_all_the_time_is_given_up_with_what_helps(ward):
    upload = waiting(ward)
    found = find(ward.deployment, ward.name(upload))
    ward.clinic.dynamodb.before["update_item"] = [refusal("ConditionalCheckFailedException")] * 9
    with pytest.raises(Refused, match="run `cancel` again"):
        cancellation.cancel(ward.deployment, found, ward.clinic.clock)


def test_what_was_cancelled_in_time_is_not_retried_and_what_was_not_is(ward):
    upload = waiting(ward)
    ward.run("cancel", ward.name(upload), "--yes")
    take(ward)
    assert "upload it again" in ward.run("retry", ward.name(upload), code=1).stderr
    late = running(ward)
    ward.run("cancel", ward.name(late), "--yes")
    deliver(ward, late)
    assert json.loads(ward.run("retry", ward.name(late), "--json").stdout)["attempt"] == 2
