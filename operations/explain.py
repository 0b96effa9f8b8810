"""Decides from evidence alone why a recording is in its state. Makes no calls."""

from dataclasses import dataclass, replace
from enum import StrEnum

from operations.doctor.findings import Finding
from operations.medical_jobs import Job
from operations.remedies import OPERATORS, REFUSED, WITHOUT_VERSION, advice
from operations.retry_log import RetryLog
from operations.time_format import clock, span
from stethoscript import stopping
from stethoscript.aws_errors import ErrorKind
from stethoscript.jobs import START_TIMEOUT_SECONDS
from stethoscript.ledger_row import MOST_ANNOUNCEMENTS, STUCK_AFTER_SECONDS, LedgerRow, State

_HIDDEN_SECONDS = 1080
"""How long a message stays hidden after a try that ended in an unexpected error."""
_TO_MEND = (ErrorKind.CONFIGURATION, ErrorKind.VOCABULARY, ErrorKind.SETTING, ErrorKind.OTHER)


class WaitReason(StrEnum):
    """The reason, in a word for programs."""

    DELIVERED = "delivered"
    FAILED = "failed"
    REJECTED = "rejected"
    ERASED = "erased"
    CANCELLED = "cancelled"
    GONE = "gone"
    QUEUED = "queued"
    OVER_QUOTA = "over-quota"
    OUTAGE = "outage"
    CONFIGURATION = "configuration"
    REFUSED = "refused"
    RETRIED = "being-retried"
    DEAD_LETTER = "dead-letter"
    UNANNOUNCED = "unannounced"
    UNVERSIONED = "unversioned"
    IN_TRANSCRIBE = "in-transcribe"
    STUCK = "stuck"
    VANISHED = "vanished"
    DELIVERING = "being-delivered"
    UNTOLD = "untold"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True)
class Evidence:
    """All that can be known from outside about one recording, gathered at one moment."""

    now: int
    row: LedgerRow | None
    uploaded: int | None = None
    job: Job | None = None
    outage: str | None = None
    """Transcribe's error, if it did not answer our own question."""
    running: int = 0
    quota: int | None = None
    leased_until: int | None = None
    written: int | None = None
    """Since when the documents' manifest lies in the transcripts bucket."""
    dead_letters: tuple[str, ...] = ()
    """Names of the queues whose dead letters speak of it."""
    intake_messages: int = 0
    intake_in_hand: int = 0
    completion_messages: int = 0
    traces: tuple[RetryLog, ...] = ()
    faults: tuple[tuple[str, Finding], ...] = ()
    """What `doctor` finds broken in the pipeline, by the check's name."""
    unchecked: tuple[str, ...] = ()
    """Checks that could not be made."""
    unversioned: bool = False
    """Whether its version id is S3's for uploads while versioning is suspended."""


@dataclass(frozen=True)
class Explanation:
    """The reason, as a sentence, and what to do; `deferrals` where the functions' logs tell them."""

    why: WaitReason
    sentence: str
    remedy: str
    deferrals: int | None = None
    faults: tuple[tuple[str, Finding], ...] = ()
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """Something that happened to a recording."""

    at: int
    what: str


_PATIENCE = "Nothing is to be done; `watch` shows it move."


def explain(found: Evidence) -> Explanation:
    """The best reason for the recording's state, and the faults of the deployment."""
    decided = replace(_explained(found), faults=found.faults, unchecked=found.unchecked)
    if not found.faults:
        return decided
    if decided.remedy != _PATIENCE:
        return replace(decided, remedy=f"{decided.remedy} This is broken meanwhile:")
    return replace(decided, remedy="The deployment is broken, which may be why; mend it:")


def _explained(found: Evidence) -> Explanation:
    row = found.row
    if row is not None and not row.open:
        return _ended(row)
    if row is not None and row.cancelled:
        return _stopping(row)
    if row is not None and row.state is State.TRANSCRIBING:
        return _transcribing(found, row)
    if found.unversioned:
        sentence = "It was uploaded while versioning was suspended and has no version id, so no function takes it."
        return Explanation(WaitReason.UNVERSIONED, sentence, WITHOUT_VERSION)
    return _before(found)


def way(found: Evidence) -> list[Step]:
    """What happened to the recording so far, in order."""
    row, steps = found.row, []
    if found.uploaded is not None:
        steps.append(Step(found.uploaded, "uploaded"))
    if row is not None:
        first = "found by the reconciler" if row.state is State.ANNOUNCED else "first looked at"
        # A retry counts its deadlines anew, and says nothing about the first attempt.
        steps.append(Step(row.waiting_since if row.attempt == 1 else row.received, first))
    steps += _put_offs(found.traces)
    if row is not None and row.attempt > 1 and row.state is State.CLAIMED:
        steps.append(Step(row.updated, f"attempt {row.attempt} asked for"))
    if row is not None and row.started:
        steps.append(Step(row.started, f"Transcribe began{_attempt(row)}"))
    if row is not None and row.cancelled:
        steps.append(Step(row.cancelled, "cancelled" if row.reason == stopping.CANCELLED else "found deleted"))
    completed = found.job.completed if found.job and found.job.completed else row.completed if row else None
    if completed:
        steps.append(Step(completed, "Transcribe ended"))
    if row is not None and not row.open:
        by = f", told by {row.signal}" if row.signal else ""
        steps.append(Step(row.updated, f"{row.state}{by}"))
    return sorted(steps, key=lambda step: step.at)


