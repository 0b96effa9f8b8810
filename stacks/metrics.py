"""The metrics of alarms and dashboard: the functions' own (named in `adapters/telemetry.py`) and AWS's."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks import resource_names
from stacks.config import Config

NAMESPACE = "Stethoscript"
BY_DEPLOYMENT = "service"
BY_REASON = "reason"


def ours(config: Config, name: str, *, statistic: str = "Sum", period: Duration | None = None) -> cloudwatch.Metric:
    """A metric of all functions together, over five minutes unless told otherwise."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={BY_DEPLOYMENT: config.name},
        period=period or Duration.minutes(5),
        statistic=statistic,
    )


def of_queue(config: Config, queue: str, name: str, *, label: str | None = None) -> cloudwatch.Metric:
    """SQS's metric of one of our queues: the most within five minutes."""
    named = {"QueueName": f"{config.name}-{queue}"}
    return _of_aws("AWS/SQS", name, named, statistic="Maximum").with_(label=label)


def errors(config: Config, module: str, statistic: str) -> cloudwatch.Metric:
    """Lambda's errors of one of our functions within an hour; an invocation that ends well counts as 0."""
    named = {"FunctionName": resource_names.function(config, module)}
    return _of_aws("AWS/Lambda", "Errors", named, statistic=statistic).with_(period=Duration.hours(1))


def failed_invocations(config: Config, rule: str) -> cloudwatch.Metric:
    """How often EventBridge could not reach the target of one of our rules."""
    return _of_aws("AWS/Events", "FailedInvocations", {"RuleName": f"{config.name}-{rule}"}, statistic="Sum")


def _of_aws(namespace: str, name: str, of: dict[str, str], *, statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace, metric_name=name, dimensions_map=of, statistic=statistic, period=Duration.minutes(5)
    )
