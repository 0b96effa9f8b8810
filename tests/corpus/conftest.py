"""The deployment of the function tests, its functions behind their handlers, and the outcome of a message."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import deliver_transcript
import start_transcription
from tests.corpus.item import DEAD_LETTER, IGNORED, OK, RETRY, failed, rejected
from tests.functions.deployment_harness import Pipeline, pipeline
from tests.functions.fakes import _fake_clients

__all__ = ["_fake_clients", "pipeline"]
_CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 300_000)


def _ask(function: Any, body: str) -> Any:
    record = {"messageId": "1", "body": body, "eventSource": "aws:sqs", "attributes": {}, "messageAttributes": {}}
    return function.handler({"Records": [record]}, _CONTEXT)["batchItemFailures"]


@pytest.fixture
def intake(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Let the start function take a message of the intake queue, and return the outcome."""
    starter = pipeline.starter()
    monkeypatch.setattr(start_transcription, "_starter", lambda: starter)

    def take(body: str) -> str:
        started, before = pipeline.transcribe.starts, len(pipeline.notifications())
        if _ask(start_transcription, body):
            return DEAD_LETTER
        if pipeline.transcribe.starts > started:
            return OK
        if len(pipeline.notifications()) > before:
            refused = pipeline.notifications()[-1]
            assert refused["status"] == "REJECTED"
            assert refused["reason"]["remedy"].endswith(".")
            return rejected(refused["reason"]["class"])
        return RETRY if pipeline.messages(pipeline.intake_queue) else IGNORED

    return take


@pytest.fixture
def completion(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Let the deliver function take a message of the completion queue, and return the outcome."""
    deliverer = pipeline.deliverer()
    monkeypatch.setattr(deliver_transcript, "_deliverer", lambda: deliverer)

    def take(body: str) -> str:
        before = len(pipeline.notifications())
        if _ask(deliver_transcript, body):
            return DEAD_LETTER
        if len(pipeline.notifications()) > before:
            notification = pipeline.notifications()[-1]
            return OK if notification["status"] == "DELIVERED" else failed(notification["reason"]["class"])
        return RETRY if pipeline.messages(pipeline.completion_queue) else IGNORED

    return take


@pytest.fixture
def signals(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Callable[[], str]:
    """Everything that leaves the system: logs, notifications, messages to the completion queue, names."""

    def collect() -> str:
        printed = capsys.readouterr()
        sent = [*pipeline.notifications(), *(message.body for message in pipeline.messages(pipeline.completion_queue))]
        names = [*pipeline.keys("clinic-work"), *pipeline.keys("clinic-transcripts"), *pipeline.transcribe.jobs]
        spoken = printed.out + printed.err + caplog.text
        decoded = [line for line in map(_decoded, spoken.splitlines()) if line]
        return "\n".join([spoken, *decoded, json.dumps(sent, ensure_ascii=False), *names])

    return collect


def _decoded(line: str) -> str:
    try:
        return json.dumps(json.loads(line), ensure_ascii=False)
    except ValueError:
        return ""
