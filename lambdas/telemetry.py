"""Logs and metrics: opaque job names, reason classes and counts, never what was said or who it is about."""

from collections import Counter

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "Stethoscript"
log = Logger(log_uncaught_exceptions=False)  # their messages may quote a key
_counted: Counter[str] = Counter()


def count(what: str, number: int = 1) -> None:
    """Count something that happened; sent by `flush`."""
    _counted[what] += number


def flush(deployment: str) -> None:
    """Send what was counted, under the one dimension `service`: the deployment's name, which alarms look for."""
    if not _counted:
        return
    metrics = Metrics(namespace=NAMESPACE, service=deployment)
    for what, number in _counted.items():
        metrics.add_metric(name=what, unit=MetricUnit.Count, value=number)
    _counted.clear()
    metrics.flush_metrics()
