"""Reads one version of an upload in the intake bucket: its head, and byte ranges of its content."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from adapters.s3_range_file import read_range
from stethoscript import aws_errors, upload_storage
from stethoscript.aws_errors import ErrorKind
from stethoscript.uploads import Upload


class UploadGone(Exception):
    """The upload was deleted."""


@contextmanager
def upload_errors() -> Iterator[None]:
    """Translate the errors of a call that reads an upload.

    Raises:
        UploadGone: the version does not exist.
        Rejected: S3 cannot return the content, whatever our permissions.
    """
    try:
        yield
    except ClientError as error:
        answer = error.response["Error"]
        if refusal := upload_storage.unreadable(answer["Code"], answer.get("Message", "")):
            raise refusal from error
        if aws_errors.fault(error) is ErrorKind.ABSENT:
            raise UploadGone from error
        raise


@dataclass(frozen=True)
class UploadReader:
    """The intake bucket's client, the bucket owner's account id, and the ARN of the deployment's KMS key."""

    s3: Any
    account: str
    key_arn: str

    def head(self, upload: Upload) -> Mapping[str, Any]:
        """HeadObject's answer for the upload.

        Raises:
            UploadGone: the version does not exist.
            Rejected: S3 cannot return the content, whatever our permissions.
        """
        try:
            with upload_errors():
                head: Mapping[str, Any] = self.s3.head_object(**self._source(upload))
        except ClientError as error:
            if error.response["Error"]["Code"] == "400":  # an answer to HEAD has no body: GET returns the reason
                self.read(upload, {}, 0, 1)
            raise
        return head

    def read(self, upload: Upload, head: Mapping[str, Any], begin: int, end: int) -> bytes:
        """The bytes of the upload from the offset `begin` up to the offset `end`.

        Raises:
            UploadGone: the version does not exist.
            Rejected: S3 cannot return the content, whatever our permissions.
            WrongRange: the answer holds other bytes, which says nothing about the upload.
        """
        try:
            with upload_errors():
                return read_range(self.s3, self._source(upload), begin, end, head.get("ContentLength"))
        except ClientError as error:
            refusal = upload_storage.foreign_key(head, self.key_arn)
            if refusal is None or aws_errors.fault(error) is not ErrorKind.CONFIGURATION:
                raise
            raise refusal from error

    def _source(self, upload: Upload) -> dict[str, str]:
        return {
            "Bucket": upload.bucket,
            "Key": upload.key,
            "VersionId": upload.version,
            "ExpectedBucketOwner": self.account,
        }
