"""The metrics of alarms and dashboard: the functions' own (named in `adapters/telemetry.py`) and AWS's."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks import resource_names
from stacks.config import Config

NAMESPACE = "Stethoscript"
BY_DEPLOYMENT = "service"
BY_REASON = "reason"


def function_metric(
    config: Config, name: str, *, statistic: str = "Sum", period: Duration | None = None
) -> cloudwatch.Metric:
    """A metric that our functions publish, over all functions. The default period is 5 minutes."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={BY_DEPLOYMENT: config.name},
        period=period or Duration.minutes(5),
        statistic=statistic,
    )


def queue_metric(config: Config, queue: str, name: str, *, label: str | None = None) -> cloudwatch.Metric:
    """The maximum within 5 minutes of one of SQS's metrics of one of our queues."""
    dimensions = {"QueueName": f"{config.name}-{queue}"}
    return _aws_metric("AWS/SQS", name, dimensions, statistic="Maximum").with_(label=label)


def lambda_errors(config: Config, module: str, statistic: str) -> cloudwatch.Metric:
    """Lambda's errors of one of our functions, per hour. A successful invocation counts as 0."""
    dimensions = {"FunctionName": resource_names.function(config, module)}
    return _aws_metric("AWS/Lambda", "Errors", dimensions, statistic=statistic).with_(period=Duration.hours(1))


def failed_invocations(config: Config, rule: str) -> cloudwatch.Metric:
    """How often EventBridge failed to deliver an event to the target of one of our rules."""
    return _aws_metric("AWS/Events", "FailedInvocations", {"RuleName": f"{config.name}-{rule}"}, statistic="Sum")


def _aws_metric(namespace: str, name: str, dimensions: dict[str, str], *, statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=Duration.minutes(5),
    )
