"""One seed: a world from its first upload until past every expiry, judged at the end."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.simulation.fault_injection import DAY, HOUR, MINUTE, drawn
from tests.simulation.invariants import Judge, Multiplied
from tests.simulation.simulated_deployment import Numbers, World, inhabited
from tests.simulation.virtual_time import BEGINNING
from tests.simulation.workload import Workload

SETTLES = 12 * HOUR
"""After the last misfortune and the longest job everything must have ended within this."""
EXPIRIES = (8, 15, 31, 41, 92, 250, 400)
"""Days at which something has just expired: messages, frozen audio, raw transcripts, jobs, audio, rows."""


@dataclass(frozen=True)
class Outcome:
    """What a seed showed."""

    seed: int
    broken: tuple[str, ...]
    trace: tuple[Any, ...]

    def story(self, most: int = 4000) -> str:
        """The trace as lines, for people."""
        lines = [_line(entry) for entry in self.trace]
        left = [f"… {len(lines) - most} lines left out …"] if len(lines) > most else []
        return "\n".join([*lines[: most // 2], *left, *lines[-most // 2 :]] if left else lines)


def run(seed: int, numbers: Mapping[str, Any] | None = None) -> Outcome:
    """Run one seed, with some numbers of the deployment other than they are."""
    chance = random.Random(f"trial {seed}")
    quota = chance.choice((1, 2, 3, 250, 250))
    luck = drawn(seed, BEGINNING, quota)
    workload = Workload(seed, BEGINNING, luck)
    drawn_numbers = {
        "concurrent_jobs": chance.choice((quota, quota, 250)),
        "sweep_pages": chance.choice((1, 1, 3)),
        "retry_delay_seconds": chance.choice((10, 30)),
        "job_poll_seconds": chance.choice((0, 0, 60)),
        "audio_days": chance.choice((0, 1, 10)),
    }
    settings = Numbers(**drawn_numbers, **(numbers or {}))
    world = World(luck, workload.hear, settings, page=chance.choice((2, 3, 1000)), quota=quota)
    with inhabited(world):
        judge = Judge(world, workload)
        workload.move_in(world)
        if chance.random() < 0.25:
            _others(world, chance, quota)
        try:
            _live(world, judge)
        except Multiplied:
            pass
        else:
            judge.conclude()
    return Outcome(seed, tuple(judge.broken), tuple(world.trace or ()))


def _others(world: World, chance: random.Random, quota: int) -> None:
    """Somebody else of the account uses the slots for a while."""
    begins = BEGINNING + chance.random() * HOUR / 4
    world.free_from = begins + chance.choice((0.2, 1.3)) * HOUR
    world.time.at(begins, partial(world.transcribe.occupy, quota))
    world.time.at(world.free_from, partial(world.transcribe.occupy, -quota))


def _live(world: World, judge: Judge) -> None:
    """Through all misfortune, until everything has settled, and on past every expiry."""
    while world.time.now < max(world.faults.ends, BEGINNING + HOUR):
        world.time.run(world.time.now + 10 * MINUTE)
        judge.few_messages()
    world.faults.over = True
    limit = (
        world.time.now
        + SETTLES
        + max((each.heard.seconds for each in judge.workload.recordings if each.heard), default=0)
    )
    while not judge.settled() and world.time.now < limit:
        world.time.run(world.time.now + 10 * MINUTE)
        judge.few_messages()
    judge.on_time()
    if judge.settled():
        judge.tidied()
        _past_every_expiry(world, judge)


def _past_every_expiry(world: World, judge: Judge) -> None:
    """Leap from expiry to expiry; after each let the reconciler run, and after one an operator redrive."""
    world.schedule.on = False
    for days in EXPIRIES:
        world.time.run(max(world.time.now, BEGINNING + days * DAY))
        world.expire()
        if days == EXPIRIES[0]:
            judge.only_poison_is_dead()
            for queue in (world.intake_queue, world.completion_queue):
                if queue.dead_letters:
                    queue.dead_letters.redrive(queue)
        for _ in range(3):
            world.schedule.invoke()
            world.time.run(world.time.now + HOUR)


def _line(entry: Any) -> str:
    when, who, what, arguments, outcome = entry
    told = {name: str(value)[:60] for name, value in arguments.items() if name not in ("TableName", "Message", "Body")}
    return f"{when - BEGINNING:12.3f}  {who:14} {what} {told or ''}{'  => ' + outcome if outcome else ''}"
