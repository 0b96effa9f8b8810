"""Revisions of a job's documents, and which status may follow which.

Revision 1 is the machine's draft. Every accepted correction makes the next revision; nothing is overwritten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from stethoscript.correction_refusals import Reason, Refused
from stethoscript.corrections import Correction, apply, words_digest
from stethoscript.transcript import Transcript
from stethoscript.word import Writer


class Status(StrEnum):
    """How far a transcript has come from the machine's draft to the signed record."""

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
"""Which status may follow. A signed transcript is only amended or retracted, and nothing follows a retraction."""
SIGNATURES = frozenset((Status.SIGNED, Status.AMENDED, Status.RETRACTED))
"""Only a signer may set these."""
WITH_REASON = frozenset((Status.AMENDED, Status.RETRACTED))
"""These change what somebody has signed or read, so they say why."""


@dataclass(frozen=True)
class Revision:
    """One set of documents of a job. Of revision 1 nobody is the author.

    `words` is the digest of its words, `made` in seconds since 1970. `author` is the authenticated principal;
    `display_name` is what the file said, and proves nothing.
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
    """The transcript and the revision that a correction makes of the current ones.

    `job` is the one that the file's key names. `signature` says whether the file came the way that only signers may
    use. `require_review` are the ranges of review points of `transcript` that a signature needs confirmed or
    corrected; None where the deployment does not require it.

    Raises:
        Refused: the correction may not be applied; says why and what to do.
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
    """Those review points of the transcript that were neither confirmed nor corrected, in it or by the correction."""
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
