"""A deployment with the name clinic: its three functions over the fake AWS."""

import json
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from adapters.document_store import DocumentStore
from adapters.ledger import Ledger
from adapters.notifier import Notifier
from deliver_transcript import Deliverer, DeliverSettings
from reconcile import Reconciler, ReconcileSettings
from start_transcription import Starter, StartSettings
from stethoscript import profiles
from stethoscript.queue_messages import Signal, UploadMessage
from stethoscript.uploads import Upload
from tests.functions.fakes import (
    ACCOUNT,
    INTAKE,
    QUEUES,
    REGION,
    TRANSCRIPTS,
    WORK,
    FakeBus,
    FakeTranscribe,
    FaultyClient,
    create_resources,
)

SILENCE = bytes(16_000)  # one second of it: 16 kHz, 8 bits, mono
WAV = (
    b"RIFF"
    + struct.pack("<I4s4sIHHIIHH4sI", 16_036, b"WAVE", b"fmt ", 16, 1, 1, 16_000, 16_000, 1, 8, b"data", 16_000)
    + SILENCE
)
PROFILES = {
    "dictation/": {"type": "DICTATION"},
    "conversation/": {"type": "CONVERSATION", "max_speaker_labels": 2},
}
VOCABULARIES = {"drugs": "clinic-drugs-0123456789ab"}


@dataclass
class Pipeline:
    """The AWS resources of one deployment, and its three functions over them."""

    s3: Any
    sqs: Any
    sns: Any
    events: Any
    dynamodb: Any
    transcribe: FakeTranscribe
    intake_queue: str
    completion_queue: str
    inbox: str
    topic: str
    clock: float = field(default_factory=time.time)
    slept: float = 0.0

    def upload(self, key: str = "dictation/Jane Doe.wav", body: bytes = WAV, **more: Any) -> Upload:
        version = self.s3.put_object(Bucket=INTAKE, Key=key, Body=body, **more)["VersionId"]
        return Upload(INTAKE, key, version)

    def starter(self, **changes: Any) -> Starter:
        settings = {
            "deployment": "clinic", "intake_bucket": INTAKE, "work_bucket": WORK, "transcripts_bucket": TRANSCRIPTS,
            "account": ACCOUNT, "key_arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1", "ledger_table": "ledger",
            "intake_queue_url": self.intake_queue, "completion_queue_url": self.completion_queue,
            "completion_topic_arn": self.topic, "profiles": json.dumps(PROFILES), "vocabularies": "{}",
            "concurrent_jobs": 250, "retry_delay_seconds": 1, "job_poll_seconds": 0, "row_days": 0,
        }  # fmt: skip
        return Starter(
            StartSettings(**settings | changes), profiles.read(PROFILES), VOCABULARIES, self.ledger, self.s3,
            self.s3, self.transcribe, self.sqs, self.notifier, now=self.now, sleep=self.sleep, jitter=lambda: 0.5,
        )  # fmt: skip

    def deliverer(self, layout: str = "opaque", documents: Sequence[str] = ("txt",)) -> Deliverer:
        settings = DeliverSettings(
            "clinic", WORK, TRANSCRIPTS, ACCOUNT, "ledger", self.completion_queue, self.topic, "", "", 1
        )
        delivery = DocumentStore(self.s3, ACCOUNT, WORK, TRANSCRIPTS, layout, {"": documents})
        return Deliverer(
            settings, self.ledger, self.s3, self.transcribe, self.sqs, delivery, self.notifier, self.now, lambda: 0.5
        )

    @property
    def notifier(self) -> Notifier:
        return Notifier(self.topic, TRANSCRIPTS, self.sns, self.events)

    def reconciler(self, sweep_pages: int = 1, sweep_seconds: int = 0) -> Reconciler:
        settings = ReconcileSettings(
            "clinic",
            INTAKE,
            ACCOUNT,
            "ledger",
            self.intake_queue,
            self.completion_queue,
            60,
            sweep_pages,
            sweep_seconds,
            0,
        )
        return Reconciler(settings, self.ledger, self.s3, self.transcribe, self.sqs, now=self.now)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.dynamodb, "ledger")

    def now(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        self.clock += seconds
        self.slept += seconds

    def start(self, upload: Upload, **changes: Any) -> None:
        """Let the start function take an upload, with 300 seconds left."""
        self.starter(**changes).take(UploadMessage(upload), self.clock + 300)

    def deliver(self, job: str, source: str = "object", **choices: Any) -> None:
        self.deliverer(**choices).take(Signal(job, source))

    def write_raw(self, job: str, text: str = "Hello there.") -> None:
        """Write a transcript as Transcribe Medical does."""
        self.s3.put_object(Bucket=WORK, Key=f"raw/{job}.json", Body=json.dumps(output(text)).encode())

    def row(self) -> Any:
        """The only recording's row of the ledger."""
        kept = dynamodb_backends[ACCOUNT][REGION].get_table("ledger").all_items()
        (name,) = [item.hash_key.value for item in kept if item.hash_key.value.startswith("clinic-")]
        return self.ledger.find(name)

    def messages(self, queue: str) -> list[SimpleNamespace]:
        """The messages in a queue, delayed or not."""
        kept = sqs_backends[ACCOUNT][REGION].queues[queue.rpartition("/")[2]]._messages  # noqa: SLF001
        now = time.time() * 1000
        return [
            SimpleNamespace(body=json.loads(each.body), delay=max(0, round((each.delayed_until - now) / 1000)))
            for each in kept
        ]

    def drain(self, queue: str) -> None:
        """Delete every message of a queue, as if a consumer had taken them."""
        sqs_backends[ACCOUNT][REGION].queues[queue.rpartition("/")[2]]._messages.clear()  # noqa: SLF001

    def notifications(self) -> list[dict[str, Any]]:
        """The notifications that a subscriber received."""
        return [message.body for message in self.messages(self.inbox)]

    def delivered(self, name: str) -> Any:
        """S3's answer for a document of the only recording, by the document's name."""
        (key,) = [key for key in self.keys(TRANSCRIPTS) if key.endswith(f"/{name}")]
        return self.s3.get_object(Bucket=TRANSCRIPTS, Key=key)

    def keys(self, bucket: str) -> list[str]:
        backend = s3_backends[ACCOUNT]["aws"]
        found, *_ = backend.list_objects(backend.get_bucket(bucket), None, None, None, None)
        return [key.name for key in found]


def output(text: str) -> dict[str, Any]:
    """A job's output with these words, half a second for each."""
    items: list[dict[str, Any]] = []
    for number, word in enumerate(text.split()):
        spoken = word.rstrip(".,?")
        items.append(
            {
                "type": "pronunciation",
                "start_time": f"{number / 2:.2f}",
                "end_time": f"{number / 2 + 0.4:.2f}",
                "alternatives": [{"confidence": "0.98", "content": spoken}],
            }
        )
        if mark := word[len(spoken) :]:
            items.append({"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": mark}]})
    return {"results": {"transcripts": [{"transcript": text}], "items": items}, "status": "COMPLETED"}


@pytest.fixture
def pipeline(_fake_clients: dict[str, Any]) -> Pipeline:
    """The buckets, queues, table and topic of a deployment with the name clinic."""
    create_resources()
    urls = [f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}" for name in QUEUES]
    return Pipeline(
        **{name: FaultyClient(client) for name, client in _fake_clients.items()},
        events=FaultyClient(FakeBus()),
        transcribe=FakeTranscribe(),
        intake_queue=urls[0],
        completion_queue=urls[1],
        inbox=urls[2],
        topic=f"arn:aws:sns:{REGION}:{ACCOUNT}:completion",
    )
