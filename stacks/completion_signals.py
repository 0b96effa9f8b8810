"""The EventBridge rules that signal the end of a job to the completion queue."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks import resource_names
from stacks.config import Config


def add(scope: Construct, config: Config, queue: sqs.Queue, dead_letters: sqs.Queue) -> None:
    """Send the events of both rules to the completion queue. The reconciler is the third signal, and needs no rule."""
    target = events.CfnRule.TargetProperty(
        id="completion-queue",
        arn=queue.queue_arn,
        dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=dead_letters.queue_arn),
        retry_policy=events.CfnRule.RetryPolicyProperty(
            maximum_retry_attempts=185, maximum_event_age_in_seconds=24 * 3600
        ),
    )
    for name, pattern in _patterns(config).items():
        rule = events.CfnRule(
            scope,
            "".join(part.capitalize() for part in name.split("-")),
            name=f"{config.name}-{name}",
            event_pattern=pattern,
            targets=[target],
        )
        rule.node.add_dependency(queue, dead_letters)
    for receiver in (queue, dead_letters):
        receiver.add_to_resource_policy(
            iam.PolicyStatement(
                sid="RulesSend",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[receiver.queue_arn],
                conditions=resource_names.only_for("events", f"rule/{config.name}-*"),
            )
        )


def _patterns(config: Config) -> Mapping[str, Mapping[str, Any]]:
    """The event pattern of each rule.

    S3 guarantees the event of the written transcript. AWS documents no job event for medical jobs. The second rule
    takes any event that names one of our jobs, in case AWS sends one.
    """
    our_jobs = [{"prefix": f"{config.name}-"}]
    return {
        "transcript-written": {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {
                "bucket": {"name": [resource_names.bucket(config, "work")]},
                "object": {"key": [{"wildcard": f"raw/{config.name}-*.json"}]},
            },
        },
        "job-ended": {
            "source": ["aws.transcribe"],
            "detail": {
                "$or": [
                    {"MedicalTranscriptionJobName": our_jobs},
                    {"TranscriptionJobName": our_jobs},
                    {"JobName": our_jobs},
                ]
            },
        },
    }
