"""Suppressed findings of cdk-nag's rule packs. Each is suppressed beside the resource, with its reason.

The tests fail for every other finding, and for every suppression that matches no finding.
"""

import aws_cdk as cdk
from constructs import IConstruct

CONTROLS = ("HIPAA.Security", "NIST.800.53.R5")
"""The rule packs of compliance standards. They have most rules in common."""


def suppress(construct: IConstruct, rule: str, reason: str, *, packs: tuple[str, ...] = CONTROLS) -> None:
    """Suppress a rule for a resource: `suppress(bucket, "S3BucketReplicationEnabled", "Data stay in one Region.")`."""
    for pack in packs:
        # With the pack's name, so that the CDK's own report also lists the suppression.
        finding = cdk.Acknowledgment(id=f"{pack}::{pack}-{rule}", reason=reason)
        cdk.Validations.of(construct).acknowledge(finding)
