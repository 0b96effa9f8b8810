"""The e-mail about an ended recording: the result, the recording, the place of its documents, and the next step.

E-mail leaves the account unencrypted, so it names no key, file or patient.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from stethoscript import audio_notes, stopping, upload_warnings
from stethoscript.ledger_row import LedgerRow, State


@dataclass(frozen=True)
class _Wording:
    """The sentences for one kind of end."""

    subject: str
    happened: str
    next: str


_WORDINGS = {
    State.DELIVERED: _Wording(
        "Transcript ready",
        "The transcript of your recording is ready.",
        "Open the list of documents in AWS. If you have no permission to read transcripts, ask your operator.",
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
        "The recording was erased, with all documents made from it.",
        "Delete every copy that you keep: documents, e-mails, and copies that your programs have stored.",
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
    "No speech was found in your recording. Its documents contain no words.",
    "If the recording contains speech, check the microphone and its level, then record and upload again.",
)
_MOST_SUBJECT = 99
_UNSURE = "Transcribe was unsure of many words: listen to the recording where words are marked."


def subject(row: LedgerRow) -> str:
    """The subject line. SNS requires one line of ASCII with less than 100 characters, so a long name is cut."""
    happened = _wording(row).subject
    if row.state is State.DELIVERED and row.audio.cut_off:
        happened += ", recording incomplete"
    return f"{happened}: {row.correlation_id or row.job}"[:_MOST_SUBJECT]


def text(row: LedgerRow, transcripts_bucket: str) -> str:
    """The e-mail's text."""
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
