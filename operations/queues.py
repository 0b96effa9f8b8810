"""The two queues and their dead letters: how full they are, what the dead letters speak of, and the way back."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from operations.deployment import Deployment
from operations.errors import Refused, unless_denied
from operations.ledger_admin import chunks
from stethoscript import jobs, queue_messages
from stethoscript.queue_messages import UploadMessage
from stethoscript.uploads import Upload

NAMES = ("intake", "completion")
_LOOK_SECONDS = 30
"""How long a dead letter stays hidden while we look at them: nobody else takes any."""
_MOST_AT_ONCE = 10
"""Messages of a batch."""
_MOVE_PAUSE = 1.0
_UNKNOWN_CALL = frozenset({"InvalidAction", "UnknownOperationException", "NotImplemented"})
_ALREADY_MOVING = "UnsupportedOperation"
_COUNTS = {
    "waiting": "ApproximateNumberOfMessages",
    "delayed": "ApproximateNumberOfMessagesDelayed",
    "in_hand": "ApproximateNumberOfMessagesNotVisible",
}


@dataclass(frozen=True)
class Depth:
    """How many messages a queue holds (about: SQS counts so), and how many its dead letters."""

    name: str
    waiting: int
    delayed: int
    in_hand: int
    dead: int
    oldest_seconds: int | None = None

    @property
    def messages(self) -> int:
        """All that will still be looked at."""
        return self.waiting + self.delayed + self.in_hand


@dataclass(frozen=True)
class DeadLetter:
    """A message that failed too often, and the recordings it speaks of; none if it cannot be read."""

    queue: str
    message: str
    recordings: tuple[str, ...]
    handle: str


def depth(deployment: Deployment, name: str) -> Depth:
    """One queue."""
    counted = _counts(deployment, name)
    dead = sum(_counts(deployment, f"{name}-dead-letters").values())
    return Depth(name, **counted, dead=dead, oldest_seconds=_oldest(deployment, name))


def announce(deployment: Deployment, uploads: Iterable[Upload]) -> None:
    """Tell the start function of uploads, as S3 would; repeating it is harmless."""
    url = deployment.queue("intake")
    for some in chunks(uploads, _MOST_AT_ONCE):
        entries = [
            {"Id": str(number), "MessageBody": queue_messages.upload_message(UploadMessage(upload))}
            for number, upload in enumerate(some)
        ]
        answer = deployment.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
        if answer.get("Failed"):
            raise Refused("Not every upload could be announced: repeat the command, which is harmless.")


def dead_letters(deployment: Deployment, name: str) -> list[DeadLetter]:
    """All dead letters of a queue, looked at and left where they are.

    Only dead letters can be looked at: a queue's own messages would count each look as a failure.
    """
    url = deployment.queue(f"{name}-dead-letters")
    found = [
        DeadLetter(name, each["MessageId"], _recordings(deployment, name, each["Body"]), each["ReceiptHandle"])
        for each in _received(deployment, url)
    ]
    for some in chunks(found, _MOST_AT_ONCE):
        entries = [
            {"Id": str(number), "ReceiptHandle": letter.handle, "VisibilityTimeout": 0}
            for number, letter in enumerate(some)
        ]
        deployment.client("sqs").change_message_visibility_batch(QueueUrl=url, Entries=entries)
    return found


def remove_dead_letters(deployment: Deployment, recording: str) -> int:
    """Delete the dead letters that speak of a recording; says how many there were."""
    removed = 0
    for name in NAMES:
        url = deployment.queue(f"{name}-dead-letters")
        for each in list(_received(deployment, url)):
            ours = recording in _recordings(deployment, name, each["Body"])
            removed += ours
            _put_away(deployment, url, each["ReceiptHandle"], ours)
    return removed


def redrive(deployment: Deployment, name: str, *, pause: Callable[[float], None] = time.sleep) -> int:
    """Move a queue's dead letters back into it; says how many. Always safe: all that read them may repeat."""
    sqs = deployment.client("sqs")
    dead, queue = deployment.queue(f"{name}-dead-letters"), deployment.queue(name)
    there = sum(_counts(deployment, f"{name}-dead-letters").values())
    if not there:
        return 0
    try:
        sqs.start_message_move_task(SourceArn=_arn(sqs, dead), DestinationArn=_arn(sqs, queue))
    except ClientError as error:
        code = str(error.response["Error"]["Code"]).rpartition(".")[2]
        if code in _UNKNOWN_CALL:
            return _move_by_hand(deployment, dead, queue, there)
        if code != _ALREADY_MOVING:
            raise
    return _moved(sqs, _arn(sqs, dead), pause)


