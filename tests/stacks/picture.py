"""A plan of the dashboard as it is deployed, for docs/operations.md; `make pages` draws it anew."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from tests.stacks.deployed import ROOT, Deployment

PATH = ROOT / "docs" / "dashboard.svg"
_CELL, _GAP, _LINE = 40, 6, 16
_STYLE = """
text { font: 12px sans-serif; fill: #16191f }
.title { font-weight: bold }
.of { fill: #545b64 }
rect { fill: #fff; stroke: #aab7b8 }
"""


def drawn(deployment: Deployment) -> str:
    """The widgets where they stand, each with its title and what it shows."""
    widgets = json.loads(deployment.one("AWS::CloudWatch::Dashboard")["DashboardBody"])["widgets"]
    width = max(each["x"] + each["width"] for each in widgets) * _CELL
    height = max(each["y"] + each["height"] for each in widgets) * _CELL // 2
    drawings = [line for widget in widgets for line in _widget(widget)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *drawings, "</svg>", ""])


def _widget(widget: Mapping[str, Any]) -> Iterator[str]:
    x, y = widget["x"] * _CELL, widget["y"] * _CELL // 2
    width, height = widget["width"] * _CELL - _GAP, widget["height"] * _CELL // 2 - _GAP
    yield f'<rect x="{x + _GAP // 2}" y="{y + _GAP // 2}" width="{width}" height="{height}" rx="4"/>'
    title, *shown = widget["properties"]["title"], *_shown(widget["properties"])
    yield f'<text class="title" x="{x + 12}" y="{y + 20}">{escape(title)}</text>'
    for number, line in enumerate(shown, 1):
        yield f'<text class="of" x="{x + 12}" y="{y + 22 + number * _LINE}">{escape(line)}</text>'


def _shown(properties: Mapping[str, Any]) -> list[str]:
    if "alarms" in properties:
        names = [arn.rpartition(":alarm:")[2].partition("-")[2] for arn in properties["alarms"]]
        return [", ".join(names[half : half + 7]) for half in range(0, len(names), 7)]
    return [_name(metric) for metric in properties["metrics"]]


def _name(metric: list[Any]) -> str:
    """A metric's label, or its name."""
    *names, last = metric
    if isinstance(last, Mapping) and "expression" in last:
        return "one line for each reason"
    return str(last.get("label", names[1]))
