"""Says what is misconfigured, before and after a deployment, and what helps. Only looks, changes nothing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from operations import problems
from operations.doctor import account, deployed, deploying, keeping, key, quotas, telling, tools, wiring
from operations.doctor.findings import Finding, Health, broken, unknown
from operations.doctor.site import Site
from stethoscript import faults

__all__ = ["CHECKS", "CREDENTIALS", "PIPELINE", "Check", "Finding", "Health", "Site", "examine", "made"]

CREDENTIALS = "credentials"
"""The check without which no other can be made of the account."""


@dataclass(frozen=True)
class Check:
    """One look at one thing; `needs` are the rights it takes, by IAM's names."""

    look: Callable[[Site], Iterable[Finding]]
    needs: tuple[str, ...] = ()
    of_aws: bool = False
    """Whether only AWS itself has anything to look at."""
    of_deployment: bool = False
    """Whether there must be a deployment to look at."""
    instead: str = ""
    """What to do where it cannot tell."""


CHECKS: dict[str, Check] = {
    "packages": Check(tools.packages),
    "node": Check(tools.node),
    "cdk": Check(tools.cdk),
    "choices": Check(tools.choices),
    CREDENTIALS: Check(account.credentials, ("sts:GetCallerIdentity",)),
    "clock": Check(account.clock),
    "region": Check(account.region, ("transcribe:ListMedicalTranscriptionJobs",)),
    "bootstrap": Check(account.bootstrap, ("ssm:GetParameter",)),
    "deploying": Check(
        deploying.rights,
        ("iam:SimulatePrincipalPolicy",),
        of_aws=True,
        instead="Compare what the CDK's execution role holds with docs/rights.",
    ),
    "quotas": Check(
        quotas.jobs_at_once,
        (
            "servicequotas:GetServiceQuota",
            "servicequotas:GetAWSDefaultServiceQuota",
            "transcribe:ListMedicalTranscriptionJobs",
        ),
        of_aws=True,
        instead="Compare quotas.jobs_at_once with the quota in the Service Quotas console, under Amazon Transcribe.",
    ),
    "functions at once": Check(quotas.functions_at_once, ("lambda:GetAccountSettings",), of_aws=True),
    "opt-out": Check(
        account.opt_out, ("organizations:DescribeEffectivePolicy",), of_aws=True, instead=account.ASK_FOR_OPT_OUT
    ),
    "cost tags": Check(account.cost_tags, ("ce:ListCostAllocationTags",), of_aws=True, instead=account.ASK_FOR_TAG),
    "deployment": Check(deployed.deployment, ("cloudformation:DescribeStacks", "s3:ListBucket")),
    "key": Check(key.key, ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus")),
    "stacks": Check(deployed.stacks, ("cloudformation:DescribeStacks",), of_deployment=True),
    "drift": Check(
        deployed.drift,
        (
            "cloudformation:DescribeStacks",
            "cloudformation:DescribeStackResourceDrifts",
            "cloudformation:DetectStackDrift",
            "cloudformation:DescribeStackDriftDetectionStatus",
        ),
        of_deployment=True,
    ),
    "functions": Check(
        deployed.functions,
        ("lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency", "iam:ListAttachedRolePolicies"),
        of_deployment=True,
    ),
    "queues": Check(deployed.queues, ("lambda:ListEventSourceMappings",), of_deployment=True),
    "intake": Check(
        wiring.intake, ("s3:GetBucketNotification", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"), of_deployment=True
    ),
    "signals": Check(
        wiring.signals,
        (
            "s3:GetBucketNotification",
            "events:DescribeRule",
            "events:ListTargetsByRule",
            "sqs:GetQueueUrl",
            "sqs:GetQueueAttributes",
        ),
        of_deployment=True,
    ),
    "reconciler": Check(
        wiring.reconciler,
        ("scheduler:GetSchedule", "logs:FilterLogEvents", "cloudformation:DescribeStacks"),
        of_deployment=True,
    ),
    "vocabularies": Check(
        wiring.vocabularies,
        ("lambda:GetFunctionConfiguration", "kms:Decrypt", "transcribe:GetMedicalVocabulary"),
        of_deployment=True,
    ),
    "subscriptions": Check(telling.subscriptions, ("sns:ListSubscriptionsByTopic",), of_deployment=True),
    "dead letters": Check(telling.dead_letters, ("sqs:GetQueueUrl", "sqs:GetQueueAttributes"), of_deployment=True),
    "alarms": Check(
        telling.alarms, ("cloudformation:ListStackResources", "cloudwatch:DescribeAlarms"), of_deployment=True
    ),
    "buckets": Check(
        keeping.buckets,
        (
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
        ),
        of_deployment=True,
    ),
    "ledger": Check(
        keeping.ledger, ("dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups"), of_deployment=True
    ),
}
"""In the order in which somebody who deploys meets them."""
PIPELINE = ("key", "functions", "queues", "intake", "signals", "reconciler", "vocabularies", "dead letters", "alarms")
"""Checks of what brings recordings further: `explain` makes them too, of a recording that waits."""


def examine(site: Site) -> Iterator[tuple[str, Finding]]:
    """Every check's findings, under its name; those of an account that does not let us in are left out."""
    left_out = [name for name, check in CHECKS.items() if check.of_aws and not site.aws]
    for name, check in CHECKS.items():
        if name in left_out or (check.of_deployment and site.deployment is None):
            continue
        findings = list(made(check, site))
        yield from ((name, finding) for finding in findings)
        if name == CREDENTIALS and any(finding.health is Health.BROKEN for finding in findings):
            return
    if left_out:
        yield "aws", unknown(f"This is not AWS, where one would also look at: {', '.join(left_out)}.")


def made(check: Check, site: Site) -> Iterator[Finding]:
    """What a check finds; of one that cannot be made, why not."""
    try:
        yield from check.look(site)
    except (ClientError, BotoCoreError) as error:
        if problems.denied(error):
            yield unknown(f"AWS does not let you look: that needs {', '.join(check.needs)}.", check.instead)
        elif problems.absent(error) and site.deployment:
            yield broken(f"What this looks at is gone ({faults.described(error)}).", site.restore)
        else:
            yield unknown(f"AWS did not answer ({faults.described(error)}).", check.instead)
    except Exception as error:  # noqa: BLE001 - one check that breaks must not hide what the others find
        yield unknown(f"The check itself failed ({faults.described(error)}).", "Please report it.")
