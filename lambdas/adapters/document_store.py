"""Delivers a recording's transcript: the documents first, then the manifest that lists them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.telemetry import count, log
from documents import FORMATS, manifest
from documents.manifest import Listed
from documents.recording_info import RecordingInfo
from stethoscript import aws_errors, confidence, document_keys, failure_reasons, jobs, transcript
from stethoscript.ledger_row import LedgerRow
from stethoscript.transcript import Transcript, Unreadable

_JSON = "application/json"
_RAW = "transcribe.json"
_REMEDY = (
    "Transcribe's own output was delivered as it is (transcribe.json): read the words there. Report its shape to the "
    "maintainers of Stethoscript, without any words of it."
)


@dataclass(frozen=True)
class Delivered:
    """What the ledger keeps of a delivery. With a reason, Transcribe's output could not be read."""

    manifest: str
    words: int | None = None
    seconds: int | None = None
    confidence: str | None = None
    reason: str | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class DocumentStore:
    """From the work bucket to the transcripts bucket, in the layout and the forms that were chosen.

    `documents` are forms by the name of a profile; those under no name are everybody else's.
    """

    s3: Any
    account: str
    work_bucket: str
    transcripts_bucket: str
    layout: str
    documents: Mapping[str, Sequence[str]]

    def deliver(self, row: LedgerRow) -> Delivered:
        """Write all there is to deliver; written again it is the same, since nothing in a document tells the time.

        Raises:
            ClientError: S3 failed, or Transcribe has left no output.
        """
        folder = document_keys.FOLDERS[self.layout](row)
        raw, size = self._raw(row)
        heard = _heard(row, raw)
        digest = None if raw is None else hashlib.sha256(raw).hexdigest()
        self._copy_raw(row, folder + _RAW)
        listed = [Listed("raw", folder + _RAW, _JSON, size, digest)]
        failed: list[str] = []
        if heard is not None:
            listed += self._write_forms(row, heard, folder, failed)
        reason = failure_reasons.UNREADABLE if heard is None else None
        key = document_keys.opaque(row) + manifest.NAME  # last: who sees the manifest sees all that it lists
        self._put(row, key, _JSON, manifest.write(row, heard, listed, failed, reason))
        if heard is None:
            return Delivered(key, reason=reason, remedy=_REMEDY)
        seconds = round(max((word.end or 0 for word in heard.words), default=0))
        return Delivered(key, len(heard.words), seconds, str(confidence.band(heard.words)))

    def _raw(self, row: LedgerRow) -> tuple[bytes | None, int]:
        """Transcribe's output and its size, from where we told it to write: its TranscriptFileUri is not needed.

        What is too large to be one is not read.
        """
        answer = self.s3.get_object(Bucket=self.work_bucket, Key=jobs.raw(row.job), ExpectedBucketOwner=self.account)
        size: int = answer["ContentLength"]
        if size > transcript.MOST_BYTES:
            answer["Body"].close()
            return None, size
        return answer["Body"].read(), size

    def _copy_raw(self, row: LedgerRow, key: str) -> None:
        """S3 copies it, so it may be as large as it likes."""
        self.s3.copy_object(
            CopySource={"Bucket": self.work_bucket, "Key": jobs.raw(row.job)},
            MetadataDirective="REPLACE",
            TaggingDirective="REPLACE",
            StorageClass="STANDARD",
            ExpectedSourceBucketOwner=self.account,
            **self._object(row, key, _JSON),
        )

    def _write_forms(self, row: LedgerRow, heard: Transcript, folder: str, failed: list[str]) -> Iterator[Listed]:
        """Each form is written before the next is made. One that fails is a fault of ours: the others need not wait."""
        info = RecordingInfo.of(row)
        for name in self.documents.get(row.profile or "", self.documents[""]):
            form = FORMATS[name]
            try:
                if not form.applies(heard, info):
                    continue
                body = form.write(heard, info)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted, listed and seen by an alarm
                count("FormatFailed")
                log.error("a form could not be made", job=row.job, form=name, error=aws_errors.described(error))
                failed.append(name)
                continue
            self._put(row, folder + form.name, form.content_type, body)
            digest = hashlib.sha256(body).hexdigest()
            yield Listed(name, folder + form.name, form.content_type, len(body), digest)

    def _put(self, row: LedgerRow, key: str, content_type: str, body: bytes) -> None:
        self.s3.put_object(Body=body, **self._object(row, key, content_type))

    def _object(self, row: LedgerRow, key: str, content_type: str) -> dict[str, str]:
        """Where an object goes and how it is handed out: as a file under a name that says nothing, kept by no cache."""
        return {
            "Bucket": self.transcripts_bucket,
            "Key": key,
            "ContentType": content_type,
            "ContentDisposition": f'attachment; filename="{row.job}-{key.rpartition("/")[2]}"',  # RFC 6266
            "CacheControl": "no-store",
            "ExpectedBucketOwner": self.account,
        }


def _heard(row: LedgerRow, raw: bytes | None) -> Transcript | None:
    """The transcript in Transcribe's output; None if there is none that anybody could read."""
    try:
        return None if raw is None else transcript.read(raw, sought=row.settings.identification)
    except Unreadable as error:
        log.error("Transcribe's output cannot be read", job=row.job, error=aws_errors.described(error))
        return None
