"""Alarms, dashboard and budget. Alarms notify the operations topic."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks import resource_names
from stacks.alarms import ALARMS, Alarm, undelivered
from stacks.budget import budget
from stacks.cdk_metrics import cdk_metric
from stacks.config import Config
from stacks.dashboard import dashboard

_RUNBOOK = "docs/operating.md"


class MonitoringStack(cdk.Stack):
    """Alarms on faults that no retry corrects, and a dashboard of the whole deployment."""

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
                "stethoscript:alarms", "Alarms send no e-mail: set emails.operations to at least one address."
            )
        topic = sns.Topic.from_topic_arn(self, "Operations", resource_names.topic_arn(config, "operations"))
        action = actions.SnsAction(topic)
        added = [undelivered(each.id, f"{each.protocol} {each.public_endpoint}") for each in config.subscribers]
        deployed = [self._deploy(alarm, action) for alarm in (*ALARMS, *added)]
        if config.budget.monthly_dollars:
            budget(self, config)
        dashboard(self, config, alarms=deployed)

    def _deploy(self, alarm: Alarm, action: cloudwatch.IAlarmAction) -> cloudwatch.IAlarm:
        deployed = cloudwatch.Alarm(
            self,
            "".join(part.capitalize() for part in alarm.name.split("-")),
            alarm_name=f"{self._config.name}-{alarm.name}",
            alarm_description=f"{alarm.text} What to do: {_RUNBOOK}#{alarm.runbook or alarm.name}",
            metric=cdk_metric(alarm.metric, self._config),
            threshold=alarm.threshold,
            evaluation_periods=alarm.quiet_periods,
            datapoints_to_alarm=1,
            comparison_operator=cloudwatch.ComparisonOperator[alarm.comparison],
            treat_missing_data=cloudwatch.TreatMissingData[alarm.missing_data],
        )
        deployed.add_alarm_action(action)
        return deployed
