"""The pipeline as the stacks deploy it, over fakes: three functions, two queues, their numbers."""

import itertools
import json
import logging
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.metrics import MetricUnit

import deliver_transcript
import reconcile
import start_transcription
from adapters import telemetry
from tests.simulation.fakes.dynamodb import DynamoDb
from tests.simulation.fakes.eventbridge import Announcements, Bus
from tests.simulation.fakes.s3 import S3, Bucket
from tests.simulation.fakes.sns import Sns
from tests.simulation.fakes.sqs import Message, Queue, Sqs
from tests.simulation.fakes.transcribe import RecognitionResult, Transcribe
from tests.simulation.fault_injection import DAY, MINUTE, InjectedFaults
from tests.simulation.faulty_client import Client
from tests.simulation.lambda_runtime import Function, Invocation, Mapping, Running, Schedule
from tests.simulation.virtual_time import VirtualTime

NAME = "clinic"
ACCOUNT = "123456789012"
INTAKE, WORK, TRANSCRIPTS = "intake", "work", "transcripts"
INTAKE_QUEUE, COMPLETION_QUEUE = "https://sqs/intake", "https://sqs/completion"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:completion"
PROFILES = {"dictation/": {"type": "DICTATION"}, "conversation/": {"type": "CONVERSATION", "max_speaker_labels": 2}}


@dataclass(frozen=True)
class Numbers:
    """The numbers from the stacks and a deployment's configuration, the same as in `stacks/`."""

    start_seconds: int = 180
    deliver_seconds: int = 120
    reconcile_seconds: int = 120
    visibility_per_second: int = 6
    most_receives: int = 5
    queue_days: int = 7
    dead_letter_days: int = 14
    start_batch: int = 1
    deliver_batch: int = 1
    start_concurrency: int = 4
    deliver_concurrency: int = 5
    reconcile_minutes: int = 5
    grace_seconds: int = 1800
    sweep_minutes: int = 60
    sweep_pages: int = 10
    retry_delay_seconds: int = 30
    job_poll_seconds: int = 0
    concurrent_jobs: int = 250
    audio_days: int = 0
    old_version_days: int = 30
    row_margin_days: int = 180
    staging_days: int = 7
    raw_days: int = 30
    recursive_loop: str = "Allow"

    @property
    def row_days(self) -> int:
        """The retention of a ledger row in days; 0 keeps it forever."""
        return self.audio_days + self.old_version_days + self.row_margin_days if self.audio_days else 0


