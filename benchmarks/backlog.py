# ruff: noqa: S311, T201 - the same burst for the same seed; a command talks to people
"""100,000 recordings uploaded at once: what is lost, what comes twice, how long it takes and what it costs.

The functions that are deployed run in virtual time against the fakes of `tests/simulation`; beside them, in the
same world, the design of the public samples. `make bench-backlog` writes benchmarks/results/backlog.json and .md.
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
from tests.simulation.simulated_deployment import INTAKE, Numbers, World, inhabited
from tests.simulation.virtual_time import BEGINNING
from tests.simulation.workload import HERTZ, wav_header

FAULTS = 0.02
POISON_DIES = 4 * HOUR
"""In which a message that nobody can read has been received as often as it may be."""
DICTATIONS = 0.7
"""Of the recordings; the others are consultations."""
POISON = 20
"""Messages of no known shape among the others."""
LEAST_BILLED = 15.0
"""Seconds of audio that Transcribe bills at least."""
QUOTA, STARTS_PER_SECOND = 250, 25


class Tape:
    """A WAV file of silence without its megabytes: bytes are made as they are read."""

    def __init__(self, number: int, seconds: float) -> None:
        self.number = number
        self.seconds = seconds
        self._sound = 2 * int(self.seconds * HERTZ)
        self._header = wav_header(self._sound)

    def __len__(self) -> int:
        """Bytes of the file."""
        return len(self._header) + self._sound

    def __getitem__(self, part: slice) -> bytes:
        """A range, as a ranged read asks for it."""
        first, last, _ = part.indices(len(self))
        return self._header[first:last] + bytes(max(0, last - max(first, len(self._header))))

    @property
    def worked_at(self) -> float:
        """Seconds of a job: twenty, and a quarter of the recording's length."""
        return 20 + self.seconds / 4


@dataclass(eq=False)
class Burst:
    """Recordings uploaded within a time: seven dictations to three consultations, two in a hundred of them bad."""

    number: int
    within: float
    seed: int
    tapes: list[Tape] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = random.Random(f"burst {self.seed}")
        for number in range(self.number):
            dictation = chance.random() < DICTATIONS
            seconds = chance.lognormvariate(5.0, 0.6) if dictation else chance.lognormvariate(6.6, 0.5)
            self.tapes.append(Tape(number, min(4 * HOUR, max(5.0, seconds))))
        self._bad = {tape.number for tape in self.tapes if chance.random() < FAULTS}
        self._at = [chance.random() * self.within for _ in self.tapes]

    def hear(self, tape: Any) -> RecognitionResult:
        """What Transcribe makes of one."""
        return RecognitionResult(
            tape.worked_at, f"recording {tape.number}", "FAILED" if tape.number in self._bad else "COMPLETED"
        )

    def move_in(self, world: World) -> None:
        """Upload everything at its time."""
        for tape, at in zip(self.tapes, self._at, strict=True):
            world.time.after(at, lambda tape=tape: _upload(world, tape))

    @property
    def shortest(self) -> float:
        """Seconds that the quotas alone take: so many starts a second, so many jobs at once."""
        jobs = sum(tape.worked_at for tape in self.tapes) / QUOTA
        return max(self.within, self.number / STARTS_PER_SECOND, jobs)


def _upload(world: World, tape: Any) -> None:
    world.s3.put_object(Bucket=INTAKE, Key=f"dictation/{tape.number}.wav", Body=tape, Metadata={})


def faults(seed: int) -> InjectedFaults:
    """Two in a hundred of everything, for as long as it takes; a start function's run makes some 65 calls."""
    return InjectedFaults(
        seed, BEGINNING + 30 * DAY, call_refused=FAULTS / 2, answer_lost=FAULTS / 2, crash=FAULTS / 130,
        notification_lost=FAULTS, notification_doubled=FAULTS, event_lost=FAULTS, event_doubled=FAULTS,
        message_doubled=FAULTS, deletion_lost=FAULTS / 10, schedule_missed=FAULTS,
    )  # fmt: skip


def run(burst: Burst, design: Callable[[World], object] | None = None) -> dict[str, Any]:
    """Let a burst pass through a design, ours if none is given, and count."""
    world = World(faults(burst.seed), burst.hear, Numbers(), quota=QUOTA, traced=False)
    begun = time.perf_counter()
    with inhabited(world):
        if design is None:
            _poison(world)
        else:
            design(world)
        burst.move_in(world)
        quiet_since, told = BEGINNING, -1
        while world.time.now - quiet_since < DAY and not _ended(world, burst.number):
            world.time.run(world.time.now + 10 * MINUTE)
            if len(world.sns.notifications) != told or world.time.now < BEGINNING + burst.within:
                quiet_since, told = world.time.now, len(world.sns.notifications)
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
    """What became of the recordings, told by what Transcribe was given and what people were told."""
    jobs = {job.name: job for job in world.transcribe.history}
    started = Counter(job.media.number for job in world.transcribe.history if job.media is not None)
    told = Counter(
        jobs[name].media.number
        for notification in world.sns.notifications
        if (name := str(notification.body["id"]).partition(":")[0]) in jobs and jobs[name].media is not None
    )
    last = max((notification.at for notification in world.sns.notifications), default=BEGINNING) - BEGINNING
    queues = (world.intake_queue, world.completion_queue)
    return {
        "recordings": burst.number,
        "lost": burst.number - len(told),
        "transcribed twice": sum(jobs - 1 for jobs in started.values()),
        "told": sum(told.values()),
        "dead letters": sum(len(queue.dead_letters.messages) for queue in queues if queue.dead_letters),
        "poison": POISON,
        "hours": last / HOUR,
        "shortest hours": burst.shortest / HOUR,
        "ratio": last / burst.shortest if len(told) == burst.number else None,
        "calls": {f"{service}.{name}": made / burst.number for (service, name), made in sorted(world.calls.items())},
        "function seconds": {name: seconds / burst.number for name, seconds in world.busy.items()},
        "audio seconds": sum(max(LEAST_BILLED, burst.tapes[each].seconds) * n for each, n in started.items())
        / burst.number,
    }


BURSTS: Mapping[str, tuple[int, float]] = {"burst": (1, 10 * MINUTE), "quiet day": (20, DAY)}
"""The part of the recordings that each has, and the time in which they are uploaded."""
DESIGNS: Mapping[str, Callable[[World], object] | None] = {"ours": None, "public samples": PublicSamples}


def one(name: str, design: str, recordings: int, seed: int) -> dict[str, Any]:
    """Run one burst through one design, on one processor: threads that take turns do so far faster there."""
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
