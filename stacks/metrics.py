"""The metrics that the functions write themselves, as `lambdas/telemetry.py` names them."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.choices import Choices

NAMESPACE = "Stethoscript"
BY_DEPLOYMENT = "service"
BY_REASON = "reason"


def ours(choices: Choices, name: str, *, statistic: str = "Sum", period: Duration | None = None) -> cloudwatch.Metric:
    """A metric of all functions together, over five minutes unless told otherwise."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={BY_DEPLOYMENT: choices.name},
        period=period or Duration.minutes(5),
        statistic=statistic,
    )
