"""Ends a recording that is not transcribed: rejects it, or stops it because it was deleted or cancelled."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from adapters import transcribe_jobs
from adapters.job_starts import TakenMeanwhile
from adapters.ledger import LEASE_SECONDS, Ledger
from adapters.notifier import Notifier
from adapters.queues import CompletionQueue
from adapters.telemetry import count, log
from stethoscript import jobs, stopping
from stethoscript.ledger_row import LedgerRow, State
from stethoscript.queue_messages import Signal
from stethoscript.rejections import Rejected

UNCERTAIN_SECONDS = 600
"""After this time Transcribe's answer shows whether a requested job exists, because our call has timed out by then."""

STOPPED_SECONDS = jobs.START_TIMEOUT_SECONDS + 20
"""Delay until the deliver function deletes the staged copy of a stopped recording. A copy in progress has ended by
then, because the start function has timed out."""


class Uncertain(Exception):
    """The recording is stopped, and Transcribe may or may not have begun: it is deferred."""


@dataclass(frozen=True)
class Rejecter:
    """The ledger, the clients and the clock."""

    ledger: Ledger
    transcribe: Any
    completion_queue: CompletionQueue
    notifier: Notifier
    now: Callable[[], float]

    def stop_deleted(self, row: LedgerRow) -> None:
        """Stop a recording whose upload was deleted, then reject it or leave it to the deliver function.

        Raises:
            TakenMeanwhile: the recording is being delivered, or its row is gone.
            Uncertain: Transcribe may have begun.
        """
        stopped = replace(row, cancelled=int(self.now()), reason=stopping.GONE)
        if not self.ledger.claim(stopped):
            known = self.ledger.stop(row, stopping.GONE, self.now()) or self.ledger.find(row.recording)
            if known and (known.job != row.job or known.state not in (State.ANNOUNCED, State.CLAIMED)):
                log.info("already started", job=row.job)
                return
            if not known or not known.cancelled:
                raise TakenMeanwhile
            stopped = replace(
                row, cancelled=known.cancelled, reason=known.reason, start_requested=known.start_requested
            )
        self.end_stopped(stopped)

    def end_stopped(self, row: LedgerRow) -> None:
        """Reject a stopped recording that Transcribe has not begun; leave any other to the deliver function.

        Raises:
            Uncertain: Transcribe may have begun.
            TakenMeanwhile: another invocation is rejecting the recording.
        """
        if row.start_requested is not None:
            if transcribe_jobs.find(self.transcribe, row.job):
                self.ledger.advance(row, State.TRANSCRIBING, self.now(), started=row.start_requested)
                self.completion_queue.watch(row.job)
                return
            if self.now() - row.start_requested < UNCERTAIN_SECONDS:
                raise Uncertain
        if row.media_format:  # a staged copy may exist: the deliver function deletes it once the row has ended
            self.completion_queue.send(Signal(row.job, "stopped"), delay=STOPPED_SECONDS)
        # Two messages may name the recording, one from S3 and one from the operator. The lease admits one of them,
        # so that subscribers are notified once.
        if not self.ledger.lease(row, self.now(), LEASE_SECONDS):
            raise TakenMeanwhile
        try:
            self.reject(row, stopping.refusal(str(row.reason)))
        except Exception:
            self.ledger.release(row)
            raise

    def reject(self, row: LedgerRow, refusal: Rejected) -> None:
        """Notify, then write the row. A crash in between repeats the notification with the same id."""
        current = self.ledger.find(row.recording)
        if current and (current.job != row.job or current.state not in (State.ANNOUNCED, State.CLAIMED)):
            log.info("already advanced by another invocation", job=row.job)
            return
        why: dict[str, Any] = {"reason": refusal.reason, "remedy": refusal.remedy}
        refused = replace(row, state=State.REJECTED, updated=int(self.now()), **why)
        self.notifier.notify(refused)
        if not self.ledger.claim(refused):
            why |= {"profile": row.profile, "job_settings": row.job_settings, "profile_settings": row.profile_settings}
            why |= {"correlation_id": row.correlation_id}
            self.ledger.advance(row, State.REJECTED, self.now(), received=row.received, **why)
        if refusal.reason in stopping.REASONS:
            count("Stopped", reason=refusal.reason)
        else:
            count("Rejected", reason=refusal.reason)
        log.info("rejected", job=row.job, reason=refusal.reason)
