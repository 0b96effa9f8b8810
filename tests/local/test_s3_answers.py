"""S3's answers on the local cloud to the calls of our code: as AWS documents them, and as moto gives them."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from moto import mock_aws

from adapters.aws_pages import pages_of_key
from local.cloud.cloud_process import running

CONTENT = b"0123456789"
WHOLE = "whole"
NONE = "none of it"
RANGES = {
    "bytes=2-4": (2, 4),
    "bytes=9-9": (9, 9),
    "bytes=0-99": (0, 9),
    "bytes=2-": (2, 9),
    "bytes=-3": (7, 9),
    "bytes=-99": (0, 9),
    "bytes=10-": NONE,
    "bytes=99-100": NONE,
    "bytes=99999999999999999999-": NONE,
    "bytes=-0": NONE,
    "bytes=5-2": WHOLE,
    "bytes=0-1,4-5": WHOLE,
    "bytes=0-1, 99-": WHOLE,
    "bytes=": WHOLE,
    "bytes=-": WHOLE,
    "bytes=a-b": WHOLE,
    "lines=1-2": WHOLE,
}
RANGES_OF_NOTHING = {"bytes=0-": NONE, "bytes=0-0": NONE, "bytes=-1": WHOLE, "bytes=0-1,2-3": WHOLE}


@dataclass(frozen=True)
class Call:
    """A call, and AWS's answer. A value `@name` is the version of that name."""

    operation: str
    request: Mapping[str, Any]
    answer: Mapping[str, Any] = field(hash=False)

    def __str__(self) -> str:
        return f"{self.operation} {' '.join(str(value) for value in self.request.values())}"


def ranged_calls() -> Iterator[Call]:
    for key, version, content, ranges in (
        ("visit.wav", "first", CONTENT, RANGES),
        ("visit.wav", "second", CONTENT.swapcase(), RANGES),
        ("empty.wav", "empty", b"", RANGES_OF_NOTHING),
    ):
        for wanted, part in ranges.items():
            current = [{"Key": key}] if version != "first" else []
            for named in [{"Key": key, "VersionId": f"@{version}"}, *current]:
                for operation in ("get_object", "head_object"):
                    answer = expected(operation, content, part, version)
                    yield Call(operation, {**named, "Range": wanted}, answer)


def expected(operation: str, content: bytes, part: Any, version: str) -> dict[str, Any]:
    if part == NONE:
        return {"status": 416, "code": "InvalidRange" if operation == "get_object" else "416"}
    first, last = (0, len(content) - 1) if part == WHOLE else part
    body = content[first : last + 1]
    answer = {"status": 200 if part == WHOLE else 206, "version": version, "length": len(body)}
    if part != WHOLE:
        answer["range"] = f"bytes {first}-{last}/{len(content)}"
    return answer | ({"body": body} if operation == "get_object" else {})


GONE = {"status": 404, "marker": "true", "version": "marker"}
MARKER = {"status": 405, "marker": "true", "version": "marker"}
DELETED = [
    Call("get_object", {"Key": "gone.wav"}, {**GONE, "code": "NoSuchKey"}),
    Call("get_object", {"Key": "gone.wav", "Range": "bytes=0-1"}, {**GONE, "code": "NoSuchKey"}),
    Call("head_object", {"Key": "gone.wav"}, {**GONE, "code": "404"}),
    Call("get_object", {"Key": "gone.wav", "VersionId": "@marker"}, {**MARKER, "code": "MethodNotAllowed"}),
    Call("head_object", {"Key": "gone.wav", "VersionId": "@marker"}, {**MARKER, "code": "405"}),
    Call("head_object", {"Key": "gone.wav", "VersionId": "@gone"}, {"status": 200, "version": "gone", "length": 4}),
    Call("head_object", {"Key": "never.wav"}, {"status": 404, "code": "404"}),
    Call("head_object", {"Key": "visit.wav", "VersionId": "@gone"}, {"status": 404, "code": "404"}),
    Call(
        "get_object",
        {"Key": "visit.wav", "VersionId": "@first", "Range": "bytes=99-", "IfMatch": '"another"'},
        {"status": 412, "code": "PreconditionFailed"},
    ),
]
CALLS = [*ranged_calls(), *DELETED]
MOTO_IS_WRONG = {
    **{str(call): "It ignores the unit." for call in CALLS if call.request.get("Range") == "lines=1-2"},
    **{str(call): "Its GET says nothing of delete markers." for call in DELETED[:2] + DELETED[3:4]},
}


