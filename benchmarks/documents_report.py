"""The documents' results as tables and a picture."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import chart

Results = Mapping[str, Any]

_MEASURED = """\
Measured on {date} on {processors} processors ({processor}), Python {python}; medians of {repeat} runs, each in a \
process of its own, from the file to the document's bytes. Nothing here uses more than one processor, so its time is \
compared. The reference load, a fixed computation on all processors timed just before, took {least} to {most} s: the \
longer it took, the more did others use the machine, and the longer are the times by the clock."""
_PLOTTED = {
    "all forms": "all our forms",
    "docx": "our docx",
    "json.loads": "json.loads",
    "tscribe docx": "tscribe's docx",
}


def write(results: Results, folder: Path, docs: Path) -> None:
    """Write the results, their tables and the picture."""
    folder.mkdir(exist_ok=True)
    (folder / "documents.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    tables = "\n".join(_tables(results)) + "\n"
    (folder / "documents.md").write_text(tables, encoding="utf-8")
    (docs / "documents.svg").write_text(_picture(results), encoding="utf-8")


def _tables(results: Results) -> Iterator[str]:
    rows = results["documents"]
    loads = [row["reference_seconds"] for row in rows]
    about = {**results["machine"], "date": results["date"], "repeat": results["repeat"]}
    yield _MEASURED.format(**about, least=min(loads), most=max(loads))
    yield ""
    yield from _forms(_by(rows))
    yield ""
    yield from _growth(_by(rows))
    yield ""
    yield from _beside_tscribe(_by(rows))
    yield ""
    yield from _cold_starts(results["cold_starts"])


def _by(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, Mapping[str, Any]]]:
    """Rows by document, then by words."""
    found: dict[str, dict[int, Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["what"], {})[row["words"]] = row
    return found


def _forms(rows: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> Iterator[str]:
    floor = rows["json.loads"]
    minute, hours = min(floor), max(floor)
    yield f"Four hours ({hours:,} words, {floor[hours]['input_megabytes']} MB) and one minute ({minute} words):"
    yield ""
    yield from _head("document", "by the clock", "processor", "of json.loads", "memory", "size", "one minute", "memory")
    for what, measured in rows.items():
        if hours in measured and not what.startswith("tscribe"):
            long, short = measured[hours], measured[minute]
            share, size = long["cpu"] / floor[hours]["cpu"], f"{long['bytes'] / 1e6:.2f} MB"
            yield _cells(
                what, f"{long['wall']:.2f} s", _seconds(long), f"{share:.1f}", _memory(long),
                "" if what in ("json.loads", "model") else size,
                f"{1000 * short['cpu']:.0f} ms", _memory(short),
            )  # fmt: skip


def _growth(rows: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> Iterator[str]:
    sizes = sorted(rows["json.loads"])[1:]
    yield "Growth: seconds of the processor for each thousand words; the same where time grows in proportion:"
    yield ""
    yield from _head("document", *(f"{words:,} words" for words in sizes))
    for what, measured in rows.items():
        costs = [f"{measured[words]['cpu'] / words * 1000:.3f}" if words in measured else "" for words in sizes]
        yield _cells(what, *costs)


def _beside_tscribe(rows: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> Iterator[str]:
    yield "Beside tscribe 1.3.1, at the largest of these sizes that it finishes in a minute:"
    yield ""
    yield from _head("document", "words", "tscribe", "ours", "times as fast", "tscribe's memory", "our memory")
    for what, measured in rows.items():
        if what.startswith("tscribe"):
            form, words = what.removeprefix("tscribe "), max(measured)
            theirs, ours = measured[words], rows[form][words]
            faster = f"{theirs['cpu'] / ours['cpu']:.0f}"
            yield _cells(form, f"{words:,}", _seconds(theirs), _seconds(ours), faster, _memory(theirs), _memory(ours))


def _cold_starts(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield (
        "Cold starts, from the folder that is zipped, beside `import boto3` and the same clients; medians of pairs "
        "that alternate:"
    )
    yield ""
    yield from _head("function", "clients", "boto3 and clients", "the function", "ratio", "ratio of processor time")
    for row in rows:
        yield _cells(
            f"`{row['function']}`", str(len(row["clients"])), f"{row['floor_wall']:.3f} s", f"{row['ours_wall']:.3f} s",
            f"{row['ratio_wall']:.2f}", f"{row['ratio_cpu']:.2f}",
        )  # fmt: skip


def _picture(results: Results) -> str:
    rows = _by(results["documents"])
    lines = {
        name: [(words, row["cpu"]) for words, row in sorted(rows[what].items()) if words >= 1000]  # noqa: PLR2004
        for what, name in _PLOTTED.items()
    }
    return chart.seconds_by_words(
        "Processor time for a document of so many words, beside json.loads and tscribe", lines
    )


def _head(*names: str) -> Iterator[str]:
    yield _cells(*names)
    yield "|" + " --- |" * len(names)


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _seconds(row: Mapping[str, Any]) -> str:
    return f"{row['cpu']:.2f} s"


def _memory(row: Mapping[str, Any]) -> str:
    return f"{row['peak_megabytes']:.0f} MB"
