"""Differences between MiniStack's S3 and AWS's: one function for each gap, in one table.

Sources: "GetObject", "HeadObject" and "ListObjectVersions" in the S3 API reference; RFC 9110, section 14.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

import errno
import re
import shutil
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax import saxutils

from ministack.services import s3

Answer = tuple[int, dict[str, str], bytes]
Touched = dict[tuple[Any, str], tuple[str, ...] | None]

ROOM = 16 * 1024 * 1024
"""Bytes that must stay free after an object is saved, because other services save their state too."""
_RANGE = re.compile(r"bytes=\s*([0-9]*)-([0-9]*)\s*", re.IGNORECASE)
_WITH_KEYS = re.compile(r"<(Key|Prefix|Delimiter|KeyMarker|NextKeyMarker)>(.*?)</\1>", re.DOTALL)


def reads_are_ranged() -> None:
    """Without it, S3 ignores `Range` for a version and in HEAD, and answers the first of several ranges."""
    get, head = s3._get_object, s3._head_object

    def ranged_get(
        bucket_name: str, key: str, headers: dict[str, str], query_params: dict[str, Any] | None = None
    ) -> Answer:
        return _ranged(get(bucket_name, key, _without_range(headers), query_params or {}), headers)

    def ranged_head(
        bucket_name: str,
        key: str,
        headers: dict[str, str] | None = None,
        query_params: dict[str, Any] | None = None,
    ) -> Answer:
        return _ranged(head(bucket_name, key, headers, query_params), headers or {})

    s3._get_object, s3._head_object = ranged_get, ranged_head


def _without_range(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "range"}


def _ranged(answer: Answer, headers: Mapping[str, str]) -> Answer:
    """Return the requested part of an answer, without checksums, because these are of the whole object."""
    status, described, body = answer
    wanted = headers.get("range")
    if status != HTTPStatus.OK or not wanted:  # an error, or a part by its number
        return answer
    size = int(described["Content-Length"])
    requested_range = requested(wanted, size)
    if requested_range is None:
        return answer
    if not requested_range:
        error = ET.Element("Error")
        refused = {
            "Code": "InvalidRange",
            "Message": "The requested range is not satisfiable",
            "RangeRequested": wanted,
        }
        for name, value in {**refused, "ActualObjectSize": str(size)}.items():
            ET.SubElement(error, name).text = value
        return 416, {"Content-Type": "application/xml", "Content-Range": f"bytes */{size}"}, s3._xml_body(error)
    kept = {name: value for name, value in described.items() if not name.lower().startswith("x-amz-checksum-")}
    kept |= {
        "Content-Length": str(len(requested_range)),
        "Content-Range": f"bytes {requested_range[0]}-{requested_range[-1]}/{size}",
    }
    return 206, kept, body[requested_range.start : requested_range.stop]


def requested(wanted: str, size: int) -> range | None:
    """Return the bytes that a `Range` header requests: empty if none of them exist; None for the whole object.

    S3 returns the whole object for several ranges, and for an invalid range. A range that ends before it begins is
    invalid (RFC 9110).

    >>> requested("bytes=2-4", 10), requested("bytes=8-99", 10), requested("bytes=-3", 10), requested("bytes=10-", 10)
    (range(2, 5), range(8, 10), range(7, 10), range(10, 10))
    >>> requested("bytes=0-1,4-5", 10), requested("bytes=5-2", 10), requested("bytes=-3", 0)
    (None, None, None)
    """
    match = _RANGE.fullmatch(wanted)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        last_bytes = min(int(match[2]), size)
        return range(size - last_bytes, size) if size else None
    first, end = int(match[1]), int(match[2]) + 1 if match[2] else size
    if match[2] and end <= first:
        return None
    return range(min(first, size), min(end, size))


def listed_keys_are_encoded() -> None:
    """Without it, S3 ignores `EncodingType=url`, and a key with a control character makes the list invalid XML."""

    def encoded(list_: Callable[[str, dict[str, Any]], Answer]) -> Callable[[str, dict[str, Any]], Answer]:
        def listed(bucket_name: str, query_params: dict[str, Any]) -> Answer:
            status, headers, body = list_(bucket_name, query_params)
            if status == HTTPStatus.OK and s3._qp(query_params, "encoding-type", "") == "url":
                start, _, end = body.decode().rpartition("</")
                body = f"{_WITH_KEYS.sub(_encoded, start)}<EncodingType>url</EncodingType></{end}".encode()
            return status, headers, body

        return listed

    s3._list_object_versions = encoded(s3._list_object_versions)
    s3._list_multipart_uploads = encoded(s3._list_multipart_uploads)


def _encoded(element: re.Match[str]) -> str:
    return f"<{element[1]}>{s3._url_encode(saxutils.unescape(element[2]))}</{element[1]}>"


def keys_without_versions_are_listed_once() -> None:
    """Without it, a page repeats the last key of the page before if that key was uploaded without versioning."""
    list_ = s3._list_object_versions

    def listed(bucket_name: str, query_params: dict[str, Any]) -> Answer:
        after = s3._qp(query_params, "key-marker", ""), s3._qp(query_params, "version-id-marker", "")
        if after[1] == "null" and not s3._object_versions.get((bucket_name, after[0])):
            query_params = {name: value for name, value in query_params.items() if name != "version-id-marker"}
        answer: Answer = list_(bucket_name, query_params)
        return answer

    s3._list_object_versions = listed


def writes_need_room() -> None:
    """Without it, S3 answers 200 for an object that it cannot save; the object is lost at the next start."""
    dispatch, persist = s3._dispatch, s3._persist_object

    def dispatched(  # noqa: PLR0917  # MiniStack's signature
        method: str, bucket: str, key: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Answer:
        if key and method in ("PUT", "POST"):
            replaced = (s3._buckets.get(bucket) or {"objects": {}})["objects"].get(key) or {"size": 0}
            needed = len(body) + replaced["size"] + ROOM  # the replaced version is copied
            if shutil.disk_usage(s3.DATA_DIR).free < needed:
                return _no_room()
        try:
            answer: Answer = dispatch(method, bucket, key, headers, body, query_params)
        except OSError:
            return _no_room()
        return answer

    def persisted(bucket: str, key: str, obj: Any) -> None:
        persist(bucket, key, obj)
        if isinstance(obj, dict) and obj.get("body") is not None:  # the body leaves memory once it is on the disk
            raise OSError(errno.EIO, "the object could not be written")

    s3._dispatch, s3._persist_object = dispatched, persisted


def _no_room() -> Answer:
    message = (
        "The local cloud cannot save the object: free space on the disk of its state folder, then upload it again."
    )
    answer: Answer = s3._error("InternalError", message, 500)
    return answer


WORKAROUNDS: dict[Callable[[], None], Touched] = {
    reads_are_ranged: {
        (s3, "_get_object"): ("bucket_name", "key", "headers", "query_params"),
        (s3, "_head_object"): ("bucket_name", "key", "headers", "query_params"),
        (s3, "_xml_body"): ("root",),
    },
    listed_keys_are_encoded: {
        (s3, "_list_object_versions"): ("bucket_name", "query_params"),
        (s3, "_list_multipart_uploads"): ("bucket_name", "query_params"),
        (s3, "_url_encode"): ("value",),
        (s3, "_qp"): ("params", "key", "default"),
    },
    keys_without_versions_are_listed_once: {
        (s3, "_list_object_versions"): ("bucket_name", "query_params"),
        (s3, "_object_versions"): None,
    },
    writes_need_room: {
        (s3, "_dispatch"): ("method", "bucket", "key", "headers", "body", "query_params"),
        (s3, "_persist_object"): ("bucket", "key", "obj"),
        (s3, "_error"): ("code", "message", "status", "resource", "extra", "headers"),
        (s3, "DATA_DIR"): None,
        (s3, "_buckets"): None,
    },
}