class Bucket:
    """A versioned bucket with the objects of the calls."""

    def __init__(self, s3: Any) -> None:
        self.s3, self.name = s3, f"answers-{uuid4().hex}"
        s3.create_bucket(Bucket=self.name)
        s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        self.versions = {
            "first": self.put("visit.wav", CONTENT),
            "second": self.put("visit.wav", CONTENT.swapcase()),
            "empty": self.put("empty.wav", b""),
            "gone": self.put("gone.wav", b"gone"),
            "marker": s3.delete_object(Bucket=self.name, Key="gone.wav")["VersionId"],
            "goner": self.put("gone.wav.bak", b""),
        }
        self._names = {version: name for name, version in self.versions.items()}

    def put(self, key: str, body: bytes) -> str:
        return str(self.s3.put_object(Bucket=self.name, Key=key, Body=body)["VersionId"])

    def answer(self, call: Call) -> dict[str, Any]:
        """The part of the answer that programs use."""
        request = {
            name: self.versions[value[1:]] if str(value).startswith("@") else value
            for name, value in call.request.items()
        }
        try:
            answered = getattr(self.s3, call.operation)(Bucket=self.name, **request)
        except ClientError as error:
            answered = error.response
        headers = answered["ResponseMetadata"]["HTTPHeaders"]
        status = answered["ResponseMetadata"]["HTTPStatusCode"]
        length = int(headers["content-length"]) if status < 400 else None
        parts = {
            "status": status,
            "code": answered.get("Error", {}).get("Code"),
            "version": self._names.get(headers.get("x-amz-version-id")),
            "marker": headers.get("x-amz-delete-marker"),
            "range": headers.get("content-range") if status < 400 else None,
            "length": length,
            "body": answered["Body"].read() if "Body" in answered else None,
        }
        return {name: value for name, value in parts.items() if value is not None}

    def listed(self, page_size: int = 1000, prefix: str = "") -> list[tuple[str, str, str, bool]]:
        pages = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.name, Prefix=prefix, PaginationConfig={"PageSize": page_size}
        )
        return [
            (kind, each["Key"], self._names[each["VersionId"]], each["IsLatest"])
            for page in pages
            for kind in ("Versions", "DeleteMarkers")
            for each in page.get(kind, [])
        ]


@pytest.fixture(scope="module")
def ours(cloud: Any) -> Bucket:
    return Bucket(cloud.client("s3"))


@pytest.fixture(scope="module")
def motos() -> Iterator[Bucket]:
    with mock_aws():
        yield Bucket(boto3.client("s3", region_name="us-east-1"))


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_reads_are_answered_as_aws_documents(ours: Bucket, call: Call):
    assert ours.answer(call) == call.answer


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_moto_answers_the_same_except_for_known_differences(motos: Bucket, call: Call):
    assert (motos.answer(call) == call.answer) is (str(call) not in MOTO_IS_WRONG)


def test_a_part_of_an_object_has_no_checksum_of_the_whole(ours: Bucket):
    named = {"Bucket": ours.name, "Key": "visit.wav", "VersionId": ours.versions["first"], "ChecksumMode": "ENABLED"}
    assert ours.s3.get_object(**named)["ChecksumCRC32"]
    assert "ChecksumCRC32" not in ours.s3.get_object(**named, Range="bytes=0-1")


def test_a_refused_range_names_the_size_of_the_object(ours: Bucket):
    with pytest.raises(ClientError) as refused:
        ours.s3.get_object(Bucket=ours.name, Key="visit.wav", Range="bytes=10-")
    error = refused.value.response["Error"]
    assert (error["RangeRequested"], error["ActualObjectSize"]) == ("bytes=10-", "10")


# --- lists ---

LISTED = [
    ("Versions", "empty.wav", "empty", True),
    ("Versions", "gone.wav", "gone", False),
    ("DeleteMarkers", "gone.wav", "marker", True),
    ("Versions", "gone.wav.bak", "goner", True),
    ("Versions", "visit.wav", "second", True),
    ("Versions", "visit.wav", "first", False),
]


