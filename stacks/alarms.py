"""The table of alarms. Each needs action by a person, and its text links to a section of the runbook.

To add an alarm, add an entry here, its fault or its AWS metric in `tests/stacks/test_alarms.py`, and its section in
docs/operations.md.
"""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks import completion_signals
from stacks.config import Config
from stacks.metrics import failed_invocations, function_metric, lambda_errors, queue_metric

_VISIBLE = "ApproximateNumberOfMessagesVisible"
_QUIET_HOUR = 12
"""Periods of 5 minutes. The functions retry deferred recordings every 15 minutes, and the reconciler checks recordings
every 30 minutes. With fewer periods the alarm would clear in between, and notify for each retry."""


@dataclass(frozen=True)
class Alarm:
    """One alarm. It goes off on one period that breaches the threshold.

    `runbook` is the section of docs/operations.md; None means the section with the alarm's name. The alarm clears after
    `quiet_periods` periods without a breach.
    """

    name: str
    metric: cloudwatch.IMetric
    threshold: int
    text: str
    runbook: str | None = None
    quiet_periods: int = 1
    comparison: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
    missing_data: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING


def alarms(config: Config) -> list[Alarm]:
    """Every alarm of a deployment."""
    return [*_dead_letters(config), *_undelivered(config), *_functions(config), *_signals(config), *_recordings(config)]


def _dead_letters(config: Config) -> list[Alarm]:
    return [
        Alarm(
            f"{queue}-dead-letters",
            queue_metric(config, f"{queue}-dead-letters", _VISIBLE),
            1,
            "Messages failed after all retries. No message is lost.",
            runbook="dead-letters",
        )
        for queue in ("intake", "completion")
    ]


def _undelivered(config: Config) -> list[Alarm]:
    return [
        Alarm(
            f"undelivered-{subscription.id}",
            queue_metric(config, f"{subscription.id}-undelivered", _VISIBLE),
            1,
            f"{subscription.protocol} {subscription.public_endpoint} could not be notified of a recording's end.",
            runbook="undelivered",
        )
        for subscription in config.subscribers
    ]


def _functions(config: Config) -> list[Alarm]:
    return [
        Alarm(
            "intake-waits",
            queue_metric(config, "intake", "ApproximateAgeOfOldestMessage"),
            4 * 3600,
            "A recording has waited for four hours.",
        ),
        *(
            Alarm(
                f"{name}-errors",
                lambda_errors(config, module, "Sum"),
                3,
                "Three invocations of the function failed within an hour.",
                runbook="errors",
            )
            for name, module in (("start", "start_transcription"), ("deliver", "deliver_transcript"))
        ),
        Alarm(
            "reconcile-stopped",
            # The minimum is 1 if every run failed, and missing if there was no run.
            lambda_errors(config, "reconcile", "Minimum"),
            1,
            "No run of the reconciler has succeeded for an hour.",
            missing_data=cloudwatch.TreatMissingData.BREACHING,
        ),
    ]


def _signals(config: Config) -> list[Alarm]:
    return [
        Alarm(
            f"{rule}-fails",
            failed_invocations(config, rule),
            1,
            "EventBridge cannot signal the end of a job. The reconciler finds the job later.",
            runbook="signal-fails",
        )
        for rule in completion_signals.RULES
    ]


def _recordings(config: Config) -> list[Alarm]:
    return [
        Alarm(
            "configuration",
            function_metric(config, "ConfigurationError"),
            1,
            "A permission, key or resource is missing. Recordings wait for it.",
            quiet_periods=_QUIET_HOUR,
        ),
        Alarm(
            "stuck",
            function_metric(config, "Stuck"),
            1,
            "A recording is not delivered a day after its job started, or ten recoveries of an upload failed.",
            quiet_periods=_QUIET_HOUR,
        ),
        Alarm(
            "vanished",
            function_metric(config, "Vanished"),
            1,
            "Transcribe does not know a job that it accepted.",
            quiet_periods=_QUIET_HOUR,
        ),
        Alarm(
            "format-failed",
            function_metric(config, "FormatFailed"),
            1,
            "A document could not be made. The others were delivered; the manifest names the missing one.",
            quiet_periods=_QUIET_HOUR,
        ),
        Alarm(
            "delayed",
            function_metric(config, "Delayed"),
            1,
            "A recording has made no progress for four hours.",
            quiet_periods=_QUIET_HOUR,
        ),
        Alarm(
            "failures",
            function_metric(config, "Failed", period=Duration.hours(1)),
            3,
            "Three recordings failed within an hour. A single failure is for its uploader to correct.",
        ),
    ]
