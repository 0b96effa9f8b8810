"""The pages for whoever deploys and operates say all there is, give reasons, and lead somewhere."""

import re
from pathlib import Path

import pytest

from operations.__main__ import app
from stacks.choices import Choices
from stethoscript.profiles import SETTINGS
from tests.stacks.deployed import ROOT
from tests.stacks.test_choices import leaves

DOCS = ROOT / "docs"
PAGE = (DOCS / "deploying.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    under = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"(?m)^\| `.*$", under)]


def test_no_choice_stands_on_the_page_that_there_is_not():
    assert {row[0].strip("`") for row in rows("Choices")} == {name for name, _default in leaves(Choices)}


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
