"""The one key, and the names that its policy and others speak of.

They are strings that are known before what they name exists. With references instead, key, bucket and queue would
each wait for the other.
"""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks import key_policy
from stacks.choices import Choices


def bucket_name(choices: Choices, name: str) -> str:
    """Known before the bucket exists, and nobody else's: it ends in account and region."""
    return f"{choices.name}-{name}-{Aws.ACCOUNT_ID}-{Aws.REGION}"


def bucket_arn(choices: Choices, name: str) -> str:
    """The same as an ARN."""
    return f"arn:{Aws.PARTITION}:s3:::{bucket_name(choices, name)}"


def from_ours(service: str, resource: str) -> dict[str, dict[str, str]]:
    """Conditions on a service's principal: only on behalf of this account's resource of that name."""
    arn = f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"
    return {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}, "ArnLike": {"aws:SourceArn": arn}}


def key(scope: Construct, choices: Choices) -> kms.IKey:
    """The customer-managed key of everything; an existing one if the customer brings it.

    A key that is brought needs the same statements: `doctor` says which it lacks.
    """
    if choices.key_arn:
        return kms.Key.from_key_arn(scope, "Key", choices.key_arn)
    here = key_policy.Where(Aws.PARTITION, Aws.ACCOUNT_ID, Aws.REGION)
    made = kms.Key(
        scope,
        "Key",
        description=f"{choices.name}: dictations, transcripts and all that speaks of them",
        enable_key_rotation=True,
        pending_window=Duration.days(30),
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        policy=iam.PolicyDocument.from_json(
            {"Version": "2012-10-17", "Statement": key_policy.ours(choices.name, here)}
        ),
    )
    made.add_alias(f"alias/{choices.name}")
    return made


def refuse_other_keys(bucket: s3.Bucket, key: kms.IKey) -> None:
    """A write that names no encryption gets ours; one that names another is refused.

    `aws:kms` without a key id would mean the account's `aws/s3` key, hence the second rule.
    """
    asked = "s3:x-amz-server-side-encryption"
    asked_key = f"{asked}-aws-kms-key-id"
    refused = {
        "RefuseOtherEncryption": {"Null": {asked: "false"}, "StringNotEquals": {asked: "aws:kms"}},
        "RefuseNoKey": {"StringEquals": {asked: "aws:kms"}, "Null": {asked_key: "true"}},
        "RefuseOtherKey": {"Null": {asked_key: "false"}, "StringNotEquals": {asked_key: key.key_arn}},
    }
    for sid, conditions in refused.items():
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects("*")],
                conditions=conditions,
            )
        )
