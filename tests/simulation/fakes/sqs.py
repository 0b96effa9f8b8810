# ruff: noqa: N803 - arguments are named as AWS names them
"""SQS: standard queues with visibility, delays, receive counts, retention and dead letters."""

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.client_errors import refusal
from tests.simulation.fakes.errors import NotImplementedHere
from tests.simulation.virtual_time import VirtualTime

MOST_DELAY = 900
MOST_IN_FLIGHT = 120_000
MOST_BYTES = 1024 * 1024


@dataclass(eq=False)
class Message:
    """A message. Its age counts from its first sending, even after a move."""

    id: str
    body: str
    sent: float
    rounds: int = 0
    receives: int = 0
    receipt: str | None = None
    gone: bool = False


@dataclass(eq=False)
class Queue:
    """One queue."""

    name: str
    time: VirtualTime
    visibility: float
    retention: float
    dead_letters: "Queue | None" = None
    most_receives: int = 0
    stirred: Callable[[], None] = lambda: None
    """Called when a message becomes visible."""
    disorder: Callable[[], float] = lambda: 0.0
    """A random number from 0 to 1: the distance of the next message from the front."""
    visible: deque[Message] = field(default_factory=deque)
    messages: dict[str, Message] = field(default_factory=dict)
    in_flight: int = 0
    expired: int = 0
    receipts: Any = field(default_factory=itertools.count)

    def put(self, message: Message, delay: float = 0.0) -> None:
        """Accept a message. It is visible after the delay."""
        self.messages[message.id] = message
        if delay:
            self.time.after(delay, lambda: self._show(message))
        else:
            self._show(message)

    def receive(self, most: int) -> list[Message]:
        """Return visible messages, each hidden for the visibility timeout."""
        received: list[Message] = []
        while self.visible and len(received) < most and self.in_flight < MOST_IN_FLIGHT:
            message = self._take()
            if message.gone:
                continue
            if self.time.now - message.sent > self.retention:
                self._remove(message)
                self.expired += 1
            elif self.dead_letters and message.receives >= self.most_receives:
                self._remove(message)
                self.dead_letters.put(Message(message.id, message.body, message.sent))
            else:
                self._hide(message)
                received.append(message)
        return received

    def delete(self, message: Message, receipt: str | None) -> None:
        """Delete a message by its newest receipt.

        An older receipt does nothing, because SQS promises nothing for it.
        """
        if not message.gone and message.receipt == receipt:
            self.in_flight -= 1
            self._remove(message)

    def show_again(self, message: Message) -> None:
        """Make a message in flight visible again at once, because standard queues deliver at least once."""
        if not message.gone and message.receipt:
            self._appear(message, message.receipt)

    def redrive(self, target: "Queue") -> None:
        """Move all messages to another queue as new ones, as StartMessageMoveTask does."""
        for message in list(self.messages.values()):
            self._remove(message)
            target.put(Message(f"{message.id}r", message.body, self.time.now))

    def _take(self) -> Message:
        place = int(self.disorder() * min(10, len(self.visible)))
        if not place:
            return self.visible.popleft()
        message = self.visible[place]
        del self.visible[place]
        return message

    def _show(self, message: Message) -> None:
        if not message.gone:
            self.visible.append(message)
            self.stirred()

    def _hide(self, message: Message) -> None:
        message.receives += 1
        receipt = message.receipt = f"{message.id}-{next(self.receipts)}"
        self.in_flight += 1
        self.time.after(self.visibility, lambda: self._appear(message, receipt))

    def _appear(self, message: Message, receipt: str) -> None:
        if not message.gone and message.receipt == receipt:
            message.receipt = None
            self.in_flight -= 1
            self._show(message)

    def _remove(self, message: Message) -> None:
        message.gone = True
        self.messages.pop(message.id, None)


@dataclass(eq=False)
class Sqs:
    """The queues by URL."""

    time: VirtualTime
    queues: dict[str, Queue] = field(default_factory=dict)
    lineage: Callable[[], int] = lambda: 0
    """The number of rounds of functions and queues before this message."""
    _numbers: Any = field(default_factory=itertools.count)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:
        """The approximate number of visible messages."""
        if AttributeNames != ["ApproximateNumberOfMessages"]:
            raise NotImplementedHere(AttributeNames)
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.queues[QueueUrl].visible))}}

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:
        """The URL of a queue, which ends with what follows the deployment in its name."""
        return {"QueueUrl": f"https://sqs/{QueueName.partition('-')[2]}"}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:
        """Send several messages."""
        for each in Entries:
            self.send_message(QueueUrl=QueueUrl, MessageBody=each["MessageBody"])
        return {}

    def receive_message(self, *, QueueUrl: str, **_asked: Any) -> dict[str, Any]:
        """Take messages of a dead-letter queue by hand."""
        queue = self._dead_letters(QueueUrl)
        return {
            "Messages": [
                {"MessageId": each.id, "Body": each.body, "ReceiptHandle": each.receipt} for each in queue.receive(10)
            ]
        }

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:
        """Delete a dead letter."""
        queue = self._dead_letters(QueueUrl)
        for message in [each for each in queue.messages.values() if each.receipt == ReceiptHandle]:
            queue.delete(message, ReceiptHandle)

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:
        """Make a dead letter visible again at once."""
        assert VisibilityTimeout == 0
        queue = self._dead_letters(QueueUrl)
        for message in [each for each in queue.messages.values() if each.receipt == ReceiptHandle]:
            queue.show_again(message)

    def _dead_letters(self, url: str) -> Queue:
        queue = self.queues[url.removesuffix("-dead-letters")].dead_letters
        assert url.endswith("-dead-letters")
        assert queue
        return queue

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int = 0) -> dict[str, Any]:
        """Send one message."""
        queue = self.queues.get(QueueUrl)
        if queue is None:
            raise refusal("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        if not (isinstance(DelaySeconds, int) and 0 <= DelaySeconds <= MOST_DELAY):
            raise refusal("InvalidParameterValue", f"Value {DelaySeconds} for parameter DelaySeconds is invalid.")
        if not 1 <= len(MessageBody.encode()) <= MOST_BYTES:
            raise refusal("InvalidParameterValue", "One or more parameters are invalid.")
        message = Message(f"m{next(self._numbers)}", MessageBody, self.time.now, rounds=self.lineage())
        queue.put(message, DelaySeconds)
        return {"MessageId": message.id}
