"""S3: lists of objects, versions, uploads and buckets."""

from tests.comparison.case import ABSENT, ANY, call, case
from tests.comparison.cases.s3_objects import OTHER_ACCOUNT, put
from tests.comparison.cases.s3_writes import begun

ODD = "a\x01b.wav"
"""The name of a key that XML cannot contain."""
A, B, C = (put(Key=key) for key in ("a", "b/1", "b/2"))
VERSIONS = {"Bucket": "@versioned"}
IGNORES_OWNER = "It ignores the expected owner."
BELOW = {
    "CommonPrefixes.0.Prefix": "b/",
    "#CommonPrefixes": 1,
}

CASES = (
    # --- list_objects_v2 ---
    case("keys are listed in order", C, A, B, call("s3.list_objects_v2", **VERSIONS),
         members={"KeyCount": 3, "Contents.0.Key": "a", "Contents.2.Key": "b/2", "Contents.0.Size": 3,
                  "Contents.0.LastModified": ANY, "IsTruncated": False, "MaxKeys": 1000}),
    case("keys of a prefix", A, B, C,
         call("s3.list_objects_v2", Prefix="b/", MaxKeys=1, ExpectedBucketOwner="@account", **VERSIONS),
         members={"KeyCount": 1, "Contents.0.Key": "b/1", "IsTruncated": True, "NextContinuationToken": ANY}),
    case("the next page", A, B, C, call("s3.list_objects_v2", MaxKeys=2, **VERSIONS),
         call("s3.list_objects_v2", MaxKeys=2, ContinuationToken="@3.NextContinuationToken", **VERSIONS),
         members={"Contents.0.Key": "b/2", "#Contents": 1, "IsTruncated": False}),
    case("after a key", A, B, C, call("s3.list_objects_v2", StartAfter="a", **VERSIONS),
         members={"Contents.0.Key": "b/1"}),
    case("folders", A, B, C, call("s3.list_objects_v2", Delimiter="/", **VERSIONS),
         members={**BELOW, "#Contents": 1}),
    case("any character in a key", put(Key=ODD), call("s3.list_objects_v2", **VERSIONS),
         members={"Contents.0.Key": ODD}),
    case("keys are encoded, if so asked", put(Key=ODD), call("s3.list_objects_v2", EncodingType="url", **VERSIONS),
         members={"Contents.0.Key": "a%01b.wav", "EncodingType": "url"}),
    case("a page holds at most 1,000 keys", call("s3.list_objects_v2", MaxKeys=5000, **VERSIONS),
         members={"MaxKeys": 1000, "IsTruncated": False}, moto="It tells the number that was asked for."),
    case("a page of no keys", A, call("s3.list_objects_v2", MaxKeys=0, **VERSIONS),
         members={"KeyCount": 0, "IsTruncated": False, "NextContinuationToken": ABSENT}),
    case("another owner than the bucket's",
         call("s3.list_objects_v2", ExpectedBucketOwner=OTHER_ACCOUNT, **VERSIONS),
         status=403, code="AccessDenied", moto=IGNORES_OWNER),
    case("a missing bucket", call("s3.list_objects_v2", Bucket="@name"), status=404, code="NoSuchBucket"),
    # --- list_objects ---
    case("the old list holds at most 1,000 keys", A, call("s3.list_objects", MaxKeys=5000, **VERSIONS),
         members={"MaxKeys": 1000, "Contents.0.Key": "a", "IsTruncated": False},
         moto="It tells the number that was asked for."),
    # --- list_object_versions ---
    case("versions are listed, the newest first", A, A, B,
         call("s3.list_object_versions", ExpectedBucketOwner="@account", Prefix="", **VERSIONS),
         members={"Versions.0.VersionId": "@1.VersionId", "Versions.1.VersionId": "@0.VersionId",
                  "Versions.0.IsLatest": True, "Versions.1.IsLatest": False, "#Versions": 3, "IsTruncated": False}),
    case("delete markers are listed beside them", A, call("s3.delete_object", Key="a", **VERSIONS),
         call("s3.list_object_versions", **VERSIONS),
         members={"DeleteMarkers.0.VersionId": "@1.VersionId", "DeleteMarkers.0.IsLatest": True,
                  "Versions.0.IsLatest": False}),
    case("the next page of versions", A, A, B, call("s3.list_object_versions", MaxKeys=1, **VERSIONS),
         call("s3.list_object_versions", MaxKeys=1, KeyMarker="@3.NextKeyMarker",
              VersionIdMarker="@3.NextVersionIdMarker", **VERSIONS),
         members={"Versions.0.VersionId": "@0.VersionId", "#Versions": 1, "IsTruncated": True}),
    case("folders of versions", A, B, C, call("s3.list_object_versions", Delimiter="/", **VERSIONS),
         members={**BELOW, "#Versions": 1}),
    case("any character in a version's key", put(Key=ODD), call("s3.list_object_versions", **VERSIONS),
         members={"Versions.0.Key": ODD}, moto="It ignores EncodingType here, and its answer cannot be read."),
    case("versions' keys are encoded, if so asked", put(Key="a b+c"),
         call("s3.list_object_versions", EncodingType="url", **VERSIONS),
         members={"Versions.0.Key": "a%20b%2Bc", "EncodingType": "url"}, moto="It ignores EncodingType here."),
    case("a page holds at most 1,000 versions", call("s3.list_object_versions", MaxKeys=5000, **VERSIONS),
         members={"MaxKeys": 1000}, moto="It tells the number that was asked for."),
    case("another owner than that of the versions",
         call("s3.list_object_versions", ExpectedBucketOwner=OTHER_ACCOUNT, **VERSIONS),
         status=403, code="AccessDenied", moto=IGNORES_OWNER),
    # --- list_multipart_uploads ---
    case("unfinished uploads are listed", begun(), call("s3.list_multipart_uploads", Bucket="@bucket", Prefix="k"),
         members={"Uploads.0.Key": "k", "Uploads.0.UploadId": "@0.UploadId", "IsTruncated": False}),
    case("no unfinished upload of another prefix", begun(),
         call("s3.list_multipart_uploads", Bucket="@bucket", Prefix="other"), members={"Uploads": ABSENT}),
    case("uploads' keys are encoded, if so asked", begun(Key="a b+c"),
         call("s3.list_multipart_uploads", Bucket="@bucket", EncodingType="url"),
         members={"Uploads.0.Key": "a%20b%2Bc", "EncodingType": "url"}, moto="It ignores EncodingType here."),
    case("the next page of uploads", begun(Key="a"), begun(Key="b"),
         call("s3.list_multipart_uploads", Bucket="@bucket", MaxUploads=1),
         call("s3.list_multipart_uploads", Bucket="@bucket", KeyMarker="@2.NextKeyMarker",
              UploadIdMarker="@2.NextUploadIdMarker"),
         members={"Uploads.0.Key": "b", "#Uploads": 1}, moto="It lists all of them in one page."),
    # --- list_buckets, list_parts ---
    case("buckets are listed", call("s3.head_bucket", Bucket="@bucket"), call("s3.list_buckets"),
         members={"Buckets.0.Name": ANY}),
    case("parts are listed", begun(), call("s3.upload_part", Bucket="@bucket", Key="k", UploadId="@0.UploadId",
         PartNumber=1, Body=b"one"), call("s3.list_parts", Bucket="@bucket", Key="k", UploadId="@0.UploadId"),
         members={"Parts.0.PartNumber": 1, "Parts.0.Size": 3}),
)  # fmt: skip
