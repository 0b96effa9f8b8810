"""Invariants of every simulated deployment, whatever faults occurred."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from stethoscript import ledger_row as ledger_rows
from stethoscript import queue_messages
from stethoscript.ledger_row import State
from tests.simulation.fakes.sqs import Message, Queue
from tests.simulation.fault_injection import HOUR, MINUTE
from tests.simulation.lambda_runtime import Function, Invocation
from tests.simulation.simulated_deployment import TRANSCRIPTS, World
from tests.simulation.stop_invariants import StopChecker
from tests.simulation.workload import IN_KEYS, IN_METADATA, IN_SPEECH, Recording, Workload

_TERMINAL = {"DELIVERED", "FAILED", "REJECTED", "ERASED"}
_from = TypeDeserializer().deserialize
PATIENCE = 12 * MINUTE
"""The maximum delay of a notification if nothing was lost, besides the time that the quota takes."""


MOST_MESSAGES = 40
"""The maximum of simultaneous messages about one recording, through repeats, losses and sweeps together."""


class Multiplied(Exception):
    """Messages multiply, so the simulation stops."""


@dataclass(eq=False)
class InvariantChecker:
    """Checks a simulated deployment while it runs and at its end. `broken` names each violated invariant."""

    world: World
    workload: Workload
    broken: list[str] = field(default_factory=list)
    _rows: dict[str, ledger_rows.LedgerRow] = field(default_factory=dict)
    _names: dict[tuple[str, str], str] = field(default_factory=dict)
    """The row of each upload by key and version, because a tombstone does not have them."""

    def __post_init__(self) -> None:
        self._stops = StopChecker(self.world, self._report)
        self.world.on_done = self._success
        self.world.dynamodb.changed = self._changed

    # During the run

    def _changed(self, key: str, before: Any, after: Any) -> None:
        """A terminal state never changes. Expired rows are kept for the checks."""
        if after is not None and "state" in after:
            row = self._rows[key] = ledger_rows.read({name: _from(value) for name, value in after.items()})
            if row.key:
                self._names[row.key, row.version] = key
        self._stops.changed(key, before, after)
        state = before and before.get("state", {}).get("S")
        if state in _TERMINAL and after is not None and after["state"]["S"] not in (state, State.ERASING):
            self._report(f"{key} left its terminal state {state} for {after['state']['S']}")

    def _success(self, function: Function, message: Message, invocation: Invocation) -> None:
        """A function reports a message as done. Then its work is done, or another message continues it."""
        if function.name == "start":
            self._start_succeeded(message, invocation)
        elif function.name == "deliver":
            self._deliver_succeeded(message, invocation)

    def _start_succeeded(self, message: Message, invocation: Invocation) -> None:
        for arrival in queue_messages.upload_messages(message.body):
            recording = self._uploaded(arrival.upload.key, arrival.upload.version)
            if recording is None or recording.folder:
                continue
            row = self.row(recording)
            done = row is not None and (not row.open or self._job_created(row.job))
            if not done and not self._waits(self.world.intake_queue, message, arrival.upload.version):
                self._report(f"{invocation.name} reported success for {recording.token} without a job or a message")

    def _deliver_succeeded(self, message: Message, invocation: Invocation) -> None:
        signal = queue_messages.signal(message.body)
        row = next((row for row in self._rows.values() if signal and row.job == signal.job), None)
        if row is None or not row.open or not signal:
            return
        world = self.world
        if world.transcribe.status(row.job) != "COMPLETED" or world.time.now - row.received > 23 * HOUR:
            return
        if not self._waits(world.completion_queue, message, row.job):
            self._report(f"{invocation.name} reported success for {row.job}, completed and not delivered")

    def _waits(self, queue: Queue, besides: Message | None, what: str) -> bool:
        return any(what in message.body for message in queue.messages.values() if message is not besides)

    def _job_created(self, job: str) -> bool:
        return any(each.name == job for each in self.world.transcribe.history)

    def few_messages(self) -> None:
        """The number of messages about a recording stays limited, however long a fault lasts."""
        for queue in (self.world.intake_queue, self.world.completion_queue):
            if len(queue.messages) > MOST_MESSAGES * len(self.workload.recordings):
                self._report(
                    f"{len(queue.messages)} messages in {queue.name} for {len(self.workload.recordings)} recordings"
                )
                raise Multiplied

    # At the end

    def settled(self) -> bool:
        """Whether every recording has ended and nothing is in progress."""
        world = self.world
        if world.intake_queue.messages or world.completion_queue.messages or self.workload.operator.busy:
            return False
        rows_by = self._rows_by_upload()
        return all(
            (row := rows_by.get((each.key, each.version))) is not None and not row.open
            for each in self.workload.recordings
            if not self._excused(each) and not self._awaits_redrive(each)
        )

    def conclude(self) -> list[str]:
        """All violated invariants."""
        self._each_ended_once()
        self._each_was_notified()
        self._no_job_twice()
        self._no_text_mixed_up()
        self._no_patient_in_signals()
        return self.broken

    def tidied(self) -> None:
        """Nothing is left that only an expiry would remove."""
        for row in self._rows.values():
            self._stops.settled(row)

    def on_time(self) -> None:
        """If nothing is lost, the notification comes soon after the quota allows."""
        if self.world.faults.losses:
            return
        recognition = [each.recognition.seconds for each in self.workload.recordings if each.recognition]
        busy = sum(recognition) / min(self.world.quota, self.world.numbers_of.concurrent_jobs) + max(
            recognition, default=0
        )
        last = max(self.world.free_from, *(each.at for each in self.workload.recordings))
        notified = defaultdict(lambda: float("inf"))
        for notification in self.world.sns.notifications:
            notified[notification.body["versionId"]] = min(notified[notification.body["versionId"]], notification.at)
        for each in self.workload.recordings:
            late = notified[each.version] - (last + busy)
            waits = each.recognition is not None and each.recognition.vocabulary_ready
            if not each.folder and not each.stopped and not waits and late > PATIENCE:
                self._report(f"{each.token} was notified {late / MINUTE:.0f} minutes late although nothing was lost")

    def _each_ended_once(self) -> None:
        by_upload = self._rows_by_upload()
        for each in self.workload.recordings:
            row = by_upload.get((each.key, each.version))
            if self._excused(each):
                continue
            if row is None or row.open:
                self._report(f"{each.token} ({each.version}) never ended: {row.state if row else 'no row'}")
            elif row.state not in self._allowed(each):
                self._report(f"{each.token} ended {row.state} {row.reason}, not {' or '.join(self._allowed(each))}")
            else:
                self._stops.conclude(each, row, self._jobs_of(each))

    def _allowed(self, each: Recording) -> tuple[str, ...]:
        if each.erase_asked:
            return ("ERASED",)
        if each.recognition is None:
            return ("REJECTED",)
        if each.recognition.vocabulary_ready:
            # With many other faults, its own hour may be over before the vocabulary is ready.
            never = each.recognition.vocabulary_ready == float("inf")
            return ("REJECTED",) if never else ("DELIVERED", "FAILED", "REJECTED")
        usual = {"COMPLETED": ("DELIVERED",)}.get(each.recognition.ending, ("FAILED",))
        return (*usual, "FAILED", "REJECTED") if each.stopped else usual

    def _excused(self, each: Recording) -> bool:
        """Placeholders, and uploads deleted before any function received them."""
        return each.folder or (
            each.deleted and (each.key, each.version) not in self.world.announcements.notification_of
        )

    def _awaits_redrive(self, each: Recording) -> bool:
        """Deleted, and its only message is in the dead-letter queue. So only a redrive can end it."""
        dead = self.world.intake_queue.dead_letters
        return each.deleted and dead is not None and self._waits(dead, None, each.version)

    def _each_was_notified(self) -> None:
        for where in (self.world.sns, self.world.events):
            notified = defaultdict(set)
            for notification in where.notifications:
                notified[notification.body["versionId"]].add(notification.body["id"])
            by_upload = self._rows_by_upload()
            for each in self.workload.recordings:
                row, ids = by_upload.get((each.key, each.version)), notified.pop(each.version, set())
                before = {f"{row.job}:{end}" for end in _TERMINAL} if row and each.erase_asked else set()
                if (
                    row is not None
                    and not row.open
                    and (f"{row.job}:{row.state}" not in ids or len(ids - before) > 1 or len(ids) > 2)
                ):
                    self._report(f"{each.token} ended {row.state} and {type(where).__name__} received {sorted(ids)}")
            if notified:
                self._report(f"{type(where).__name__} received versions without an upload: {sorted(notified)}")

    def _no_job_twice(self) -> None:
        for each in self.workload.recordings:
            lasting = [job.name for job in self._jobs_of(each) if job.status != "FAILED"]
            if len(lasting) > 1:
                self._report(f"{each.token} was transcribed {len(lasting)} times: {lasting}")

    def _jobs_of(self, each: Recording) -> list[Any]:
        """The jobs of a recording, identified by their media."""
        ending = f"|{each.number}".encode()
        return [job for job in self.world.transcribe.history if (job.media or b"").endswith(ending)]

    def _no_text_mixed_up(self) -> None:
        by_version = {each.version: each for each in self.workload.recordings}
        documents = self.world.s3.buckets[TRANSCRIPTS]
        for notification in self.world.sns.notifications:
            if notification.body["status"] != "DELIVERED":
                continue
            each = by_version[notification.body["versionId"]]
            folder = notification.body["manifest"]["key"].rpartition("/")[0]
            for version in documents.objects.get(f"{folder}/transcript.txt", []):
                if f" {each.token} " not in f" {(version.body or b'').decode()} ".replace("\n", " "):
                    self._report(f"the transcript of {each.token} holds another recording's words")
            if f"{folder}/transcript.txt" not in documents.objects and not each.erase_asked:
                self._report(f"{each.token} was notified as delivered without a transcript")

    def _no_patient_in_signals(self) -> None:
        world = self.world
        asked = [json.dumps(job.request) for job in world.transcribe.history]
        places = world.s3.buckets["work"].keys + world.s3.buckets[TRANSCRIPTS].keys
        notified = [notification.everything for notification in (*world.sns.notifications, *world.events.notifications)]
        for where, texts in (("a log or metric", world.signals), ("a request", asked), ("a notification", notified),
                             ("a key", places)):  # fmt: skip
            for word in (IN_KEYS, IN_METADATA, IN_SPEECH):
                if found := next((text for text in texts if word in text), None):
                    self._report(f"{where} names a patient or what was said: {found[:300]}")

    def only_poison_is_dead(self) -> None:
        """Only unexpected errors may move a message to a dead-letter queue, and no waiting time."""
        faults = self.world.faults
        if faults.crash or faults.odd_error or faults.deletion_lost or faults.message_doubled or faults.output_garbled:
            return
        for queue in (self.world.intake_queue, self.world.completion_queue):
            if queue.dead_letters and queue.dead_letters.messages:
                bodies = [message.body for message in queue.dead_letters.messages.values()]
                self._report(
                    f"{len(bodies)} innocent messages among the dead letters of {queue.name}: {bodies[0][:200]}"
                )

    # Look-ups

    def row(self, recording: Recording) -> ledger_rows.LedgerRow | None:
        """One recording's row, even after it has expired."""
        return self._rows_by_upload().get((recording.key, recording.version))

    def _rows_by_upload(self) -> dict[tuple[str, str], ledger_rows.LedgerRow]:
        return {upload: self._rows[key] for upload, key in self._names.items()}

    def _uploaded(self, key: str, version: str) -> Recording | None:
        found = [each for each in self.workload.recordings if (each.key, each.version) == (key, version)]
        return found[0] if found else None

    def _report(self, what: str) -> None:
        if what not in self.broken:
            self.broken.append(what)
            if self.world.trace is not None:
                self.world.trace.append((self.world.time.now, "invariants", "BROKEN", {}, what))
