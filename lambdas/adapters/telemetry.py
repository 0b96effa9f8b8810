"""Logs and metrics. They hold job names, reason classes and numbers, and never patient data."""

from collections import Counter

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "Stethoscript"
log = Logger(log_uncaught_exceptions=False)  # an exception's message may quote a key
_counted: Counter[str] = Counter()
_reasons: Counter[tuple[str, str]] = Counter()
_measured: list[tuple[str, MetricUnit, float]] = []


def count(what: str, number: int = 1, *, reason: str | None = None) -> None:
    """Add to a metric, and to a second one by `reason` if it is given. `flush` sends them.

    Each reason costs a metric, so only a published class may be one.
    """
    _counted[what] += number
    if reason:
        _reasons[what, reason] += number


def measure(what: str, value: float, unit: MetricUnit = MetricUnit.Seconds) -> None:
    """Add a value to a metric whose percentiles are needed. `flush` sends it."""
    _measured.append((what, unit, value))


def flush(deployment: str) -> None:
    """Send all metrics with the dimension `service`, which is the deployment's name. The alarms use that dimension."""
    if _counted or _measured:
        metrics = Metrics(namespace=NAMESPACE, service=deployment)
        for what, number in _counted.items():
            metrics.add_metric(name=what, unit=MetricUnit.Count, value=number)
        for what, unit, value in _measured:
            metrics.add_metric(name=what, unit=unit, value=value)
        metrics.flush_metrics()
    for (what, reason), number in _reasons.items():
        metrics = Metrics(namespace=NAMESPACE, service=deployment)
        metrics.add_dimension(name="reason", value=reason)
        metrics.add_metric(name=what, unit=MetricUnit.Count, value=number)
        metrics.flush_metrics()
    for noted in (_counted, _reasons, _measured):
        noted.clear()
