# ruff: noqa: N803 - arguments are named as AWS names them
"""Announcements: S3's notifications to the intake queue, and EventBridge's rules to the completion queue."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from tests.simulation.fakes.s3 import Version
from tests.simulation.fakes.sns import Notification
from tests.simulation.fakes.sqs import Message, Queue
from tests.simulation.fakes.transcribe import Job
from tests.simulation.fault_injection import HOUR, InjectedFaults
from tests.simulation.virtual_time import VirtualTime


@dataclass(eq=False)
class Bus:
    """The default bus.

    It records its events. An injected fault makes it refuse an event in an answer with status 200.
    """

    time: VirtualTime
    refuses: Callable[[], bool] = lambda: False
    notifications: list[Notification] = field(default_factory=list)

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:
        """Accept an event, or answer with the error that refused it."""
        (entry,) = Entries
        if entry["Source"].startswith("aws."):
            return _answer(ErrorCode="NotAuthorizedForSourceException", ErrorMessage="Not authorized for the source.")
        if self.refuses():
            return _answer(ErrorCode="ThrottlingException", ErrorMessage="Rate exceeded")
        self.notifications.append(Notification(self.time.now, json.loads(entry["Detail"]), str(entry)))
        return _answer(EventId=f"b{len(self.notifications)}")


def _answer(**entry: str) -> dict[str, Any]:
    return {"FailedEntryCount": int("ErrorCode" in entry), "Entries": [entry]}


@dataclass(eq=False)
class Announcements:
    """At least once, mostly within seconds, in no order. With injected faults also never or hours later."""

    time: VirtualTime
    faults: InjectedFaults
    random: Callable[[], float]
    intake: Queue
    completion: Queue
    prefix: str
    notification_of: set[tuple[str, str]] = field(default_factory=set)
    """Uploads whose notification was not lost: (key, version)."""
    _numbers: Any = field(default_factory=itertools.count)

    def uploaded(self, bucket: str, key: str, version: Version) -> None:
        """S3 sends a message about a new object to the intake queue."""
        faults = self.faults
        if faults.occurs(faults.notification_lost):
            return
        self.notification_of.add((key, version.id))
        entity = {
            "bucket": {"name": bucket},
            "object": {"key": quote_plus(key, safe="/"), "size": len(version.body or b""), "versionId": version.id},
        }
        body = json.dumps({"Records": [{"eventVersion": "2.1", "eventName": "ObjectCreated:Put", "s3": entity}]})
        for _ in range(1 + faults.occurs(faults.notification_doubled)):
            late = self.random() * 3 * HOUR if faults.occurs(faults.notification_late) else 0.0
            self._send(self.intake, body, 0.3 + 1.5 * self.random() + late)

    def written(self, key: str) -> None:
        """A rule on the work bucket sends a raw transcript's event to the completion queue."""
        if not (key.startswith(f"raw/{self.prefix}-") and key.endswith(".json")):
            return
        faults = self.faults
        detail = {"bucket": {"name": "work"}, "object": {"key": key}}
        event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
        if not faults.occurs(faults.event_lost):
            self._twice(json.dumps(event))

    def ended(self, job: Job) -> None:
        """Transcribe may send an event of its own; AWS promises none for medical jobs."""
        faults = self.faults
        if not faults.occurs(faults.told_by_event) or faults.occurs(faults.event_lost):
            return
        detail = {"MedicalTranscriptionJobName": job.name, "TranscriptionJobStatus": job.status}
        self._twice(json.dumps({"source": "aws.transcribe", "detail-type": "Job State Change", "detail": detail}))

    def _twice(self, body: str) -> None:
        faults = self.faults
        for _ in range(1 + faults.occurs(faults.event_doubled)):
            self._send(self.completion, body, 0.2 + self.random())

    def _send(self, queue: Queue, body: str, delay: float) -> None:
        number = next(self._numbers)
        self.time.after(delay, lambda: queue.put(Message(f"e{number}", body, self.time.now)))
