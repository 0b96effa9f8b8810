"""A day in virtual time, for the dashboard's picture: 600 recordings, and an hour without Transcribe Medical.

The deployed functions write the metrics. The queues are read every 5 minutes, as CloudWatch does.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping
from functools import partial

from adapters import telemetry
from benchmarks.backlog import Burst
from tests.simulation.fakes.sqs import Queue
from tests.simulation.fault_injection import DAY, HOUR, MINUTE, InjectedFaults, Outage
from tests.simulation.simulated_deployment import Numbers, World, running_in
from tests.simulation.virtual_time import BEGINNING

OPENS, CLOSES, RECORDINGS = 7 * HOUR, 19 * HOUR, 600
OUTAGE = (13 * HOUR, 14 * HOUR)
PERIOD = 5 * MINUTE

Points = list[tuple[float, float]]
"""The metrics' values: the second of the day, and the value."""


def lived(seed: int = 1) -> Mapping[str, Points]:
    """The values of each metric by its name, and of each queue's metrics by queue and name."""
    away = Outage("transcribe", "refusing", *(BEGINNING + at for at in OUTAGE))
    burst = Burst(RECORDINGS, CLOSES - OPENS, seed)
    world = World(InjectedFaults(seed, BEGINNING + DAY, outages=[away]), burst.recognise, Numbers(), traced=False)
    queues: dict[str, Points] = defaultdict(list)
    telemetry.log.setLevel(logging.ERROR)
    with running_in(world):
        world.time.at(BEGINNING + OPENS, partial(burst.schedule_all, world))
        for at in range(PERIOD, DAY + PERIOD, PERIOD):
            world.time.run(BEGINNING + at)
            for name, queue in (("intake", world.intake_queue), ("completion", world.completion_queue)):
                _look(queues, name, queue, at)
    measured = {name: [(at - BEGINNING, value) for at, value in points] for name, points in world.measured.items()}
    return {**measured, **queues}


def _look(queues: dict[str, Points], name: str, queue: Queue, at: float) -> None:
    oldest = min((message.sent for message in queue.messages.values()), default=queue.time.now)
    queues[f"{name} ApproximateNumberOfMessagesVisible"].append((at, len(queue.visible)))
    queues[f"{name} ApproximateAgeOfOldestMessage"].append((at, queue.time.now - oldest))
