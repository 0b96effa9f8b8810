"""`cancel`: a waiting recording costs nothing, a running one is not delivered, and a delivered one is refused."""

import json

import pytest

from operations import cancellation
from operations.errors import Refused
from operations.recordings import find
from stethoscript.ledger_row import State
from stethoscript.uploads import Upload
from tests.client_errors import refusal
from tests.operations.test_operations import KEY, PATIENT, operator

__all__ = ["operator"]


def take(operator):
    """Let the start function take every message of the intake queue."""
    messages = operator.pipeline.messages(operator.pipeline.intake_queue)
    operator.pipeline.drain(operator.pipeline.intake_queue)
    for each in messages:
        operator.pipeline.start(Upload(**each.body["upload"]))


def waiting(operator, **more):
    """A claimed recording for which Transcribe was not called."""
    upload = operator.pipeline.upload(KEY, **more)
    operator.pipeline.dynamodb.before["query"] = [refusal("InternalServerError", status=500)]
    operator.pipeline.start(upload)
    operator.pipeline.drain(operator.pipeline.intake_queue)
    return upload


def running(operator):
    upload = operator.pipeline.upload(KEY)
    operator.pipeline.start(upload)
    return upload


def deliver(operator, upload):
    operator.pipeline.write_raw(operator.name(upload), f"{PATIENT} has a cough.")
    operator.pipeline.transcribe.end(operator.name(upload))
    operator.pipeline.deliver(operator.name(upload))


def ends(operator):
    return [(answer["id"], answer.get("reason", {}).get("class")) for answer in operator.pipeline.notifications()]


def test_a_waiting_recording_is_cancelled_without_a_charge(operator):
    upload = waiting(operator)
    said = operator.run("cancel", operator.name(upload), "--yes").stdout
    assert said == f"{operator.name(upload)}: cancelled; nothing is charged.\n"
    take(operator)
    assert ends(operator) == [(f"{operator.name(upload)}:REJECTED", "Cancelled")]
    assert not operator.pipeline.transcribe.jobs
    assert operator.json("explain", operator.name(upload))["why"] == "cancelled"


def test_an_upload_without_a_row_is_cancelled_without_a_charge(operator):
    upload = operator.pipeline.upload(KEY, Metadata={"correlation-id": "visit-7"})
    (done,) = operator.json("cancel", upload.version, "--yes")
    assert (done["job"], done["charged"], done["dollars"]) == (operator.name(upload), "nothing", None)
    assert operator.json("explain", upload.version)["why"] == "cancelled"
    operator.pipeline.start(upload)  # S3's own message
    take(operator)
    assert ends(operator) == [(f"{operator.name(upload)}:REJECTED", "Cancelled")]
    assert operator.pipeline.notifications()[0]["correlationId"] == "visit-7"


def test_cancel_prints_the_price_of_a_running_job(operator):
    upload = running(operator)
    operator.pipeline.dynamodb.update_item(
        TableName="ledger", Key={"recording": {"S": operator.name(upload)}},
        UpdateExpression="SET audio_ms = :long", ExpressionAttributeValues={":long": {"N": "600000"}},
    )  # fmt: skip
    said = operator.run("cancel", operator.name(upload), "--yes").stdout
    assert "Transcribe cannot stop a running job" in said
    assert "about 10.0 minutes ($0.75) are charged" in said
    assert operator.json("cancel", operator.name(upload), "--yes")[0]["dollars"] == 0.75
    assert "output is removed" in operator.json("explain", operator.name(upload))["sentence"]
    deliver(operator, upload)
    assert ends(operator) == [(f"{operator.name(upload)}:FAILED", "Cancelled")]
    assert "cough" not in operator.everything()


def test_cancel_prints_the_minimum_price_for_an_unknown_length(operator):
    upload = running(operator)
    operator.pipeline.dynamodb.update_item(
        TableName="ledger", Key={"recording": {"S": operator.name(upload)}}, UpdateExpression="REMOVE audio_ms"
    )
    assert "at least 15 seconds ($0.02) are charged" in operator.run("cancel", operator.name(upload), "--yes").stdout


def test_cancel_says_that_a_start_has_no_known_answer(operator):
    upload = operator.pipeline.upload(KEY)
    operator.pipeline.transcribe.errors.append(refusal("InternalFailureException", status=500))
    operator.pipeline.start(upload)
    (done,) = operator.json("cancel", operator.name(upload), "--yes")
    assert (done["state"], done["charged"]) == ("CLAIMED", "unknown")
    assert "was just asked" in operator.run("cancel", operator.name(upload), "--yes").stdout


