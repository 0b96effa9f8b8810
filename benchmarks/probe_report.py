"""The probe's results as tables."""

from collections.abc import Iterator, Mapping
from typing import Any

Results = Mapping[str, Any]

_MEASURED = """\
Measured on {date} on {processors} processors ({processor}), Python {python}. Times are the processor's, of files in \
memory. The decoder is FFmpeg, by PyAV."""


def tables(results: Results) -> str:
    """All of them, as Markdown."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    yield "# The audio probe beside a decoder"
    yield ""
    yield _MEASURED.format(**results["machine"], date=results["date"])
    yield from _matrix(results["matrix"])
    yield from _changed(results["mutations"])
    yield from _cut(results["cuts"])


def _matrix(found: Results) -> Iterator[str]:
    yield from _title("Whole files")
    yield from _table(
        {
            "files of real encoders": found["files"],
            "rate, channels or duration (2 %) other than the decoder's": len(found["contradictions"]),
            "refused or sent against the table": len(found["wrong verdicts"]),
            "files of which something is left unknown": len(found["unknown"]),
            "S3 requests: files": _counts(found["requests"]),
            "one probe, median / 99 of 100 / most": _times(found["probe milliseconds"]),
            "the decoder's opening, median / 99 of 100 / most": _times(found["av.open milliseconds"]),
        }
    )
    yield ""
    yield f"By extension: {_counts(found['by extension'])}."
    yield ""
    yield "Left unknown: " + "; ".join(f"{name} ({', '.join(what)})" for name, what in found["unknown"].items()) + "."


def _changed(found: Results) -> Iterator[str]:
    yield from _title("Changed files")
    yield from _table(
        {
            f"files (seed {found['seed']})": f"{found['files']:,}",
            "exceptions": len(found["exceptions"]),
            "one probe, median / 99 of 100 / most": _times(found["milliseconds"]),
            "refused though a decoder reads them, without a reason": len(found["unexplained"]),
        }
    )
    yield ""
    yield f"What was done to them: {_counts(found['kinds'])}."
    yield ""
    yield "Refusals of files that were sent before they were changed, and what the decoder makes of them:"
    yield ""
    yield from _table(found["refusals"], "refusal")


def _cut(found: Results) -> Iterator[str]:
    yield from _title("Files that were cut off")
    yield f"{found['files']} files; whole ones that are flagged: {len(found['whole but flagged'])}."
    yield ""
    kinds = ("flagged", "refused", "unknown", "whole")
    yield "| left of the file | " + " | ".join(kinds) + " |"
    yield "|---:|" + "---:|" * len(kinds)
    for percent, ends in found["ends"].items():
        yield f"| {percent} % | " + " | ".join(str(ends.get(kind, 0)) for kind in kinds) + " |"
    yield ""
    yield "Neither flagged nor refused: nothing in them tells a length, or they were cut where two were joined:"
    yield ", ".join(found["not told"]) + "."


def _title(text: str) -> Iterator[str]:
    yield from ("", f"## {text}", "")


def _table(rows: Mapping[str, object], head: str = "") -> Iterator[str]:
    yield f"| {head} | |"
    yield "| --- | ---: |"
    for name, value in rows.items():
        yield f"| {name} | {value} |"


def _counts(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name}: {number:,}" for name, number in sorted(counts.items()))


def _times(milliseconds: Mapping[str, float]) -> str:
    return " / ".join(f"{each:.2f}" for each in milliseconds.values()) + " ms"