def _ended(row: LedgerRow) -> Explanation:
    if row.state is State.ERASING:
        return Explanation(WaitReason.ERASED, "Its erasure began and has not come to its end.", "Run `erase` again.")
    if row.state is State.ERASED:
        return Explanation(WaitReason.ERASED, f"It was erased at {clock(row.updated)}.", "Nothing is left of it here.")
    if row.state is State.DELIVERED:
        return Explanation(
            WaitReason.DELIVERED, f"It was delivered: {row.manifest}.", "The documents are in the transcripts bucket."
        )
    if row.reason in stopping.REASONS:
        return _stopped(row)
    words = f" Transcribe's words: {row.failure}" if row.failure else ""
    if row.state is State.FAILED:
        again = "" if row.reason in OPERATORS else " A retry of the same audio would fail in the same way."
        return Explanation(WaitReason.FAILED, f"Transcribe could not: {row.reason}.{words}", f"{advice(row)}{again}")
    return Explanation(
        WaitReason.REJECTED, f"It was refused before Transcribe was asked: {row.reason}.", str(advice(row))
    )


def _stopped(row: LedgerRow) -> Explanation:
    why = WaitReason.CANCELLED if row.reason == stopping.CANCELLED else WaitReason.GONE
    what = "It was cancelled" if why is WaitReason.CANCELLED else "Its upload was deleted"
    if row.state is State.FAILED:
        return Explanation(why, f"{what} after Transcribe had begun, and nothing is delivered.", str(row.remedy))
    return Explanation(why, f"{what} before Transcribe began; nothing was charged.", str(row.remedy))


def _stopping(row: LedgerRow) -> Explanation:
    """Stopped, and not at its end yet."""
    why = WaitReason.CANCELLED if row.reason == stopping.CANCELLED else WaitReason.GONE
    what = "It was cancelled" if why is WaitReason.CANCELLED else "Its upload was deleted"
    if row.state is State.TRANSCRIBING:
        sentence = f"{what} after Transcribe had begun; its output is removed as soon as the job ends."
    else:
        sentence = f"{what} at {clock(row.cancelled or row.updated)}; the start function ends it."
    return Explanation(
        why, f"{sentence} Nothing will be delivered.", "Nothing is to be done; subscribers are notified."
    )


def _before(found: Evidence) -> Explanation:
    """Transcribe has received no request yet."""
    row = found.row
    if "intake" in found.dead_letters:
        return _dead_letter("intake")
    if row is not None and row.announcements >= MOST_ANNOUNCEMENTS:
        return Explanation(
            WaitReason.STUCK,
            f"The reconciler has brought it back {row.announcements} times in vain, and does so no more.",
            "Read the start function's log, mend what is broken, then `retry` it.",
        )
    if tried := _tried(found, _last(found.traces, "start-transcription")):
        return tried
    if row is not None and row.attempt > 1:
        asked = f"Attempt {row.attempt} was asked for at {clock(row.updated)} and is waiting to begin."
        return Explanation(WaitReason.RETRIED, asked, _PATIENCE)
    return _not_put_off(found, row.updated if row else found.uploaded or found.now)


def _tried(found: Evidence, last: RetryLog | None) -> Explanation | None:
    """What the last try met, or would meet now; None if nothing speaks of either."""
    if last is not None and last.fault is None:
        return _retried_after(last, found.now)
    if found.outage or (last is not None and last.fault is ErrorKind.UNAVAILABLE):
        return _outage(found.outage or (last.error if last else None), last)
    if last is not None and last.fault in _TO_MEND:
        return _configuration(last)
    if last is not None and last.fault in REFUSED:
        sentence, remedy = REFUSED[last.fault]
        return Explanation(WaitReason.REFUSED, f"{sentence}{_so_often(last.deferrals)}.", remedy, last.deferrals)
    if found.quota is not None and found.running >= found.quota:
        return _over_quota(f"{found.running} of {found.quota} jobs are in progress", last)
    return _over_quota("there was no free slot when it was last tried", last) if last is not None else None


def _not_put_off(found: Evidence, since: int) -> Explanation:
    """No try was put off, as far as we know."""
    age = found.now - since
    claimed = found.row is not None and found.row.state is State.CLAIMED
    if claimed and found.intake_in_hand and age > START_TIMEOUT_SECONDS:
        return Explanation(
            WaitReason.RETRIED,
            f"A try began {span(age)} ago and did not get to its end; its message is hidden until the next one.",
            f"It is tried again within {span(_HIDDEN_SECONDS)} of the last try, five times in all; "
            "the start function's log says what went wrong.",
        )
    if found.intake_messages or age < START_TIMEOUT_SECONDS:
        return Explanation(
            WaitReason.QUEUED,
            f"It is waiting its turn in the intake queue, with about {found.intake_messages} messages.",
            _PATIENCE,
        )
    return Explanation(
        WaitReason.UNANNOUNCED,
        f"No message waits in the intake queue, and nobody has looked at it for {span(age)}.",
        "The reconciler announces it within about 90 minutes, if it is younger than 30 days; `retry` does so at once.",
    )


