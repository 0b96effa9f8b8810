"""No text from an uploader or a service reaches the operator's terminal as a control sequence."""

import io
import itertools
import json
import unicodedata
from dataclasses import replace

import pytest
from rich.table import Table
from typer.testing import CliRunner

from operations import terminal
from operations.__main__ import app
from stethoscript.ledger_row import State
from tests.operations.test_operations import Pages, operator

__all__ = ["operator"]

SEQUENCES = (
    "\x1b]0;title\x07", "\x1b[2J", "\x1b[31m", "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJm\x07", "\x1bP$q\x1b\\", "\x1b_G\x1b\\", "\x9b2J", "\x9d0;t\x9c", "\x90q\x9c", "\x85", "\x7f",
    "\b\b\b", "\r", "\t", "\v", "\f", "\0", "\x0e", "\x0f", "\u202e", "\u202d", "\u2066", "\u2069", "\u200f", "\u200e",
    "\u061c", "\u2028", "\u2029", "\u200b", "\u2060", "\ufeff", "\ufff9", "\U000e0041", "[red]", "[/]", ":boom:",
    "\x1b[6n", "\x1b#8", "\x1bc",
)  # fmt: skip
HOSTILE = [f"{first}a{second}b" for first, second in itertools.product(SEQUENCES, SEQUENCES[:5])]
FIELDS = ("key", "correlation_id", "profile", "reason", "remedy", "failure", "manifest", "version")


def control_characters(text: str) -> set[str]:
    """The control characters and invisible characters in a text, except the line feed."""
    return {each for each in text if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") and each != "\n"}


def printed(operator, *command):
    """A command's output, whatever its exit code."""
    ended = CliRunner().invoke(app, [*command, "--name", "clinic"], obj=operator.client)
    assert not isinstance(ended.exception, ValueError)
    return ended.stdout, ended.stderr


@pytest.fixture
def hostile_names(operator):
    """Recordings with only hostile texts in their rows. Each string is in one of them."""
    row = operator.row(operator.delivered())
    states = itertools.cycle(State)
    names = []
    for number, first in enumerate(range(0, len(HOSTILE), len(FIELDS))):
        name = f"{row.recording[:-4]}{number:04}"
        names.append(name)
        fields = dict(zip(FIELDS, HOSTILE[first:], strict=False))
        operator.pipeline.ledger.claim(replace(row, recording=name, job=name, state=next(states), **fields))
    operator.clients["s3"] = Pages({})  # moto cannot list keys with control characters
    return names


def test_there_are_enough_hostile_strings():
    assert len(set(HOSTILE)) >= 200


def test_no_list_prints_a_control_sequence(operator, hostile_names):
    for command in (
        ["list", "--show-key", "--most", "300"], ["list", "--most", "300"], ["list", "--state", "FAILED"],
        ["status"], ["backfill"],
    ):  # fmt: skip
        for more in ([], ["--json"]):
            out, err = printed(operator, *command, *more)
            assert (out, control_characters(out + err)) == (out, set())
            assert json.loads(out) if more else out
    listed, _ = printed(operator, "list", "--most", "300")
    assert all(name in listed for name in hostile_names)


@pytest.mark.parametrize(
    "command", [["explain", "--show-key"], ["retry"], ["erase", "--yes", "--no-wait"]], ids=" ".join
)
def test_no_command_about_a_recording_prints_a_control_sequence(operator, hostile_names, command):
    for number, name in enumerate(hostile_names):
        out, err = printed(operator, *command, name, *(["--json"] if number % 2 else []))
        assert out or err
        assert control_characters(out + err) == set()


@pytest.mark.parametrize("command", ["explain", "open", "retry", "erase"])
def test_a_hostile_name_on_the_command_line_is_printed_harmless(operator, command):
    for text in SEQUENCES:
        out, err = printed(operator, command, f"a{text}b")
        assert "called so" in err
        assert control_characters(out + err) == set()


def test_json_keeps_every_character():
    for text in HOSTILE:
        written = terminal.harmless_json(json.dumps({text: [text]}, ensure_ascii=False))
        assert control_characters(written) == set()
        assert json.loads(written) == {text: [text]}


def test_columns_stay_aligned_and_complete():
    shown = io.StringIO()
    table = Table()
    table.add_column("key")
    for text in HOSTILE:
        table.add_row(f"{text}.end")
    terminal.console(file=shown, width=400).print(table)
    lines = shown.getvalue().splitlines()
    assert len({len(line) for line in lines}) == 1
    assert sum(".end" in line for line in lines) == len(HOSTILE)
    assert control_characters(shown.getvalue()) == set()
