"""What `doctor` shows: a table for people, the same as JSON."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from operations.doctor.findings import Finding, Health

_COLOURS = {Health.OK: "green", Health.ATTENTION: "yellow", Health.BROKEN: "bold red", Health.UNKNOWN: "dim"}


def table(found: Iterable[tuple[str, Finding]]) -> RenderableType:
    """What `doctor` found: a line for each thing, its remedy below it, and what has to be pasted at the end."""
    rows = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    rows.add_column("", no_wrap=True)
    rows.add_column("check", no_wrap=True)
    rows.add_column("finding", overflow="fold")
    pasted: list[RenderableType] = []
    for check, finding in found:
        colour = _COLOURS[finding.health]
        sentences = Text(finding.sentence)
        if finding.remedy:
            sentences.append(f"\n→ {finding.remedy}", style="italic")
        rows.add_row(Text(finding.health, style=colour), check, sentences)
        if finding.evidence is not None:
            pasted.append(Text(json.dumps(finding.evidence, indent=2)))
    return Group(rows, *pasted)


def plain(deployment: str, found: Iterable[tuple[str, Finding]]) -> Mapping[str, Any]:
    """The same, for scripts."""
    listed = [
        {
            "check": check,
            "health": str(finding.health),
            "sentence": finding.sentence,
            "remedy": finding.remedy,
            **({"evidence": finding.evidence} if finding.evidence is not None else {}),
        }
        for check, finding in found
    ]
    return {
        "deployment": deployment,
        "healthy": not any(each["health"] == Health.BROKEN for each in listed),
        "findings": listed,
    }
