"""The e-mail about a recording's end: what happened, to which recording, where it is and what to do next.

Mail leaves the account unencrypted: it names no key, no file and no patient.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from stethoscript import recording_warnings
from stethoscript.rows import Row, State


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
}
_UNSURE = "The service was unsure of many words: listen again where they are marked."


def subject(row: Row) -> str:
    """Fit for SNS: ASCII, one line, less than 100 characters."""
    return f"{_WORDINGS[row.state].subject}: {row.correlation_id or row.job}"


def text(row: Row, transcripts_bucket: str) -> str:
    """Plain text of short lines."""
    facts = "\n".join(f"  {name:15} {value}" for name, value in _facts(row) if value is not None)
    parts = [_WORDINGS[row.state].happened, facts]
    if row.reason:
        parts.append(f"Why\n  {row.reason}")
    if row.manifest:
        parts.append(f"Where\n  s3://{transcripts_bucket}/{row.manifest}")
    warning = recording_warnings.sentence(row.warning)
    advice = [row.remedy, warning, _UNSURE if row.confidence == "low" else None, _WORDINGS[row.state].next]
    parts.append("What next\n" + "\n".join(f"  {sentence}" for sentence in advice if sentence))
    return "\n\n".join(parts)


def _facts(row: Row) -> Iterator[tuple[str, object]]:
    yield "Correlation id", row.correlation_id
    yield "Profile", row.profile
    yield "Received", f"{datetime.fromtimestamp(row.received, UTC):%Y-%m-%d %H:%M:%S} UTC"
    yield "Version id", row.version
    yield "Job", row.job
    yield "Words", row.words
    yield "Confidence", row.confidence