def _move_by_hand(deployment: Deployment, dead: str, queue: str, there: int) -> int:
    """Send, then delete: who breaks off in between leaves a message twice, never not at all.

    Not more than there were, or what fails at once again would go round and round.
    """
    sqs, moved = deployment.client("sqs"), 0
    for message in _received(deployment, dead):
        more = {"MessageAttributes": message["MessageAttributes"]} if message.get("MessageAttributes") else {}
        sqs.send_message(QueueUrl=queue, MessageBody=message["Body"], **more)
        sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
        moved += 1
        if moved >= there:
            break
    return moved


def _moved(sqs: Any, source: str, pause: Callable[[float], None]) -> int:
    """Wait for the newest move of this queue and say how many it moved."""
    while True:
        tasks = sqs.list_message_move_tasks(SourceArn=source, MaxResults=1)["Results"]
        status = tasks[0]["Status"] if tasks else "not begun"
        if status == "COMPLETED":
            return int(tasks[0].get("ApproximateNumberOfMessagesMoved", 0))
        if status != "RUNNING":
            raise Refused(f"SQS ended the move ({status}): look at `status`, and repeat it.")
        pause(_MOVE_PAUSE)


def _received(deployment: Deployment, url: str) -> Iterator[Mapping[str, Any]]:
    """Every message of a dead-letter queue, once; hidden for a short while."""
    seen: set[str] = set()
    while True:
        messages = deployment.client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=_MOST_AT_ONCE, VisibilityTimeout=_LOOK_SECONDS, WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        ).get("Messages", [])  # fmt: skip
        new = [message for message in messages if message["MessageId"] not in seen]
        if not new:
            return
        seen |= {message["MessageId"] for message in new}
        yield from new


def _put_away(deployment: Deployment, url: str, handle: str, ours: bool) -> None:
    sqs = deployment.client("sqs")
    if ours:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    else:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)


def _recordings(deployment: Deployment, name: str, body: str) -> tuple[str, ...]:
    try:
        if name == "intake":
            return tuple(
                jobs.recording(deployment.name, arrival.upload) for arrival in queue_messages.upload_messages(body)
            )
        signal = queue_messages.signal(body)
    except queue_messages.UnknownMessage:
        return ()
    recording = jobs.recording_of(deployment.name, signal.job) if signal else None
    return (recording,) if recording else ()


def _counts(deployment: Deployment, name: str) -> dict[str, int]:
    answer = deployment.client("sqs").get_queue_attributes(
        QueueUrl=deployment.queue(name), AttributeNames=list(_COUNTS.values())
    )
    return {ours: int(answer["Attributes"].get(theirs, 0)) for ours, theirs in _COUNTS.items()}


def _arn(sqs: Any, url: str) -> str:
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn


def _oldest(deployment: Deployment, name: str) -> int | None:
    """Age of the oldest message, which only CloudWatch knows; None where it does not."""
    now = datetime.now(UTC)
    answer = unless_denied(
        lambda: deployment.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SQS", MetricName="ApproximateAgeOfOldestMessage", Statistics=["Maximum"], Period=60,
            Dimensions=[{"Name": "QueueName", "Value": f"{deployment.name}-{name}"}],
            StartTime=now - timedelta(minutes=10), EndTime=now,
        ),
        otherwise={},
    )  # fmt: skip
    points = sorted(answer.get("Datapoints", []), key=lambda point: point["Timestamp"])
    return int(points[-1]["Maximum"]) if points else None
