"""100,000 recordings uploaded at once: what is lost, what comes twice, and how long it takes.

The functions that are deployed run in virtual time against the fakes of `tests/simulation`; beside them, in the
same world, the design of the public samples. `make bench-backlog` writes benchmarks/results/backlog.json and .md.
"""

import argparse
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.clinic import HERTZ, WAV
from tests.simulation.deployment import INTAKE, Numbers, World, inhabited
from tests.simulation.far_ends.sqs import Message
from tests.simulation.far_ends.transcribe import Heard
from tests.simulation.misfortune import DAY, HOUR, MINUTE, Misfortune
from tests.simulation.virtual_time import BEGINNING

FAULTS = 0.02
BURST = 10 * MINUTE
"""In which everything is uploaded."""
POISON = 20
"""Messages of no known shape among the others."""
QUOTA, STARTS_PER_SECOND = 250, 25


class Tape:
    """A recording's content without its megabytes: only its beginning is really there."""

    def __init__(self, number: int, seconds: float) -> None:
        self.number = number
        self.seconds = seconds

    def __len__(self) -> int:
        """Bytes of 16 bits a sample."""
        return int(self.seconds * HERTZ * 2)

    def __getitem__(self, part: slice) -> bytes:
        """A range, as a ranged read asks for it."""
        return WAV[part]


@dataclass(eq=False)
class Burst:
    """The recordings: dictations and consultations of realistic lengths, two in a hundred not to be transcribed."""

    number: int
    seed: int
    tapes: list[Tape] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = random.Random(f"burst {self.seed}")
        for number in range(self.number):
            dictation = chance.random() < 0.7
            seconds = chance.lognormvariate(5.0, 0.6) if dictation else chance.lognormvariate(6.6, 0.5)
            self.tapes.append(Tape(number, min(4 * HOUR, max(5.0, seconds))))
        self._fails = {tape.number for tape in self.tapes if chance.random() < FAULTS}
        self._at = [chance.random() * BURST for _ in self.tapes]

    def hear(self, tape: Any) -> Heard:
        """A job takes 20 seconds and a quarter of the recording's length."""
        return Heard(working(tape), f"recording {tape.number}", "FAILED" if tape.number in self._fails else "COMPLETED")

    def move_in(self, world: World) -> None:
        """Upload everything at its time."""
        for tape, at in zip(self.tapes, self._at, strict=True):
            world.time.after(at, lambda tape=tape: _upload(world, tape))

    @property
    def shortest(self) -> float:
        """Seconds that the quotas alone take: so many starts a second, so many jobs at once."""
        return max(self.number / STARTS_PER_SECOND, sum(working(tape) for tape in self.tapes) / QUOTA)


def working(tape: Tape) -> float:
    """Seconds that Transcribe works at a recording."""
    return 20 + tape.seconds / 4


def _upload(world: World, tape: Any) -> None:
    world.s3.put_object(Bucket=INTAKE, Key=f"dictation/{tape.number}.wav", Body=tape, Metadata={})


def faults(seed: int) -> Misfortune:
    """Two in a hundred of everything, for as long as it takes."""
    return Misfortune(
        seed, BEGINNING + 30 * DAY, call_refused=FAULTS / 2, answer_lost=FAULTS / 2, crash=FAULTS / 100,
        notification_lost=FAULTS, notification_doubled=FAULTS, notification_late=0, event_lost=FAULTS,
        event_doubled=FAULTS, message_doubled=FAULTS, deletion_lost=FAULTS / 10, schedule_missed=FAULTS,
    )  # fmt: skip


def run(number: int, seed: int) -> dict[str, Any]:
    """Run the burst to its last delivery, and count."""
    burst = Burst(number, seed)
    world = World(faults(seed), burst.hear, Numbers(jobs_at_once=0), quota=QUOTA, traced=False)
    begun = time.perf_counter()
    with inhabited(world):
        burst.move_in(world)
        for poison in range(POISON):
            world.intake_queue.put(Message(f"poison{poison}", "not a message", world.time.now))
        limit = BEGINNING + 20 * burst.shortest + 2 * DAY
        while world.time.now < limit and not _ended(world, number):
            world.time.run(world.time.now + 10 * MINUTE)
            _progress(world, begun)
    states = Counter(item["state"]["S"] for item in world.dynamodb.items.values() if "state" in item)
    media = Counter(job.media.number for job in world.transcribe.history if job.media is not None)
    took = max((notice.at for notice in world.sns.notices), default=BEGINNING) - BEGINNING
    queues = (world.intake_queue, world.completion_queue)
    return {
        "recordings": number,
        "states": dict(states),
        "lost": number - states["DELIVERED"] - states["FAILED"],
        "duplicated": sum(jobs - 1 for jobs in media.values()),
        "dead letters": sum(len(queue.dead_letters.messages) for queue in queues if queue.dead_letters),
        "notices": len(world.sns.notices),
        "notices of different ids": len({notice.body["id"] for notice in world.sns.notices}),
        "hours": took / HOUR,
        "shortest hours": burst.shortest / HOUR,
        "ratio": took / burst.shortest,
        "calls": {f"{service}.{name}": count / number for (service, name), count in sorted(world.calls.items())},
        "counted": dict(world.counted),
        "real seconds": time.perf_counter() - begun,
    }


def _ended(world: World, number: int) -> bool:
    if len(world.sns.notices) < number:
        return False
    ended = sum(item.get("state", {}).get("S") in ("DELIVERED", "FAILED") for item in world.dynamodb.items.values())
    return ended == number


def _progress(world: World, begun: float) -> None:
    print(
        f"{(world.time.now - BEGINNING) / HOUR:6.1f} h: {len(world.sns.notices)} told, "
        f"{len(world.intake_queue.messages)} waiting, {world.transcribe._running} running, "
        f"{time.perf_counter() - begun:.0f} s",
        flush=True,
    )


def main() -> None:
    """Run both designs and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import json
    print(json.dumps(run(asked.recordings, asked.seed), indent=2))


if __name__ == "__main__":
    main()
