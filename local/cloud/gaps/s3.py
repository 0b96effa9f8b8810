"""S3: requests that AWS refuses and MiniStack accepts, and defaults.

Sources: "CopyObject", "DeleteObjects", "ListObjectsV2", "ListObjectVersions", "GetObject" and "PutObject" in the S3 API
reference; "Working with object metadata" and "Verifying bucket ownership with bucket owner condition" in the S3 user
guide.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree as ET

from ministack.services import s3

from local.cloud.gaps.table import Answer, Workarounds

METADATA_BYTES = 2048
PAGE = 1000
"""The most keys in a page of a list."""
OWNER, SOURCE_OWNER = "x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"
_VERSION = re.compile(r"null|[A-Za-z0-9._-]{32,36}")
_METADATA = "x-amz-meta-"


@dataclass(frozen=True)
class Request:
    """A request to S3."""

    method: str
    bucket: str
    key: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, Any]

    @property
    def source(self) -> tuple[str, str, str | None]:
        """Bucket, key and version of the source of a copy; empty if this is not a copy."""
        path, _, query = self.headers.get("x-amz-copy-source", "").lstrip("/").partition("?")
        bucket, _, key = unquote(path).partition("/")
        return bucket, key, parse_qs(query).get("versionId", [None])[0]

    @property
    def version(self) -> str | None:
        """The requested version, or None."""
        return s3._qp(dict(self.query), "versionId", "") or None

    @property
    def writes(self) -> bool:
        """Whether the request writes an object, copies one or starts a multipart upload."""
        if not self.key or {"tagging", "acl", "retention", "legal-hold", "partNumber"} & self.query.keys():
            return False
        return self.method == "PUT" or (self.method == "POST" and "uploads" in self.query)


def before(step: Callable[[Request], Request | Answer]) -> None:
    """Call a function before each request: it returns an answer, or the request that MiniStack answers."""
    dispatch = s3._dispatch

    def dispatched(  # noqa: PLR0917  # MiniStack's signature
        method: str, bucket: str, key: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Answer:
        request = step(Request(method, bucket, key, headers, body, query_params))
        if not isinstance(request, Request):
            return request
        answer: Answer = dispatch(method, bucket, key, dict(request.headers), body, dict(request.query))
        return answer

    s3._dispatch = dispatched


def refused(code: str, message: str, status: int = 400) -> Answer:
    """Return an error of S3."""
    answer: Answer = s3._error(code, message, status)
    return answer


def bucket_owners_are_checked() -> None:
    """Without it, S3 ignores a wrong `ExpectedBucketOwner`, even in a delete."""

    def step(request: Request) -> Request | Answer:
        for bucket, header in ((request.bucket, OWNER), (request.source[0], SOURCE_OWNER)):
            owner = s3._bucket_owner_account(bucket) if bucket else None
            if owner and request.headers.get(header, owner) != owner:
                return refused("AccessDenied", "Access Denied", 403)
        return request

    before(step)


def version_ids_are_checked() -> None:
    """Without it, an invalid version id counts as a missing version, and a delete of it succeeds."""

    def step(request: Request) -> Request | Answer:
        for version in (request.version, request.source[2]):
            if version is not None and not _VERSION.fullmatch(version):
                return refused("InvalidArgument", "Invalid version id specified")
        return request

    before(step)


def metadata_has_a_limit() -> None:
    """Without it, an object may have more than AWS's 2 KB of metadata."""

    def step(request: Request) -> Request | Answer:
        metadata = {name.removeprefix(_METADATA): value for name, value in request.headers.items() if _METADATA in name}
        size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
        if request.writes and size > METADATA_BYTES:
            return refused("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
        return request

    before(step)


def deletes_name_objects() -> None:
    """Without it, a delete of an empty list of objects succeeds."""

    def step(request: Request) -> Request | Answer:
        if (
            request.method == "POST"
            and not request.key
            and "delete" in request.query
            and not _names_objects(request.body)
        ):
            return refused("MalformedXML", s3._MALFORMED_XML)
        return request

    before(step)


def _names_objects(body: bytes) -> bool:
    try:
        root = s3.fromstring(body)
    except (ET.ParseError, ValueError):
        return True  # MiniStack refuses it
    return any(each.tag.endswith("Object") for each in root)


def pages_have_a_limit() -> None:
    """Without it, a page may have more than 1,000 keys, and a page of 0 keys says that more follow."""

    def step(request: Request) -> Request | Answer:
        most = s3._qp(dict(request.query), "max-keys", "")
        if request.method != "GET" or request.key or not most:
            return request
        if not most.isdecimal():
            return refused("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647")
        return replace(request, query={**request.query, "max-keys": [str(min(int(most), PAGE))]})

    before(step)
    for name in ("_list_objects_v1", "_list_objects_v2", "_list_object_versions"):
        setattr(s3, name, _complete_if_empty(getattr(s3, name)))


def _complete_if_empty(list_: Callable[[str, dict[str, Any]], Answer]) -> Callable[[str, dict[str, Any]], Answer]:
    def listed(bucket_name: str, query_params: dict[str, Any]) -> Answer:
        status, headers, body = list_(bucket_name, query_params)
        if s3._qp(query_params, "max-keys", "") == "0":
            body = body.replace(b"<IsTruncated>true</IsTruncated>", b"<IsTruncated>false</IsTruncated>")
            body = re.sub(rb"<Next[A-Za-z]+>[^<]*</Next[A-Za-z]+>", b"", body)
        return status, headers, body

    return listed


def content_type_has_aws_default() -> None:
    """Without it, an object uploaded without a type has the type application/octet-stream."""

    def step(request: Request) -> Request | Answer:
        copies_type = request.source[0] and request.headers.get("x-amz-metadata-directive", "COPY") == "COPY"
        if request.writes and not copies_type and not request.headers.get("content-type"):
            return replace(request, headers={**request.headers, "content-type": "binary/octet-stream"})
        return request

    before(step)


DISPATCH = {(s3, "_dispatch"): ("method", "bucket", "key", "headers", "body", "query_params")}
ERROR = {(s3, "_error"): ("code", "message", "status", "resource", "extra", "headers")}
QUERY_PARAMETER = {(s3, "_qp"): ("params", "key", "default")}
LIST = ("bucket_name", "query_params")

WORKAROUNDS: Workarounds = {
    bucket_owners_are_checked: {**DISPATCH, **ERROR, (s3, "_bucket_owner_account"): ("name",)},
    version_ids_are_checked: {**DISPATCH, **ERROR, **QUERY_PARAMETER},
    metadata_has_a_limit: {**DISPATCH, **ERROR},
    deletes_name_objects: {**DISPATCH, **ERROR, (s3, "_MALFORMED_XML"): None, (s3, "fromstring"): None},
    pages_have_a_limit: {
        **DISPATCH,
        **ERROR,
        **QUERY_PARAMETER,
        (s3, "_list_objects_v1"): LIST,
        (s3, "_list_objects_v2"): LIST,
        (s3, "_list_object_versions"): LIST,
    },
    content_type_has_aws_default: {**DISPATCH},
}
