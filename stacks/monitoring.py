"""Alarms and dashboard: each alarm says that a person must look, and goes to the operations topic."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from stacks.budget import budget
from stacks.choices import Choices
from stacks.dashboard import dashboard
from stacks.metrics import ours
from stacks.pipeline import PipelineStack
from stacks.storage import StorageStack

_RUNBOOK = "docs/operations.md"
_HOUR = 12
"""Of five minutes each. Recordings that wait are tried again every quarter of an hour, and looked at every half:
in between an alarm would go back, and ring anew each time."""
_AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD


class MonitoringStack(cdk.Stack):
    """Alarms on what no retry mends, and one screen that shows whether all is well."""

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
        self._alarms: list[cloudwatch.IAlarm] = []
        self._tell = actions.SnsAction(storage.operations)
        dead = {"intake": storage.intake_dead_letters, "completion": pipeline.completion_dead_letters}
        for name, queue in dead.items():
            self._alarm(
                f"{name}-dead-letters",
                queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(5), statistic="Maximum"),
                1,
                "Messages that no retry could handle; nothing is lost.",
                runbook="dead-letters",
            )
        for each, queue in storage.undelivered:
            self._alarm(
                f"undelivered-{each.id}",
                queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(5), statistic="Maximum"),
                1,
                f"{each.protocol} {each.whom} could not be told of a recording's end.",
                runbook="undelivered",
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
        for name, failing in functions.items():
            self._alarm(
                f"{name}-errors",
                failing.function.metric_errors(period=Duration.hours(1)),
                3,
                "The function fails as a whole.",
                runbook="errors",
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
            ("waits-long", "WaitsLong", "For four hours a recording could not be brought a step further."),
        ):
            self._alarm(name, ours(choices, metric), 1, text, quiet_periods=_HOUR)
        self._alarm(
            "failures",
            ours(choices, "Failed", period=Duration.hours(1)),
            3,
            "Three recordings failed within an hour; one alone is its uploader's to mend.",
        )
        self._alarm(
            "reconcile-stopped",
            # Every run that ends well says how much it brought back, and be it nothing.
            ours(choices, "BroughtBack", statistic="SampleCount", period=Duration.hours(1)),
            1,
            "The reconciler has not come to the end of a run for an hour.",
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        if choices.budget.monthly_dollars:
            budget(self, choices)
        dashboard(self, choices, storage=storage, pipeline=pipeline, alarms=self._alarms)

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: int,
        description: str,
        *,
        runbook: str | None = None,
        quiet_periods: int = 1,
        comparison: cloudwatch.ComparisonOperator = _AT_LEAST,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        """Ring as soon as the metric says so, until it has not for so many periods.

        The text ends with a section of the runbook, by default called as the alarm.
        """
        alarm = cloudwatch.Alarm(
            self,
            "".join(part.capitalize() for part in name.split("-")),
            alarm_name=f"{self._choices.name}-{name}",
            alarm_description=f"{description} What to do: {_RUNBOOK}#{runbook or name}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=quiet_periods,
            datapoints_to_alarm=1,
            comparison_operator=comparison,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(self._tell)
        self._alarms.append(alarm)
