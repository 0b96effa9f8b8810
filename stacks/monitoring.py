"""Alarms and dashboard: each alarm says that a person must look, and goes to the operations topic."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks import resource_names
from stacks.budget import budget
from stacks.config import Config
from stacks.dashboard import dashboard
from stacks.metrics import errors, failed_invocations, of_queue, ours
from stacks.pipeline import SIGNALS

_RUNBOOK = "docs/operating.md"
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
        config: Config,
        **properties: Any,
    ) -> None:
        super().__init__(scope, construct_id, **properties)
        self._config = config
        if not config.emails.operations:
            cdk.Annotations.of(self).add_warning_v2(
                "stethoscript:alarms", "Nobody is mailed about alarms: name somebody under emails.operations."
            )
        self._alarms: list[cloudwatch.IAlarm] = []
        self._tell = actions.SnsAction(
            sns.Topic.from_topic_arn(self, "Operations", resource_names.topic_arn(config, "operations"))
        )
        self._on_queues()
        self._on_functions()
        self._on_recordings()
        if config.budget.monthly_dollars:
            budget(self, config)
        dashboard(self, config, alarms=self._alarms)

    def _on_queues(self) -> None:
        """Messages that lie where no function takes them, or for too long."""
        config, waiting = self._config, "ApproximateNumberOfMessagesVisible"
        for name in ("intake", "completion"):
            self._alarm(
                f"{name}-dead-letters",
                of_queue(config, f"{name}-dead-letters", waiting),
                1,
                "Messages that no retry could handle; nothing is lost.",
                runbook="dead-letters",
            )
        for each in config.subscribers:
            self._alarm(
                f"undelivered-{each.id}",
                of_queue(config, f"{each.id}-undelivered", waiting),
                1,
                f"{each.protocol} {each.whom} could not be told of a recording's end.",
                runbook="undelivered",
            )
        self._alarm(
            "intake-waits",
            of_queue(config, "intake", "ApproximateAgeOfOldestMessage"),
            4 * 3600,
            "A recording has waited for four hours.",
        )

    def _on_functions(self) -> None:
        """Functions that do not run, and events that do not arrive."""
        config = self._config
        for name, module in (("start", "start_transcription"), ("deliver", "deliver_transcript")):
            self._alarm(
                f"{name}-errors",
                errors(config, module, "Sum"),
                3,
                "The function fails as a whole.",
                runbook="errors",
            )
        self._alarm(
            "reconcile-stopped",
            # The least number of errors is 1 where every run failed, and missing where none ran.
            errors(config, "reconcile", "Minimum"),
            1,
            "No run of the reconciler has ended well for an hour.",
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        for rule in SIGNALS:
            self._alarm(
                f"{rule}-fails",
                failed_invocations(config, rule),
                1,
                "EventBridge cannot send a signal that a job has ended; the reconciler finds the job later.",
                runbook="signal-fails",
            )

    def _on_recordings(self) -> None:
        """Recordings that wait for a person, or that fail one after the other."""
        config = self._config
        for name, metric, text in (
            (
                "configuration",
                "ConfigurationError",
                "A right, key or resource is missing; recordings wait for it.",
            ),
            ("stuck", "Stuck", "Transcribe has worked at a recording for more than a day."),
            ("vanished", "Vanished", "Transcribe does not know a job that it accepted."),
            (
                "format-failed",
                "FormatFailed",
                "A document could not be made; the others were delivered, and the manifest says which is missing.",
            ),
            ("delayed", "Delayed", "For four hours a recording could not be brought a step further."),
        ):
            self._alarm(name, ours(config, metric), 1, text, quiet_periods=_HOUR)
        self._alarm(
            "failures",
            ours(config, "Failed", period=Duration.hours(1)),
            3,
            "Three recordings failed within an hour; one alone is its uploader's to mend.",
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: int,
        description: str,
        *,
        runbook: str | None = None,
        quiet_periods: int = 1,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        """Ring as soon as the metric says so, until it has not for so many periods.

        The text ends with a section of the runbook, by default called as the alarm.
        """
        alarm = cloudwatch.Alarm(
            self,
            "".join(part.capitalize() for part in name.split("-")),
            alarm_name=f"{self._config.name}-{name}",
            alarm_description=f"{description} What to do: {_RUNBOOK}#{runbook or name}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=quiet_periods,
            datapoints_to_alarm=1,
            comparison_operator=_AT_LEAST,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(self._tell)
        self._alarms.append(alarm)
