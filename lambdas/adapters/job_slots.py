"""Waits until Transcribe has a free slot: the number of concurrent jobs is a quota."""

from collections.abc import Callable
from dataclasses import dataclass

from aws_lambda_powertools.metrics import MetricUnit

from adapters.ledger import Ledger
from adapters.telemetry import measure

SLOT_POLL_SECONDS = 2
"""Between two checks for a free slot. Short, because an idle slot is lost time."""

ENDED_SHARE = 5
"""A row stays TRANSCRIBING until its transcript is delivered. During an outage up to one such job in 5 has ended."""


class NoTime(Exception):
    """Too little time is left in this invocation: the recording is deferred."""


@dataclass(frozen=True)
class JobSlots:
    """The ledger, the quota, the clock, and the seconds to keep free at the end of an invocation."""

    ledger: Ledger
    concurrent_jobs: int
    retry_delay_seconds: int
    reserve_seconds: int
    now: Callable[[], float]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]

    def await_free(self, deadline: float) -> None:
        """Wait while far more jobs seem to run than the quota allows. Only Transcribe knows the exact number.

        Raises:
            NoTime: no slot is free before the deadline.
        """
        most = self.concurrent_jobs + self.concurrent_jobs // ENDED_SHARE
        while (in_flight := self.ledger.in_flight(most)) >= most:
            self.wait(deadline)
        measure("QuotaUtilization", 100 * in_flight / self.concurrent_jobs, MetricUnit.Percent)

    def wait(self, deadline: float) -> None:
        """Sleep until the next check.

        Raises:
            NoTime: the check would come too late.
        """
        pause = min(SLOT_POLL_SECONDS, self.retry_delay_seconds) * (0.5 + self.jitter())
        if self.now() + pause > deadline - self.reserve_seconds:
            raise NoTime
        self.sleep(pause)

    def mostly_free(self) -> bool:
        """Whether at most a tenth of the quota is in use."""
        few = self.concurrent_jobs // 10 + 1
        return self.ledger.in_flight(few) < few
