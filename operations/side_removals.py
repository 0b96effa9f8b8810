"""What an erasure removes beside the recording itself. It expires anyway, so it never stops an erasure.

What could not be looked for stands in the certificate, with the day on which it is gone, and what helps before.
"""

from collections.abc import Callable

from adapters.aws_pages import pages_of_key
from operations import queues, recordings
from operations.deployment import Deployment
from operations.erasure_certificate import DAY, Remains, Removed
from operations.errors import AWS_ERRORS, unless_absent
from stethoscript import aws_errors
from stethoscript.ledger_row import LedgerRow

UPLOAD_DAYS = 7
"""After so many days the intake bucket's lifecycle aborts an unfinished upload."""
DEAD_LETTER_DAYS = 14
"""For so many days a dead letter is kept."""


def remove(deployment: Deployment, row: LedgerRow, now: int) -> list[Removed]:
    """Remove all of it; returns the removed and the remaining copies."""
    uploads = Remains(
        deployment.intake, "unfinished uploads, if there are any", now + UPLOAD_DAYS * DAY,
        "list them with `aws s3api list-multipart-uploads --encoding-type url`, and abort those of the key",
    )  # fmt: skip
    letters = Remains(
        "dead-letter queues", "messages with the object's key, if there are any", now + DEAD_LETTER_DAYS * DAY,
        "run `redrive`: the functions drop them",
    )  # fmt: skip
    return [
        _removed("unfinished uploads", uploads, lambda: _abort_uploads(deployment, row.key)),
        _removed("dead letters", letters, lambda: queues.remove_dead_letters(deployment, row.recording)),
    ]


def _removed(what: str, otherwise: Remains, take_away: Callable[[], int]) -> Removed:
    try:
        return Removed(what, take_away(), otherwise.where)
    except AWS_ERRORS as error:
        note = f"AWS did not answer ({aws_errors.described(error)}): {otherwise.note}"
        return Removed(what, 0, otherwise.where, Remains(otherwise.where, otherwise.what, otherwise.until, note))


def _abort_uploads(deployment: Deployment, key: str) -> int:
    """Abort the unfinished uploads of exactly this key, unless another version is left there."""
    s3, bucket = deployment.client("s3"), deployment.intake
    if any("Size" in each for each in recordings.of_key(deployment, bucket, key)):
        return 0
    listed = pages_of_key(s3, "list_multipart_uploads", Bucket=bucket, key=key)
    unfinished = [each["UploadId"] for page in listed for each in page.get("Uploads", []) if each["Key"] == key]
    for upload in unfinished:
        unless_absent(s3.abort_multipart_upload, Bucket=bucket, Key=key, UploadId=upload)
    return len(unfinished)
