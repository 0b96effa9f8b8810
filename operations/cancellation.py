"""Cancels recordings: marks the ledger row, and the functions end the recording.

The mark is one conditional write. It conflicts with the conditional writes of the start function and of a delivery.
Only the functions publish the notification, so an operator needs no permission to publish.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from operations import prices, queues
from operations.deployment import Deployment
from operations.errors import Refused
from operations.recordings import Recording
from stethoscript import ledger_row, stopping
from stethoscript.ledger_row import LedgerRow, State

_TRIES = 5


class Cost(StrEnum):
    """Whether a cancelled recording is paid for."""

    NOTHING = "nothing"
    UNKNOWN = "unknown"
    CHARGED = "charged"


@dataclass(frozen=True)
class Cancelled:
    """The result of cancelling one recording."""

    row: LedgerRow
    cost: Cost

    @property
    def seconds(self) -> float | None:
        """Audio length in seconds; None if unknown."""
        return self.row.audio.seconds

    @property
    def dollars(self) -> float | None:
        """Transcribe's charge in dollars; None if nothing is charged or the length is unknown."""
        return None if self.cost is Cost.NOTHING or self.seconds is None else prices.dollars(self.seconds)

    @property
    def sentence(self) -> str:
        """The result as a sentence for the operator."""
        if self.cost is Cost.NOTHING:
            return "cancelled; nothing is charged."
        if self.cost is Cost.UNKNOWN:
            return (
                "cancelled; nothing will be delivered. Transcribe was just asked to start it: if it did, "
                f"{self._price} charged. `explain {self.row.job}` shows within 15 minutes what became of it."
            )
        return (
            f"cancelled; Transcribe cannot stop a running job. Nothing will be delivered, and its output is removed; "
            f"{self._price} charged."
        )

    @property
    def _price(self) -> str:
        if self.dollars is None:
            return f"at least {prices.LEAST_SECONDS} seconds (${prices.dollars(0):.2f}) are"
        return f"about {(self.seconds or 0) / 60:.1f} minutes (${self.dollars:.2f}) are"

    def plain(self) -> Mapping[str, Any]:
        """Fit for JSON."""
        return {
            "recording": self.row.recording,
            "job": self.row.job,
            "state": str(self.row.state),
            "charged": str(self.cost),
            "audioSeconds": self.seconds,
            "dollars": None if self.dollars is None else round(self.dollars, 4),
        }


def check(found: list[Recording]) -> None:
    """Check that all recordings can be cancelled, before any of them is.

    Raises:
        Refused: one recording has already ended, or its documents are being written.
    """
    for each in found:
        if each.row is not None:
            _check(each.row)


def cancel_all(deployment: Deployment, found: list[Recording], now: float) -> tuple[list[Cancelled], list[Refused]]:
    """Cancel each recording separately; return the cancelled ones and the refusals."""
    done, refused = [], []
    for each in found:
        try:
            done.append(cancel(deployment, each, now))
        except Refused as refusal:
            refused.append(refusal)
    return done, refused


def cancel(deployment: Deployment, recording: Recording, now: float) -> Cancelled:
    """Cancel one recording; repeating it is harmless.

    Raises:
        Refused: it has already ended, or its documents are being written.
    """
    for _try in range(_TRIES):
        row = deployment.ledger.find(recording.name)
        if row is None:
            row = _entered(recording, now)
            marked = row if deployment.ledger.announce(row) else None
        else:
            _check(row)
            marked = row if row.cancelled else deployment.ledger.stop(row, stopping.CANCELLED, now)
        if marked is not None:
            if marked.state in (State.ANNOUNCED, State.CLAIMED):
                queues.announce(deployment, [recording.upload])  # the start function ends and notifies it
            return Cancelled(marked, _cost(marked))
    raise Refused(f"The state of {recording.name} changes faster than it can be cancelled: run `cancel` again.")


def _check(row: LedgerRow) -> None:
    """Check that the recording is open and not in delivery, or already cancelled."""
    if row.reason == stopping.CANCELLED or (row.open and (row.cancelled or row.leased is None)):
        return
    raise Refused(f"{row.job} cannot be cancelled: {_not_any_more(row)}")


def _not_any_more(row: LedgerRow) -> str:
    if row.open:
        return f"its documents are being written. Wait until it is DELIVERED, then `erase {row.job}`."
    if row.state is State.DELIVERED:
        return f"it was delivered. `erase {row.job}` removes the recording and all that was made of it."
    if row.state in (State.ERASING, State.ERASED):
        return "it was erased, and nothing of it will be transcribed. Nothing is to be done."
    return f"it has ended ({row.state} {row.reason}), and nothing more comes of it. Nothing is to be done."


def _cost(row: LedgerRow) -> Cost:
    """Nothing is charged before a start request, because the marked row prevents any later request."""
    if row.started or row.state in (State.TRANSCRIBING, State.FAILED):
        return Cost.CHARGED
    waits = row.start_requested is None or row.state is State.REJECTED
    return Cost.NOTHING if waits else Cost.UNKNOWN


def _entered(recording: Recording, now: float) -> LedgerRow:
    """A cancelled row for an upload that no function has processed, in the reconciler's form."""
    upload, at = recording.upload, int(now)
    row = ledger_row.new(recording.name, State.ANNOUNCED, upload, at, row_days=0)
    return replace(row, received=recording.uploaded or at, cancelled=at, reason=stopping.CANCELLED)
