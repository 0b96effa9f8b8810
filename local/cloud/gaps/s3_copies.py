"""S3: copies and multipart uploads that AWS refuses.

Sources: "CopyObject" and "CompleteMultipartUpload" in the S3 API reference, and its list of error codes.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

from typing import Any

from ministack.services import s3

from local.cloud.gaps.s3 import DISPATCH, ERROR, Request, before, refused
from local.cloud.gaps.table import Answer, Workarounds

SMALLEST_PART = 5 * 1024 * 1024
CHANGES = (
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-customer-algorithm",
)
"""Headers with which a copy of an object onto itself changes it."""


def copies_need_a_readable_source() -> None:
    """Without it, an archived object can be copied, and a delete marker counts as a missing version."""

    def step(request: Request) -> Request | Answer:
        bucket, key, version = request.source
        source = _source(bucket, key, version) if request.method == "PUT" and bucket else None
        if source and source.get("is_delete_marker"):
            return refused(
                "InvalidRequest",
                "The source of a copy request may not specifically refer to a delete marker by version id.",
            )
        storage = (source or {}).get("storage_class") or "STANDARD"
        if storage in s3._ARCHIVE_STORAGE_CLASSES and s3._sync_restore(bucket, key, source) != "restored":
            answer: Answer = s3._invalid_object_state(bucket, key, storage)
            return answer
        return request

    before(step)


def _source(bucket: str, key: str, version: str | None) -> dict[str, Any] | None:
    if version is None:
        found: dict[str, Any] | None = (s3._buckets.get(bucket) or {"objects": {}})["objects"].get(key)
        return found
    versions = s3._object_versions.get((bucket, key)) or []
    return next((each for each in versions if each["version_id"] == version), None)


def copies_onto_themselves_change_something() -> None:
    """Without it, an object can be copied onto itself without a change."""

    def step(request: Request) -> Request | Answer:
        bucket, key, version = request.source
        same = request.method == "PUT" and (bucket, key) == (request.bucket, request.key) and version is None
        replaced = request.headers.get("x-amz-metadata-directive", "COPY").upper() == "REPLACE"
        if same and "partNumber" not in request.query and not replaced and not any(map(request.headers.get, CHANGES)):
            return refused(
                "InvalidRequest",
                "This copy request is illegal because it is trying to copy an object to itself without changing the "
                "object's metadata, storage class, website redirect location or encryption attributes.",
            )
        return request

    before(step)


def parts_have_a_smallest_size() -> None:
    """Without it, parts before the last may be smaller than 5 MB."""

    def step(request: Request) -> Request | Answer:
        upload_id = s3._qp(dict(request.query), "uploadId", "")
        upload = s3._multipart_uploads.get(upload_id) if request.method == "POST" and upload_id else None
        named = _named_parts(request.body) if upload else []
        sizes = [upload["parts"][number]["size"] for number in named if upload and number in upload["parts"]]
        if any(size < SMALLEST_PART for size in sizes[:-1]):
            return refused("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        return request

    before(step)


def _named_parts(body: bytes) -> list[int]:
    try:
        root = s3.fromstring(body)
        return sorted(int(each.text) for each in root.iter() if each.tag.endswith("PartNumber") and each.text)
    except (s3.ParseError, ValueError):
        return []  # MiniStack refuses it


WORKAROUNDS: Workarounds = {
    copies_need_a_readable_source: {
        **DISPATCH,
        **ERROR,
        (s3, "_buckets"): None,
        (s3, "_object_versions"): None,
        (s3, "_ARCHIVE_STORAGE_CLASSES"): None,
        (s3, "_sync_restore"): ("bucket_name", "key", "obj"),
        (s3, "_invalid_object_state"): ("bucket_name", "key", "storage_class"),
    },
    copies_onto_themselves_change_something: {**DISPATCH, **ERROR},
    parts_have_a_smallest_size: {**DISPATCH, **ERROR, (s3, "_multipart_uploads"): None, (s3, "ParseError"): None},
}
