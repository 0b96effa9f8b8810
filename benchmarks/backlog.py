# ruff: noqa: S311, T201 - the same burst for the same seed; a command prints
"""100,000 recordings uploaded at once: losses, duplicates, time and cost.

The deployed functions run in virtual time against the fakes of `tests/simulation`. The design of the public samples
runs in the same simulation. `make bench-backlog` writes benchmarks/results/backlog.json and .md.
"""

import argparse
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from adapters import telemetry
from benchmarks import backlog_report
from benchmarks.public_samples import PublicSamples
from tests.simulation.fakes.sqs import Message
from tests.simulation.fakes.transcribe import RecognitionResult
from tests.simulation.fault_injection import DAY, HOUR, MINUTE, InjectedFaults
from tests.simulation.simulated_deployment import INTAKE, Numbers, World, running_in
from tests.simulation.virtual_time import BEGINNING
from tests.simulation.workload import HERTZ, wav_header

FAULTS = 0.02
POISON_DIES = 4 * HOUR
"""Seconds in which an unintelligible message reaches its maximum of receives."""
DICTATIONS = 0.7
"""The share of dictations; the others are consultations."""
POISON = 20
"""Messages of unknown shape among the others."""
LEAST_BILLED = 15.0
"""The minimum of seconds of audio that Transcribe charges."""
QUOTA, STARTS_PER_SECOND = 250, 25


class SilentRecording:
    """A WAV file of silence that makes its bytes when they are read."""

    def __init__(self, number: int, seconds: float) -> None:
        self.number = number
        self.seconds = seconds
        self._sound = 2 * int(self.seconds * HERTZ)
        self._header = wav_header(self._sound)

    def __len__(self) -> int:
        """Bytes of the file."""
        return len(self._header) + self._sound

    def __getitem__(self, part: slice) -> bytes:
        """The bytes of a ranged read."""
        first, last, _ = part.indices(len(self))
        return self._header[first:last] + bytes(max(0, last - max(first, len(self._header))))

    @property
    def job_seconds(self) -> float:
        """Seconds of a job: 20, and a quarter of the recording's length."""
        return 20 + self.seconds / 4


@dataclass(eq=False)
class Burst:
    """Recordings uploaded within a time: seven dictations to three consultations; 2 % are bad."""

    number: int
    within: float
    seed: int
    recordings: list[SilentRecording] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = random.Random(f"burst {self.seed}")
        for number in range(self.number):
            dictation = chance.random() < DICTATIONS
            seconds = chance.lognormvariate(5.0, 0.6) if dictation else chance.lognormvariate(6.6, 0.5)
            self.recordings.append(SilentRecording(number, min(4 * HOUR, max(5.0, seconds))))
        self._bad = {recording.number for recording in self.recordings if chance.random() < FAULTS}
        self._at = [chance.random() * self.within for _ in self.recordings]

    def recognise(self, recording: Any) -> RecognitionResult:
        """Transcribe's result for a recording."""
        return RecognitionResult(
            recording.job_seconds,
            f"recording {recording.number}",
            "FAILED" if recording.number in self._bad else "COMPLETED",
        )

    def schedule_all(self, world: World) -> None:
        """Schedule all uploads."""
        for recording, at in zip(self.recordings, self._at, strict=True):
            world.time.after(at, lambda recording=recording: _upload(world, recording))

    @property
    def shortest(self) -> float:
        """The seconds that the quotas alone take: starts a second, and concurrent jobs."""
        jobs = sum(recording.job_seconds for recording in self.recordings) / QUOTA
        return max(self.within, self.number / STARTS_PER_SECOND, jobs)


def _upload(world: World, recording: Any) -> None:
    world.s3.put_object(Bucket=INTAKE, Key=f"dictation/{recording.number}.wav", Body=recording, Metadata={})


def faults(seed: int) -> InjectedFaults:
    """Each fault at a rate of 2 %, during the whole run. A start function's run makes some 65 calls."""
    return InjectedFaults(
        seed, BEGINNING + 30 * DAY, call_refused=FAULTS / 2, answer_lost=FAULTS / 2, crash=FAULTS / 130,
        notification_lost=FAULTS, notification_doubled=FAULTS, event_lost=FAULTS, event_doubled=FAULTS,
        message_doubled=FAULTS, deletion_lost=FAULTS / 10, schedule_missed=FAULTS,
    )  # fmt: skip


