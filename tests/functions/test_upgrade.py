"""An upgrade in mid-flight: rows and messages as version 0.1 wrote them, taken up by today's functions."""

import json
from pathlib import Path

import pytest

from operations.ledger_admin import LedgerAdmin
from stethoscript import jobs, ledger_row, queue_messages
from stethoscript.ledger_row import State
from stethoscript.uploads import Upload
from tests.functions.deployment_harness import Pipeline
from tests.functions.fakes import INTAKE

WRITTEN = Path(__file__).parents[1] / "events" / "written_by_0_1"
ROWS = json.loads((WRITTEN / "rows.json").read_text(encoding="utf-8"))
KEY, VERSION = "conversation/visit.wav", "c7572584-bfe5-40e8-b4bd-a6888880076e"
RECORDING = "clinic-75f2b933161c3cb1859dea17702ffb7565f2e8bf"


class InFlight:
    """A recording that version 0.1 had in hand, in this clinic's bucket."""

    def __init__(self, pipeline: Pipeline, state: str) -> None:
        self.pipeline, self.upload = pipeline, pipeline.upload(KEY)
        self.recording = jobs.recording("clinic", self.upload)
        pipeline.dynamodb.put_item(TableName="ledger", Item=json.loads(self._here(json.dumps(ROWS[state]))))

    def message(self, name: str) -> str:
        return self._here((WRITTEN / f"{name}.json").read_text(encoding="utf-8"))

    def _here(self, text: str) -> str:
        """What was written, of this upload: S3 gives each a version id of its own."""
        return text.replace(VERSION, self.upload.version).replace(RECORDING, self.recording)

    def announce(self) -> None:
        (arrival,) = queue_messages.upload_messages(self.message("arrival"))
        self.pipeline.starter().take(arrival, self.pipeline.clock + 300)

    def signal(self) -> None:
        self.pipeline.deliverer().take(queue_messages.signal(self.message("signal")))

    @property
    def row(self) -> ledger_row.LedgerRow:
        return self.pipeline.row()


def test_the_name_of_a_recording_is_what_it_was():
    assert jobs.recording("clinic", Upload(INTAKE, KEY, VERSION)) == RECORDING


@pytest.mark.parametrize("state", ROWS)
def test_every_row_says_all_that_it_said(pipeline, state):
    pipeline.dynamodb.put_item(TableName="ledger", Item=ROWS[state])
    row = pipeline.ledger.find(ROWS[state]["recording"]["S"])
    for name, value in ROWS[state].items():
        kept = getattr(row, name)
        if (state, name) == ("erased", "state"):
            assert kept is State.ERASED  # it had no state of its own
        elif name == "job_settings":
            assert {setting: getattr(row.settings, setting) for setting in kept} == dict(kept)
            assert len(kept) == len(value["M"])
        else:
            assert str(kept) == next(iter(value.values()))


def test_a_row_of_a_version_to_come_is_read_as_far_as_it_is_known(pipeline):
    pipeline.dynamodb.put_item(TableName="ledger", Item=ROWS["claimed"] | {"schema": {"N": "2"}, "mood": {"S": "good"}})
    assert pipeline.row().state is State.CLAIMED


@pytest.mark.parametrize("state", ["announced", "claimed"])
def test_a_recording_that_waited_is_transcribed_as_it_was_asked_for(pipeline, state):
    flying = InFlight(pipeline, state)
    flying.announce()
    (job,) = pipeline.transcribe.jobs.values()
    assert flying.row.state is State.TRANSCRIBING
    assert job["Settings"]["MaxSpeakerLabels"] == 2
    assert ("MaxAlternatives" in job["Settings"]) is (state == "claimed")


def test_a_recording_that_was_retried_is_begun_as_its_second_attempt(pipeline):
    flying = InFlight(pipeline, "retried")
    flying.announce()
    assert list(pipeline.transcribe.jobs) == [f"{flying.recording}-2"]


def test_a_recording_that_was_with_transcribe_is_delivered_and_told_of(pipeline):
    flying = InFlight(pipeline, "transcribing")
    pipeline.transcribe.jobs[flying.recording] = {"TranscriptionJobStatus": "COMPLETED"}
    pipeline.write_raw(flying.recording)
    flying.signal()
    (told,) = pipeline.told()
    assert (told["status"], told["correlationId"], told["profile"]) == ("DELIVERED", "visit-4711", "conversation")


def test_one_that_nobody_signals_is_found_by_the_reconciler(pipeline):
    flying = InFlight(pipeline, "transcribing")
    pipeline.transcribe.jobs[flying.recording] = {"TranscriptionJobStatus": "COMPLETED"}
    assert pipeline.reconciler().run(pipeline.clock + 60)["jobs"] == 1
    (message,) = pipeline.messages(pipeline.completion_queue)
    assert queue_messages.signal(json.dumps(message.body)).job == flying.recording


def test_one_that_nobody_follows_is_announced_again(pipeline):
    InFlight(pipeline, "claimed")
    assert pipeline.reconciler().run(pipeline.clock + 60)["uploads"] == 1


@pytest.mark.parametrize("state", ["delivered", "failed", "erased"])
def test_what_has_ended_is_neither_begun_nor_told_of_again(pipeline, state):
    flying = InFlight(pipeline, state)
    flying.announce()
    flying.signal()
    assert not pipeline.transcribe.jobs
    assert not pipeline.told()


def test_what_failed_can_be_retried(pipeline):
    flying = InFlight(pipeline, "failed")
    again = LedgerAdmin(pipeline.dynamodb, "ledger").again(flying.row, pipeline.clock)
    assert (again.state, again.attempt) == (State.CLAIMED, 2)


def test_what_was_erased_is_known_to_have_been(pipeline):
    assert InFlight(pipeline, "erased").row.state is State.ERASED
