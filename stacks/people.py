"""The three policies by which people and their programs get in: uploader, reader, subscriber."""

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from stacks.choices import Choices
from stacks.function import allow

if TYPE_CHECKING:
    from stacks.storage import StorageStack


def policies(storage: "StorageStack", choices: Choices) -> None:
    """Managed policies to attach to users or roles; each one's ARN is an output of the stack."""
    profiles = [storage.intake.arn_for_objects(f"{prefix}*") for prefix in choices.profiles]
    transcripts = storage.transcripts
    duties = {
        "Uploader": [
            allow("Upload", ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], profiles),
            allow("Encrypt", ["kms:GenerateDataKey", "kms:Decrypt"], [storage.key.key_arn]),
        ],
        "Reader": [
            allow("Read", ["s3:GetObject", "s3:GetObjectVersion"], [transcripts.arn_for_objects("*")]),
            allow("List", ["s3:ListBucket"], [transcripts.bucket_arn]),
            allow("Decrypt", ["kms:Decrypt"], [storage.key.key_arn]),
        ],
        "Subscriber": [
            allow(
                "Subscribe",
                ["sns:Subscribe", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"],
                [storage.completion.topic_arn],
            ),
            # A subscription's ARN is the topic's with an id: it can be managed, others' topics cannot.
            allow(
                "Manage",
                ["sns:Unsubscribe", "sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes"],
                [f"{storage.completion.topic_arn}:*", storage.completion.topic_arn],
            ),
        ],
    }
    for duty, statements in duties.items():
        policy = iam.ManagedPolicy(
            storage,
            duty,
            managed_policy_name=f"{choices.name}-{duty.lower()}-{Aws.REGION}",
            statements=statements,
        )
        cdk.CfnOutput(storage, f"{duty}PolicyArn", value=policy.managed_policy_arn)
