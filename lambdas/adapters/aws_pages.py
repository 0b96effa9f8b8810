"""Reads lists of AWS page by page: the one place that knows how each list goes on, and how S3 encodes keys.

Every list that AWS may cut is read through here or through the SDK's own paginators; S3's lists of keys only through
here, because the SDK asks for encoded keys in some of them alone, and XML cannot hold every character of a key.
`tests/unit/test_aws_pages.py` holds the sources and this table to the SDK's service models.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

Page = Mapping[str, Any]

ONWARD: Mapping[str, Mapping[str, str]] = {
    "describe_log_groups": {"nextToken": "nextToken"},
    "describe_stack_resource_drifts": {"NextToken": "NextToken"},
    "list_medical_transcription_jobs": {"NextToken": "NextToken"},
    "list_multipart_uploads": {"KeyMarker": "NextKeyMarker", "UploadIdMarker": "NextUploadIdMarker"},
    "list_object_versions": {"KeyMarker": "NextKeyMarker", "VersionIdMarker": "NextVersionIdMarker"},
    "list_objects_v2": {"ContinuationToken": "NextContinuationToken"},
    "query": {"ExclusiveStartKey": "LastEvaluatedKey"},
}
"""By list: which member of a page asks for the next one, as which parameter."""
_NOT_ENCODED_BY_THE_SDK = frozenset({"list_multipart_uploads"})


def pages(client: Any, operation: str, **asked: Any) -> Iterator[Page]:
    """Every page of a list, with its keys as they were uploaded. A caller that needs no more simply stops.

    Raises:
        ClientError: AWS did not answer a page.
    """
    encoded = {"EncodingType": "url"} if operation in _NOT_ENCODED_BY_THE_SDK else {}
    while True:
        page = _decoded(getattr(client, operation)(**asked, **encoded), bool(encoded))
        yield page
        following = onward(operation, page)
        if not following:
            return
        asked = {name: value for name, value in asked.items() if name not in ONWARD[operation]} | following


def onward(operation: str, page: Page) -> dict[str, Any]:
    """The parameters that ask for what comes after a page; none if it is the last.

    >>> onward("query", {"LastEvaluatedKey": {"a": 1}}), onward("query", {})
    ({'ExclusiveStartKey': {'a': 1}}, {})
    >>> onward("list_object_versions", {"IsTruncated": False, "NextKeyMarker": "k"})
    {}
    """
    if not page.get("IsTruncated", True):
        return {}
    return {marker: page[name] for marker, name in ONWARD[operation].items() if page.get(name)}


def pages_of_key(s3: Any, operation: str, *, key: str, **asked: Any) -> Iterator[Page]:
    """Pages of a list of one key, which end at the first page that goes beyond it.

    S3 lists in the order of keys: thousands of longer keys that begin like it make the list no longer.
    """
    for page in pages(s3, operation, Prefix=key, **asked):
        yield page
        last = page.get("NextKeyMarker", key)
        if last != key and last.startswith(key):
            return


def _decoded(page: Page, encoded: bool) -> Page:
    """The page with its keys decoded, where we asked for encoded ones and S3 says that they are."""
    if not encoded or page.get("EncodingType") != "url":
        return page
    markers = {name: unquote_plus(page[name]) for name in ("KeyMarker", "NextKeyMarker", "Prefix") if name in page}
    uploads = [{**each, "Key": unquote_plus(each["Key"])} for each in page.get("Uploads", [])]
    return {**page, **markers, "Uploads": uploads}
