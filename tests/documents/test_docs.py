"""The examples in docs/transcripts.md are the output of the formats."""

import json
import re
from pathlib import Path

import pytest

from documents import FORMATS
from stethoscript import transcript
from tests.documents.sample_info import INFO

PAGE = (Path(__file__).parents[2] / "docs" / "transcripts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
OUTPUT = transcript.read(next(block for _, block in BLOCKS if block.startswith('{"jobName"')).encode())


def example(form):
    return next(block for name, block in BLOCKS if name == form)


@pytest.mark.parametrize("form", ["txt", "vtt", "srt", "csv", "masked"])
def test_the_page_s_example_of_a_text_format_is_current(form):
    written = FORMATS[form if form in FORMATS else f"{form}.txt"].write(OUTPUT, INFO).decode("utf-8-sig")
    assert example(form).strip() == written.replace("\r\n", "\n").strip()


@pytest.mark.parametrize("form", ["json", "fhir"])
def test_the_page_s_example_of_a_data_format_is_current(form):
    shown = [json.loads(block) for _, block in BLOCKS if block.startswith("{")]
    assert json.loads(FORMATS[form].write(OUTPUT, INFO)) in shown


def test_the_page_names_every_format_and_its_file():
    for form, kind in FORMATS.items():
        assert f"| `{form}` | `{kind.name}` |" in PAGE