def test_a_cancellation_can_be_repeated_before_and_after_its_end(operator):
    upload = waiting(operator)
    for _ in range(2):
        assert "nothing is charged" in operator.run("cancel", operator.name(upload), "--yes").stdout
        take(operator)
    assert len(operator.pipeline.notifications()) == 1


@pytest.mark.parametrize(("call", "service"), [("send_message_batch", "sqs"), ("update_item", "dynamodb")])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_interrupted_cancellation_can_be_repeated(operator, service, call, when):
    upload = waiting(operator)
    getattr(getattr(operator.pipeline, service), when)[call] = [refusal("InternalError", status=500)]
    operator.run("cancel", operator.name(upload), "--yes", code=4)
    operator.run("cancel", operator.name(upload), "--yes")
    take(operator)
    assert ends(operator) == [(f"{operator.name(upload)}:REJECTED", "Cancelled")]


def test_the_reconciler_ends_a_cancellation_with_a_lost_message(operator):
    upload = waiting(operator)
    operator.pipeline.sqs.after["send_message_batch"] = [refusal("InternalError", status=500)]
    operator.run("cancel", operator.name(upload), "--yes", code=4)
    operator.pipeline.drain(operator.pipeline.intake_queue)
    operator.pipeline.clock += 3600
    operator.pipeline.reconciler().run(operator.pipeline.clock + 100)
    take(operator)
    assert ends(operator) == [(f"{operator.name(upload)}:REJECTED", "Cancelled")]


def test_cancelling_a_delivered_recording_is_refused_with_a_remedy(operator):
    upload = operator.delivered()
    said = operator.run("cancel", operator.name(upload), "--yes", code=1).stderr
    assert f"`erase {operator.name(upload)}`" in said
    assert operator.row(upload).state is State.DELIVERED


def test_cancelling_a_recording_in_delivery_is_refused_with_a_remedy(operator):
    upload = running(operator)
    operator.pipeline.ledger.lease(operator.row(upload), operator.pipeline.clock, 150)
    assert "Wait until it is DELIVERED" in operator.run("cancel", operator.name(upload), "--yes", code=1).stderr


def test_cancelling_any_other_ended_recording_is_refused(operator):
    upload = operator.failed()
    assert "has ended (FAILED TooLarge)" in operator.run("cancel", operator.name(upload), "--yes", code=1).stderr
    operator.pipeline.clock -= 3600
    erased = operator.delivered("dictation/other.wav")
    operator.run("erase", operator.name(erased), "--yes")
    assert "it was erased" in operator.run("cancel", operator.name(erased), "--yes", code=1).stderr


def test_several_recordings_are_cancelled_together_or_not_at_all(operator):
    first, second = waiting(operator), running(operator)
    done = operator.delivered("dictation/other.wav")
    operator.run("cancel", *map(operator.name, (first, second, done)), "--yes", code=1)
    assert not operator.row(first).cancelled
    said = operator.json("cancel", *map(operator.name, (first, second)), "--yes")
    assert [each["charged"] for each in said] == ["nothing", "charged"]


def test_a_concurrent_delivery_does_not_prevent_the_other_cancellations(operator):
    late, other = running(operator), waiting(operator)
    found = [find(operator.deployment, operator.name(each)) for each in (late, other)]
    deliver(operator, late)
    done, refused = cancellation.cancel_all(operator.deployment, found, operator.pipeline.clock)
    assert [each.row.recording for each in done] == [operator.name(other)]
    assert len(refused) == 1
    assert "it was delivered" in str(refused[0])


def test_cancel_asks_for_confirmation(operator):
    upload = waiting(operator)
    assert "Nothing was cancelled" in operator.run("cancel", operator.name(upload), code=1, input="n\n").stderr
    operator.run("cancel", operator.name(upload), "--json", code=2)
    assert not operator.row(upload).cancelled
    operator.run("cancel", operator.name(upload), input="y\n")
    assert operator.row(upload).cancelled


def test_cancel_gives_up_on_a_constantly_changing_row_with_a_remedy(operator):
    upload = waiting(operator)
    found = find(operator.deployment, operator.name(upload))
    operator.pipeline.dynamodb.before["update_item"] = [refusal("ConditionalCheckFailedException")] * 9
    with pytest.raises(Refused, match="run `cancel` again"):
        cancellation.cancel(operator.deployment, found, operator.pipeline.clock)


def test_a_recording_cancelled_in_time_is_not_retried_and_a_later_one_is(operator):
    upload = waiting(operator)
    operator.run("cancel", operator.name(upload), "--yes")
    take(operator)
    assert "upload it again" in operator.run("retry", operator.name(upload), code=1).stderr
    late = running(operator)
    operator.run("cancel", operator.name(late), "--yes")
    deliver(operator, late)
    assert json.loads(operator.run("retry", operator.name(late), "--json").stdout)["attempt"] == 2
