"""The fakes and the embedded AWS behind one interface, so that one test suite can check both."""

import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.recogniser.scripted import recording
from tests.functions.fakes import LEDGER
from tests.simulation.fakes.dynamodb import DynamoDb
from tests.simulation.fakes.eventbridge import Bus
from tests.simulation.fakes.s3 import S3, Bucket
from tests.simulation.fakes.sns import Sns
from tests.simulation.fakes.sqs import Message, Queue, Sqs
from tests.simulation.fakes.transcribe import RecognitionResult, Transcribe
from tests.simulation.simulated_deployment import ACCOUNT, TOPIC
from tests.simulation.virtual_time import VirtualTime

SPOKEN = "good morning"
MOST_RECEIVES = 2


@dataclass(eq=False)
class Fakes:
    """The simulation's fakes."""

    topic: str = TOPIC
    table: str = "ledger"
    key_arn: str = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"

    def __post_init__(self) -> None:
        self.time = VirtualTime()
        self.s3 = S3(self.time, ACCOUNT, {})
        self.sqs = Sqs(self.time)
        self.dynamodb = DynamoDb(self.time, self.table)
        self.sns = Sns(self.time, self.topic)
        self.events = Bus(self.time)
        self.transcribe = Transcribe(self.time, self.s3, lambda _body: RecognitionResult(1, SPOKEN))

    def bucket(self, *, versioned: bool) -> str:
        """A new bucket's name."""
        name = f"bucket-{uuid4().hex}"
        self.s3.buckets[name] = Bucket(name, versioned)
        return name

    def queue(self, visibility: int) -> str:
        """A new queue's URL. The queue has a dead-letter queue."""
        url = f"https://sqs/{uuid4().hex}"
        self.sqs.queues[url + "-dead"] = Queue("dead", self.time, visibility, 3600)
        self.sqs.queues[url] = Queue(
            "queue", self.time, visibility, 3600, self.sqs.queues[url + "-dead"], MOST_RECEIVES
        )
        return url

    def receive(self, url: str) -> list[Message]:
        """The messages that a consumer receives."""
        return self.sqs.queues[url].receive(10)

    def delete(self, url: str, message: Message) -> None:
        """Delete a received message."""
        self.sqs.queues[url].delete(message, message.receipt)

    def audio(self, _folder: Path) -> bytes:
        """A recording with the text SPOKEN."""
        return b"RIFF"

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.time.run(self.time.now + seconds)


@dataclass(frozen=True)
class Received:
    """A message as MiniStack returns it."""

    body: str
    receives: int
    receipt: str


@dataclass(eq=False)
class MiniStack:
    """The embedded AWS."""

    cloud: Any
    _clients: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, service: str) -> Any:
        if service not in ("s3", "sqs", "dynamodb", "sns", "events", "transcribe", "kms"):
            raise AttributeError(service)
        if service not in self._clients:
            self._clients[service] = self.cloud.client(service)
        return self._clients[service]

    def bucket(self, *, versioned: bool) -> str:
        """A new bucket's name."""
        name = f"bucket-{uuid4().hex}"
        self.s3.create_bucket(Bucket=name)
        if versioned:
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def queue(self, visibility: int) -> str:
        """A new queue's URL. The queue has a dead-letter queue."""
        name = uuid4().hex
        dead = self.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        asked = self.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        policy = f'{{"deadLetterTargetArn": "{asked["Attributes"]["QueueArn"]}", "maxReceiveCount": {MOST_RECEIVES}}}'
        attributes = {"VisibilityTimeout": str(visibility), "RedrivePolicy": policy}
        url: str = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def receive(self, url: str) -> list[Received]:
        """The messages that a consumer receives."""
        answer = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["ApproximateReceiveCount"]
        )
        return [
            Received(each["Body"], int(each["Attributes"]["ApproximateReceiveCount"]), each["ReceiptHandle"])
            for each in answer.get("Messages", [])
        ]

    def delete(self, url: str, message: Received) -> None:
        """Delete a received message."""
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message.receipt)

    def audio(self, folder: Path) -> bytes:
        """A recording with the text SPOKEN."""
        return Path(recording(f"0: {SPOKEN}", folder / f"{uuid4().hex}.wav")).read_bytes()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)

    @cached_property
    def topic(self) -> str:
        """A topic's ARN."""
        arn: str = self.sns.create_topic(Name=uuid4().hex)["TopicArn"]
        return arn

    @cached_property
    def key_arn(self) -> str:
        """A key's ARN."""
        arn: str = self.kms.create_key()["KeyMetadata"]["Arn"]
        return arn

    @cached_property
    def table(self) -> str:
        """A ledger's name."""
        name = uuid4().hex
        self.dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **LEDGER)
        return name
