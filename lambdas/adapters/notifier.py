"""Tells of a recording's end, whichever it is and whoever brought it about: the one way for all functions."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from stethoscript import notifications
from stethoscript.ledger_row import LedgerRow


@dataclass(frozen=True)
class Notifier:
    """The event bus, the completion topic and their clients."""

    topic: str
    transcripts_bucket: str
    sns: Any
    bus: Any

    def notify(self, ended: LedgerRow) -> None:
        """Put the event on the bus, then publish to the topic.

        In this order because what fails is told anew until it succeeds: programs drop an id they know, and people
        should not get a mail for each attempt.

        Raises:
            ClientError: one of them did not take it.
        """
        answer = self.bus.put_events(Entries=[notifications.event(ended, self.transcripts_bucket)])
        if answer["FailedEntryCount"]:  # EventBridge answers 200 all the same
            (entry,) = answer["Entries"]
            raise ClientError({"Error": {"Code": entry["ErrorCode"]}}, "PutEvents")
        self.sns.publish(TopicArn=self.topic, **notifications.publication(ended, self.transcripts_bucket))
