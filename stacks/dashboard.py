"""One screen to keep open: is all well, how much and how fast, where does it wait, what is wrong, what does it cost."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.config import Config
from stacks.metrics import BY_DEPLOYMENT, BY_REASON, NAMESPACE, of_queue, ours

_WIDTH = 24
"""Of the screen, in CloudWatch's own measure."""
_DAY = Duration.days(1)
_MONTH = "-P30D"
_VISIBLE = "ApproximateNumberOfMessagesVisible"

Row = list[cloudwatch.IWidget]


def dashboard(
    scope: Construct,
    config: Config,
    *,
    alarms: Sequence[cloudwatch.IAlarm],
) -> None:
    """Make the dashboard, called as the deployment; each row answers a question."""
    cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=config.name,
        default_interval=_DAY,
        widgets=[
            [cloudwatch.AlarmStatusWidget(title="Is all well?", alarms=alarms, width=_WIDTH, height=4)],
            _how_much_and_how_fast(config),
            _where_it_waits(config),
            _what_went_wrong(config),
            _what_it_costs(config),
        ],
    )


def _how_much_and_how_fast(config: Config) -> Row:
    ends = [ours(config, name) for name in ("Started", "Delivered", "Failed", "Rejected")]
    turnaround = [ours(config, "TurnaroundSeconds", statistic=each).with_(label=each) for each in ("p50", "p90", "p99")]
    states = [
        ours(config, f"{name}Seconds", statistic="p50").with_(label=name.lower())
        for name in ("Waiting", "Transcribing", "Delivering")
    ]
    return [
        _graph("Recordings", "in five minutes", ends),
        _graph("From the first look to the news", "seconds", turnaround),
        _graph("Of which, by state (median)", "seconds", states),
        _graph("Refused and failed, by reason", "in five minutes", [_by_reason(config)]),
    ]


def _by_reason(config: Config) -> cloudwatch.IMetric:
    """Whatever reasons there were: they are not known beforehand, so they are searched for."""
    schema = f"{{{NAMESPACE},{BY_DEPLOYMENT},{BY_REASON}}}"
    search = f'{schema} {BY_DEPLOYMENT}="{config.name}" MetricName=("Rejected" OR "Failed")'
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{search}', 'Sum', 300)",
        label=f"${{PROP('MetricName')}} ${{PROP('Dim.{BY_REASON}')}}",
        using_metrics={},
    )


def _where_it_waits(config: Config) -> Row:
    queues = ("intake", "completion")
    waiting = [of_queue(config, name, _VISIBLE, label=name) for name in queues]
    ages = [of_queue(config, name, "ApproximateAgeOfOldestMessage", label=name) for name in queues]
    used = [ours(config, "QuotaUtilization", statistic="Maximum")]
    return [
        _graph("Messages that wait", "messages", waiting),
        _graph("Age of the oldest message", "seconds", ages),
        _graph(f"Jobs in flight, of {config.quotas.concurrent_jobs}", "%", used, limit=100),
        _graph("Put off, as a service was busy or away", "in five minutes", [ours(config, "Deferred")]),
    ]


def _what_went_wrong(config: Config) -> Row:
    found = [ours(config, name) for name in ("Recovered", "Stuck", "Vanished", "Delayed")]
    faults = [ours(config, name) for name in ("ConfigurationError", "FormatFailed", "Ignored")]
    untold = [
        of_queue(config, f"{each.id}-undelivered", _VISIBLE, label=f"{each.protocol} {each.whom}")
        for each in config.subscribers
    ]
    return [
        _graph("Brought back, stuck and late", "in five minutes", found, across=2 + bool(untold)),
        _graph("Faults of ours", "in five minutes", faults, across=2 + bool(untold)),
        *([_graph("News that could not be delivered", "messages", untold, across=3)] if untold else []),
    ]


def _what_it_costs(config: Config) -> Row:
    minutes = ours(config, "AudioMinutes", period=_DAY)
    return [
        _graph("Minutes delivered, by day", "minutes", [minutes], across=2, start=_MONTH),
        _graph("Jobs started, by day", "jobs", [ours(config, "Started", period=_DAY)], across=2, start=_MONTH),
    ]


def _graph(
    title: str,
    unit: str,
    metrics: Sequence[cloudwatch.IMetric],
    *,
    across: int = 4,
    limit: int | None = None,
    start: str | None = None,
) -> cloudwatch.IWidget:
    """A graph, one of so many in its row, with a line at what is all there is; its time is the screen's, or its own."""
    return cloudwatch.GraphWidget(
        title=title,
        left=metrics,
        left_y_axis=cloudwatch.YAxisProps(min=0, label=unit, show_units=False),
        left_annotations=[] if limit is None else [cloudwatch.HorizontalAnnotation(value=limit)],
        width=_WIDTH // across,
        start=start,
    )
