"""What an operator does about a recording that Transcribe refuses, or that was not delivered."""

from stethoscript import failure_reasons
from stethoscript.aws_errors import ErrorKind
from stethoscript.ledger_row import LedgerRow, State

REFUSED = {
    ErrorKind.VOCABULARY_NOT_READY: (
        "The medical vocabulary that its metadata names is not ready",
        "Its uploader looks at the vocabulary: `aws transcribe get-medical-vocabulary`. It is rejected after an hour.",
    ),
    ErrorKind.REFUSED: (
        "Transcribe refuses to start its job, in words that the functions do not know",
        "If other recordings begin, its settings or audio are why: it is rejected after a day. Else run `doctor`.",
    ),
}
"""Of a recording that waits for Transcribe to take it: what is the matter, and what to do."""

OPERATORS = {
    failure_reasons.UNREADABLE: "Transcribe's own output is transcribe.json, beside the manifest: read it there. A "
    "retry is charged again and most likely ends in the same way, so report the output's shape, without its words.",
    failure_reasons.MISSING: "Run {retry}: the job wrote no transcript, or somebody deleted it.",
    failure_reasons.VANISHED: "Run {retry}: the job {job} was deleted in Transcribe, or is older than 90 days.",
    failure_reasons.UNKNOWN: "Run {retry} once. If it fails again, ask AWS support with the job's name, {job}.",
}
"""Failures that say nothing against the audio, and what an operator does about each."""


WITHOUT_VERSION = (
    "Enable the intake bucket's versioning (`doctor` checks it). Then copy the object onto itself, which gives it a "
    "version: `aws s3api copy-object --copy-source BUCKET/KEY?versionId=null --bucket BUCKET --key KEY`, the key in "
    "the source encoded as in an address. Then `erase` the upload without a version."
)
"""What an operator does about an upload without a version id. What it replaced is lost: S3 has kept no version."""


def advice(row: LedgerRow) -> str | None:
    """What to do about a recording that was not delivered; an uploader's remedy may only send them to the operator."""
    if row.state is State.FAILED and row.reason in OPERATORS:
        return OPERATORS[row.reason].format(retry=f"`retry {row.recording}`", job=row.job)
    return row.remedy
