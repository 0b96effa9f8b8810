"""The deployed dashboard with the data of a simulated day, for docs/operating.md; `make pages` draws it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from statistics import quantiles
from typing import Any

from benchmarks.dashboard_day import PERIOD, Points
from tests.simulation.fault_injection import DAY, HOUR
from tests.stacks.resolved_templates import ROOT, Deployment

PATH = ROOT / "docs" / "dashboard.svg"
_CELL, _GAP, _LETTER = 40, 6, 6.2
_COLOURS = ("#1f77b4", "#d9730d", "#2f8f46", "#b5302a")
_STYLE = """
text { font: 11px sans-serif; fill: #545b64 }
.title { font: bold 12px sans-serif; fill: #16191f }
rect { fill: #fff; stroke: #aab7b8 }
path { fill: none; stroke-width: 1.4 }
.hour { fill: #aab7b8; text-anchor: end }
.grid { stroke: #e3e8ea; stroke-width: 1 }
"""


def drawn(deployment: Deployment, day: Mapping[str, Points]) -> str:
    """The widgets at their places, each with its title and the day's data."""
    widgets = json.loads(deployment.one("AWS::CloudWatch::Dashboard")["DashboardBody"])["widgets"]
    width = max(each["x"] + each["width"] for each in widgets) * _CELL
    height = max(each["y"] + each["height"] for each in widgets) * _CELL // 2
    drawings = [line for widget in widgets for line in _widget(widget, day)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *drawings, "</svg>", ""])


def _widget(widget: Mapping[str, Any], day: Mapping[str, Points]) -> Iterator[str]:
    properties = widget["properties"]
    x, y = widget["x"] * _CELL + _GAP // 2, widget["y"] * _CELL // 2 + _GAP // 2
    width, height = widget["width"] * _CELL - _GAP, widget["height"] * _CELL // 2 - _GAP
    yield f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>'
    yield f'<text class="title" x="{x + 9}" y="{y + 17}">{escape(properties["title"])}</text>'
    if "alarms" in properties:
        yield f'<text x="{x + 9}" y="{y + 34}">one tile for each alarm, with its state</text>'
        return
    shown = {label: values for metric in properties["metrics"] for label, values in _shown(metric, day)}
    yield from _legend(x + 9, y + 33, list(shown))
    if "start" in properties:  # own value: it shows a month, and we have a day
        yield f'<text x="{x + 9}" y="{y + 56}">one point for each of thirty days</text>'
    else:
        yield from _graph((x + 9, y + 42, width - 18, height - 50), list(shown.values()))


def _legend(x: float, y: int, labels: Sequence[str]) -> Iterator[str]:
    for number, label in enumerate(labels):
        yield f'<text style="fill:{_COLOURS[number % 4]}" x="{x:.0f}" y="{y}">{escape(label)}</text>'
        x += (len(label) + 2) * _LETTER


def _graph(place: tuple[int, int, int, int], lines: Sequence[Mapping[int, float]]) -> Iterator[str]:
    """The lines over the hours of the day, and the highest value."""
    x, y, width, height = place
    highest = max((value for line in lines for value in line.values()), default=0) or 1

    def at(period: int, value: float) -> str:
        return f"{x + width * period * PERIOD / DAY:.1f} {y + height * (1 - value / highest):.1f}"

    for hour in (0, 6, 12, 18, 24):
        across = x + width * hour * HOUR / DAY
        yield f'<path class="grid" d="M{across:.1f} {y}V{y + height}"/>'
        yield f'<text class="hour" x="{across - 3:.1f}" y="{y + 9}">{hour % 24 or ""}</text>'
    for number, line in enumerate(lines):
        if any(line.values()):
            path = "L".join(at(period, line.get(period, 0)) for period in range(DAY // PERIOD))
            yield f'<path style="stroke:{_COLOURS[number % 4]}" d="M{path}"/>'
    yield f'<text x="{x + 2}" y="{y + 9}">{highest:,.0f}</text>'


def _shown(metric: list[Any], day: Mapping[str, Points]) -> Iterator[tuple[str, Mapping[int, float]]]:
    """The content of a widget's metric: its label, and the value of each period."""
    *names, last = metric
    if isinstance(last, Mapping) and "expression" in last:
        for name in sorted(day):
            if " reason " in name:
                yield name.replace(" reason", ""), _periods(day[name], "Sum")
        return
    queue = f"{names[3].partition('-')[2]} " if names[0] == "AWS/SQS" else ""
    yield str(last.get("label", names[1])), _periods(day.get(queue + names[1], []), last["stat"])


def _periods(points: Points, stat: str) -> Mapping[int, float]:
    values = defaultdict(list)
    for at, value in points:
        values[int(at // PERIOD)].append(value)
    return {period: _STATISTICS[stat](each) for period, each in values.items()}


def _percentile(percent: int) -> Any:
    return lambda values: quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


_STATISTICS: Mapping[str, Any] = {
    "Sum": sum,
    "Maximum": max,
    **{f"p{percent}": _percentile(percent) for percent in (50, 90, 99)},
}
