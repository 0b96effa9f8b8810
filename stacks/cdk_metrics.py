"""The CDK's form of our metrics."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.config import Config
from stacks.metrics import Metric


def cdk_metric(metric: Metric, config: Config) -> cloudwatch.Metric:
    """The metric of this deployment."""
    resource = config.name if metric.resource is None else f"{config.name}-{metric.resource}"
    return cloudwatch.Metric(
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions_map={metric.dimension: resource},
        statistic=metric.statistic,
        period=Duration.minutes(metric.minutes),
        label=metric.label,
    )
