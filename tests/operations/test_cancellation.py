"""`cancel`: what waits is not paid for, what runs is not delivered, and what was delivered is refused."""

import json

import pytest

from operations import cancellation
from operations.errors import Refused
from operations.recordings import find
from stethoscript.ledger_row import State
from stethoscript.uploads import Upload
from tests.client_errors import refusal
from tests.operations.test_operations import KEY, PATIENT, operated

__all__ = ["operated"]


def take(operated):
    """Have the start function take every message of the intake queue."""
    messages = operated.pipeline.messages(operated.pipeline.intake_queue)
    operated.pipeline.drain(operated.pipeline.intake_queue)
    for each in messages:
        operated.pipeline.start(Upload(**each.body["upload"]))


def waiting(operated, **more):
    """A claimed recording that Transcribe was not asked about."""
    upload = operated.pipeline.upload(KEY, **more)
    operated.pipeline.dynamodb.before["query"] = [refusal("InternalServerError", status=500)]
    operated.pipeline.start(upload)
    operated.pipeline.drain(operated.pipeline.intake_queue)
    return upload


def running(operated):
    upload = operated.pipeline.upload(KEY)
    operated.pipeline.start(upload)
    return upload


def deliver(operated, upload):
    operated.pipeline.write_raw(operated.name(upload), f"{PATIENT} has a cough.")
    operated.pipeline.transcribe.end(operated.name(upload))
    operated.pipeline.deliver(operated.name(upload))


def ends(operated):
    return [(answer["id"], answer.get("reason", {}).get("class")) for answer in operated.pipeline.notifications()]


def test_a_recording_that_waits_is_cancelled_for_nothing(operated):
    upload = waiting(operated)
    said = operated.run("cancel", operated.name(upload), "--yes").stdout
    assert said == f"{operated.name(upload)}: cancelled; nothing is charged.\n"
    take(operated)
    assert ends(operated) == [(f"{operated.name(upload)}:REJECTED", "Cancelled")]
    assert not operated.pipeline.transcribe.jobs
    assert operated.json("explain", operated.name(upload))["why"] == "cancelled"


def test_an_upload_that_no_function_has_looked_at_is_cancelled_for_nothing(operated):
    upload = operated.pipeline.upload(KEY, Metadata={"correlation-id": "visit-7"})
    (done,) = operated.json("cancel", upload.version, "--yes")
    assert (done["job"], done["charged"], done["dollars"]) == (operated.name(upload), "nothing", None)
    assert operated.json("explain", upload.version)["why"] == "cancelled"
    operated.pipeline.start(upload)  # S3's own message
    take(operated)
    assert ends(operated) == [(f"{operated.name(upload)}:REJECTED", "Cancelled")]
    assert operated.pipeline.notifications()[0]["correlationId"] == "visit-7"


def test_of_a_running_job_it_is_said_that_it_is_paid_for_and_how_much(operated):
    upload = running(operated)
    operated.pipeline.dynamodb.update_item(
        TableName="ledger", Key={"recording": {"S": operated.name(upload)}},
        UpdateExpression="SET audio_ms = :long", ExpressionAttributeValues={":long": {"N": "600000"}},
    )  # fmt: skip
    said = operated.run("cancel", operated.name(upload), "--yes").stdout
    assert "Transcribe cannot stop a running job" in said
    assert "about 10.0 minutes ($0.75) are charged" in said
    assert operated.json("cancel", operated.name(upload), "--yes")[0]["dollars"] == 0.75
    assert "output is removed" in operated.json("explain", operated.name(upload))["sentence"]
    deliver(operated, upload)
    assert ends(operated) == [(f"{operated.name(upload)}:FAILED", "Cancelled")]
    assert "cough" not in operated.everything()


def test_of_an_unknown_length_the_least_price_is_said(operated):
    upload = running(operated)
    operated.pipeline.dynamodb.update_item(
        TableName="ledger", Key={"recording": {"S": operated.name(upload)}}, UpdateExpression="REMOVE audio_ms"
    )
    assert "at least 15 seconds ($0.02) are charged" in operated.run("cancel", operated.name(upload), "--yes").stdout


def test_where_transcribe_was_asked_and_no_answer_is_known_it_is_said_so(operated):
    upload = operated.pipeline.upload(KEY)
    operated.pipeline.transcribe.troubles.append(refusal("InternalFailureException", status=500))
    operated.pipeline.start(upload)
    (done,) = operated.json("cancel", operated.name(upload), "--yes")
    assert (done["state"], done["charged"]) == ("CLAIMED", "unknown")
    assert "was just asked" in operated.run("cancel", operated.name(upload), "--yes").stdout


