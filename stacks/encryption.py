"""The one key of everything that is kept."""

import aws_cdk as cdk
from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks import key_policy, resource_names
from stacks.config import Config


def key(scope: Construct, config: Config) -> kms.IKey:
    """The customer-managed key of everything; an existing one if the customer brings it.

    A key that is brought needs the same statements: `doctor` says which it lacks.
    """
    if config.key_arn:
        return kms.Key.from_key_arn(scope, "Key", config.key_arn)
    here = key_policy.Where(Aws.PARTITION, Aws.ACCOUNT_ID, Aws.REGION)
    made = kms.Key(
        scope,
        "Key",
        description=f"{config.name}: dictations, transcripts and all that speaks of them",
        enable_key_rotation=True,
        pending_window=Duration.days(30),
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        policy=iam.PolicyDocument.from_json({"Version": "2012-10-17", "Statement": key_policy.ours(config.name, here)}),
    )
    made.add_alias(f"alias/{config.name}")
    return made


def exported(scope: Construct, config: Config) -> kms.IKey:
    """The same key in another stack.

    An export and not a weak reference: its value never changes while the deployment lives, CloudFormation resolves it
    once, and it refuses to delete what other stacks depend on.
    """
    arn = config.key_arn or cdk.Fn.import_value(resource_names.key_export(config))
    return kms.Key.from_key_arn(scope, "Key", arn)


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
