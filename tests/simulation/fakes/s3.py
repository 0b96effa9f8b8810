# ruff: noqa: N803 - arguments are named as AWS names them
"""S3: buckets with versions, delete markers, ranged reads and listings. A new object calls the registered callback."""

import io
import itertools
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.client_errors import refusal
from tests.simulation.fakes.errors import NotImplementedHere
from tests.simulation.virtual_time import VirtualTime


@dataclass(eq=False)
class Version:
    """One version of an object; `body` is None for a delete marker."""

    id: str
    body: bytes | None
    modified: float
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Bucket:
    """Objects by key, each a list of versions, the newest last."""

    name: str
    versioned: bool = False
    created: Callable[[str, Version], None] = lambda _key, _version: None
    objects: dict[str, list[Version]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)

    def put(self, key: str, version: Version) -> None:
        """Store a version: beside the others, or in place of the only one."""
        if key not in self.objects:
            insort(self.keys, key)
            self.objects[key] = []
        if not self.versioned:
            self.objects[key].clear()
        self.objects[key].append(version)

    def drop(self, key: str, version: Version | None = None) -> None:
        """Remove one version for good, or all."""
        kept = [each for each in self.objects.get(key, []) if version is not None and each is not version]
        if kept:
            self.objects[key] = kept
        elif self.objects.pop(key, None) is not None:
            del self.keys[bisect_left(self.keys, key)]

    def find(self, key: str, version_id: str | None) -> Version | None:
        """A version by its id, or the newest."""
        versions = self.objects.get(key, [])
        if version_id is None:
            return versions[-1] if versions else None
        return next((each for each in versions if each.id == version_id), None)


