"""Sends the functions' own messages to the two queues."""

from dataclasses import dataclass
from typing import Any

from stethoscript import queue_messages
from stethoscript.queue_messages import Signal, UploadMessage


@dataclass(frozen=True)
class IntakeQueue:
    """SQS's client, and the URL of the queue that the start function reads."""

    sqs: Any
    url: str

    def send(self, message: UploadMessage, *, delay: int = 0) -> None:
        """Send the message of an upload, to be received after `delay` seconds."""
        self.sqs.send_message(QueueUrl=self.url, MessageBody=queue_messages.upload_message(message), DelaySeconds=delay)


@dataclass(frozen=True)
class CompletionQueue:
    """SQS's client, and the URL of the queue that the deliver function reads.

    `poll_seconds` is the configured time until a running job is checked; 0 leaves it to the reconciler.
    """

    sqs: Any
    url: str
    poll_seconds: int = 0

    def send(self, signal: Signal, *, delay: int = 0) -> None:
        """Send a signal, to be received after `delay` seconds."""
        self.sqs.send_message(QueueUrl=self.url, MessageBody=queue_messages.signal_message(signal), DelaySeconds=delay)

    def watch(self, job: str) -> None:
        """Send a delayed signal that has the job checked, if that is configured."""
        if self.poll_seconds:
            self.send(Signal(job, "watch"), delay=self.poll_seconds)
