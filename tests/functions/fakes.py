"""A fake AWS in memory: moto for storage and messages, and our own Transcribe Medical and event bus."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.moto_api._internal.models import moto_api_backend
from moto.s3.models import s3_backends
from moto.s3.responses import S3Response
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from tests.client_errors import refusal
from tests.recorded_calls import asked, note

ACCOUNT, REGION = "123456789012", "us-east-1"
QUEUES = ("intake", "completion", "inbox")
INTAKE, WORK, TRANSCRIPTS = "clinic-intake", "clinic-work", "clinic-transcripts"


@dataclass
class FakeTranscribe:
    """Keeps jobs. The next calls raise `errors`, before or (in `lost`) after their effect."""

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    lost: list[Exception] = field(default_factory=list)
    starts: int = 0

    def start_medical_transcription_job(self, **request: Any) -> dict[str, Any]:
        asked("transcribe.start_medical_transcription_job", request)
        self._raise_error()
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
        self._raise_error()
        if MedicalTranscriptionJobName not in self.jobs:
            raise refusal("BadRequestException", "The requested job couldn't be found. Check the job name.")
        return {"MedicalTranscriptionJob": self.jobs[MedicalTranscriptionJobName]}

    def end(self, name: str, status: str = "COMPLETED", reason: str | None = None) -> None:
        """Let a job end with this status."""
        at = datetime.fromtimestamp(time.time(), UTC)
        self.jobs[name] |= {"TranscriptionJobStatus": status, "CompletionTime": at}
        if reason:
            self.jobs[name]["FailureReason"] = reason

    def _raise_error(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


@dataclass
class FakeBus:
    """Keeps the events it accepts. For each code in `errors` it refuses one event, in an answer with status 200."""

    events: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        asked("events.put_events", {"Entries": Entries})
        if self.errors:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": self.errors.pop(0), "ErrorMessage": "no"}]}
        self.events += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": str(len(self.events))}]}


class FaultyClient:
    """A client whose named calls fail before their effect (`before`) or after it (`after`), in turn.

    `limits` are further arguments of a call, such as a page's size. `asked` records the arguments of all calls.
    `interrupt` is called before and after each call, and may raise an exception that no handler catches.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.asked: dict[str, list[dict[str, Any]]] = {}
        self.interrupt: Callable[[], None] = lambda: None
        self.before: dict[str, list[Exception]] = {}
        self.after: dict[str, list[Exception]] = {}
        self.limits: dict[str, dict[str, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if not callable(call) or name == "exceptions":
            return call

        def called(*args: Any, **kwargs: Any) -> Any:
            self.asked.setdefault(name, []).append(kwargs)
            self.interrupt()
            if self.before.get(name):
                raise self.before[name].pop(0)
            answer = call(*args, **kwargs, **self.limits.get(name, {}))
            self.interrupt()
            if self.after.get(name):
                raise self.after[name].pop(0)
            return answer

        return called


@cache
def _clients() -> dict[str, Any]:
    """Clients that call moto, created once. They record the requests of the functions."""
    aws = boto3.Session("testing", "testing", region_name=REGION)
    return {name: note(aws.client(name)) for name in ("s3", "sqs", "sns", "dynamodb")}


@pytest.fixture(scope="module")  # only while moto is active
def _fake_clients() -> Iterator[dict[str, Any]]:
    """Those clients, and the environment that a handler's own clients read."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", REGION)
        environment.setattr(S3Response, "serialized", _with_encoded_keys(S3Response.serialized))
        with mock_aws():
            yield _clients()


def _with_encoded_keys(serialized: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Encode the keys of ListObjectVersions on request, because moto does so only in its other listings.

    Without it XML changes a line break in a key, and cannot hold a NUL.
    """

    def encoded(response: Any, answer: Any) -> Any:
        listed = answer.result
        if response.data.get("Action") == "ListObjectVersions" and "encoding-type" in response.querystring:
            for each in (*listed["Versions"], *listed["DeleteMarkers"]):
                each["Key"] = quote(each["Key"])
            for name in ("Prefix", "KeyMarker", "NextKeyMarker"):
                if listed.get(name):
                    listed[name] = quote(listed[name])
            listed["EncodingType"] = "url"
        return serialized(response, answer)

    return encoded


def create_resources() -> None:
    """Create empty buckets, queues, a topic and a table directly in moto, because calls would take longer than many
    tests.
    """
    moto_api_backend.reset()
    s3, sqs, sns = s3_backends[ACCOUNT]["aws"], sqs_backends[ACCOUNT][REGION], sns_backends[ACCOUNT][REGION]
    for bucket in (INTAKE, WORK, TRANSCRIPTS):
        s3.create_bucket(bucket, REGION)
    s3.put_bucket_versioning(INTAKE, "Enabled")
    *_, inbox = [sqs.create_queue(name) for name in QUEUES]
    received = sns.subscribe(sns.create_topic("completion").arn, inbox.queue_arn, "sqs")
    received.attributes["RawMessageDelivery"] = "true"
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
