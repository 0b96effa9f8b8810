"""The report of a demo run: a table, the first lines of a transcript, and the paths of the documents."""

from itertools import islice
from textwrap import wrap
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.demo_run import RESULTS, SUBSCRIBER, Results, printable
from local.deployment import ROOT

_LINES = 10
_WIDTH = 78


def show(results: Results) -> None:
    """Print the report."""
    console = Console(highlight=False)
    console.print(_table(results.summary))
    for entry in results.summary:
        if entry["status"] != "DELIVERED":
            console.print(Text(_refusal(entry)))
    transcripts = [(entry, document) for entry in results.summary for document in _named(entry, "transcript.txt")]
    for entry, document in transcripts[:1]:
        console.print(Text(f"The transcript of {printable(entry['recording'])}:\n", style="bold"))
        console.print(Text("\n".join(_beginning((ROOT / document).read_text(encoding="utf-8")))))
    for entry in results.summary[:1]:
        console.print(Text("\nSent to subscribers", style="bold"))
        console.print(Text(f"  a program  {_summary(entry['notification'])}"), soft_wrap=True)
        console.print(Text(f"  {SUBSCRIBER}  {entry['mail'] or 'no e-mail'}"), soft_wrap=True)
    pages = [page for entry in results.summary for page in _named(entry, "transcript.html")]
    if pages:
        console.print(Text("\nOpen in a browser to read and listen", style="bold"))
        console.print(Text("\n".join(f"  {printable(page)}" for page in pages)), soft_wrap=True)
    console.print(
        f"\nThe stacks' own policies allowed all {results.calls} calls of the functions, uploader, reader and "
        f"subscriber.\nAll documents, notifications and e-mails: {RESULTS.relative_to(ROOT)}/",
        soft_wrap=True,
    )


def _table(summary: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("recording", "status", "audio", "took", "words", "wrong"):
        table.add_column(heading, no_wrap=True)
    for entry in summary:
        rate, audio = entry["word_error_rate"], entry["audio_seconds"]
        table.add_row(
            Text(printable(entry["recording"])), entry["status"],
            f"{audio:.0f} s" if audio else "?", f"{entry['seconds']:.1f} s", str(entry["words"] or "-"),
            "-" if rate is None else f"{rate:.1%}",
        )  # fmt: skip
    return table


def _named(entry: dict[str, Any], name: str) -> list[str]:
    return [document for document in entry["documents"] if document.rpartition("/")[2] == name]


def _refusal(entry: dict[str, Any]) -> str:
    notification = entry["notification"]
    parts = [str(notification[name]) for name in ("reason", "remedy") if notification.get(name)]
    return f"{printable(entry['recording'])}: {'. '.join(parts) or entry['status']}"


def _summary(notification: dict[str, Any]) -> str:
    parts = [notification["status"]]
    transcript = notification.get("transcript") or {}
    parts += [f"{transcript['words']} words"] if "words" in transcript else []
    parts += [f"correlation id {notification.get('correlationId')}"]
    parts += ["the manifest's bucket and key"] if notification.get("manifest") else []
    return ", ".join(parts)


def _beginning(text: str) -> list[str]:
    """The first lines of a transcript, wrapped. The last line is an ellipsis if the transcript continues."""
    lines = [part for line in text.strip().splitlines() for part in wrap(line, _WIDTH) or [""]]
    shown = list(islice(lines, _LINES))
    return [f"  {line}" for line in (shown if len(lines) <= _LINES else [*shown, "…"])]
