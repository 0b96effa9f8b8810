"""Writes a recording's documents to the transcripts bucket, then the manifest that lists them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.telemetry import count, log
from documents import FORMATS, manifest
from documents.manifest import Listed
from documents.recording_info import RecordingInfo
from stethoscript import aws_errors, confidence, document_keys, failure_reasons, jobs
from stethoscript import transcript as transcripts
from stethoscript.ledger_row import LedgerRow
from stethoscript.transcript import Transcript, Unreadable

_JSON = "application/json"
_RAW = "transcribe.json"
_REMEDY = (
    "Transcribe's own output was delivered unchanged (transcribe.json): read the words there. Report its structure to "
    "the maintainers of Stethoscript, without any of its words."
)


@dataclass(frozen=True)
class Delivered:
    """The ledger's values of a delivery. `reason` is set if Transcribe's output could not be read."""

    manifest: str
    words: int | None = None
    seconds: int | None = None
    confidence: str | None = None
    reason: str | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class DocumentStore:
    """The buckets, and the configured layout and formats.

    `documents` maps a profile's name to its formats. The empty name is for all other profiles.
    """

    s3: Any
    account: str
    work_bucket: str
    transcripts_bucket: str
    layout: str
    documents: Mapping[str, Sequence[str]]

    def deliver(self, row: LedgerRow) -> Delivered:
        """Write the documents and the manifest. A repeated delivery writes the same bytes.

        Raises:
            ClientError: S3 failed, or Transcribe's output does not exist.
        """
        folder = document_keys.FOLDERS[self.layout](row)
        raw, size = self._raw(row)
        transcript = _transcript(row, raw)
        digest = None if raw is None else hashlib.sha256(raw).hexdigest()
        self._copy_raw(row, folder + _RAW)
        listed = [Listed("raw", folder + _RAW, _JSON, size, digest)]
        failed: list[str] = []
        if transcript is not None:
            listed += self._write_formats(row, transcript, folder, failed)
        reason = failure_reasons.UNREADABLE if transcript is None else None
        key = document_keys.opaque(row) + manifest.NAME  # last, so that all listed documents exist
        self._put(row, key, _JSON, manifest.write(row, transcript, listed, failed, reason))
        if transcript is None:
            return Delivered(key, reason=reason, remedy=_REMEDY)
        seconds = round(max((word.end or 0 for word in transcript.words), default=0))
        return Delivered(key, len(transcript.words), seconds, str(confidence.band(transcript.words)))

    def _raw(self, row: LedgerRow) -> tuple[bytes | None, int]:
        """Transcribe's output and its size in bytes. The output is None if it is too large to be a transcript.

        The request named the key, so TranscriptFileUri is not needed.
        """
        answer = self.s3.get_object(Bucket=self.work_bucket, Key=jobs.raw(row.job), ExpectedBucketOwner=self.account)
        size: int = answer["ContentLength"]
        if size > transcripts.MOST_BYTES:
            answer["Body"].close()
            return None, size
        return answer["Body"].read(), size

    def _copy_raw(self, row: LedgerRow, key: str) -> None:
        """Copy the output within S3, because it may be too large to read."""
        self.s3.copy_object(
            CopySource={"Bucket": self.work_bucket, "Key": jobs.raw(row.job)},
            MetadataDirective="REPLACE",
            TaggingDirective="REPLACE",
            StorageClass="STANDARD",
            ExpectedSourceBucketOwner=self.account,
            **self._object(row, key, _JSON),
        )

    def _write_formats(
        self, row: LedgerRow, transcript: Transcript, folder: str, failed: list[str]
    ) -> Iterator[Listed]:
        """Write the documents one by one. If one fails, which is a bug of ours, the others are still written."""
        info = RecordingInfo.of(row)
        for name in self.documents.get(row.profile or "", self.documents[""]):
            kind = FORMATS[name]
            try:
                if not kind.applies(transcript, info):
                    continue
                body = kind.write(transcript, info)
            except Exception as error:  # noqa: BLE001 - any error is counted, listed in the manifest, and raises an alarm
                count("FormatFailed")
                log.error("a document could not be written", job=row.job, form=name, error=aws_errors.described(error))
                failed.append(name)
                continue
            self._put(row, folder + kind.name, kind.content_type, body)
            digest = hashlib.sha256(body).hexdigest()
            yield Listed(name, folder + kind.name, kind.content_type, len(body), digest)

    def _put(self, row: LedgerRow, key: str, content_type: str, body: bytes) -> None:
        self.s3.put_object(Body=body, **self._object(row, key, content_type))

    def _object(self, row: LedgerRow, key: str, content_type: str) -> dict[str, str]:
        """The arguments of every write: the key, and headers for a download under an opaque name without caching."""
        return {
            "Bucket": self.transcripts_bucket,
            "Key": key,
            "ContentType": content_type,
            "ContentDisposition": f'attachment; filename="{row.job}-{key.rpartition("/")[2]}"',  # RFC 6266
            "CacheControl": "no-store",
            "ExpectedBucketOwner": self.account,
        }


def _transcript(row: LedgerRow, raw: bytes | None) -> Transcript | None:
    """The transcript in Transcribe's output; None if the output cannot be read."""
    try:
        return None if raw is None else transcripts.read(raw, sought=row.settings.identification)
    except Unreadable as error:
        log.error("Transcribe's output cannot be read", job=row.job, error=aws_errors.described(error))
        return None
