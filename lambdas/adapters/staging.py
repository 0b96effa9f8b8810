"""Copies an upload to the work bucket, where Transcribe reads it."""

from dataclasses import dataclass
from typing import Any

from adapters.aws_pages import pages
from adapters.upload_reader import upload_errors
from stethoscript import jobs
from stethoscript.ledger_row import LedgerRow


@dataclass(frozen=True)
class Staging:
    """The work bucket, the buckets' owner and two clients of S3.

    `copier` never repeats a call, because a second copy must not begin while the first may still run.
    """

    s3: Any
    copier: Any
    work_bucket: str
    account: str

    def is_staged(self, row: LedgerRow) -> bool:
        """Whether the copy exists."""
        key = _key(row)
        owned = {"Bucket": self.work_bucket, "ExpectedBucketOwner": self.account}
        first = next(pages(self.s3, "list_objects_v2", Prefix=key, MaxKeys=1, **owned))  # no key sorts before itself
        return any(entry["Key"] == key for entry in first.get("Contents", []))

    def stage(self, row: LedgerRow) -> None:
        """Copy exactly this version, because Transcribe takes no version id and a key can be overwritten.

        The copy has none of the upload's metadata and tags.

        Raises:
            UploadGone: the upload was deleted.
            Rejected: S3 cannot return the content, whatever our permissions.
        """
        with upload_errors():
            self.copier.copy_object(
                Bucket=self.work_bucket,
                Key=_key(row),
                CopySource={"Bucket": row.bucket, "Key": row.key, "VersionId": row.version},
                MetadataDirective="REPLACE",
                TaggingDirective="REPLACE",
                StorageClass="STANDARD",
                ContentType="application/octet-stream",
                ExpectedBucketOwner=self.account,
                ExpectedSourceBucketOwner=self.account,
            )


def _key(row: LedgerRow) -> str:
    return jobs.staged(row.job, str(row.media_format))
