"""A transcript with extremely many turns stays within the function's memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from documents import FORMATS

ROOT = Path(__file__).parents[2]
TURNS = 60_000
MOST_KILOBYTES = 90_000
"""Additional memory while the document is written.

At most 600,000 turns are accepted, and their model takes 825 MB of the function's 1,536 MB. For these turns python-
docx's trees took 205 MB.
"""
CODE = """
import json, resource, sys
from documents import FORMATS
from stethoscript.transcript import Transcript, Word
from tests.documents.sample_info import INFO
form, turns = sys.argv[1], int(sys.argv[2])
model = Transcript(tuple(Word(f"w{n}", n / 50, n / 50, 0.7, ".", f"spk_{n % 2}", "Personal") for n in range(turns)),
                   identified=True)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
FORMATS[form].write(Transcript(model.words[:9], identified=True), INFO)
before = peak()
FORMATS[form].write(model, INFO)
print(json.dumps(peak() - before))
"""


@pytest.mark.parametrize("form", FORMATS)
def test_a_document_of_many_turns_takes_little_more_memory_than_the_model(form):
    ended = subprocess.run(
        [sys.executable, "-c", CODE, form, str(TURNS)],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert json.loads(ended.stdout) < MOST_KILOBYTES
