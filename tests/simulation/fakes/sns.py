# ruff: noqa: N803 - arguments are named as AWS names them
"""SNS: one topic that records its messages."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.client_errors import refusal
from tests.simulation.virtual_time import VirtualTime

MOST_SUBJECT = 100


@dataclass(frozen=True)
class Notification:
    """A subscriber's message: `body` for queues and webhooks, `everything` for any of them."""

    at: float
    body: dict[str, Any]
    everything: str


@dataclass(eq=False)
class Sns:
    """The completion topic."""

    time: VirtualTime
    topic: str
    notifications: list[Notification] = field(default_factory=list)

    def publish(
        self,
        *,
        TopicArn: str,
        Message: str,
        Subject: str,
        MessageStructure: str,
        MessageAttributes: dict[str, dict[str, str]],
    ) -> dict[str, Any]:
        """Accept a message for all subscribers."""
        if TopicArn != self.topic:
            raise refusal("NotFound", "Topic does not exist", 404)
        if not 0 < len(Subject) < MOST_SUBJECT + 1 or not Subject.isprintable():
            raise refusal("InvalidParameter", "Invalid parameter: Subject")
        if MessageStructure != "json" or "default" not in (said := json.loads(Message)):
            raise refusal("InvalidParameter", "Invalid parameter: Message Structure - No default entry in JSON body")
        everything = f"{Subject}\n{Message}\n{MessageAttributes}"
        self.notifications.append(Notification(self.time.now, json.loads(said["default"]), everything))
        return {"MessageId": f"n{len(self.notifications)}"}
