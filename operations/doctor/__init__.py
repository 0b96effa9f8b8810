"""Reports misconfigurations and their remedies, before and after a deployment. Changes nothing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from operations import errors
from operations.doctor import (
    check_account,
    check_deploy_role,
    check_events,
    check_key,
    check_notifications,
    check_quotas,
    check_stacks,
    check_storage,
    check_tools,
)
from operations.doctor.context import DoctorContext
from operations.doctor.findings import Finding, Health, broken, unknown
from stethoscript import aws_errors

__all__ = ["CHECKS", "CREDENTIALS", "PIPELINE", "Check", "DoctorContext", "Finding", "Health", "examine", "made"]

CREDENTIALS = "credentials"
"""The check without which no other can be made of the account."""


@dataclass(frozen=True)
class Check:
    """One check; `needs` lists the IAM actions that it calls."""

    look: Callable[[DoctorContext], Iterable[Finding]]
    needs: tuple[str, ...] = ()
    of_aws: bool = False
    """Whether only AWS itself has anything to look at."""
    of_deployment: bool = False
    """Whether there must be a deployment to look at."""
    instead: str = ""
    """What to do where it cannot tell."""


CHECKS: dict[str, Check] = {
    "packages": Check(check_tools.packages),
    "node": Check(check_tools.node),
    "cdk": Check(check_tools.cdk),
    "choices": Check(check_tools.config),
    CREDENTIALS: Check(check_account.credentials, ("sts:GetCallerIdentity",)),
    "clock": Check(check_account.clock),
    "region": Check(check_account.region, ("transcribe:ListMedicalTranscriptionJobs",)),
    "bootstrap": Check(check_account.bootstrap, ("ssm:GetParameter",)),
    "deploying": Check(
        check_deploy_role.rights,
        ("iam:SimulatePrincipalPolicy",),
        of_aws=True,
        instead="Compare what the CDK's execution role holds with docs/rights.",
    ),
    "quotas": Check(
        check_quotas.concurrent_jobs,
        (
            "servicequotas:GetServiceQuota",
            "servicequotas:GetAWSDefaultServiceQuota",
            "transcribe:ListMedicalTranscriptionJobs",
        ),
        of_aws=True,
        instead="Compare quotas.concurrent_jobs with the quota in the Service Quotas console, under Amazon Transcribe.",
    ),
    "functions at once": Check(check_quotas.functions_at_once, ("lambda:GetAccountSettings",), of_aws=True),
    "opt-out": Check(
        check_account.opt_out,
        ("organizations:DescribeEffectivePolicy",),
        of_aws=True,
        instead=check_account.ASK_FOR_OPT_OUT,
    ),
    "cost tags": Check(
        check_account.cost_tags, ("ce:ListCostAllocationTags",), of_aws=True, instead=check_account.ASK_FOR_TAG
    ),
    "deployment": Check(check_stacks.deployment, ("cloudformation:DescribeStacks", "s3:ListBucket")),
    "key": Check(check_key.key, ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus")),
    "stacks": Check(check_stacks.stacks, ("cloudformation:DescribeStacks",), of_deployment=True),
    "drift": Check(
        check_stacks.drift,
        (
            "cloudformation:DescribeStacks",
            "cloudformation:DescribeStackResourceDrifts",
            "cloudformation:DetectStackDrift",
            "cloudformation:DescribeStackDriftDetectionStatus",
        ),
        of_deployment=True,
    ),
    "functions": Check(
        check_stacks.functions,
        ("lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency", "iam:ListAttachedRolePolicies"),
        of_deployment=True,
    ),
    "queues": Check(check_stacks.queues, ("lambda:ListEventSourceMappings",), of_deployment=True),
    "intake": Check(
        check_events.intake,
        ("s3:GetBucketNotification", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
        of_deployment=True,
    ),
    "signals": Check(
        check_events.signals,
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
        check_events.reconciler,
        ("scheduler:GetSchedule", "logs:FilterLogEvents", "cloudformation:DescribeStacks"),
        of_deployment=True,
    ),
    "vocabularies": Check(
        check_events.vocabularies,
        ("lambda:GetFunctionConfiguration", "kms:Decrypt", "transcribe:GetMedicalVocabulary"),
        of_deployment=True,
    ),
    "subscriptions": Check(check_notifications.subscriptions, ("sns:ListSubscriptionsByTopic",), of_deployment=True),
    "dead letters": Check(
        check_notifications.dead_letters, ("sqs:GetQueueUrl", "sqs:GetQueueAttributes"), of_deployment=True
    ),
    "alarms": Check(
        check_notifications.alarms,
        ("cloudformation:ListStackResources", "cloudwatch:DescribeAlarms"),
        of_deployment=True,
    ),
    "buckets": Check(
        check_storage.buckets,
        (
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
        ),
        of_deployment=True,
    ),
    "ledger": Check(
        check_storage.ledger, ("dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups"), of_deployment=True
    ),
}
"""In the order of the deployment steps."""
PIPELINE = ("key", "functions", "queues", "intake", "signals", "reconciler", "vocabularies", "dead letters", "alarms")
"""Checks of the pipeline. `explain` also runs them for a waiting recording."""


def examine(context: DoctorContext) -> Iterator[tuple[str, Finding]]:
    """Every check's findings, under its name; those of an account that does not let us in are left out."""
    left_out = [name for name, check in CHECKS.items() if check.of_aws and not context.aws]
    for name, check in CHECKS.items():
        if name in left_out or (check.of_deployment and context.deployment is None):
            continue
        findings = list(made(check, context))
        yield from ((name, finding) for finding in findings)
        if name == CREDENTIALS and any(finding.health is Health.BROKEN for finding in findings):
            return
    if left_out:
        yield "aws", unknown(f"This is not AWS, where one would also look at: {', '.join(left_out)}.")


def made(check: Check, context: DoctorContext) -> Iterator[Finding]:
    """What a check finds; of one that cannot be made, why not."""
    try:
        yield from check.look(context)
    except errors.AWS_ERRORS as error:
        if errors.denied(error):
            yield unknown(f"AWS does not let you look: that needs {', '.join(check.needs)}.", check.instead)
        elif errors.absent(error) and context.deployment:
            yield broken(f"What this looks at is gone ({aws_errors.described(error)}).", context.restore)
        else:
            yield unknown(f"AWS did not answer ({aws_errors.described(error)}).", check.instead)
    except Exception as error:  # noqa: BLE001 - one check that breaks must not hide what the others find
        yield unknown(f"The check itself failed ({aws_errors.described(error)}).", "Please report it.")
