"""The dashboard: alarms, throughput and turnaround, backlog, faults, usage."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.cdk_metrics import cdk_metric
from stacks.config import Config
from stacks.metrics import (
    BY_DEPLOYMENT,
    BY_REASON,
    DAY,
    NAMESPACE,
    OLDEST,
    VISIBLE,
    Metric,
    function_metric,
    queue_metric,
)

_WIDTH = 24
"""Width of the dashboard in CloudWatch's grid units."""
_MONTH = "-P30D"

Row = list[cloudwatch.IWidget]


def dashboard(
    scope: Construct,
    config: Config,
    *,
    alarms: Sequence[cloudwatch.IAlarm],
) -> None:
    """Add the dashboard. It has the deployment's name, and one row per question."""
    cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=config.name,
        default_interval=Duration.days(1),
        widgets=[
            [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms, width=_WIDTH, height=4)],
            _throughput_and_turnaround(config),
            _backlog(config),
            _faults(config),
            _usage(config),
        ],
    )


def _throughput_and_turnaround(config: Config) -> Row:
    ends = [function_metric(name) for name in ("Started", "Delivered", "Failed", "Rejected")]
    turnaround = [function_metric("TurnaroundSeconds", statistic=each, label=each) for each in ("p50", "p90", "p99")]
    states = [
        function_metric(f"{name}Seconds", statistic="p50", label=name.lower())
        for name in ("Waiting", "Transcribing", "Delivering")
    ]
    return [
        _graph(config, "Recordings", "per 5 minutes", ends),
        _graph(config, "Turnaround time", "seconds", turnaround),
        _graph(config, "Turnaround time by state (median)", "seconds", states),
        _graph(config, "Rejected and failed, by reason", "per 5 minutes", [_by_reason(config)]),
    ]


def _by_reason(config: Config) -> cloudwatch.IMetric:
    """One line per reason. A search finds them, because the metric of a reason exists only after its first use."""
    schema = f"{{{NAMESPACE},{BY_DEPLOYMENT},{BY_REASON}}}"
    search = f'{schema} {BY_DEPLOYMENT}="{config.name}" MetricName=("Rejected" OR "Failed")'
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{search}', 'Sum', 300)",
        label=f"${{PROP('MetricName')}} ${{PROP('Dim.{BY_REASON}')}}",
        using_metrics={},
    )


def _backlog(config: Config) -> Row:
    queues = ("intake", "completion")
    waiting = [queue_metric(name, VISIBLE, label=name) for name in queues]
    ages = [queue_metric(name, OLDEST, label=name) for name in queues]
    used = [function_metric("QuotaUtilization", statistic="Maximum")]
    return [
        _graph(config, "Messages waiting", "messages", waiting),
        _graph(config, "Age of the oldest message", "seconds", ages),
        _graph(config, f"Jobs in progress, of {config.quotas.concurrent_jobs}", "%", used, limit=100),
        _graph(config, "Deferred (service busy or unavailable)", "per 5 minutes", [function_metric("Deferred")]),
    ]


def _faults(config: Config) -> Row:
    found = [function_metric(name) for name in ("Recovered", "Stuck", "Vanished", "Delayed")]
    errors = [function_metric(name) for name in ("ConfigurationError", "FormatFailed", "Ignored")]
    undelivered = [
        queue_metric(f"{each.id}-undelivered", VISIBLE, label=f"{each.protocol} {each.public_endpoint}")
        for each in config.subscribers
    ]
    across = 3 if undelivered else 2
    return [
        _graph(config, "Recovered, stuck, vanished, delayed", "per 5 minutes", found, across=across),
        _graph(config, "Configuration errors, failed formats, ignored", "per 5 minutes", errors, across=across),
        *([_graph(config, "Undelivered notifications", "messages", undelivered, across=across)] if undelivered else []),
    ]


def _usage(config: Config) -> Row:
    minutes, started = function_metric("AudioMinutes", minutes=DAY), function_metric("Started", minutes=DAY)
    return [
        _graph(config, "Minutes delivered per day", "minutes", [minutes], across=2, start=_MONTH),
        _graph(config, "Jobs started per day", "jobs", [started], across=2, start=_MONTH),
    ]


def _graph(
    config: Config,
    title: str,
    unit: str,
    metrics: Sequence[Metric | cloudwatch.IMetric],
    *,
    across: int = 4,
    limit: int | None = None,
    start: str | None = None,
) -> cloudwatch.IWidget:
    """A graph, one of `across` in its row, with a horizontal line at `limit`.

    `start` replaces the dashboard's time range.
    """
    return cloudwatch.GraphWidget(
        title=title,
        left=[cdk_metric(each, config) if isinstance(each, Metric) else each for each in metrics],
        left_y_axis=cloudwatch.YAxisProps(min=0, label=unit, show_units=False),
        left_annotations=[] if limit is None else [cloudwatch.HorizontalAnnotation(value=limit)],
        width=_WIDTH // across,
        start=start,
    )
