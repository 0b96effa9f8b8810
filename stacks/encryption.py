"""The KMS key of all stored data."""

import aws_cdk as cdk
from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks import key_policy, resource_names
from stacks.config import Config


def key(scope: Construct, config: Config) -> kms.IKey:
    """The customer-managed key of all stored data: a new one, or the existing one of the setting `key_arn`.

    An existing key's policy needs the same statements. `doctor` names those that are missing.
    """
    if config.key_arn:
        return kms.Key.from_key_arn(scope, "Key", config.key_arn)
    location = key_policy.KeyLocation(Aws.PARTITION, Aws.ACCOUNT_ID, Aws.REGION)
    new_key = kms.Key(
        scope,
        "Key",
        description=f"{config.name}: recordings, transcripts, and all messages, rows and logs about them",
        enable_key_rotation=True,
        pending_window=Duration.days(30),
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        policy=iam.PolicyDocument.from_json(
            {"Version": "2012-10-17", "Statement": key_policy.full_policy(config.name, location)}
        ),
    )
    new_key.add_alias(f"alias/{config.name}")
    return new_key


def imported_key(scope: Construct, config: Config) -> kms.IKey:
    """The same key in another stack, by its export.

    A weak reference would not do: CloudFormation resolves an export once, its value never changes, and CloudFormation
    refuses to delete a stack while another stack imports from it.
    """
    arn = config.key_arn or cdk.Fn.import_value(resource_names.key_export(config))
    return kms.Key.from_key_arn(scope, "Key", arn)


def refuse_other_keys(bucket: s3.Bucket, key: kms.IKey) -> None:
    """Deny writes that request another encryption or key. A write without a request gets the bucket's default: our key.

    `aws:kms` without a key id would mean the account's `aws/s3` key. The second statement denies it.
    """
    encryption = "s3:x-amz-server-side-encryption"
    key_id = f"{encryption}-aws-kms-key-id"
    denied = {
        "RefuseOtherEncryption": {"Null": {encryption: "false"}, "StringNotEquals": {encryption: "aws:kms"}},
        "RefuseNoKey": {"StringEquals": {encryption: "aws:kms"}, "Null": {key_id: "true"}},
        "RefuseOtherKey": {"Null": {key_id: "false"}, "StringNotEquals": {key_id: key.key_arn}},
    }
    for sid, conditions in denied.items():
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
