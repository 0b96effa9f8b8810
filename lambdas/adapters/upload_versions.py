"""Finds out whether an upload was deleted: permanently, or by a delete marker, which keeps the version."""

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.aws_pages import pages_of_key
from stethoscript import stopping
from stethoscript.stopping import KeyHistory
from stethoscript.uploads import NO_VERSION, Upload


def is_deleted(s3: Any, account: str, upload: Upload) -> bool:
    """Whether the upload was deleted; a version that was only overwritten was not.

    One call is usually enough. If both a newer version and a delete marker exist, a second call lists the versions
    before the marker. S3 returns versions in order of age.

    Raises:
        ClientError: the call failed, which says nothing about the upload.
    """
    history = KeyHistory()
    for page in _pages(s3, account, upload, {}):
        history = _added(history, page, upload)
        if upload.version in history.versions:
            break
    decided = stopping.is_deleted(upload.version, history)
    if decided is None:
        newest = {"KeyMarker": upload.key, "VersionIdMarker": history.markers[0]}
        older = _pages(s3, account, upload, newest)
        return any(upload.version in _added(KeyHistory(), page, upload).versions for page in older)
    return decided


def _pages(s3: Any, account: str, upload: Upload, markers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Pages of the key's versions after the markers, newest first."""
    return pages_of_key(
        s3, "list_object_versions", Bucket=upload.bucket, key=upload.key, ExpectedBucketOwner=account, **markers
    )


def _added(history: KeyHistory, page: Mapping[str, Any], upload: Upload) -> KeyHistory:
    """The history with a page added. The id identifies the version, because S3 may return another form of the key."""
    listed, version = page.get("Versions", []), upload.version
    keys = (each["Key"] for each in listed if each["VersionId"] == version and version != NO_VERSION)
    key = next(keys, upload.key)
    versions = [each for each in listed if each["Key"] == key]
    markers = [each for each in page.get("DeleteMarkers", []) if each["Key"] == key]
    latest = [each["VersionId"] for each in (*versions, *markers) if each.get("IsLatest")]
    return KeyHistory(
        [*history.versions, *(each["VersionId"] for each in versions)],
        [*history.markers, *(each["VersionId"] for each in markers)],
        latest[0] if latest else history.latest,
    )
