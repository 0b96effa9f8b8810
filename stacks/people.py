"""The three policies by which people and their programs get in: uploader, reader, subscriber."""

import aws_cdk as cdk
from aws_cdk import Aws
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks import rights
from stacks.choices import Choices
from stacks.rights import allow


def policies(
    scope: Construct, choices: Choices, *, intake: s3.IBucket, transcripts: s3.IBucket, news: sns.ITopic, key: kms.IKey
) -> None:
    """Managed policies to attach to users or roles; each one's ARN is an output of the stack."""
    profiles = [intake.arn_for_objects(f"{prefix}*") for prefix in choices.profiles]
    duties = {
        "Uploader": [
            allow(
                "Upload",
                ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                profiles,
                because="Uploaders name their recordings as they like, under a profile's prefix.",
            ),
            allow("Encrypt", ["kms:GenerateDataKey", "kms:Decrypt"], [key.key_arn]),
        ],
        "Reader": [
            allow(
                "Read",
                ["s3:GetObject", "s3:GetObjectVersion"],
                [transcripts.arn_for_objects("*")],
                because="Whoever reads transcripts reads all of them; narrower readers get a policy of the customer's.",
            ),
            allow("List", ["s3:ListBucket"], [transcripts.bucket_arn]),
            allow("Decrypt", ["kms:Decrypt"], [key.key_arn]),
        ],
        "Subscriber": [
            allow(
                "Subscribe",
                ["sns:Subscribe", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"],
                [news.topic_arn],
            ),
            allow(
                "Manage",
                ["sns:Unsubscribe", "sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes"],
                [f"{news.topic_arn}:*", news.topic_arn],
                because="A subscription's ARN is the topic's with an id that SNS makes up.",
            ),
        ],
    }
    for duty, statements in duties.items():
        name = f"{choices.name}-{duty.lower()}-{Aws.REGION}"
        policy = rights.policy(scope, duty, statements, managed_policy_name=name)
        cdk.CfnOutput(scope, f"{duty}PolicyArn", value=policy.managed_policy_arn)
