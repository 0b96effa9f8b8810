"""How long a recording spent in each state, for the metrics."""

from collections.abc import Iterator

from stethoscript.ledger_row import LedgerRow

MESSAGE_SECONDS = 14 * 86400
"""The longest time that SQS keeps a message. An older upload was announced by the reconciler or a backfill."""


def durations(ended: LedgerRow) -> Iterator[tuple[str, int]]:
    """The seconds that an ended recording spent in each state, and in total, each with its metric's name.

    A retry has no waiting time and no turnaround, because the time of its request is not kept.
    """
    completed = ended.completed or ended.updated
    since = _since(ended)
    if ended.started and ended.attempt == 1:  # the job may end before its start is in the ledger
        yield "WaitingSeconds", max(0, ended.started - since)
    if ended.started:
        yield "TranscribingSeconds", max(0, completed - ended.started)  # the clocks of two services
    yield "DeliveringSeconds", max(0, ended.updated - completed)
    if ended.attempt == 1:
        yield "TurnaroundSeconds", ended.updated - since


def _since(ended: LedgerRow) -> int:
    """The upload's time; the row's time for an upload that is older than a message can be.

    A backfill or the reconciler announced such an upload. Its own time would distort the percentiles.
    """
    late = ended.waiting_since - ended.received > MESSAGE_SECONDS
    return ended.waiting_since if late else ended.received
