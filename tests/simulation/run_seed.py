"""One seed: a simulated deployment from its first upload until after every expiry, with the checks at the end."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.simulation.fault_injection import DAY, HOUR, MINUTE, drawn
from tests.simulation.invariants import InvariantChecker, Multiplied
from tests.simulation.simulated_deployment import Numbers, World, running_in
from tests.simulation.virtual_time import BEGINNING
from tests.simulation.workload import Workload

SETTLES = 12 * HOUR
"""The time after the last fault and the longest job in which everything must have ended."""
EXPIRIES = (8, 15, 31, 41, 92, 250, 400)
"""Days after which something expires: messages, working copies, raw transcripts, jobs, audio, rows."""


@dataclass(frozen=True)
class Outcome:
    """The result of a seed."""

    seed: int
    broken: tuple[str, ...]
    trace: tuple[Any, ...]

    def story(self, most: int = 4000) -> str:
        """The trace as lines of text."""
        lines = [_line(entry) for entry in self.trace]
        left = [f"… {len(lines) - most} lines left out …"] if len(lines) > most else []
        return "\n".join([*lines[: most // 2], *left, *lines[-most // 2 :]] if left else lines)


def run(seed: int, numbers: Mapping[str, Any] | None = None) -> Outcome:
    """Run one seed, with some of the deployment's numbers changed."""
    chance = random.Random(f"trial {seed}")
    quota = chance.choice((1, 2, 3, 250, 250))
    faults = drawn(seed, BEGINNING, quota)
    workload = Workload(seed, BEGINNING, faults)
    drawn_numbers = {
        "concurrent_jobs": chance.choice((quota, quota, 250)),
        "sweep_pages": chance.choice((1, 1, 3)),
        "retry_delay_seconds": chance.choice((10, 30)),
        "job_poll_seconds": chance.choice((0, 0, 60)),
        "audio_days": chance.choice((0, 1, 10)),
    }
    settings = Numbers(**drawn_numbers, **(numbers or {}))
    world = World(faults, workload.recognise, settings, page=chance.choice((2, 3, 1000)), quota=quota)
    with running_in(world):
        checker = InvariantChecker(world, workload)
        workload.schedule_all(world)
        if chance.random() < 0.25:
            _others(world, chance, quota)
        try:
            _live(world, checker)
        except Multiplied:
            pass
        else:
            checker.conclude()
    return Outcome(seed, tuple(checker.broken), tuple(world.trace or ()))


def _others(world: World, chance: random.Random, quota: int) -> None:
    """Another user of the account takes the slots for a while."""
    begins = BEGINNING + chance.random() * HOUR / 4
    world.free_from = begins + chance.choice((0.2, 1.3)) * HOUR
    world.time.at(begins, partial(world.transcribe.occupy, quota))
    world.time.at(world.free_from, partial(world.transcribe.occupy, -quota))


def _live(world: World, checker: InvariantChecker) -> None:
    """Run with all faults until everything has settled, and then past every expiry."""
    while world.time.now < max(world.faults.ends, BEGINNING + HOUR):
        world.time.run(world.time.now + 10 * MINUTE)
        checker.few_messages()
    world.faults.over = True
    limit = (
        world.time.now
        + SETTLES
        + max((each.recognition.seconds for each in checker.workload.recordings if each.recognition), default=0)
    )
    while not checker.settled() and world.time.now < limit:
        world.time.run(world.time.now + 10 * MINUTE)
        checker.few_messages()
    checker.on_time()
    if checker.settled():
        checker.tidied()
        _past_every_expiry(world, checker)


def _past_every_expiry(world: World, checker: InvariantChecker) -> None:
    """Advance from expiry to expiry. After each, run the reconciler; after one, let an operator redrive."""
    world.schedule.on = False
    for days in EXPIRIES:
        world.time.run(max(world.time.now, BEGINNING + days * DAY))
        world.expire()
        if days == EXPIRIES[0]:
            checker.only_poison_is_dead()
            for queue in (world.intake_queue, world.completion_queue):
                if queue.dead_letters:
                    queue.dead_letters.redrive(queue)
        for _ in range(3):
            world.schedule.invoke()
            world.time.run(world.time.now + HOUR)


def _line(entry: Any) -> str:
    when, who, what, arguments, outcome = entry
    shown = {name: str(value)[:60] for name, value in arguments.items() if name not in ("TableName", "Message", "Body")}
    return f"{when - BEGINNING:12.3f}  {who:14} {what} {shown or ''}{'  => ' + outcome if outcome else ''}"
