"""S3: buckets and their settings."""

from tests.comparison.case import ABSENT, ANY, call, case

BUCKET = {"Bucket": "@bucket"}
OWNED = {**BUCKET, "ExpectedBucketOwner": "@account"}
FOREIGN = {**BUCKET, "ExpectedBucketOwner": "111111111111"}
IGNORES_OWNER = "It ignores the expected owner."
RULE = {"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}

CASES = (
    case("a bucket is made", call("s3.create_bucket", Bucket="@name"), members={"Location": ANY}),
    case("a bucket's name", call("s3.create_bucket", Bucket="Not_A_Name"), status=400, code="InvalidBucketName",
         moto="It accepts any."),
    case("a bucket that holds an object is not deleted", call("s3.put_object", Key="k", Body=b"", **BUCKET),
         call("s3.delete_bucket", **BUCKET), status=409, code="BucketNotEmpty"),
    case("an empty bucket is deleted", call("s3.delete_bucket", **BUCKET), status=204),
    case("a bucket is there", call("s3.head_bucket", **BUCKET)),
    case("a bucket is not there", call("s3.head_bucket", Bucket="@name"), status=404, code="404"),
    case("the expected owner's bucket is there", call("s3.head_bucket", **OWNED)),
    case("another owner's bucket", call("s3.head_bucket", **FOREIGN), status=403, code="403", moto=IGNORES_OWNER),
    case("the expected owner's versioning", call("s3.get_bucket_versioning", **OWNED), members={"Status": ABSENT}),
    *(
        case("another owner than the bucket's", call(f"s3.{operation}", **FOREIGN), status=403, code="AccessDenied",
             moto=IGNORES_OWNER)
        for operation in ("get_bucket_versioning", "get_bucket_encryption", "get_bucket_policy",
                          "get_bucket_notification_configuration", "get_public_access_block")
    ),
    case("versioning", call("s3.get_bucket_versioning", Bucket="@versioned"), members={"Status": "Enabled"}),
    case("no versioning", call("s3.get_bucket_versioning", **BUCKET), members={"Status": ABSENT}),
    case("the usual encryption", call("s3.get_bucket_encryption", **BUCKET), members={
        "ServerSideEncryptionConfiguration.Rules.0.ApplyServerSideEncryptionByDefault.SSEAlgorithm": "AES256"},
        moto="It answers that there is none."),
    case("encryption with a key", call("s3.put_bucket_encryption", **BUCKET, ServerSideEncryptionConfiguration={
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "@key"}}]}),
        call("s3.get_bucket_encryption", **BUCKET), members={
        "ServerSideEncryptionConfiguration.Rules.0.ApplyServerSideEncryptionByDefault.KMSMasterKeyID": "@key"}),
    case("lifecycle", call("s3.put_bucket_lifecycle_configuration", **BUCKET,
         LifecycleConfiguration={"Rules": [RULE]}),
         call("s3.get_bucket_lifecycle_configuration", **BUCKET), members={"Rules.0.Expiration.Days": 30}),
    case("no lifecycle", call("s3.get_bucket_lifecycle_configuration", **BUCKET),
         status=404, code="NoSuchLifecycleConfiguration"),
    case("no logging", call("s3.get_bucket_logging", **BUCKET), members={"LoggingEnabled": ABSENT}),
    case("public access is blocked from the start", call("s3.get_public_access_block", **BUCKET),
         members={"PublicAccessBlockConfiguration.BlockPublicPolicy": True},
         source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
         moto="It answers that nothing is blocked."),
    case("no object lock", call("s3.get_object_lock_configuration", **BUCKET),
         status=404, code="ObjectLockConfigurationNotFoundError"),
    case("object lock", call("s3.get_object_lock_configuration", Bucket="@locked"),
         members={"ObjectLockConfiguration.ObjectLockEnabled": "Enabled"}),
    case("where a bucket lies", call("s3.get_bucket_location", **BUCKET), members={"LocationConstraint": None}),
    case("no policy", call("s3.get_bucket_policy", **BUCKET), status=404, code="NoSuchBucketPolicy"),
    case("a bucket's tags", call("s3.put_bucket_tagging", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}, **BUCKET),
         call("s3.get_bucket_tagging", **BUCKET), members={"TagSet": [{"Key": "a", "Value": "b"}]}),
    case("no notifications", call("s3.get_bucket_notification_configuration", **BUCKET),
         members={"QueueConfigurations": ABSENT}),
)  # fmt: skip
