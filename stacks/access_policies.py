"""The managed policies by which people and their programs get in."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from operations import access_policies
from stacks import access_statements, permissions
from stacks.config import Config
from stacks.key_policy import KeyLocation
from stacks.permissions import Permission


def policies(scope: Construct, config: Config, key: kms.IKey) -> None:
    """Managed policies to attach to users or roles; each one's ARN is an output of the stack."""
    here = KeyLocation(Aws.PARTITION, Aws.ACCOUNT_ID, Aws.REGION)
    for name, usual in access_policies.POLICIES.items():
        policy = access_policies.reader(hears_audio=config.readers_hear_audio) if name == "Reader" else usual
        statements = access_statements.statements(policy, config.name, here, key.key_arn, list(config.profiles))
        held = [
            Permission(each.sid, each.actions, each.resources, each.conditions, each.because) for each in statements
        ]
        made = permissions.policy(scope, name, held, managed_policy_name=f"{config.name}-{name.lower()}-{Aws.REGION}")
        cdk.CfnOutput(scope, f"{name}PolicyArn", value=made.managed_policy_arn)


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
