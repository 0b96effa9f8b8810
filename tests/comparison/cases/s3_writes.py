"""S3: objects uploaded, copied, and uploaded in parts."""

from typing import Any

from tests.comparison.case import ABSENT, ANY, Call, call, case
from tests.comparison.cases.s3_objects import FIRST, GLACIER, OTHER_ACCOUNT, of, put

GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"
KMS = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "@key"}
SHA256 = "dpLDrTVAu4A8Ags67mbNiIcSMjTqDG5xQ8Ct1z/0Me0="
"""The checksum of `one`."""
BIG = bytes(5 * 1024 * 1024)
FIVE_MB = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"


def copied(**more: Any) -> Call:
    """A copy of that object into another bucket, as the start function makes it."""
    usual = {"Bucket": "@other bucket", "Key": "staged", "CopySource": {"Bucket": "@versioned", "Key": "k"}}
    return call("s3.copy_object", **{**usual, **more})


def begun(**more: Any) -> Call:
    """The start of a multipart upload."""
    return call("s3.create_multipart_upload", **{"Bucket": "@bucket", "Key": "k", **more})


def part(number: int, body: bytes) -> Call:
    """One of its parts."""
    return call("s3.upload_part", Bucket="@bucket", Key="k", UploadId="@0.UploadId", PartNumber=number, Body=body)


def completed(*numbers: int) -> Call:
    """Its completion."""
    parts = [{"PartNumber": number, "ETag": f"@{number}.ETag"} for number in numbers]
    return call(
        "s3.complete_multipart_upload",
        Bucket="@bucket",
        Key="k",
        UploadId="@0.UploadId",
        MultipartUpload={"Parts": parts},
    )


