"""The examples in docs/transcripts.md are what the forms write."""

import json
import re
from pathlib import Path

import pytest

from documents import FORMS
from stethoscript import transcript
from tests.documents.facts import FACTS

PAGE = (Path(__file__).parents[2] / "docs" / "transcripts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
OUTPUT = transcript.read(next(block for _, block in BLOCKS if block.startswith('{"jobName"')).encode())


def example(form):
    return next(block for name, block in BLOCKS if name == form)


@pytest.mark.parametrize("form", ["txt", "vtt", "srt", "csv", "masked"])
def test_the_pages_example_of_a_text_form_is_what_is_written(form):
    written = FORMS[form if form in FORMS else f"{form}.txt"].write(OUTPUT, FACTS).decode("utf-8-sig")
    assert example(form).strip() == written.replace("\r\n", "\n").strip()


@pytest.mark.parametrize("form", ["json", "fhir"])
def test_the_pages_example_of_a_form_for_programs_is_what_is_written(form):
    shown = [json.loads(block) for _, block in BLOCKS if block.startswith("{")]
    assert json.loads(FORMS[form].write(OUTPUT, FACTS)) in shown


def test_the_page_names_every_form_and_its_file():
    for form, kind in FORMS.items():
        assert f"| `{form}` | `{kind.name}` |" in PAGE
