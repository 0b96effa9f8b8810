"""The Word document, read back with python-docx."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import docx
import pytest
from docx.oxml.ns import qn

from documents import FORMATS
from stethoscript.transcript import Transcript, Word
from tests.documents.sample_info import INFO

HEARD = Transcript(
    (
        Word("Take", 0.0, 0.5, 0.99, speaker="spk_0"),
        Word("fifty", 0.5, 1.0, 0.6, speaker="spk_0"),
        Word("milligrams", 1.0, 1.5, 0.7, ".", speaker="spk_0"),
        Word("Metoprolol", 3661.0, 3662.0, 0.2, "?", speaker="spk_1"),
        Word("yes", None, None, None, speaker="spk_1"),
    ),
    notes=("1 word came without a time.",),
)


def written(model=HEARD, info=INFO):
    return docx.Document(io.BytesIO(FORMATS["docx"].write(model, info)))


def paragraphs(document, style):
    return [each for each in document.paragraphs if each.style.name == style]


def test_it_names_its_recording():
    document = written()
    assert paragraphs(document, "Heading 1")[0].text == "Transcript"
    info = {row.cells[0].text: row.cells[1].text for row in document.tables[0].rows}
    assert info == {
        "Recording": "conversation/Jane Doe.wav",
        "Received": "2026-09-21 14:13 UTC",
        "Kind": "Conversation (PRIMARYCARE)",
        "Last word ends at": "1:01:02",
        "Words": "5",
        "Confidence": "medium",
        "Reference": "visit-4711",
        "Job": "clinic-38d3f5",
    }


def test_every_turn_has_its_speaker_and_time_on_the_same_page_as_its_words():
    document = written()
    assert [each.text for each in paragraphs(document, "Speaker")] == ["Speaker 1  0:00:00", "Speaker 2  1:01:01"]
    assert document.styles["Speaker"].paragraph_format.keep_with_next


def test_uncertain_words_are_marked_without_the_spaces_around_them():
    runs = [[(run.text, run.style.name) for run in each.runs] for each in paragraphs(written(), "Speech")]
    plain = "Default Paragraph Font"
    assert runs == [
        [("Take ", plain), ("fifty milligrams.", "Unsure")],
        [("Metoprolol?", "Doubtful"), (" yes", plain)],
    ]


def test_marks_are_visible_in_print_without_colour():
    styles = written().styles
    assert styles["Unsure"].font.underline is not None
    assert styles["Doubtful"].font.underline != styles["Unsure"].font.underline
    assert styles["Doubtful"].element.rPr.find(qn("w:shd")).get(qn("w:fill")) == "D9D9D9"


def test_it_says_that_it_is_unreviewed_and_what_is_missing():
    document = written()
    assert any("not reviewed by a person" in each.text for each in document.paragraphs)
    assert [each.text for each in paragraphs(document, "List Bullet")] == ["1 word came without a time."]


def test_its_pages_are_numbered():
    (footer,) = written().sections[0].footer.paragraphs
    fields = [each.get(qn("w:instr")) for each in footer.paragraph_format.element.iter(qn("w:fldSimple"))]
    assert fields == ["PAGE", "NUMPAGES"]


def test_a_document_without_speech_says_so():
    assert any(each.text == "(no speech)" for each in written(Transcript(())).paragraphs)


@pytest.mark.parametrize("source", ["a\x00b", "a\ud800", "a\nb", "</w:t>"])
def test_a_file_name_with_characters_invalid_in_xml_is_written_safely(source):
    table = written(info=replace(INFO, source=source)).tables[0]
    assert "\n" not in table.rows[0].cells[1].text


def test_the_same_transcript_always_gives_the_same_bytes():
    body = FORMATS["docx"].write(HEARD, INFO)
    assert {part.date_time for part in ZipFile(io.BytesIO(body)).infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert docx.Document(io.BytesIO(body)).core_properties.modified == INFO.arrived


def test_its_library_is_loaded_only_if_configured():
    code = "import sys, documents; sys.exit('docx' in sys.modules or 'lxml' in sys.modules)"
    lambdas = Path(__file__).parents[2] / "lambdas"
    assert subprocess.run([sys.executable, "-c", code], cwd=lambdas, check=False).returncode == 0
