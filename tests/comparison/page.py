"""The list of differences from AWS in docs/local-mode.md; `make pages` writes it."""

import re
from collections.abc import Iterator

from tests.comparison.cases import CASES
from tests.comparison.recording import ROOT

PATH = ROOT / "docs" / "local-mode.md"
REMEDY = "docs/local-mode.md lists other differences than the cases: run `make pages`"
_PART = re.compile(r"(<!-- answers:[^>]*-->\n\n).*?(\n\n<!-- end -->)", re.DOTALL)


def written() -> str:
    """The list: the consequence of each difference, the calls that show it, and AWS's page."""
    lines: dict[str, list[str]] = {}
    for case in CASES:
        if case.local:
            lines.setdefault(case.local, []).append(f"[`{case.calls[-1].operation}`]({case.documented})")
    return "\n".join(_lines(lines))


def _lines(found: dict[str, list[str]]) -> Iterator[str]:
    yield f"Of {len(CASES)} calls that are compared, these are answered otherwise:\n"
    for meaning, calls in found.items():
        yield f"* {meaning} {', '.join(dict.fromkeys(calls))}"


def renewed(text: str) -> str:
    """The page with the current list."""
    return _PART.sub(lambda marks: f"{marks[1]}{written()}{marks[2]}", text)


if __name__ == "__main__":
    PATH.write_text(renewed(PATH.read_text(encoding="utf-8")), encoding="utf-8")
