"""The page on deploying knows every choice there is, and what it is by default."""

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from operations.__main__ import app
from stacks.choices import Choices
from stethoscript.profiles import SETTINGS
from tests.stacks.deployed import ROOT

DOCS = ROOT / "docs"
PAGE = (DOCS / "deploying.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    under = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"(?m)^\| `.*$", under)]


def declared(kind: type, path: str = "") -> Iterator[tuple[str, str]]:
    """Every choice by its whole name, and its default as the page writes it."""
    hints = get_type_hints(kind)
    for each in fields(kind):
        if is_dataclass(hints[each.name]):
            yield from declared(hints[each.name], f"{path}{each.name}.")
        else:
            yield f"{path}{each.name}", written(each.default)


def written(default: Any) -> str:
    if default is MISSING or default is None:
        return "" if default is MISSING else "none"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def test_every_choice_stands_on_the_page_with_its_default_and_nothing_else_does():
    assert {row[0].strip("`"): row[1] for row in rows("Choices")} == dict(declared(Choices))


def test_every_choice_is_described_and_its_default_given_a_reason():
    assert all(len(row) == 4 and row[2] and row[3] for row in rows("Choices"))


def test_every_setting_of_a_profile_stands_on_the_page():
    assert {row[0].strip("`") for row in rows("Profiles")} == {*SETTINGS, "documents"}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_links_only_to_what_there_is(page: Path):
    for target in re.findall(r"\]\((?!https?:)([^)#\s]*)", page.read_text(encoding="utf-8")):
        assert not target or (page.parent / target).exists(), target


def test_the_operators_page_knows_every_command():
    commands = {each.name or each.callback.__name__ for each in app.registered_commands}
    page = (DOCS / "operator.md").read_text(encoding="utf-8")
    listed = page.partition("| command | what it does |")[2].partition("\n\n")[0]
    assert {re.split(r"[ `]", row, maxsplit=1)[0] for row in re.findall(r"(?m)^\| `(.*)$", listed)} == commands
