"""The three policies by which people and their programs get in: uploader, reader, subscriber."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks import permissions
from stacks.config import Config
from stacks.permissions import Right, allow


def policies(
    scope: Construct, config: Config, *, intake: s3.IBucket, transcripts: s3.IBucket, news: sns.ITopic, key: kms.IKey
) -> None:
    """Managed policies to attach to users or roles; each one's ARN is an output of the stack."""
    profiles = [intake.arn_for_objects(f"{prefix}*") for prefix in config.profiles]
    duties = {
        "Uploader": [
            allow(
                "Upload",
                ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                profiles,
                because="Uploaders name their recordings as they like, under a profile's prefix.",
            ),
            _use("Encrypt", ["kms:GenerateDataKey", "kms:Decrypt"], key, intake),
        ],
        "Reader": [
            allow(
                "Read",
                ["s3:GetObject", "s3:GetObjectVersion"],
                [transcripts.arn_for_objects("*")],
                because="Whoever reads transcripts reads all of them; narrower readers get a policy of the customer's.",
            ),
            allow("List", ["s3:ListBucket"], [transcripts.bucket_arn]),
            _use("Decrypt", ["kms:Decrypt"], key, transcripts),
        ],
        "Subscriber": [
            allow(
                "Subscribe",
                ["sns:Subscribe", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"],
                [news.topic_arn],
            ),
            # Who may change or end one subscription may every one of the account: SNS has no ARN for it. Operators may.
        ],
    }
    for duty, statements in duties.items():
        name = f"{config.name}-{duty.lower()}-{Aws.REGION}"
        policy = permissions.policy(scope, duty, statements, managed_policy_name=name)
        cdk.CfnOutput(scope, f"{duty}PolicyArn", value=policy.managed_policy_arn)


def refuse_other_readers(transcripts: s3.Bucket, readers: Sequence[str]) -> None:
    """Let nobody but these roles and users read transcripts, whatever other policies allow."""
    transcripts.add_to_resource_policy(
        iam.PolicyStatement(
            sid="RefuseOtherReaders",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[transcripts.arn_for_objects("*")],
            conditions={"ArnNotLike": {"aws:PrincipalArn": list(readers)}},
        )
    )


def _use(sid: str, actions: list[str], key: kms.IKey, bucket: s3.IBucket) -> Right:
    """Use of the key through S3, and for what lies in this bucket: a bucket key's context is the bucket alone."""
    return allow(
        sid,
        actions,
        [key.key_arn],
        StringEquals={"kms:ViaService": f"s3.{Aws.REGION}.amazonaws.com"},
        StringLike={"kms:EncryptionContext:aws:s3:arn": [bucket.bucket_arn, bucket.arn_for_objects("*")]},
    )
