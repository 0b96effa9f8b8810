"""The table of alarms. Each needs action by a person, and its text links to a section of the runbook.

To add an alarm, add an entry here, its fault or its AWS metric in `tests/stacks/test_alarms.py`, and its section in
docs/operating.md. The table is plain data, so that the operator's tool can count the alarms without the CDK.
"""

from dataclasses import dataclass

from stacks.metrics import OLDEST, VISIBLE, Metric, failed_invocations, function_metric, lambda_errors, queue_metric

_QUIET_HOUR = 12
"""Periods of 5 minutes. The functions retry deferred recordings every 15 minutes, and the reconciler checks recordings
every 30 minutes. With fewer periods the alarm would clear in between, and notify for each retry."""


@dataclass(frozen=True)
class Alarm:
    """One alarm. It goes off on one period that breaches the threshold, and clears after `quiet_periods` without one.

    `runbook` is a section of docs/operating.md; None means the section with the alarm's name. `comparison` and
    `missing_data` are names of the CDK's `ComparisonOperator` and `TreatMissingData`.
    """

    name: str
    metric: Metric
    threshold: int
    text: str
    runbook: str | None = None
    quiet_periods: int = 1
    comparison: str = "GREATER_THAN_OR_EQUAL_TO_THRESHOLD"
    missing_data: str = "NOT_BREACHING"


ALARMS = (
    # Queues
    Alarm(
        "intake-dead-letters",
        queue_metric("intake-dead-letters", VISIBLE),
        1,
        "Messages failed after all retries. No message is lost.",
        runbook="dead-letters",
    ),
    Alarm(
        "completion-dead-letters",
        queue_metric("completion-dead-letters", VISIBLE),
        1,
        "Messages failed after all retries. No message is lost.",
        runbook="dead-letters",
    ),
    Alarm("intake-waits", queue_metric("intake", OLDEST), 4 * 3600, "A recording has waited for four hours."),
    # Functions
    Alarm(
        "start-errors",
        lambda_errors("start-transcription"),
        3,
        "Three invocations of the function failed within an hour.",
        runbook="errors",
    ),
    Alarm(
        "deliver-errors",
        lambda_errors("deliver-transcript"),
        3,
        "Three invocations of the function failed within an hour.",
        runbook="errors",
    ),
    Alarm(
        "reconcile-stopped",
        # The minimum is 1 if every run failed, and missing if there was no run.
        lambda_errors("reconcile", statistic="Minimum"),
        1,
        "No run of the reconciler has succeeded for an hour.",
        missing_data="BREACHING",
    ),
    # Signals
    Alarm(
        "transcript-written-fails",
        failed_invocations("transcript-written"),
        1,
        "EventBridge cannot signal the end of a job. The reconciler finds the job later.",
        runbook="signal-fails",
    ),
    Alarm(
        "job-ended-fails",
        failed_invocations("job-ended"),
        1,
        "EventBridge cannot signal the end of a job. The reconciler finds the job later.",
        runbook="signal-fails",
    ),
    # Recordings
    Alarm(
        "configuration",
        function_metric("ConfigurationError"),
        1,
        "A permission, key or resource is missing. Recordings wait for it.",
        quiet_periods=_QUIET_HOUR,
    ),
    Alarm(
        "stuck",
        function_metric("Stuck"),
        1,
        "A recording is not delivered a day after its job started, or ten recoveries of an upload failed.",
        quiet_periods=_QUIET_HOUR,
    ),
    Alarm(
        "vanished",
        function_metric("Vanished"),
        1,
        "Transcribe does not know a job that it accepted.",
        quiet_periods=_QUIET_HOUR,
    ),
    Alarm(
        "format-failed",
        function_metric("FormatFailed"),
        1,
        "A document could not be made. The others were delivered; the manifest names the missing one.",
        quiet_periods=_QUIET_HOUR,
    ),
    Alarm(
        "delayed",
        function_metric("Delayed"),
        1,
        "A recording has made no progress for four hours.",
        quiet_periods=_QUIET_HOUR,
    ),
    Alarm(
        "failures",
        function_metric("Failed", minutes=60),
        3,
        "Three recordings failed within an hour. A single failure is for its uploader to correct.",
    ),
)
"""The alarms that every deployment has."""


def undelivered(subscription_id: str, endpoint: str) -> Alarm:
    """The alarm that a subscription adds. `endpoint` is its text in the alarm: `https ward.example`."""
    return Alarm(
        f"undelivered-{subscription_id}",
        queue_metric(f"{subscription_id}-undelivered", VISIBLE),
        1,
        f"{endpoint} could not be notified of a recording's end.",
        runbook="undelivered",
    )
