"""An upgrade with recordings in progress: today's functions read the rows and messages of version 0.1."""

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
    """A recording that version 0.1 was processing, in this deployment's bucket."""

    def __init__(self, pipeline: Pipeline, state: str) -> None:
        self.pipeline, self.upload = pipeline, pipeline.upload(KEY)
        self.recording = jobs.recording("clinic", self.upload)
        pipeline.dynamodb.put_item(TableName="ledger", Item=json.loads(self._here(json.dumps(ROWS[state]))))

    def message(self, name: str) -> str:
        return self._here((WRITTEN / f"{name}.json").read_text(encoding="utf-8"))

    def _here(self, text: str) -> str:
        """The stored text with this upload's version id, because S3 gives each upload its own."""
        return text.replace(VERSION, self.upload.version).replace(RECORDING, self.recording)

    def announce(self) -> None:
        (arrival,) = queue_messages.upload_messages(self.message("arrival"))
        self.pipeline.starter().take(arrival, self.pipeline.clock + 300)

    def signal(self) -> None:
        self.pipeline.deliverer().take(queue_messages.signal(self.message("signal")))

    @property
    def row(self) -> ledger_row.LedgerRow:
        return self.pipeline.row()


def test_the_name_of_a_recording_is_unchanged():
    assert jobs.recording("clinic", Upload(INTAKE, KEY, VERSION)) == RECORDING


@pytest.mark.parametrize("state", ROWS)
def test_every_row_keeps_its_content(pipeline, state):
    pipeline.dynamodb.put_item(TableName="ledger", Item=ROWS[state])
    row = pipeline.ledger.find(ROWS[state]["recording"]["S"])
    for name, value in ROWS[state].items():
        kept = getattr(row, name)
        if (state, name) == ("erased", "state"):
            assert kept is State.ERASED  # it had no state
        elif name == "job_settings":
            assert {setting: getattr(row.settings, setting) for setting in kept} == dict(kept)
            assert len(kept) == len(value["M"])
        else:
            assert str(kept) == next(iter(value.values()))


def test_a_row_of_a_future_version_is_read_without_its_unknown_attributes(pipeline):
    pipeline.dynamodb.put_item(TableName="ledger", Item=ROWS["claimed"] | {"schema": {"N": "2"}, "mood": {"S": "good"}})
    assert pipeline.row().state is State.CLAIMED


@pytest.mark.parametrize("state", ["announced", "claimed"])
def test_a_waiting_recording_is_transcribed_with_its_settings(pipeline, state):
    flying = InFlight(pipeline, state)
    flying.announce()
    (job,) = pipeline.transcribe.jobs.values()
    assert flying.row.state is State.TRANSCRIBING
    assert job["Settings"]["MaxSpeakerLabels"] == 2
    assert ("MaxAlternatives" in job["Settings"]) is (state == "claimed")


def test_a_retried_recording_starts_as_its_second_attempt(pipeline):
    flying = InFlight(pipeline, "retried")
    flying.announce()
    assert list(pipeline.transcribe.jobs) == [f"{flying.recording}-2"]


def test_a_recording_in_transcription_is_delivered_and_notified(pipeline):
    flying = InFlight(pipeline, "transcribing")
    pipeline.transcribe.jobs[flying.recording] = {"TranscriptionJobStatus": "COMPLETED"}
    pipeline.write_raw(flying.recording)
    flying.signal()
    (notification,) = pipeline.notifications()
    assert (notification["status"], notification["correlationId"], notification["profile"]) == (
        "DELIVERED",
        "visit-4711",
        "conversation",
    )


def test_the_reconciler_finds_a_recording_without_a_signal(pipeline):
    flying = InFlight(pipeline, "transcribing")
    pipeline.transcribe.jobs[flying.recording] = {"TranscriptionJobStatus": "COMPLETED"}
    assert pipeline.reconciler().run(pipeline.clock + 60)["jobs"] == 1
    (message,) = pipeline.messages(pipeline.completion_queue)
    assert queue_messages.signal(json.dumps(message.body)).job == flying.recording


def test_an_abandoned_recording_is_announced_again(pipeline):
    InFlight(pipeline, "claimed")
    assert pipeline.reconciler().run(pipeline.clock + 60)["uploads"] == 1


@pytest.mark.parametrize("state", ["delivered", "failed", "erased"])
def test_an_ended_recording_is_neither_started_nor_notified_again(pipeline, state):
    flying = InFlight(pipeline, state)
    flying.announce()
    flying.signal()
    assert not pipeline.transcribe.jobs
    assert not pipeline.notifications()


def test_a_failed_recording_can_be_retried(pipeline):
    flying = InFlight(pipeline, "failed")
    again = LedgerAdmin(pipeline.dynamodb, "ledger").again(flying.row, pipeline.clock)
    assert (again.state, again.attempt) == (State.CLAIMED, 2)


def test_an_erased_recording_is_known_as_erased(pipeline):
    assert InFlight(pipeline, "erased").row.state is State.ERASED