@pytest.mark.parametrize("page_size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("prefix", ["", "gone.wav", "visit", "nothing"])
def test_every_version_and_delete_marker_is_listed_once_whatever_the_page_size(
    ours: Bucket, motos: Bucket, page_size: int, prefix: str
):
    listed = sorted(each for each in LISTED if each[1].startswith(prefix))
    assert sorted(ours.listed(page_size, prefix)) == listed
    assert sorted(motos.listed(page_size, prefix)) == listed


def test_the_newest_version_of_a_key_is_listed_first(ours: Bucket):
    assert [version for _, _, version, _ in ours.listed(prefix="visit")] == ["second", "first"]


def test_lists_have_the_times_of_upload_and_deletion(ours: Bucket):
    page = ours.s3.list_object_versions(Bucket=ours.name, Prefix="gone.wav", MaxKeys=2)
    (version,), (marker,) = page["Versions"], page["DeleteMarkers"]
    head = ours.s3.head_object(Bucket=ours.name, Key="gone.wav", VersionId=version["VersionId"])
    assert version["LastModified"].replace(microsecond=0) == head["LastModified"]
    assert marker["LastModified"] >= version["LastModified"]


def test_a_version_is_the_latest_again_once_the_delete_marker_is_deleted(ours: Bucket):
    key = uuid4().hex
    version = ours.put(key, b"")
    marker = ours.s3.delete_object(Bucket=ours.name, Key=key)["VersionId"]
    ours.s3.delete_object(Bucket=ours.name, Key=key, VersionId=marker)
    page = ours.s3.list_object_versions(Bucket=ours.name, Prefix=key)
    assert [(each["VersionId"], each["IsLatest"]) for each in page["Versions"]] == [(version, True)]
    assert "DeleteMarkers" not in page
    ours.s3.delete_object(Bucket=ours.name, Key=key, VersionId=version)
    assert not {"Versions", "DeleteMarkers"} & set(ours.s3.list_object_versions(Bucket=ours.name, Prefix=key))


ODD_KEYS = ["a\x01b.wav", "a b+c.wav", "a%20b.wav", "a&<b>.wav", "Müller 🩺.wav", "a\nb/c\rd.wav"]


def test_keys_of_any_characters_are_listed_unchanged(cloud: Any):
    """Compared with AWS's documentation only, because moto ignores EncodingType in this list."""
    s3 = cloud.client("s3")
    bucket = f"odd-keys-{uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    for key in ODD_KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
        with suppress(ClientError):  # its answer has the key unencoded, on AWS too; XML cannot hold every character
            s3.create_multipart_upload(Bucket=bucket, Key=key)
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert sorted(each["Key"] for page in pages for each in page["Versions"]) == sorted(ODD_KEYS)
    encoded = s3.list_object_versions(Bucket=bucket, Prefix="a\x01", EncodingType="url")
    assert (encoded["EncodingType"], encoded["Prefix"]) == ("url", "a%01")
    assert [each["Key"] for each in encoded["Versions"]] == ["a%01b.wav"]
    unfinished = s3.list_multipart_uploads(Bucket=bucket, Prefix="a\x01", EncodingType="url")
    assert [each["Key"] for each in unfinished["Uploads"]] == ["a%01b.wav"]


def test_thousands_of_unfinished_uploads_under_a_key_are_read_to_the_end_and_those_of_longer_keys_are_not(cloud: Any):
    s3 = cloud.client("s3")
    bucket = f"unfinished-{uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    key = "ward/\n%2B+🩺" + "é" * 505  # 1,023 bytes
    for longer in ("\x01", "z"):
        with suppress(ClientError, ResponseParserError):
            s3.create_multipart_upload(Bucket=bucket, Key=f"{key}{longer}")
    begun = {s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for _number in range(1003)}
    listed = list(pages_of_key(s3, "list_multipart_uploads", Bucket=bucket, key=key))
    assert len(listed) == 2
    assert {each["UploadId"] for page in listed for each in page["Uploads"] if each["Key"] == key} == begun
    assert {each["Key"] for page in listed for each in page["Uploads"]} <= {key, f"{key}\x01", f"{key}z"}


# --- a full disk ---

MEGABYTE = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 320 MB, because a cloud needs 256 MB to start."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=320m", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_an_object_too_large_for_the_disk_is_refused_and_the_previous_version_stays(small_disk: Path):
    filler = small_disk / "filler"
    refused = pytest.raises(ClientError, match="free space on the disk")
    with running(state=small_disk / "state", engine="scripted") as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="clinic")
        s3.put_object(Bucket="clinic", Key="visit.wav", Body=b"before")
        s3.put_object(Bucket="clinic", Key="long.wav", Body=bytes(30 * MEGABYTE))
        filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - 24 * MEGABYTE))
        with refused:
            s3.put_object(Bucket="clinic", Key="visit.wav", Body=bytes(16 * MEGABYTE))
        with refused:  # the version before is copied
            s3.put_object(Bucket="clinic", Key="long.wav", Body=b"")
        with refused:  # the request does not have its size
            s3.copy_object(Bucket="clinic", Key="copy.wav", CopySource={"Bucket": "clinic", "Key": "long.wav"})
        assert s3.get_object(Bucket="clinic", Key="visit.wav")["Body"].read() == b"before"
        s3.delete_objects(Bucket="clinic", Delete={"Objects": [{"Key": "long.wav"}]})
        filler.unlink()
        s3.put_object(Bucket="clinic", Key="visit.wav", Body=bytes(16 * MEGABYTE))
    with running(state=small_disk / "state", engine="scripted") as cloud:
        head = cloud.client("s3").head_object(Bucket="clinic", Key="visit.wav")
        assert head["ContentLength"] == 16 * MEGABYTE
