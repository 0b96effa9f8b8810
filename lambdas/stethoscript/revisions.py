"""Revisions of a job's documents, and the rules for their status.

Revision 1 is the machine's draft. Every accepted correction creates the next revision; no revision is overwritten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from stethoscript.correction_refusals import Reason, Refused
from stethoscript.corrections import Correction, apply, words_digest
from stethoscript.transcript import Transcript
from stethoscript.word import Writer


class Status(StrEnum):
    """The status of a revision, from the machine's draft to the signed record."""

    DRAFT = "draft"
    CORRECTED = "corrected"
    SIGNED = "signed"
    AMENDED = "amended"
    RETRACTED = "retracted"


FOLLOWING: Mapping[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset((Status.CORRECTED, Status.SIGNED, Status.RETRACTED)),
    Status.CORRECTED: frozenset((Status.CORRECTED, Status.SIGNED, Status.RETRACTED)),
    Status.SIGNED: frozenset((Status.AMENDED, Status.RETRACTED)),
    Status.AMENDED: frozenset((Status.AMENDED, Status.RETRACTED)),
    Status.RETRACTED: frozenset(),
}
"""The statuses that may follow each status. A signed transcript can only be amended or retracted."""
SIGNATURES = frozenset((Status.SIGNED, Status.AMENDED, Status.RETRACTED))
"""Only a signer may set these."""
WITH_REASON = frozenset((Status.AMENDED, Status.RETRACTED))
"""These need a reason, because they change a record that people have signed or read."""


@dataclass(frozen=True)
class Revision:
    """One set of documents of a job.

    `words` is the digest of its words; `made` is in seconds since 1970. `author` is the authenticated principal, and
    None for revision 1. `display_name` is the name in the file, and proves nothing.
    """

    number: int
    status: Status
    words: str
    made: int
    author: str | None = None
    based_on: int | None = None
    display_name: str | None = field(default=None, repr=False)
    reason: str | None = field(default=None, repr=False)
    addenda: tuple[str, ...] = field(default=(), repr=False)


def first(transcript: Transcript, made: int) -> Revision:
    """The machine's draft."""
    return Revision(1, Status.DRAFT, words_digest(transcript), made)


def revise(
    correction: Correction,
    transcript: Transcript,
    current: Revision,
    *,
    job: str,
    author: str,
    made: int,
    signature: bool,
    require_review: Sequence[tuple[int, int]] | None = None,
) -> tuple[Transcript, Revision]:
    """The transcript and the revision after a correction of the current ones.

    `job` is the job in the file's key. `signature` says whether the file has a key that only signers may write.
    `require_review` are the ranges of the review points that must be confirmed or corrected before a signature; None
    if the deployment does not require it.

    Raises:
        Refused: the correction is not allowed; the error holds the reason and the remedy.
    """
    if correction.job != job:
        raise Refused(Reason.UNKNOWN_JOB, "job")
    wanted = Status(correction.status)
    _check_status(correction, wanted, current.status, signature=signature)
    revised = apply(correction, transcript)
    if require_review is not None and wanted == Status.SIGNED and unreviewed(correction, transcript, require_review):
        raise Refused(Reason.NOT_REVIEWED, "confirmed")
    return revised, Revision(
        current.number + 1,
        wanted,
        words_digest(revised),
        made,
        author,
        current.number,
        correction.display_name,
        correction.reason,
        correction.addenda,
    )


def unreviewed(
    correction: Correction, transcript: Transcript, points: Sequence[tuple[int, int]]
) -> tuple[tuple[int, int], ...]:
    """The review points that neither the transcript nor the correction has confirmed or corrected."""
    done = [word.confirmed for word in transcript.words]
    written = [word.by == Writer.EDITOR for word in transcript.words]
    for start, end in correction.confirmed:
        done[start:end] = [True] * (end - start)
    for edit in correction.texts:
        written[edit.start : edit.end] = [True] * (edit.end - edit.start)
    return tuple((start, end) for start, end in points if not all(done[start:end]) and not any(written[start:end]))


def _check_status(correction: Correction, wanted: Status, current: Status, *, signature: bool) -> None:
    if wanted not in FOLLOWING[current]:
        raise Refused(Reason.STATUS, "status")
    if wanted in SIGNATURES and not signature:
        raise Refused(Reason.SIGNATURE_REQUIRED, "status")
    if wanted in WITH_REASON and not correction.reason:
        raise Refused(Reason.REASON_MISSING, "reason")
    if wanted == Status.RETRACTED and (correction.edits or correction.addenda):
        raise Refused(Reason.ADDENDUM, "edits" if correction.edits else "addenda")
    if correction.addenda and wanted != Status.AMENDED:
        raise Refused(Reason.ADDENDUM, "addenda")
    if wanted in (Status.CORRECTED, Status.AMENDED) and not (
        correction.edits or correction.addenda or correction.confirmed
    ):
        raise Refused(Reason.NOTHING_TO_DO)
