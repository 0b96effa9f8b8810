"""The real handlers over the fake AWS, and the metrics that they publish."""

import contextlib
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

import deliver_transcript
import reconcile
import start_transcription
from adapters import telemetry
from stethoscript import queue_messages
from stethoscript.queue_messages import Signal, UploadMessage
from stethoscript.uploads import Upload
from tests.functions.deployment_harness import Pipeline

_CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 300_000)


@dataclass(frozen=True)
class Metric:
    """A metric's identity in CloudWatch: name and dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Watched:
    """A deployment whose handlers' output is read as CloudWatch reads it."""

    pipeline: Pipeline
    patch: pytest.MonkeyPatch
    out: pytest.CaptureFixture[str]

    def __post_init__(self) -> None:
        """Discard the metrics that other tests have counted and not sent."""
        telemetry.flush("earlier")
        self.out.readouterr()

    def take(self, upload: Upload) -> Any:
        """Let the start function take an upload."""
        self.patch.setattr(start_transcription, "_starter", self.pipeline.starter)
        return start_transcription.handler(_batch(queue_messages.upload_message(UploadMessage(upload))), _CONTEXT)

    def deliver(self, job: str) -> Any:
        """Let the deliver function take a signal."""
        self.patch.setattr(deliver_transcript, "_deliverer", self.pipeline.deliverer)
        return deliver_transcript.handler(_batch(queue_messages.signal_message(Signal(job, "object"))), _CONTEXT)

    def reconcile(self) -> None:
        """Run the reconciler. An error counts as a failed run, as in Lambda."""
        self.patch.setattr(reconcile, "_reconciler", self.pipeline.reconciler)
        with contextlib.suppress(RuntimeError):
            reconcile.handler({}, _CONTEXT)

    def published(self) -> dict[Metric, list[float]]:
        """The metrics that the functions have sent since the last call."""
        found: dict[Metric, list[float]] = {}
        for line in self.out.readouterr().out.splitlines():
            said = json.loads(line)
            for directive in said.get("_aws", {}).get("CloudWatchMetrics", ()):
                for names in directive["Dimensions"]:
                    dimensions = frozenset((name, said[name]) for name in names)
                    for metric in directive["Metrics"]:
                        key = Metric(directive["Namespace"], metric["Name"], dimensions)
                        found.setdefault(key, []).extend(said[metric["Name"]])
        return found


def _batch(body: str) -> dict[str, Any]:
    return {"Records": [{"messageId": "1", "body": body}]}