@dataclass(eq=False)
class World:
    """A deployment, its faults, and the recorded events."""

    faults: InjectedFaults
    recognise: Callable[[bytes], RecognitionResult]
    numbers_of: Numbers = field(default_factory=Numbers)
    page: int = 1000
    quota: int = 250
    traced: bool = True
    """Whether every call is recorded for a trace."""

    def __post_init__(self) -> None:
        numbers, faults = self.numbers_of, self.faults
        self.time = VirtualTime()
        self.random = random.Random(f"world {faults.seed}").random
        self.running = Running()
        self.numbers = itertools.count(1)
        self.calls: Counter[tuple[str, str]] = Counter()
        self.counted: Counter[str] = Counter()
        self.measured: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        """The values and times of each metric."""
        self.busy: Counter[str] = Counter()
        """Running seconds of each function."""
        self.trace: list[tuple[float, str, str, Any, str | None]] | None = [] if self.traced else None
        self.signals: list[str] = []
        self.free_from = self.time.now
        """The time at which other users release the account's slots."""
        self.on_done: Callable[[Function, Message, Invocation], None] = lambda _function, _message, _invocation: None
        self._storage(numbers)
        self._functions(numbers)

    def _storage(self, numbers: Numbers) -> None:
        faults, time = self.faults, self.time
        self.intake_queue = self._queue("intake", numbers.start_seconds)
        self.completion_queue = self._queue("completion", numbers.deliver_seconds)
        queues = {INTAKE_QUEUE: self.intake_queue, COMPLETION_QUEUE: self.completion_queue}
        self.sqs = Sqs(time, queues, lineage=self._lineage)
        buckets = {INTAKE: Bucket(INTAKE, versioned=True), WORK: Bucket(WORK), TRANSCRIPTS: Bucket(TRANSCRIPTS, True)}
        self.s3 = S3(time, ACCOUNT, buckets, page=self.page)
        self.dynamodb = DynamoDb(time, "ledger", lag=faults.index_lag)
        self.sns = Sns(time, TOPIC)
        self.events = Bus(time, refuses=lambda: faults.occurs(faults.event_lost / 10))
        self.transcribe = Transcribe(
            time, self.s3, self.recognise, concurrent_jobs=self.quota, output_first=faults.status_lag * self.random(),
            known_after=faults.job_hidden,
        )  # fmt: skip
        announcements = self.announcements = Announcements(
            time, faults, self.random, self.intake_queue, self.completion_queue, NAME
        )
        buckets[INTAKE].created = lambda key, version: announcements.uploaded(INTAKE, key, version)
        buckets[WORK].created = lambda key, _version: announcements.written(key)
        self.transcribe.ended = announcements.ended

    def _queue(self, name: str, seconds: int) -> Queue:
        numbers = self.numbers_of
        disorder = random.Random(f"order {self.faults.seed}").random
        dead = Queue(f"{name}-dead-letters", self.time, 30, numbers.dead_letter_days * DAY)
        return Queue(
            name, self.time, numbers.visibility_per_second * seconds, numbers.queue_days * DAY, dead,
            numbers.most_receives, disorder=lambda: disorder() ** 3,
        )  # fmt: skip

    def _functions(self, numbers: Numbers) -> None:
        allow = numbers.recursive_loop
        start = Function("start", start_transcription.handler, numbers.start_seconds, allow)
        deliver = Function("deliver", deliver_transcript.handler, numbers.deliver_seconds, allow)
        sweep = Function("reconcile", reconcile.handler, numbers.reconcile_seconds, allow)
        for queue, function, batch, at_once in (
            (self.intake_queue, start, numbers.start_batch, numbers.start_concurrency),
            (self.completion_queue, deliver, numbers.deliver_batch, numbers.deliver_concurrency),
        ):
            queue.stirred = Mapping(self, queue, function, batch, at_once, self._done).wake_poller
        self.schedule = Schedule(self, sweep, numbers.reconcile_minutes * MINUTE)
        self.schedule.start()

    def _done(self, function: Function, message: Message, invocation: Invocation) -> None:
        self.on_done(function, message, invocation)

    def _lineage(self) -> int:
        invocation = self.running.invocation
        return invocation.rounds + 1 if invocation else 0

    def client(self, service: str, *, attempts: int = 3, seconds: int = 20) -> Client:
        """A service for the current invocation. It replaces the SDK's client in the functions."""
        return Client(service, getattr(self, service), self.running.invocation, attempts, seconds)

    def made(self, module: Any, factory: str, **clock: str) -> Any:
        """A module's settings and clients, made once for each invocation, with its own clock."""
        invocation = self.running.invocation
        if invocation.made is None:
            bare = getattr(module, factory).__wrapped__()
            times = {"now": invocation.now, "sleep": invocation.sleep, "jitter": self.random}
            invocation.made = replace(bare, **{name: times[kind] for name, kind in clock.items()})
        return invocation.made

    @property
    def environment(self) -> dict[str, str]:
        """The functions' environment variables."""
        numbers = self.numbers_of
        variables: dict[str, Any] = {
            "DEPLOYMENT": NAME, "ACCOUNT": ACCOUNT, "LEDGER_TABLE": "ledger", "INTAKE_BUCKET": INTAKE,
            "WORK_BUCKET": WORK, "TRANSCRIPTS_BUCKET": TRANSCRIPTS, "INTAKE_QUEUE_URL": INTAKE_QUEUE,
            "COMPLETION_QUEUE_URL": COMPLETION_QUEUE, "COMPLETION_TOPIC_ARN": TOPIC,
            "KEY_ARN": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1", "PROFILES": json.dumps(PROFILES), "VOCABULARIES": "{}",
            "CONCURRENT_JOBS": numbers.concurrent_jobs, "RETRY_DELAY_SECONDS": numbers.retry_delay_seconds,
            "JOB_POLL_SECONDS": numbers.job_poll_seconds, "ROW_DAYS": numbers.row_days,
            "DOCUMENTS": json.dumps({"": ["txt"]}), "LAYOUT": "opaque",
            "GRACE_SECONDS": numbers.grace_seconds, "SWEEP_PAGES": numbers.sweep_pages,
            "SWEEP_SECONDS": numbers.sweep_minutes * MINUTE,
        }  # fmt: skip
        return {name: str(value) for name, value in variables.items()}

    def expire(self) -> None:
        """Lifecycle rules and time to live, as of now."""
        numbers, now = self.numbers_of, self.time.now
        for prefix, days in (("staging/", numbers.staging_days), ("raw/", numbers.raw_days)):
            work = self.s3.buckets[WORK]
            for key in [key for key in work.keys if key.startswith(prefix)]:
                if work.objects[key][-1].modified < now - days * DAY:
                    work.drop(key)
        if numbers.audio_days:
            intake = self.s3.buckets[INTAKE]
            kept = (numbers.audio_days + numbers.old_version_days) * DAY
            old = [(k, each) for k, versions in intake.objects.items() for each in versions]
            for key, version in old:
                if version.modified < now - kept:
                    intake.drop(key, version)
        self.dynamodb.forget(now)


