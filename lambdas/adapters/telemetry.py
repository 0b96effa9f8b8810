"""Logs and metrics: opaque job names, reason classes and counts, never what was said or who it is about."""

from collections import Counter

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "Stethoscript"
log = Logger(log_uncaught_exceptions=False)  # their messages may quote a key
_counted: Counter[str] = Counter()
_reasons: Counter[tuple[str, str]] = Counter()
_measured: list[tuple[str, MetricUnit, float]] = []


def count(what: str, number: int = 1, *, reason: str | None = None) -> None:
    """Count something that happened, once more by its reason if it has one; sent by `flush`.

    Each reason costs a metric: only what is in a published list of classes may be one.
    """
    _counted[what] += number
    if reason:
        _reasons[what, reason] += number


def measure(what: str, value: float, unit: MetricUnit = MetricUnit.Seconds) -> None:
    """Note one value of many, of which percentiles are wanted; sent by `flush`."""
    _measured.append((what, unit, value))


def flush(deployment: str) -> None:
    """Send what was noted, under the dimension `service`: the deployment's name, which alarms look for."""
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
