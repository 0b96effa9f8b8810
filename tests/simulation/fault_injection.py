"""The faults in a simulated deployment, their rates and times, drawn from its seed."""

import random
from dataclasses import dataclass, field
from itertools import accumulate

MINUTE, HOUR, DAY = 60, 3600, 86400
SERVICES = ("s3", "sqs", "dynamodb", "transcribe", "sns", "events")
OUTAGES = ("refusing", "silent", "throttling", "forbidden")


@dataclass(frozen=True)
class Outage:
    """A time in which every call to a service fails in the same way."""

    service: str
    kind: str
    begins: float
    ends: float


@dataclass
class InjectedFaults:
    """Rates from 0 to 1 of each kind of fault, until `ends`. After that there are no faults."""

    seed: int
    ends: float
    call_refused: float = 0.0
    answer_lost: float = 0.0
    odd_error: float = 0.0
    crash: float = 0.0
    notification_lost: float = 0.0
    notification_doubled: float = 0.0
    notification_late: float = 0.0
    event_lost: float = 0.0
    event_doubled: float = 0.0
    message_doubled: float = 0.0
    deletion_lost: float = 0.0
    schedule_missed: float = 0.0
    schedule_doubled: float = 0.0
    job_fails: float = 0.0
    job_vanishes: float = 0.0
    job_crawls: float = 0.0
    job_stuck: float = 0.0
    output_garbled: float = 0.0
    clock_skew: float = 0.0
    index_lag: float = 0.3
    """The delay of the ledger's index in seconds."""
    status_lag: float = 1.0
    """The maximum of seconds from a job's output to its status COMPLETED."""
    copy_seconds: float = 0.25
    """The approximate time of a copy in S3: 20 s for a very large object."""
    job_hidden: float = 0.0
    """Seconds in which Get does not know a new job."""
    outages: list[Outage] = field(default_factory=list)
    told_by_event: float = 0.0
    """The chance of an event from Transcribe, because AWS documents none for medical jobs."""

    def __post_init__(self) -> None:
        self._random = random.Random(f"misfortune {self.seed}")
        self.over = False
        self.ends = max([self.ends, *(outage.ends for outage in self.outages)])
        self._call = tuple(accumulate((self.crash, self.crash, self.call_refused, self.answer_lost, self.odd_error)))

    @property
    def losses(self) -> bool:
        """Whether anything can be lost, so that only the reconciler recovers it."""
        return any(
            (self.notification_lost, self.notification_late, self.event_lost, self.crash, self.odd_error,
             self.deletion_lost, self.job_fails, self.job_vanishes, self.job_crawls, self.job_stuck, self.outages,
             self.answer_lost, self.call_refused, self.clock_skew)
        )  # fmt: skip

    def occurs(self, chance: float) -> bool:
        """Whether a fault of this rate occurs now."""
        return chance > 0 and not self.over and self._random.random() < chance

    def of_call(self) -> str | None:
        """The fault of one call: a crash before or after it, a refusal, a lost answer, an unexpected error."""
        most = self._call[-1]
        if not most or self.over:
            return None
        drawn = self._random.random()
        if drawn >= most:
            return None
        return ("dies before", "dies after", "refused", "answer lost", "odd error")[
            next(index for index, bound in enumerate(self._call) if drawn < bound)
        ]

    def outage(self, service: str, now: float) -> str | None:
        """The service's outage at this time, if any."""
        if self.over or not self.outages:
            return None
        return next(
            (each.kind for each in self.outages if each.service == service and each.begins <= now < each.ends), None
        )


def drawn(seed: int, begins: float, quota: int) -> InjectedFaults:
    """The faults of a seed: in 3 of 10 seeds only throttles and repeats, in the others some of each kind."""
    chance = random.Random(f"weather {seed}")
    copies = (0.25, 0.25, 20.0)
    if chance.random() < 0.3:
        return InjectedFaults(
            seed,
            ends=begins + chance.uniform(0.2, 1) * HOUR,
            notification_doubled=chance.choice((0, 0.1, 0.5)),
            event_doubled=chance.choice((0, 0.1, 0.5)),
            message_doubled=chance.choice((0, 0.05, 0.2)),
            told_by_event=chance.choice((0, 1)),
            index_lag=chance.choice((0.0, 0.3, 3.0)),
            copy_seconds=chance.choice(copies),
        )
    ends = begins + chance.uniform(0.5, 3) * HOUR
    often = (0, 0, 0.02, 0.1, 0.3)
    seldom = (0, 0, 0.005, 0.02, 0.05)
    roomy = quota > 3  # where one job of a day blocks no other
    return InjectedFaults(
        seed,
        ends,
        call_refused=chance.choice(seldom),
        answer_lost=chance.choice(seldom),
        odd_error=chance.choice((0, 0, 0.005, 0.01)),
        crash=chance.choice((0, 0, 0.003, 0.01, 0.03, 0.1)),
        notification_lost=chance.choice(often),
        notification_doubled=chance.choice(often),
        notification_late=chance.choice(often),
        event_lost=chance.choice((*often, 1)),
        event_doubled=chance.choice(often),
        message_doubled=chance.choice(seldom),
        deletion_lost=chance.choice((0, 0, 0.01, 0.03)),
        schedule_missed=chance.choice(often),
        schedule_doubled=chance.choice(often),
        job_fails=chance.choice(often),
        job_vanishes=chance.choice(seldom),
        job_crawls=chance.choice(often) * roomy,
        job_stuck=chance.choice((0, 0, 0.05)) * roomy,
        output_garbled=chance.choice((0, 0, 0, 0.05)),
        clock_skew=chance.choice((0, 0, 60, 900)),
        index_lag=chance.choice((0.0, 0.3, 3.0, 30.0)),
        status_lag=chance.choice((0.0, 1.0, 5.0)),
        copy_seconds=chance.choice(copies),
        job_hidden=chance.choice((0, 0, 1, 120)),
        told_by_event=chance.choice((0, 0.5, 1)),
        outages=[_outage(chance, begins, ends) for _ in range(chance.choice((0, 0, 1, 2)))],
    )


def _outage(chance: random.Random, begins: float, ends: float) -> Outage:
    start = chance.uniform(begins, ends)
    return Outage(chance.choice(SERVICES), chance.choice(OUTAGES), start, start + chance.choice((5, 30, 120)) * MINUTE)