@dataclass(eq=False)
class S3:
    """The buckets by name, all of one account."""

    time: VirtualTime
    account: str
    buckets: dict[str, Bucket]
    page: int = 1000
    _numbers: Any = field(default_factory=itertools.count)

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        ContentType: str = "binary/octet-stream",
        ContentDisposition: str | None = None,
        CacheControl: str | None = None,
        Metadata: Mapping[str, str] | None = None,
        ExpectedBucketOwner: str | None = None,
    ) -> dict[str, Any]:
        """Write an object."""
        del ContentType, ContentDisposition, CacheControl
        bucket = self._bucket(Bucket, ExpectedBucketOwner)
        version = Version(self._id(bucket), Body, self.time.now, dict(Metadata or {}))
        bucket.put(Key, version)
        bucket.created(Key, version)
        return {"VersionId": version.id} if bucket.versioned else {}

    def head_object(
        self, *, Bucket: str, Key: str, VersionId: str | None = None, ExpectedBucketOwner: str | None = None
    ) -> dict[str, Any]:
        """Describe an object. Errors have no body, so they have no text."""
        version = self._bucket(Bucket, ExpectedBucketOwner).find(Key, VersionId)
        if version is not None and version.body is None and VersionId:
            raise refusal("405", "Method Not Allowed", 405)
        if version is None or version.body is None:
            raise refusal("404", "Not Found", 404)
        return {
            "ContentLength": len(version.body),
            "Metadata": dict(version.metadata),
            "LastModified": datetime.fromtimestamp(version.modified, UTC),
        }

    def get_object(
        self,
        *,
        Bucket: str,
        Key: str,
        VersionId: str | None = None,
        Range: str | None = None,
        ExpectedBucketOwner: str | None = None,
    ) -> dict[str, Any]:
        """Read an object or a range of it."""
        body = self._read(self._bucket(Bucket, ExpectedBucketOwner), Key, VersionId)
        if Range is None:
            return {"Body": io.BytesIO(body), "ContentLength": len(body)}
        first, last = (int(number) for number in Range.removeprefix("bytes=").split("-"))
        if first >= len(body):
            raise refusal("InvalidRange", "The requested range is not satisfiable", 416)
        part = body[first : last + 1]
        content_range = f"bytes {first}-{first + len(part) - 1}/{len(body)}"
        return {"Body": io.BytesIO(part), "ContentLength": len(part), "ContentRange": content_range}

    def copy_object(
        self,
        *,
        Bucket: str,
        Key: str,
        CopySource: Mapping[str, str],
        MetadataDirective: str,
        TaggingDirective: str,
        StorageClass: str,
        ContentType: str,
        ContentDisposition: str | None = None,
        CacheControl: str | None = None,
        ExpectedBucketOwner: str,
        ExpectedSourceBucketOwner: str,
    ) -> dict[str, Any]:
        """Copy a version, without its metadata and tags."""
        if (MetadataDirective, TaggingDirective, StorageClass) != ("REPLACE", "REPLACE", "STANDARD"):
            raise NotImplementedHere("copies of more than the content")
        del ContentDisposition, CacheControl
        source = self._bucket(CopySource["Bucket"], ExpectedSourceBucketOwner)
        body = self._read(source, CopySource["Key"], CopySource.get("VersionId"))
        return self.put_object(
            Bucket=Bucket, Key=Key, Body=body, ContentType=ContentType, ExpectedBucketOwner=ExpectedBucketOwner
        )

    def delete_object(
        self, *, Bucket: str, Key: str, VersionId: str | None = None, ExpectedBucketOwner: str | None = None
    ) -> dict[str, Any]:
        """Delete a version for good, or put a delete marker above all of them. A missing object is no error."""
        bucket = self._bucket(Bucket, ExpectedBucketOwner)
        if bucket.versioned and VersionId is None:
            bucket.put(Key, Version(self._id(bucket), None, self.time.now))
        elif (version := bucket.find(Key, VersionId)) is not None:
            bucket.drop(Key, version)
        return {}

    def list_objects_v2(
        self, *, Bucket: str, Prefix: str = "", MaxKeys: int = 1000, ExpectedBucketOwner: str | None = None
    ) -> dict[str, Any]:
        """The first current objects under a prefix."""
        bucket = self._bucket(Bucket, ExpectedBucketOwner)
        found = []
        for key in itertools.islice(bucket.keys, bisect_left(bucket.keys, Prefix), None):
            if not key.startswith(Prefix) or len(found) == MaxKeys:
                break
            if bucket.objects[key][-1].body is not None:
                found.append({"Key": key, "Size": len(bucket.objects[key][-1].body or b"")})
        return {"Contents": found, "KeyCount": len(found)} if found else {"KeyCount": 0}

    def list_object_versions(
        self,
        *,
        Bucket: str,
        Prefix: str = "",
        Delimiter: str | None = None,
        KeyMarker: str | None = None,
        VersionIdMarker: str | None = None,
        MaxKeys: int | None = None,
        ExpectedBucketOwner: str | None = None,
    ) -> dict[str, Any]:
        """A page of versions and delete markers: by key, the newest first, after the markers."""
        bucket, most = self._bucket(Bucket, ExpectedBucketOwner), MaxKeys or self.page
        wanted = (
            (key, each)
            for key, each in _after(bucket, KeyMarker, VersionIdMarker)
            if key.startswith(Prefix) and not (Delimiter and Delimiter in key[len(Prefix) :])
        )
        listed = list(itertools.islice(wanted, most + 1))
        page, more = listed[:most], len(listed) > most
        answer: dict[str, Any] = {"IsTruncated": more}
        versions = [_described(bucket, key, each) for key, each in page if each.body is not None]
        markers = [_described(bucket, key, each) for key, each in page if each.body is None]
        answer |= {"Versions": versions} if versions else {}
        answer |= {"DeleteMarkers": markers} if markers else {}
        if more:
            answer |= {"NextKeyMarker": page[-1][0], "NextVersionIdMarker": page[-1][1].id}
        return answer

    def delete_objects(self, *, Bucket: str, Delete: Mapping[str, Any]) -> dict[str, Any]:
        """Delete several versions for good."""
        for each in Delete["Objects"]:
            self.delete_object(Bucket=Bucket, **each)
        return {}

    def get_bucket_logging(self, *, Bucket: str) -> dict[str, Any]:
        """The target and retention of access logs do not matter here."""
        del Bucket
        raise refusal("AccessDenied", status=403)

    get_bucket_lifecycle_configuration = get_bucket_logging

    def list_multipart_uploads(self, *, Bucket: str, Prefix: str, EncodingType: str) -> dict[str, Any]:
        """There are none in the simulation."""
        del Bucket, Prefix, EncodingType
        return {}

    def _read(self, bucket: Bucket, key: str, version_id: str | None) -> bytes:
        version = bucket.find(key, version_id)
        if version is not None and version.body is None and version_id:
            raise refusal("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
        if version is None and version_id and key in bucket.objects:
            raise refusal("NoSuchVersion", "The specified version does not exist.", 404)
        if version is None or version.body is None:
            raise refusal("NoSuchVersion" if version_id else "NoSuchKey", f"No such key: {key}", 404)
        return version.body

    def _bucket(self, name: str, owner: str | None) -> Bucket:
        if name not in self.buckets:
            raise refusal("NoSuchBucket", "The specified bucket does not exist", 404)
        if owner not in (None, self.account):
            raise refusal("AccessDenied", "Access Denied", 403)
        return self.buckets[name]

    def _id(self, bucket: Bucket) -> str:
        return f"v{next(self._numbers):06}" if bucket.versioned else "null"


def _after(bucket: Bucket, key_marker: str | None, version_marker: str | None) -> Any:
    """Versions in the order of listings. A key marker alone excludes the whole key."""
    start = 0
    if key_marker is not None:
        start = bisect_right(bucket.keys, key_marker)
        if version_marker is not None:
            newest_first = bucket.objects.get(key_marker, [])[::-1]
            places = [place for place, each in enumerate(newest_first) if each.id == version_marker]
            # A marker whose version was deleted meanwhile: continue with older versions.
            rest = newest_first[places[0] + 1 :] if places else [e for e in newest_first if e.id < version_marker]
            yield from ((key_marker, each) for each in rest)
    for key in itertools.islice(bucket.keys, start, None):
        yield from ((key, each) for each in reversed(bucket.objects[key]))


def _described(bucket: Bucket, key: str, version: Version) -> dict[str, Any]:
    described = {} if version.body is None else {"Size": len(version.body)}
    return described | {
        "Key": key,
        "VersionId": version.id,
        "IsLatest": bucket.objects[key][-1] is version,
        "LastModified": datetime.fromtimestamp(version.modified, UTC),
    }