class _Output:
    """Records the lines and metrics that the functions write."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._reason = ""

    def __call__(self, *, namespace: str, service: str) -> "_Output":
        """Replace Powertools' Metrics."""
        self.write(f"{namespace} {service}")
        self._reason = ""
        return self

    def write(self, line: str) -> None:
        """Record a line of the log."""
        if self._world.trace is not None:
            self._world.signals.append(line)

    def flush(self) -> None:
        """Do nothing, because nothing is buffered."""

    def add_dimension(self, *, name: str, value: str) -> None:
        """Record the reason as a dimension."""
        self._reason = f" {name} {value}"

    def add_metric(self, *, name: str, unit: Any, value: float) -> None:
        """Record a metric."""
        if unit is MetricUnit.Count:
            self._world.counted[name + self._reason] += value
        self._world.measured[name + self._reason].append((self._world.time.now, value))
        self.write(name + self._reason)

    def flush_metrics(self) -> None:
        """Do nothing, because metrics are recorded at once."""


@contextmanager
def running_in(world: World) -> Iterator[World]:
    """Run the functions' modules in this deployment, and release its threads afterwards."""
    output, patched_os = _Output(world), SimpleNamespace(environ=world.environment)
    with pytest.MonkeyPatch.context() as patch:
        for module, factory, clock in (
            (start_transcription, "_starter", {"now": "now", "sleep": "sleep", "jitter": "jitter"}),
            (deliver_transcript, "_deliverer", {"now": "now", "jitter": "jitter"}),
            (reconcile, "_reconciler", {"now": "now"}),
        ):
            real = SimpleNamespace(**{factory: getattr(module, factory)})
            patch.setattr(module, factory, partial(world.made, real, factory, **clock))
            patch.setattr(module, "client", world.client)
            patch.setattr(module, "os", patched_os)
        patch.setattr(telemetry, "Metrics", output)
        for noted in ("_counted", "_reasons", "_measured"):
            patch.setattr(telemetry, noted, type(getattr(telemetry, noted))())
        patch.setattr(logging.getLogger(telemetry.log.service), "propagate", False)
        for handler in telemetry.log.handlers:
            patch.setattr(handler, "stream", output)
        try:
            yield world
        finally:
            world.time.end()