CASES = (
    # --- put_object ---
    case("every upload is encrypted", call("s3.put_object", Bucket="@bucket", Key="k", Body=b"one"),
         members={"ETag": '"f97c5d29941bfb1b2fdab0874906ab82"', "ServerSideEncryption": "AES256", "VersionId": ABSENT},
         moto="It names no encryption where none was asked for."),
    case("a checksum is checked and kept", put(ContentLength=3, ChecksumAlgorithm="SHA256", ChecksumSHA256=SHA256,
         ContentType="text/plain", ServerSideEncryption="AES256"),
         call("s3.head_object", Bucket="@versioned", Key="k", ChecksumMode="ENABLED"),
         members={"ChecksumSHA256": SHA256}),
    case("another checksum than the content's", put(ChecksumSHA256="A" * 43 + "="), status=400, code="BadDigest",
         moto="It checks no checksum."),
    case("a version is told", put(), members={"VersionId": ANY}),
    case("type, caching and disposition are kept",
         put(ContentType="text/plain", CacheControl="no-store", ContentDisposition="inline",
             ExpectedBucketOwner="@account"),
         of("head_object"),
         members={"ContentType": "text/plain", "CacheControl": "no-store", "ContentDisposition": "inline"}),
    case("our key is named", put(**KMS), members={"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "@key"}),
    case("`aws:kms` without a key is the account's", put(ServerSideEncryption="aws:kms"),
         members={"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": ANY},
         moto="It names no key."),
    case("what is there is not written over, if so asked", put(), put(IfNoneMatch="*"),
         status=412, code="PreconditionFailed"),
    case("what has changed is not written over, if so asked", put(), put(IfMatch='"0"'),
         status=412, code="PreconditionFailed"),
    case("2 KB of metadata", put(Metadata={"a": "b" * 2047}), members={"VersionId": ANY}),
    case("more than 2 KB of metadata", put(Metadata={"a": "b" * 2048}), status=400, code="MetadataTooLarge",
         source=f"{GUIDE}/UsingMetadata.html",
         moto="It has no limit."),
    case("another owner than the bucket's", put(ExpectedBucketOwner=OTHER_ACCOUNT), status=403, code="AccessDenied",
         moto="It ignores the expected owner."),
    case("a missing bucket", put(Bucket="@name"), status=404, code="NoSuchBucket"),
    case("a wrong checksum", put(ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="), status=400, code="BadDigest",
         moto="It checks no checksum."),
    # --- copy_object ---
    case("a copy takes the version it names, and no metadata",
         put(Metadata={"patient": "Jane"}), put(Body=b"two"),
         copied(CopySource={"Bucket": "@versioned", "Key": "k", **FIRST}, MetadataDirective="REPLACE",
                TaggingDirective="REPLACE", StorageClass="STANDARD", ContentType="application/octet-stream",
                CacheControl="no-store", ContentDisposition="inline", ExpectedBucketOwner="@account",
                ExpectedSourceBucketOwner="@account"),
         call("s3.get_object", Bucket="@other bucket", Key="staged"),
         members={"Body": b"one", "Metadata": {}, "ContentType": "application/octet-stream",
                  "CacheControl": "no-store"}),
    case("a copy tells its source's version", put(),
         copied(CopySource={"Bucket": "@versioned", "Key": "k", **FIRST}),
         members={"CopySourceVersionId": "@0.VersionId", "CopyObjectResult.ETag": "@0.ETag"}),
    case("a missing source", copied(), status=404, code="NoSuchKey"),
    case("a missing version", put(),
         copied(CopySource={"Bucket": "@versioned", "Key": "k", "VersionId": "f" * 32}),
         status=404, code="NoSuchVersion"),
    case("what is no version id", put(), copied(CopySource={"Bucket": "@versioned", "Key": "k", "VersionId": "a b"}),
         status=400, code="InvalidArgument", moto="It answers NoSuchKey."),
    case("a delete marker's version is not copied", put(), call("s3.delete_object", Bucket="@versioned", Key="k"),
         copied(CopySource={"Bucket": "@versioned", "Key": "k", "VersionId": "@1.VersionId"}),
         status=400, code="InvalidRequest", moto="It answers NoSuchKey."),
    case("what is archived is not copied", put(**GLACIER), copied(), status=403, code="InvalidObjectState",
         moto="It answers ObjectNotInActiveTierError, which is the SDK's name of another error."),
    case("a version that is archived is not copied", put(StorageClass="DEEP_ARCHIVE"),
         copied(CopySource={"Bucket": "@versioned", "Key": "k", **FIRST}), status=403, code="InvalidObjectState",
         moto="It answers ObjectNotInActiveTierError, which is the SDK's name of another error."),
    case("a copy onto itself that changes nothing", put(), of("copy_object",
         CopySource={"Bucket": "@versioned", "Key": "k"}), status=400, code="InvalidRequest"),
    case("a copy onto itself with other metadata", put(), of("copy_object",
         CopySource={"Bucket": "@versioned", "Key": "k"}, MetadataDirective="REPLACE", Metadata={"a": "b"}),
         members={"CopyObjectResult.ETag": "@0.ETag"}),
    case("an old version is copied onto the newest", put(), put(Body=b"two"), of("copy_object",
         CopySource={"Bucket": "@versioned", "Key": "k", **FIRST}), of("get_object"), members={"Body": b"one"}),
    case("another owner than the target's", put(), copied(ExpectedBucketOwner=OTHER_ACCOUNT),
         status=403, code="AccessDenied", moto="It ignores the expected owner."),
    case("another owner than the source's", put(), copied(ExpectedSourceBucketOwner=OTHER_ACCOUNT),
         status=403, code="AccessDenied", moto="It ignores the expected owner."),
    # --- multipart uploads ---
    case("parts become one object", begun(), part(1, BIG), part(2, b"end"), completed(1, 2),
         call("s3.head_object", Bucket="@bucket", Key="k"),
         members={"ContentLength": len(BIG) + 3, "ContentType": "binary/octet-stream"}),
    case("parts with checksums", begun(ChecksumAlgorithm="SHA256", ContentType="text/plain",
         ServerSideEncryption="AES256"), call("s3.upload_part", Bucket="@bucket", Key="k", UploadId="@0.UploadId",
         PartNumber=1, Body=b"one", ContentLength=3, ChecksumAlgorithm="SHA256", ChecksumSHA256=SHA256),
         completed(1), members={"ETag": ANY, "Key": "k"}),
    case("a part below 5 MB that is not the last", begun(), part(1, b"short"), part(2, b"end"), completed(1, 2),
         status=400, code="EntityTooSmall", source=FIVE_MB),
    case("a part that was not uploaded", begun(), part(1, b"end"), call(
        "s3.complete_multipart_upload", Bucket="@bucket", Key="k", UploadId="@0.UploadId",
        MultipartUpload={"Parts": [{"PartNumber": 2, "ETag": "@1.ETag"}]}), status=400, code="InvalidPart"),
    case("an upload keeps its metadata, type, encryption and key",
         begun(Metadata={"correlation-id": "visit-7"}, ContentType="audio/wav", **KMS),
         members={"UploadId": ANY, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "@key"}),
    case("an upload is given up", begun(),
         call("s3.abort_multipart_upload", Bucket="@bucket", Key="k", UploadId="@0.UploadId"), status=204),
    case("an upload that is not there is not given up", call("s3.abort_multipart_upload", Bucket="@bucket", Key="k",
         UploadId="none"), status=404, code="NoSuchUpload"),
)  # fmt: skip
