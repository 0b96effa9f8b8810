"""The recogniser's results as a table."""

from collections.abc import Callable, Mapping
from typing import Any

Scores = Mapping[str, Any]

_MEASURED = """\
Measured on {date} on {processors} processors ({processor}), Python {python}, on {clips} recordings of {seconds:.0f} s \
in all; of each of our rows the median of the runs. The reference load is a fixed computation on all processors, timed \
just before each run: where it took longer, others used the machine too, and the wall times are longer for it."""
_COLUMNS = (
    "recogniser",
    "mode",
    "word error rate",
    "word starts off by, mean (worst)",
    "diarization error",
    "wall / audio",
    "processor / audio",
    "peak memory",
    "reference load",
)
NAMES = {"ours": "ours", "moonshine": "moonshine-voice 0.1.0", "pocketsphinx": "pocketsphinx 5.1.1"}


def table(results: Mapping[str, Any]) -> str:
    """The table, with the machine and its recordings."""
    machine = results["machine"]
    seconds = sum(clip["seconds"] for clip in results["clips"])
    lines = [
        _MEASURED.format(**machine, date=results["date"], clips=len(results["clips"]), seconds=seconds),
        "",
        "| " + " | ".join(_COLUMNS) + " |",
        "|" + " --- |" * len(_COLUMNS),
    ]
    lines += [_row(row) for row in results["rows"]]
    lines += ["", "Word error rate by recording:", ""]
    plain = [row for row in results["rows"] if row["mode"] in ("plain", "vocabulary", "channels")]
    lines.append("| recording | " + " | ".join(f"{_name(row)}, {row['mode']}" for row in plain) + " |")
    lines.append("| --- |" + " --- |" * len(plain))
    for clip in results["clips"]:
        cells = [_cell(row["recordings"].get(clip["path"], {}), "word_error_rate", _percent) for row in plain]
        if any(cell != "–" for cell in cells):  # noqa: RUF001 - a dash for what was not measured
            lines.append(f"| {clip['path']} | " + " | ".join(cells) + " |")
    lines += ["", "Diarization error by recording:", ""]
    attributed = [row for row in results["rows"] if "diarization_error" in row["scores"]]
    lines.append("| recording | " + " | ".join(f"{_name(row)}, {row['mode']}" for row in attributed) + " |")
    lines.append("| --- |" + " --- |" * len(attributed))
    for clip in results["clips"]:
        cells = [_cell(row["recordings"].get(clip["path"], {}), "diarization_error", _percent) for row in attributed]
        if any(cell != "–" for cell in cells):  # noqa: RUF001
            lines.append(f"| {clip['path']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _row(row: Mapping[str, Any]) -> str:
    scores = row["scores"]
    cells = [
        _name(row),
        row["mode"],
        _cell(scores, "word_error_rate", _percent),
        _cell(scores, "word_start_error", lambda off: f"{off['mean']:.2f} s ({off['worst']:.2f} s)"),
        _cell(scores, "diarization_error", _percent),
        _cell(scores, "rtf_wall", "{:.3f}".format),
        _cell(scores, "rtf_cpu", "{:.3f}".format),
        _cell(scores, "peak_megabytes", "{} MB".format),
        _cell(scores, "reference_seconds", "{} s".format),
    ]
    return "| " + " | ".join(cells) + " |"


def _name(row: Mapping[str, Any]) -> str:
    return NAMES[row["who"].removesuffix("-speakers")]


def _cell(scores: Scores, name: str, form: Callable[[Any], str]) -> str:
    return form(scores[name]) if name in scores else "–"  # noqa: RUF001


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
