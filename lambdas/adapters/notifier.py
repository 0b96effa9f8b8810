"""Sends the notification about an ended recording, for all functions."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from stethoscript import notifications
from stethoscript.ledger_row import LedgerRow


@dataclass(frozen=True)
class Notifier:
    """The completion topic's ARN, the transcripts bucket, and the clients of SNS and EventBridge."""

    topic: str
    transcripts_bucket: str
    sns: Any
    bus: Any

    def notify(self, ended: LedgerRow) -> None:
        """Put the event on the bus, then publish to the topic.

        The bus comes first, because the caller repeats both after an error: programs ignore a repeated id, but people
        would get an e-mail for each attempt.

        Raises:
            ClientError: one of the calls failed.
        """
        answer = self.bus.put_events(Entries=[notifications.event(ended, self.transcripts_bucket)])
        if answer["FailedEntryCount"]:  # EventBridge returns status 200 for a failed entry
            (entry,) = answer["Entries"]
            raise ClientError({"Error": {"Code": entry["ErrorCode"]}}, "PutEvents")
        self.sns.publish(TopicArn=self.topic, **notifications.publication(ended, self.transcripts_bucket))
