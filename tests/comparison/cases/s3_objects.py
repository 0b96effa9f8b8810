"""S3: objects read, described and deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.comparison.case import ABSENT, ANY, Call, call, case

GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"
OTHER_ACCOUNT = "111111111111"
NO_VERSION = "f" * 32
GLACIER = {"StorageClass": "GLACIER"}


def put(**more: Any) -> Call:
    """An upload of three bytes to a versioned bucket."""
    return call("s3.put_object", **{"Bucket": "@versioned", "Key": "k", "Body": b"one", **more})


def of(operation: str, **more: Any) -> Call:
    """A call about that object."""
    return call(f"s3.{operation}", **{"Bucket": "@versioned", "Key": "k", **more})


DELETED = call("s3.delete_object", Bucket="@versioned", Key="k")
FIRST = {"VersionId": "@0.VersionId"}

NEXT_DAY = datetime.now(UTC) + timedelta(days=1)
CASES = (
    # --- head_object ---
    case(
        "size, type, metadata and version are told",
        put(Metadata={"correlation-id": "visit-7"}),
        of("head_object"),
        members={
            "ContentLength": 3,
            "ContentType": "binary/octet-stream",
            "Metadata.correlation-id": "visit-7",
            "VersionId": "@0.VersionId",
            "ETag": "@0.ETag",
            "LastModified": ANY,
            "AcceptRanges": "bytes",
            "ServerSideEncryption": "AES256",
        },
        moto="It names no encryption where none was asked for.",
    ),
    case("a version is described by its id", put(), put(Body=b"longer"), of("head_object", **FIRST),
         members={"ContentLength": 3, "VersionId": "@0.VersionId"}),
    case("a missing key is 404", of("head_object"), status=404, code="404"),
    case("a missing version is 404", put(), of("head_object", VersionId=NO_VERSION), status=404, code="404"),
    case("what is no version id is 400", put(), of("head_object", VersionId="a b"), status=400, code="400",
         moto="It takes it for a version that does not exist."),
    case("a deleted key is 404, with its delete marker", put(), DELETED, of("head_object"), status=404, code="404",
         members={"ResponseMetadata.HTTPHeaders.x-amz-delete-marker": "true"}),
    case("a delete marker's version is 405", put(), DELETED,
         of("head_object", VersionId="@1.VersionId"), status=405, code="405"),
    case("a part is described", put(), of("head_object", Range="bytes=0-1"), status=206,
         members={"ContentLength": 2, "ContentRange": "bytes 0-1/3"}),
    case("the expected owner", put(), of("head_object", ExpectedBucketOwner="@account"),
         members={"ContentLength": 3}),
    case("another owner than the bucket's is 403", put(), of("head_object", ExpectedBucketOwner=OTHER_ACCOUNT),
         status=403, code="403", moto="It ignores the expected owner."),
    # --- get_object ---
    case("the latest version is read", put(), put(Body=b"two"), of("get_object"),
         members={"Body": b"two", "VersionId": "@1.VersionId", "ContentType": "binary/octet-stream"}),
    case("a version is read by its id", put(), put(Body=b"two"), of("get_object", **FIRST), members={"Body": b"one"}),
    case("a part of a version is read", put(), put(Body=b"two"), of("get_object", Range="bytes=1-1", **FIRST),
         status=206, members={"Body": b"n", "ContentRange": "bytes 1-1/3"}),
    case("a part beyond the end is 416", put(), of("get_object", Range="bytes=3-"), status=416, code="InvalidRange"),
    case("a version's part beyond the end is 416", put(), of("get_object", Range="bytes=9-", **FIRST),
         status=416, code="InvalidRange"),
    case("several parts are the whole object", put(), of("get_object", Range="bytes=0-0,2-2"),
         members={"Body": b"one"}),
    case("a missing key", of("get_object"), status=404, code="NoSuchKey"),
    case("a missing version", put(), of("get_object", VersionId=NO_VERSION), status=404, code="NoSuchVersion"),
    case("what is no version id", put(), of("get_object", VersionId="a b"), status=400, code="InvalidArgument",
         moto="It takes it for a version that does not exist."),
    case("a missing bucket", call("s3.get_object", Bucket="@name", Key="k"), status=404, code="NoSuchBucket"),
    case("a delete marker's version may not be read", put(), DELETED,
         of("get_object", VersionId="@1.VersionId"), status=405, code="MethodNotAllowed",
         moto="It takes it for a version that does not exist."),
    case("the expected owner", put(), of("get_object", ExpectedBucketOwner="@account"), members={"Body": b"one"}),
    case("another owner than the bucket's", put(), of("get_object", ExpectedBucketOwner=OTHER_ACCOUNT),
         status=403, code="AccessDenied", source=f"{GUIDE}/bucket-owner-condition.html",
         moto="It ignores the expected owner."),
    case("what is archived is not read", put(**GLACIER), of("get_object"), status=403, code="InvalidObjectState"),
    # --- delete_object ---
    case("a delete leaves a marker", put(), DELETED, status=204,
         members={"DeleteMarker": True, "VersionId": ANY}),
    case("a version is deleted for good", put(), of("delete_object", **FIRST), status=204,
         members={"VersionId": "@0.VersionId", "DeleteMarker": ABSENT}),
    case("a missing key is deleted too", call("s3.delete_object", Bucket="@bucket", Key="k"), status=204),
    case("what is no version id is not deleted", put(), of("delete_object", VersionId="a b"),
         status=400, code="InvalidArgument", moto="It deletes nothing and answers 204."),
    case("the expected owner", put(), of("delete_object", ExpectedBucketOwner="@account"), status=204),
    case("another owner than the bucket's deletes nothing", put(),
         of("delete_object", ExpectedBucketOwner=OTHER_ACCOUNT), status=403, code="AccessDenied",
         moto="It ignores the expected owner."),
    # --- delete_objects ---
    case("several are deleted, quietly", put(),
         call("s3.delete_objects", Bucket="@versioned",
              Delete={"Quiet": True, "Objects": [{"Key": "k", "VersionId": "@0.VersionId"}]}),
         members={"Deleted": ABSENT, "Errors": ABSENT},
         moto="It ignores `Quiet`."),
    case("the deleted are named", put(),
         call("s3.delete_objects", Bucket="@versioned", Delete={"Objects": [{"Key": "k"}, {"Key": "other"}]}),
         members={"Deleted.0.Key": "k", "Deleted.0.DeleteMarker": True, "#Deleted": 2}),
    case("an empty list is refused", call("s3.delete_objects", Bucket="@versioned", Delete={"Objects": []}),
         status=400, code="MalformedXML"),
    case("another owner than the bucket's deletes none", put(),
         call("s3.delete_objects", Bucket="@versioned", Delete={"Objects": [{"Key": "k"}]},
              ExpectedBucketOwner=OTHER_ACCOUNT),
         status=403, code="AccessDenied", moto="It ignores the expected owner."),
    case("a locked version is not deleted",
         call("s3.put_object", Bucket="@locked", Key="k", Body=b"one", ObjectLockLegalHoldStatus="ON"),
         call("s3.delete_objects", Bucket="@locked", Delete={"Objects": [{"Key": "k", "VersionId": "@0.VersionId"}]}),
         members={"Errors.0.Code": "AccessDenied"}),
    # --- locks and tags ---
    case("a legal hold keeps a version",
         call("s3.put_object", Bucket="@locked", Key="k", Body=b"one", ObjectLockLegalHoldStatus="ON"),
         call("s3.delete_object", Bucket="@locked", Key="k", VersionId="@0.VersionId"),
         status=403, code="AccessDenied", source=f"{GUIDE}/object-lock.html"),
    case("a legal hold is told",
         call("s3.put_object", Bucket="@locked", Key="k", Body=b"one", ObjectLockLegalHoldStatus="ON"),
         call("s3.get_object_legal_hold", Bucket="@locked", Key="k"), members={"LegalHold.Status": "ON"}),
    case("a version's legal hold",
         call("s3.put_object", Bucket="@locked", Key="k", Body=b"one", ObjectLockLegalHoldStatus="ON"),
         call("s3.get_object_legal_hold", Bucket="@locked", Key="k", VersionId="@0.VersionId"),
         members={"LegalHold.Status": "ON"}),
    case("a version's retention",
         call("s3.put_object", Bucket="@locked", Key="k", Body=b"one", ObjectLockMode="GOVERNANCE",
              ObjectLockRetainUntilDate=NEXT_DAY),
         call("s3.get_object_retention", Bucket="@locked", Key="k", VersionId="@0.VersionId"),
         members={"Retention.Mode": "GOVERNANCE"}, moto="It fails with a status of 500."),
    case("tags are told", put(Tagging="a=b"), of("get_object_tagging"),
         members={"TagSet": [{"Key": "a", "Value": "b"}]}),
)  # fmt: skip
