"""A recording in each final state, for tests of notifications."""

import pytest

from stethoscript.ledger_row import LedgerRow, State

JOB = "clinic-" + 40 * "a"
BUCKET = "clinic-transcripts"
KEY = "dictation/Jane Doe.wav"


def row(state, **more):
    job_settings = {"type": "DICTATION", "specialty": "PRIMARYCARE"}
    return LedgerRow(
        JOB, state, "clinic-intake", KEY, "v1", 0, 60, JOB, profile="dictation", job_settings=job_settings, **more
    )


ENDS = {
    "delivered": row(State.DELIVERED, started=1, completed=50, words=2, confidence="high", manifest="day/job/m.json"),
    "silence": row(State.DELIVERED, started=1, completed=50, words=0, confidence="none", manifest="day/job/m.json"),
    "cut off": row(
        State.DELIVERED,
        started=1,
        completed=50,
        words=2,
        confidence="high",
        manifest="day/job/m.json",
        audio_ms=16_900,
        declared_ms=69_000,
        cut_off=True,
    ),
    "failed": row(State.FAILED, started=1, completed=50, reason="InvalidSampleRate", remedy="Record anew."),
    "unreadable": row(State.FAILED, reason="TranscriptUnreadable", remedy="Ask.", manifest="day/job/m.json"),
    "rejected": row(State.REJECTED, reason="TooShort", remedy="Send more.", correlation_id="visit-7"),
    "deleted in time": row(State.REJECTED, reason="Gone", remedy="Upload it again."),
    "cancelled too late": row(State.FAILED, started=1, completed=50, reason="Cancelled", remedy="Retry it."),
    "erased": row(State.ERASED, started=1, completed=50),
    "without its correlation id": row(
        State.REJECTED, reason="TooShort", remedy="Send more.", warning="BadCorrelationId"
    ),
    "under no profile": LedgerRow(JOB, State.REJECTED, "b", KEY, "v", 0, 0, JOB, reason="NoProfile", remedy="Move it."),
}
ends = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