def _transcribing(found: Evidence, row: LedgerRow) -> Explanation:
    job = found.job
    if found.outage:
        return _outage(found.outage, None)
    if job is None:
        return Explanation(
            WaitReason.VANISHED,
            f"Transcribe has no record of the job {row.job}.",
            "An hour after it was started it is delivered from what was written, or FAILED; then `retry` it.",
        )
    if job.running:
        return _in_transcribe(found.now, job.started or row.started or row.updated)
    return _undelivered(found, job)


def _in_transcribe(now: int, since: int) -> Explanation:
    sentence = f"Transcribe has been at it for {span(now - since)}, since {clock(since)}."
    if now - since > STUCK_AFTER_SECONDS:
        return Explanation(
            WaitReason.STUCK, sentence, "Ask AWS support with the job's name: no job should take so long."
        )
    return Explanation(WaitReason.IN_TRANSCRIBE, sentence, _PATIENCE)


def _undelivered(found: Evidence, job: Job) -> Explanation:
    """Transcribe's job has ended, and the ledger does not say so yet."""
    ended = f"Transcribe ended ({job.status})" + (f" at {clock(job.completed)}" if job.completed else "")
    last = _last(found.traces, "deliver-transcript")
    if "completion" in found.dead_letters:
        return _dead_letter("completion")
    if found.leased_until is not None and found.leased_until > found.now:
        why, what = (
            (WaitReason.UNTOLD, "written but nobody is told")
            if found.written
            else (WaitReason.DELIVERING, "being written")
        )
        return Explanation(
            why,
            f"{ended}; its documents are {what} yet: a delivery has it in hand until {clock(found.leased_until)}.",
            "If that one does not get to its end, the next signal after that takes over.",
        )
    if last is not None and last.fault is not ErrorKind.BUSY:
        return _outage(last.error, last) if last.fault is ErrorKind.UNAVAILABLE else _configuration(last)
    if found.written:
        return Explanation(
            WaitReason.UNTOLD,
            f"{ended}, and its documents were written at {clock(found.written)}, but nobody has been told.",
            "The next signal tells; the reconciler sends one if none is under way.",
        )
    return Explanation(
        WaitReason.UNDELIVERED,
        f"{ended} and is not delivered; about {found.completion_messages} signals wait in the completion queue.",
        _PATIENCE,
    )


def _dead_letter(queue: str) -> Explanation:
    return Explanation(
        WaitReason.DEAD_LETTER,
        f"Its message failed five times for a reason nobody expected, and lies in the {queue} queue's dead letters.",
        f"Read the function's log, mend what is broken, then `redrive {queue}`.",
    )


def _retried_after(last: RetryLog, now: int) -> Explanation:
    return Explanation(
        WaitReason.RETRIED,
        f"The last try ended {span(now - last.at)} ago in an error nobody expected ({last.error or 'not told'}).",
        f"It is tried again within {span(_HIDDEN_SECONDS)} of that, five times in all; mend what the error names.",
    )


def _outage(error: str | None, last: RetryLog | None) -> Explanation:
    deferrals = last.deferrals if last else None
    return Explanation(
        WaitReason.OUTAGE,
        f"AWS does not answer ({error or 'not told'}){_so_often(deferrals)}.",
        "Look at the AWS Health Dashboard; it is tried again every few minutes, however long that lasts.",
        deferrals,
    )


def _configuration(last: RetryLog) -> Explanation:
    return Explanation(
        WaitReason.CONFIGURATION,
        f"A right, key or resource is missing ({last.error or 'not told'}){_so_often(last.deferrals)}.",
        "Mend it; what waits comes back by itself within 15 minutes.",
        last.deferrals,
    )


def _over_quota(because: str, last: RetryLog | None) -> Explanation:
    deferrals = last.deferrals if last else None
    return Explanation(
        WaitReason.OVER_QUOTA,
        f"Transcribe is full: {because}{_so_often(deferrals)}.",
        "It begins when a job ends. If this lasts, ask AWS for a larger quota and raise quotas.concurrent_jobs.",
        deferrals,
    )


def _so_often(deferrals: int | None) -> str:
    return f"; put off {deferrals} time{'s' if deferrals > 1 else ''} so far" if deferrals else ""


def _last(traces: tuple[RetryLog, ...], function: str) -> RetryLog | None:
    return next((trace for trace in reversed(traces) if trace.function == function), None)


def _put_offs(traces: tuple[RetryLog, ...]) -> list[Step]:
    """One step for all times it was put off: the first, with their number."""
    if not traces:
        return []
    more = f"{len(traces)} times, last at {clock(traces[-1].at)}" if len(traces) > 1 else "once"
    return [Step(traces[0].at, f"put off ({more})")]


def _attempt(row: LedgerRow) -> str:
    return f" (attempt {row.attempt})" if row.attempt > 1 else ""
