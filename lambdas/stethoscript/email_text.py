"""The e-mail about a recording's end: what happened, to which recording, where it is and what to do next.

Mail leaves the account unencrypted: it names no key, no file and no patient.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from stethoscript import audio_notes, stopping, upload_warnings
from stethoscript.ledger_row import LedgerRow, State


@dataclass(frozen=True)
class _Wording:
    """How one kind of end is put."""

    subject: str
    happened: str
    next: str


_WORDINGS = {
    State.DELIVERED: _Wording(
        "Transcript ready",
        "The transcript of your recording is ready.",
        "Who may read transcripts in AWS finds there a list of the documents. Others ask their operator for this job.",
    ),
    State.FAILED: _Wording(
        "Transcription failed",
        "Your recording could not be transcribed.",
        "The recording itself is kept where you uploaded it.",
    ),
    State.REJECTED: _Wording(
        "Recording refused",
        "Your recording was refused: it was not transcribed, and nothing was charged.",
        "",
    ),
    State.ERASED: _Wording(
        "Recording erased",
        "The recording was erased, with everything that was made from it.",
        "Delete every copy that you keep: documents, e-mails, and what your programs have stored.",
    ),
}
_STOPPED = {
    State.REJECTED: _Wording(
        "Recording stopped",
        "Your recording was stopped before it was transcribed, and nothing was charged.",
        "",
    ),
    State.FAILED: _Wording(
        "Recording stopped",
        "Your recording was stopped while it was transcribed. No transcript is delivered.",
        "",
    ),
}
_NO_SPEECH = _Wording(
    "No speech found",
    "No speech was found in your recording. Its documents say so and hold no words.",
    "If somebody speaks in it, check the microphone and its level, then record and upload again.",
)
_MOST_SUBJECT = 99
_UNSURE = "The service was unsure of many words: listen again where they are marked."


def subject(row: LedgerRow) -> str:
    """Fit for SNS: ASCII, one line, less than 100 characters. The text has the whole of a longer name."""
    happened = _wording(row).subject
    if row.state is State.DELIVERED and row.audio.cut_off:
        happened += ", recording incomplete"
    return f"{happened}: {row.correlation_id or row.job}"[:_MOST_SUBJECT]


def text(row: LedgerRow, transcripts_bucket: str) -> str:
    """Plain text of short lines."""
    info = "\n".join(f"  {name:15} {value}" for name, value in _facts(row) if value is not None)
    wording = _wording(row)
    warning = audio_notes.incomplete(row.audio) if row.state is State.DELIVERED else None
    parts = [*filter(None, [warning]), wording.happened, info]
    if row.reason:
        parts.append(f"Why\n  {row.reason}")
    if row.manifest:
        parts.append(f"Where\n  s3://{transcripts_bucket}/{row.manifest}")
    odd = upload_warnings.sentence(row.warning)
    advice = [row.remedy, odd, _UNSURE if row.confidence == "low" else None, wording.next]
    parts.append("What next\n" + "\n".join(f"  {sentence}" for sentence in advice if sentence))
    return "\n\n".join(parts)


def _wording(row: LedgerRow) -> _Wording:
    if _silent(row):
        return _NO_SPEECH
    return (_STOPPED if row.reason in stopping.REASONS else _WORDINGS)[row.state]


def _facts(row: LedgerRow) -> Iterator[tuple[str, object]]:
    yield "Correlation id", row.correlation_id
    yield "Profile", row.profile
    yield "Received", f"{datetime.fromtimestamp(row.received, UTC):%Y-%m-%d %H:%M:%S} UTC"
    yield "Version id", row.version
    yield "Job", row.job
    yield "Length", audio_notes.length(row.audio)
    yield "Words", row.words
    yield "Confidence", row.confidence


def _silent(row: LedgerRow) -> bool:
    return row.state is State.DELIVERED and row.words == 0
