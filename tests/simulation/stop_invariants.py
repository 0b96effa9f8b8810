"""Invariants of recordings that are deleted, cancelled or erased, whatever faults occurred."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from operations.cancellation import Cancelled, Cost
from stethoscript import stopping
from stethoscript.ledger_row import LedgerRow, State
from tests.simulation.simulated_deployment import TRANSCRIPTS, WORK, World
from tests.simulation.workload import Recording

MARGIN = 1.0
"""Seconds from S3's answer about a deletion to the compared effect: a job is started, or a delivery is leased."""
MARGIN_WITH_TROUBLE = 90.0
"""The same if the ledger's call in between is repeated: three times 20 s without an answer, and the pauses."""


@dataclass(eq=False)
class StopChecker:
    """Records when a delivery's lease starts, and checks at the end. `report` takes each violated invariant."""

    world: World
    report: Callable[[str], None]
    _leased: dict[str, float] = field(default_factory=dict)

    def changed(self, key: str, before: Any, after: Any) -> None:
        """Watch a row change."""
        if after is None:
            return
        if "leased" in after and not (before and "leased" in before):
            self._leased[key] = self.world.time.now
        erased = after.get("state", {}).get("S") == State.ERASED
        if erased and not all(self._is_notified(where, f"{after['job']['S']}:ERASED") for where in self._notified):
            self.report(f"{key} became a tombstone before subscribers were notified")

    def settled(self, row: LedgerRow) -> None:
        """The work bucket holds nothing of a stopped recording, long before its expiry."""
        dead = self.world.completion_queue.dead_letters
        if row.reason not in stopping.REASONS or (dead and dead.messages):
            return
        if left := [key for key in self.world.s3.buckets[WORK].keys if row.recording in key]:
            self.report(f"{left} is left of a stopped recording")

    def conclude(self, each: Recording, row: LedgerRow, jobs: list[Any]) -> None:
        """All violated invariants of one ended recording."""
        for broken in (*self._reasons(each, row, jobs), *self._in_time(each, row, jobs), *self._afterwards(each, row)):
            self.report(f"{each.token}, {row.state} {row.reason}: {broken}")

    def _reasons(self, each: Recording, row: LedgerRow, jobs: list[Any]) -> Iterator[str]:
        """A recording is notified as stopped if and only if it was, and as charged if and only if it is."""
        if row.reason == stopping.GONE and not each.deletions:
            yield "nobody deleted it"
        if row.reason == stopping.CANCELLED and not each.cancel_asked:
            yield "nobody cancelled it"
        if row.state is State.REJECTED and jobs:
            yield "it is said that nothing was charged, and a job was started"
        if row.state is State.FAILED and row.reason in stopping.REASONS and not jobs:
            yield "it is said that a job is charged, and none was started"

    def _in_time(self, each: Recording, row: LedgerRow, jobs: list[Any]) -> Iterator[str]:
        """A recording stopped in time was not transcribed and not delivered."""
        answer: Cancelled | None = each.cancelled
        if answer and answer.cost is Cost.NOTHING and jobs:
            yield "it was cancelled for nothing, and a job was started"
        if answer and self._is_notified(self.world.sns, f"{row.job}:DELIVERED"):
            yield "its cancellation was acknowledged, and it was delivered"
        for job in jobs:
            if each.deleted_before(job.created, self._margin):
                yield "it was deleted before its job was started"
        leased = self._leased.get(row.recording)
        if leased and row.state is State.DELIVERED and each.deleted_before(leased, self._margin):
            yield "it was deleted before it was delivered"

    def _afterwards(self, each: Recording, row: LedgerRow) -> Iterator[str]:
        """Nothing is left of a recording that was not delivered or was erased."""
        if row.reason in stopping.REASONS or row.state is State.ERASED:
            buckets = (WORK, TRANSCRIPTS)
            if left := [key for name in buckets for key in self.world.s3.buckets[name].keys if row.recording in key]:
                yield f"{left} is left"
        if each.erase_asked and row.state is not State.ERASED:
            yield "it was to be erased"

    @property
    def _notified(self) -> tuple[Any, Any]:
        return self.world.sns, self.world.events

    @property
    def _margin(self) -> float:
        faults = self.world.faults
        trouble = faults.outages or faults.call_refused or faults.answer_lost or faults.odd_error or faults.crash
        return MARGIN_WITH_TROUBLE if trouble else MARGIN

    def _is_notified(self, where: Any, identifier: str) -> bool:
        return any(notification.body["id"] == identifier for notification in where.notifications)