def run(burst: Burst, design: Callable[[World], object] | None = None) -> dict[str, Any]:
    """Run the burst through a design (by default ours), and count the outcomes."""
    world = World(faults(burst.seed), burst.recognise, Numbers(), quota=QUOTA, traced=False)
    begun = time.perf_counter()
    with running_in(world):
        if design is None:
            _poison(world)
        else:
            design(world)
        burst.schedule_all(world)
        quiet_since, notified = BEGINNING, -1
        while world.time.now - quiet_since < DAY and not _ended(world, burst.number):
            world.time.run(world.time.now + 10 * MINUTE)
            if len(world.sns.notifications) != notified or world.time.now < BEGINNING + burst.within:
                quiet_since, notified = world.time.now, len(world.sns.notifications)
        world.time.run(world.time.now + POISON_DIES)
    return _counted(world, burst) | {"real seconds": round(time.perf_counter() - begun, 1)}


def _poison(world: World) -> None:
    for number in range(POISON):
        world.intake_queue.put(Message(f"poison{number}", "not a message", world.time.now))


def _ended(world: World, number: int) -> bool:
    if len(world.sns.notifications) < number:
        return False
    ended = sum(item.get("state", {}).get("S") in ("DELIVERED", "FAILED") for item in world.dynamodb.items.values())
    return ended == number


def _counted(world: World, burst: Burst) -> dict[str, Any]:
    """The outcomes of the recordings, from Transcribe's jobs and the notifications."""
    jobs = {job.name: job for job in world.transcribe.history}
    started = Counter(job.media.number for job in world.transcribe.history if job.media is not None)
    notified = Counter(
        jobs[name].media.number
        for notification in world.sns.notifications
        if (name := str(notification.body["id"]).partition(":")[0]) in jobs and jobs[name].media is not None
    )
    last = max((notification.at for notification in world.sns.notifications), default=BEGINNING) - BEGINNING
    queues = (world.intake_queue, world.completion_queue)
    return {
        "recordings": burst.number,
        "lost": burst.number - len(notified),
        "transcribed twice": sum(jobs - 1 for jobs in started.values()),
        "told": sum(notified.values()),
        "dead letters": sum(len(queue.dead_letters.messages) for queue in queues if queue.dead_letters),
        "poison": POISON,
        "hours": last / HOUR,
        "shortest hours": burst.shortest / HOUR,
        "ratio": last / burst.shortest if len(notified) == burst.number else None,
        "calls": {f"{service}.{name}": made / burst.number for (service, name), made in sorted(world.calls.items())},
        "function seconds": {name: seconds / burst.number for name, seconds in world.busy.items()},
        "audio seconds": sum(max(LEAST_BILLED, burst.recordings[each].seconds) * n for each, n in started.items())
        / burst.number,
    }


BURSTS: Mapping[str, tuple[int, float]] = {"burst": (1, 10 * MINUTE), "quiet day": (20, DAY)}
"""The share of the recordings, and the time in which they are uploaded."""
DESIGNS: Mapping[str, Callable[[World], object] | None] = {"ours": None, "public samples": PublicSamples}


def one(name: str, design: str, recordings: int, seed: int) -> dict[str, Any]:
    """Run one burst through one design, on one processor, because alternating threads run much faster there."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[(name, design) == ("burst", "ours")]} if len(allowed) > 1 else allowed)
    telemetry.log.setLevel("ERROR")
    part, within = BURSTS[name]
    counts = run(Burst(recordings // part, within, seed), DESIGNS[design])
    print(f"{name}, {design}: {counts['real seconds']:.0f} s", flush=True)
    return counts


def main() -> None:
    """Run both designs in both bursts and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        running = {
            name: {design: pool.submit(one, name, design, asked.recordings, asked.seed) for design in DESIGNS}
            for name in BURSTS
        }
        results = {
            name: {design: each.result() for design, each in designs.items()} for name, designs in running.items()
        }
    backlog_report.write(results, asked.seed)


if __name__ == "__main__":
    main()
