"""The schedule that runs the reconciler."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks import nag_suppressions, permissions, resource_names
from stacks.config import Config
from stacks.permissions import allow

_MAX_EVENT_AGE_SECONDS = 300


def add(scope: Construct, config: Config, function: lambda_.IFunction) -> None:
    """Run the function every `reconcile.every_minutes` minutes."""
    _never_retry(scope, function)
    minutes = config.reconcile.every_minutes
    role = iam.Role(
        scope,
        "SchedulerRole",
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com", conditions=resource_names.only_for("scheduler", "schedule-group/default")
        ),
    )
    # No permission for the key: EventBridge Scheduler encrypts only payloads, and this schedule has none.
    run = [allow("Run", ["lambda:InvokeFunction"], [function.function_arn])]
    policy = permissions.policy(scope, "SchedulerRights", run, roles=[role])
    scheduler.CfnSchedule(
        scope,
        "Schedule",
        name=f"{config.name}-reconcile",
        schedule_expression=f"rate({minutes} minute{'s' if minutes > 1 else ''})",
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=function.function_arn,
            role_arn=role.role_arn,
            # No dead-letter queue: the next run does the work of a lost run, and an alarm counts runs.
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_retry_attempts=2, maximum_event_age_in_seconds=_MAX_EVENT_AGE_SECONDS
            ),
        ),
    ).node.add_dependency(policy)


def _never_retry(scope: Construct, function: lambda_.IFunction) -> None:
    """Turn off Lambda's retries of a failed run, because each would fail and be counted again within minutes."""
    invocations = lambda_.CfnEventInvokeConfig(
        scope,
        "ReconcileInvocations",
        function_name=function.function_name,
        qualifier="$LATEST",
        maximum_retry_attempts=0,
        maximum_event_age_in_seconds=_MAX_EVENT_AGE_SECONDS,
    )
    nag_suppressions.suppress(
        invocations,
        "LambdaAsyncFailureDestination",
        "The next run does the work of a lost run, and an alarm counts runs.",
        packs=("Serverless",),
    )
