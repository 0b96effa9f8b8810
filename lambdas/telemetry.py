"""Logs and metrics: opaque job names, reason classes and counts, never what was said or who it is about."""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "Stethoscript"
log = Logger(log_uncaught_exceptions=False)  # their messages may quote a key
_metrics = Metrics(namespace=NAMESPACE)


def count(what: str, number: int = 1) -> None:
    """Count something that happened; sent by `flush`."""
    _metrics.add_metric(name=what, unit=MetricUnit.Count, value=number)


def flush(deployment: str) -> None:
    """Send what was counted, if anything was, under the deployment's name."""
    if _metrics.metric_set:
        _metrics.add_dimension(name="Deployment", value=deployment)
        _metrics.flush_metrics()
