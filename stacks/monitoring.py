"""The first alarms: each says that a person must look, and goes to the operations topic."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from stacks.budget import budget
from stacks.choices import Choices
from stacks.pipeline import PipelineStack
from stacks.storage import StorageStack

_NAMESPACE = "Stethoscript"
_AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD


class MonitoringStack(cdk.Stack):
    """Alarms on what no retry mends."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        choices: Choices,
        storage: StorageStack,
        pipeline: PipelineStack,
        **properties: Any,
    ) -> None:
        super().__init__(scope, construct_id, **properties)
        self._choices = choices
        if not choices.emails.operations:
            cdk.Annotations.of(self).add_warning_v2(
                "stethoscript:alarms", "Nobody is mailed about alarms: name somebody under emails.operations."
            )
        self._tell = actions.SnsAction(storage.operations)
        dead = {"intake": storage.intake_dead_letters, "completion": pipeline.completion_dead_letters}
        for name, queue in dead.items():
            self._alarm(
                f"{name}-dead-letters",
                queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(5), statistic="Maximum"),
                1,
                "Messages that no retry could handle; nothing is lost, see docs/operations.md.",
            )
        for each, queue in storage.undelivered:
            self._alarm(
                f"undelivered-{each.id}",
                queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(5), statistic="Maximum"),
                1,
                f"{each.protocol} {each.whom} could not be told of a recording's end, see docs/notifications.md.",
            )
        self._alarm(
            "intake-waits",
            storage.intake_queue.metric_approximate_age_of_oldest_message(period=Duration.minutes(5)),
            4 * 3600,
            "A recording has waited for four hours.",
        )
        functions = {
            "start": pipeline.start_transcription,
            "deliver": pipeline.deliver_transcript,
            "reconcile": pipeline.reconcile,
        }
        for name, ours in functions.items():
            self._alarm(
                f"{name}-errors",
                ours.function.metric_errors(period=Duration.hours(1)),
                3,
                "The function fails as a whole.",
            )
        for name, metric, text in (
            (
                "configuration",
                "ConfigurationFault",
                "A right, key or resource is missing; recordings wait for it.",
            ),
            ("stuck", "Stuck", "Transcribe has worked at a recording for more than a day."),
            ("vanished", "Vanished", "Transcribe does not know a job that it accepted."),
            (
                "form-failed",
                "FormFailed",
                "A document could not be made; the others were delivered, and the manifest says which is missing.",
            ),
            ("waits-long", "WaitsLong", "A recording has been under way for four hours without being transcribed."),
        ):
            self._alarm(name, self._ours(metric), 1, text)
        self._alarm(
            "reconcile-stopped",
            pipeline.reconcile.function.metric_invocations(period=Duration.hours(1)),
            1,
            "The reconciler has not run for an hour.",
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        if choices.budget.monthly_dollars:
            budget(self, choices)

    def _ours(self, name: str) -> cloudwatch.Metric:
        """A metric that the functions write themselves, summed over them."""
        return cloudwatch.Metric(
            namespace=_NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self._choices.name},
            period=Duration.minutes(5),
            statistic="Sum",
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: int,
        description: str,
        *,
        comparison: cloudwatch.ComparisonOperator = _AT_LEAST,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        cloudwatch.Alarm(
            self,
            "".join(part.capitalize() for part in name.split("-")),
            alarm_name=f"{self._choices.name}-{name}",
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=comparison,
            treat_missing_data=missing,
        ).add_alarm_action(self._tell)
