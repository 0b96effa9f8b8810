"""Checks the protection of the buckets and the ledger."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from operations.doctor import resource_policies
from operations.doctor.context import DoctorContext
from operations.doctor.findings import Finding, attention, broken, ok

_PLAIN_HTTP = {
    "Principal": "*",
    "Action": ["s3:GetObject", "s3:PutObject"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def buckets(context: DoctorContext) -> Iterator[Finding]:
    """Whether versions are kept, everything is encrypted under our key, and nothing is public."""
    here = context.here
    for name, bucket, versioned in (
        ("intake", here.intake, True), ("work", here.work, False), ("transcripts", here.transcripts, True),
    ):  # fmt: skip
        problems = [*_bucket(context, name, bucket, versioned)]
        yield from problems or [ok(f"The {name} bucket is private and encrypted under the key.")]


def ledger(context: DoctorContext) -> Iterator[Finding]:
    """Whether the table can be restored, and not be deleted by mistake."""
    dynamodb, table = context.client("dynamodb"), context.here.outputs["LedgerTableName"]
    found = dynamodb.describe_table(TableName=table)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    restorable = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED"
    protected = found.get("DeletionProtectionEnabled")
    if found["TableStatus"] not in ("ACTIVE", "UPDATING"):
        yield broken(f"The ledger is {found['TableStatus']}.", "Look at the table in the DynamoDB console.")
    if not protected:
        yield attention("The ledger may be deleted: its deletion protection is off.", context.restore)
    if not restorable and context.aws:
        yield attention("The ledger cannot be restored: its point-in-time recovery is off.", context.restore)
    if protected and (restorable or not context.aws):
        yield ok("The ledger is protected" + (", and can be restored to any second of 35 days." if restorable else "."))


def _bucket(context: DoctorContext, name: str, bucket: str, versioned: bool) -> Iterator[Finding]:
    s3, owner = context.client("s3"), {"ExpectedBucketOwner": context.here.account}
    if versioned and s3.get_bucket_versioning(Bucket=bucket, **owner).get("Status") != "Enabled":
        more = ", and no upload is transcribed" if name == "intake" else ""
        yield broken(f"The {name} bucket keeps no versions: what is overwritten is lost{more}.", context.restore)
    rules = s3.get_bucket_encryption(Bucket=bucket, **owner)["ServerSideEncryptionConfiguration"]["Rules"]
    keys = {rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID") for rule in rules}
    if keys != {context.here.outputs["KeyArn"]}:
        yield broken(f"The {name} bucket encrypts under another key than the deployment's.", context.restore)
    yield from _policy(context, name, bucket)
    try:
        blocks = s3.get_public_access_block(Bucket=bucket, **owner)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
            raise
        blocks = {}
    if not (blocks and all(blocks.values())):
        yield broken(f"The {name} bucket's block of public access is off.", context.restore)


def _policy(context: DoctorContext, name: str, bucket: str) -> Iterator[Finding]:
    """Our bucket policies only deny. The policies of people and functions grant access."""
    try:
        answer = context.client("s3").get_bucket_policy(Bucket=bucket, ExpectedBucketOwner=context.here.account)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
        answer = {"Policy": "{}"}
    there = resource_policies.read(answer["Policy"])
    for each in there:
        if each["Effect"] == "Allow":
            what = f"The policy of the {name} bucket itself lets somebody in."
            yield broken(what, "Take the statement out, or give them a policy of their own.", each)
    objects = f"arn:{context.where.partition}:s3:::{bucket}/*"
    if not resource_policies.refuses(there, {**_PLAIN_HTTP, "Resource": objects}):
        yield broken(f"The {name} bucket's policy no longer refuses what is not encrypted on its way.", context.restore)
