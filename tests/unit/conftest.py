"""A pretended AWS in memory: moto for storage and messages, a small Transcribe one can look into."""

import json
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.moto_api._internal.models import moto_api_backend
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from deliver_transcript import Deliverer, DeliverSettings
from delivery import Delivery
from herald import Herald
from ledger import Ledger
from reconcile import Reconciler, ReconcileSettings
from start_transcription import Starter, StartSettings
from stethoscript import profiles
from stethoscript.events import Arrival, Signal
from stethoscript.uploads import Upload
from tests.noted import asked, note

ACCOUNT, REGION = "123456789012", "us-east-1"
QUEUES = ("intake", "completion", "inbox")
INTAKE, WORK, TRANSCRIPTS = "clinic-intake", "clinic-work", "clinic-transcripts"
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


@pytest.fixture(autouse=True)
def _no_sockets(socket_disabled: None) -> None:
    """Nothing here may reach out."""


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    """An error as botocore raises it."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")


@dataclass
class FakeTranscribe:
    """Keeps jobs; `troubles` are raised by the next calls, before or (in `lost`) after their effect."""

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    troubles: list[Exception] = field(default_factory=list)
    lost: list[Exception] = field(default_factory=list)
    starts: int = 0

    def start_medical_transcription_job(self, **request: Any) -> dict[str, Any]:
        asked("transcribe.start_medical_transcription_job", request)
        self._trouble()
        name = request["MedicalTranscriptionJobName"]
        if name in self.jobs:
            raise refusal("ConflictException", "The requested job name already exists. Use a different job name.")
        self.starts += 1
        self.jobs[name] = {**request, "TranscriptionJobStatus": "IN_PROGRESS"}
        if self.lost:
            raise self.lost.pop(0)
        return {"MedicalTranscriptionJob": self.jobs[name]}

    def get_medical_transcription_job(self, MedicalTranscriptionJobName: str) -> dict[str, Any]:  # noqa: N803
        asked("transcribe.get_medical_transcription_job", {"MedicalTranscriptionJobName": MedicalTranscriptionJobName})
        self._trouble()
        if MedicalTranscriptionJobName not in self.jobs:
            raise refusal("BadRequestException", "The requested job couldn't be found. Check the job name.")
        return {"MedicalTranscriptionJob": self.jobs[MedicalTranscriptionJobName]}

    def end(self, name: str, status: str = "COMPLETED", reason: str | None = None) -> None:
        """Let a job come to its end."""
        at = datetime.fromtimestamp(time.time(), UTC)
        self.jobs[name] |= {"TranscriptionJobStatus": status, "CompletionTime": at}
        if reason:
            self.jobs[name]["FailureReason"] = reason

    def _trouble(self) -> None:
        if self.troubles:
            raise self.troubles.pop(0)


@dataclass
class FakeBus:
    """Keeps the events it takes; `troubles` are codes by which the next ones are not taken, in an answer of 200."""

    events: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        asked("events.put_events", {"Entries": Entries})
        if self.troubles:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": self.troubles.pop(0), "ErrorMessage": "no"}]}
        self.events += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": str(len(self.events))}]}


class Troubled:
    """A client whose named calls fail before their effect (`before`) or after it (`after`), in turn.

    `limits` are further arguments of a call, such as a page's size. `asked` are the arguments of all calls.
    `befalls` is called before and after each call, and may raise what no handler catches.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.asked: dict[str, list[dict[str, Any]]] = {}
        self.befalls: Callable[[], None] = lambda: None
        self.before: dict[str, list[Exception]] = {}
        self.after: dict[str, list[Exception]] = {}
        self.limits: dict[str, dict[str, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if not callable(call) or name == "exceptions":
            return call

        def troubled(*args: Any, **kwargs: Any) -> Any:
            self.asked.setdefault(name, []).append(kwargs)
            self.befalls()
            if self.before.get(name):
                raise self.before[name].pop(0)
            answer = call(*args, **kwargs, **self.limits.get(name, {}))
            self.befalls()
            if self.after.get(name):
                raise self.after[name].pop(0)
            return answer

        return troubled


@dataclass
class Clinic:
    """One deployment's far ends, and its three functions over them."""

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
            "jobs_at_once": 250, "patience_seconds": 1, "watch_seconds": 0, "row_days": 0,
        }  # fmt: skip
        return Starter(
            StartSettings(**settings | changes), profiles.read(PROFILES), VOCABULARIES, self.ledger, self.s3,
            self.transcribe, self.sqs, self.herald, now=self.now, sleep=self.sleep, jitter=lambda: 0.5,
        )  # fmt: skip

    def deliverer(self, layout: str = "opaque", documents: Sequence[str] = ("txt",)) -> Deliverer:
        settings = DeliverSettings(
            "clinic", WORK, TRANSCRIPTS, ACCOUNT, "ledger", self.completion_queue, self.topic, "", "", 1
        )
        delivery = Delivery(self.s3, ACCOUNT, WORK, TRANSCRIPTS, layout, {"": documents})
        return Deliverer(
            settings, self.ledger, self.s3, self.transcribe, self.sqs, delivery, self.herald, self.now, lambda: 0.5
        )

    @property
    def herald(self) -> Herald:
        return Herald(self.topic, TRANSCRIPTS, self.sns, self.events)

    def reconciler(self, sweep_pages: int = 1) -> Reconciler:
        settings = ReconcileSettings(
            "clinic", INTAKE, ACCOUNT, "ledger", self.intake_queue, self.completion_queue, 60, sweep_pages, 0
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
        """Have the start function take an upload, with five minutes' time."""
        self.starter(**changes).take(Arrival(upload), self.clock + 300)

    def deliver(self, job: str, source: str = "object", **choices: Any) -> None:
        self.deliverer(**choices).take(Signal(job, source))

    def write_raw(self, job: str, text: str = "Hello there.") -> None:
        """Leave a transcript as Transcribe does."""
        self.s3.put_object(Bucket=WORK, Key=f"raw/{job}.json", Body=json.dumps(output(text)).encode())

    def row(self) -> Any:
        """The only row of the ledger."""
        kept = dynamodb_backends[ACCOUNT][REGION].get_table("ledger").all_items()
        (name,) = [item.hash_key.value for item in kept if item.hash_key.value.startswith("clinic-")]
        return self.ledger.find(name)

    def messages(self, queue: str) -> list[SimpleNamespace]:
        """What waits in a queue, delayed or not."""
        kept = sqs_backends[ACCOUNT][REGION].queues[queue.rpartition("/")[2]]._messages  # noqa: SLF001
        now = time.time() * 1000
        return [
            SimpleNamespace(body=json.loads(each.body), delay=max(0, round((each.delayed_until - now) / 1000)))
            for each in kept
        ]

    def drain(self, queue: str) -> None:
        """Have somebody take every message that waits in a queue."""
        sqs_backends[ACCOUNT][REGION].queues[queue.rpartition("/")[2]]._messages.clear()  # noqa: SLF001

    def told(self) -> list[dict[str, Any]]:
        """What a subscriber received."""
        return [message.body for message in self.messages(self.inbox)]

    def delivered(self, name: str) -> Any:
        """What S3 answers for a document of the only recording, by its name."""
        (key,) = [key for key in self.keys(TRANSCRIPTS) if key.endswith(f"/{name}")]
        return self.s3.get_object(Bucket=TRANSCRIPTS, Key=key)

    def keys(self, bucket: str) -> list[str]:
        backend = s3_backends[ACCOUNT]["aws"]
        found, *_ = backend.list_objects(backend.get_bucket(bucket), None, None, None, None)
        return [key.name for key in found]


def output(text: str) -> dict[str, Any]:
    """A job's output in which these words are spoken, half a second each."""
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


@cache
def _clients() -> dict[str, Any]:
    """Clients that speak with moto while it stands in for AWS, made once; what the functions ask for is noted."""
    aws = boto3.Session("testing", "testing", region_name=REGION)
    return {name: note(aws.client(name)) for name in ("s3", "sqs", "sns", "dynamodb")}


@pytest.fixture(scope="module")  # and no longer: moto stands in for AWS as long as this lasts
def _far_ends() -> Iterator[dict[str, Any]]:
    """Those clients, and what a handler's own clients read of the environment."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", REGION)
        with mock_aws():
            yield _clients()


@pytest.fixture
def clinic(_far_ends: dict[str, Any]) -> Clinic:
    """Buckets, queues, table and topic of a deployment called clinic."""
    moto_api_backend.reset()
    _furnish()
    urls = [f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}" for name in QUEUES]
    return Clinic(
        **{name: Troubled(client) for name, client in _far_ends.items()},
        events=Troubled(FakeBus()),
        transcribe=FakeTranscribe(),
        intake_queue=urls[0],
        completion_queue=urls[1],
        inbox=urls[2],
        topic=f"arn:aws:sns:{REGION}:{ACCOUNT}:completion",
    )


def _furnish() -> None:
    """Buckets, queues, topic and table, made in moto itself: asking for each of them takes longer than many a test."""
    s3, sqs, sns = s3_backends[ACCOUNT]["aws"], sqs_backends[ACCOUNT][REGION], sns_backends[ACCOUNT][REGION]
    for bucket in (INTAKE, WORK, TRANSCRIPTS):
        s3.create_bucket(bucket, REGION)
    s3.put_bucket_versioning(INTAKE, "Enabled")
    *_, inbox = [sqs.create_queue(name) for name in QUEUES]
    news = sns.subscribe(sns.create_topic("completion").arn, inbox.queue_arn, "sqs")
    news.attributes["RawMessageDelivery"] = "true"
    dynamodb_backends[ACCOUNT][REGION].tables["ledger"] = Table(
        "ledger", ACCOUNT, REGION, LEDGER["KeySchema"], LEDGER["AttributeDefinitions"],
        billing_mode="PAY_PER_REQUEST", global_indexes=LEDGER["GlobalSecondaryIndexes"],
    )  # fmt: skip


LEDGER: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "recording", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": "recording", "AttributeType": "S"},
        {"AttributeName": "state", "AttributeType": "S"},
        {"AttributeName": "updated", "AttributeType": "N"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-state",
            "KeySchema": [
                {"AttributeName": "state", "KeyType": "HASH"},
                {"AttributeName": "updated", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
}
