"""Exceptions to the rules of cdk-nag's packs: each is made where the resource is, with its reason.

The gates count every other finding, and every exception that no finding needs, as a failure.
"""

import aws_cdk as cdk
from constructs import IConstruct

CONTROLS = ("HIPAA.Security", "NIST.800.53.R5")
"""The packs of controls, which have most rules in common."""


def accept(construct: IConstruct, rule: str, reason: str, *, packs: tuple[str, ...] = CONTROLS) -> None:
    """Let a resource break a rule: `accept(bucket, "S3BucketReplicationEnabled", "Data stay in one Region.")`."""
    for pack in packs:
        # Under the pack's name, so that the CDK and not only the pack itself knows what was let through.
        finding = cdk.Acknowledgment(id=f"{pack}::{pack}-{rule}", reason=reason)
        cdk.Validations.of(construct).acknowledge(finding)