def test_a_cancellation_is_repeated_without_harm_before_and_after_its_end(operated):
    upload = waiting(operated)
    for _ in range(2):
        assert "nothing is charged" in operated.run("cancel", operated.name(upload), "--yes").stdout
        take(operated)
    assert len(operated.pipeline.notifications()) == 1


@pytest.mark.parametrize(("call", "service"), [("send_message_batch", "sqs"), ("update_item", "dynamodb")])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cancellation_that_breaks_off_is_simply_repeated(operated, service, call, when):
    upload = waiting(operated)
    getattr(getattr(operated.pipeline, service), when)[call] = [refusal("InternalError", status=500)]
    operated.run("cancel", operated.name(upload), "--yes", code=4)
    operated.run("cancel", operated.name(upload), "--yes")
    take(operated)
    assert ends(operated) == [(f"{operated.name(upload)}:REJECTED", "Cancelled")]


def test_a_cancellation_whose_message_got_lost_is_ended_by_the_reconciler(operated):
    upload = waiting(operated)
    operated.pipeline.sqs.after["send_message_batch"] = [refusal("InternalError", status=500)]
    operated.run("cancel", operated.name(upload), "--yes", code=4)
    operated.pipeline.drain(operated.pipeline.intake_queue)
    operated.pipeline.clock += 3600
    operated.pipeline.reconciler().run(operated.pipeline.clock + 100)
    take(operated)
    assert ends(operated) == [(f"{operated.name(upload)}:REJECTED", "Cancelled")]


def test_what_was_delivered_is_refused_with_what_helps(operated):
    upload = operated.delivered()
    said = operated.run("cancel", operated.name(upload), "--yes", code=1).stderr
    assert f"`erase {operated.name(upload)}`" in said
    assert operated.row(upload).state is State.DELIVERED


def test_what_is_being_delivered_is_refused_with_what_helps(operated):
    upload = running(operated)
    operated.pipeline.ledger.lease(operated.row(upload), operated.pipeline.clock, 150)
    assert "Wait until it is DELIVERED" in operated.run("cancel", operated.name(upload), "--yes", code=1).stderr


def test_what_has_ended_otherwise_is_refused(operated):
    upload = operated.failed()
    assert "has ended (FAILED TooLarge)" in operated.run("cancel", operated.name(upload), "--yes", code=1).stderr
    operated.pipeline.clock -= 3600
    erased = operated.delivered("dictation/other.wav")
    operated.run("erase", operated.name(erased), "--yes")
    assert "it was erased" in operated.run("cancel", operated.name(erased), "--yes", code=1).stderr


def test_several_are_cancelled_at_once_and_none_if_one_may_not_be(operated):
    first, second = waiting(operated), running(operated)
    done = operated.delivered("dictation/other.wav")
    operated.run("cancel", *map(operated.name, (first, second, done)), "--yes", code=1)
    assert not operated.row(first).cancelled
    said = operated.json("cancel", *map(operated.name, (first, second)), "--yes")
    assert [each["charged"] for each in said] == ["nothing", "charged"]


def test_one_that_is_delivered_meanwhile_keeps_no_other_from_being_cancelled(operated):
    late, other = running(operated), waiting(operated)
    found = [find(operated.deployment, operated.name(each)) for each in (late, other)]
    deliver(operated, late)
    done, refused = cancellation.cancel_all(operated.deployment, found, operated.pipeline.clock)
    assert [each.row.recording for each in done] == [operated.name(other)]
    assert len(refused) == 1
    assert "it was delivered" in str(refused[0])


def test_nobody_cancels_by_accident(operated):
    upload = waiting(operated)
    assert "Nothing was cancelled" in operated.run("cancel", operated.name(upload), code=1, input="n\n").stderr
    operated.run("cancel", operated.name(upload), "--json", code=2)
    assert not operated.row(upload).cancelled
    operated.run("cancel", operated.name(upload), input="y\n")
    assert operated.row(upload).cancelled


def test_a_row_that_changes_all_the_time_is_given_up_with_what_helps(operated):
    upload = waiting(operated)
    found = find(operated.deployment, operated.name(upload))
    operated.pipeline.dynamodb.before["update_item"] = [refusal("ConditionalCheckFailedException")] * 9
    with pytest.raises(Refused, match="run `cancel` again"):
        cancellation.cancel(operated.deployment, found, operated.pipeline.clock)


def test_what_was_cancelled_in_time_is_not_retried_and_what_was_not_is(operated):
    upload = waiting(operated)
    operated.run("cancel", operated.name(upload), "--yes")
    take(operated)
    assert "upload it again" in operated.run("retry", operated.name(upload), code=1).stderr
    late = running(operated)
    operated.run("cancel", operated.name(late), "--yes")
    deliver(operated, late)
    assert json.loads(operated.run("retry", operated.name(late), "--json").stdout)["attempt"] == 2
