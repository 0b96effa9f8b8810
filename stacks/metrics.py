"""The metrics of alarms and dashboard as plain data: our functions' (named in `adapters/telemetry.py`) and AWS's."""

from dataclasses import dataclass

NAMESPACE = "Stethoscript"
BY_DEPLOYMENT = "service"
BY_REASON = "reason"
DAY = 24 * 60
VISIBLE = "ApproximateNumberOfMessagesVisible"
OLDEST = "ApproximateAgeOfOldestMessage"


@dataclass(frozen=True)
class Metric:
    """A metric with one dimension, over a period of `minutes`.

    The dimension's value is the deployment's name, and with a resource `<deployment>-<resource>`.
    """

    namespace: str
    name: str
    dimension: str
    resource: str | None
    statistic: str
    minutes: int = 5
    label: str | None = None


def function_metric(name: str, *, statistic: str = "Sum", minutes: int = 5, label: str | None = None) -> Metric:
    """A metric that our functions publish, over all functions."""
    return Metric(NAMESPACE, name, BY_DEPLOYMENT, None, statistic, minutes, label)


def queue_metric(queue: str, name: str, *, label: str | None = None) -> Metric:
    """The maximum within 5 minutes of one of SQS's metrics of one of our queues."""
    return Metric("AWS/SQS", name, "QueueName", queue, "Maximum", label=label)


def lambda_errors(function: str, *, statistic: str = "Sum") -> Metric:
    """Lambda's errors of one of our functions, per hour. A successful invocation counts as 0."""
    return Metric("AWS/Lambda", "Errors", "FunctionName", function, statistic, minutes=60)


def failed_invocations(rule: str) -> Metric:
    """How often EventBridge failed to deliver an event to the target of one of our rules."""
    return Metric("AWS/Events", "FailedInvocations", "RuleName", rule, "Sum")
