"""The audio's length, a truncated recording, and silence, in every document that has a place for them."""

import base64
import io
import json
from dataclasses import replace

import docx
import pytest
from docx.oxml.ns import qn

from documents import FORMATS, manifest
from documents.manifest import Listed
from stethoscript.audio_info import AudioInfo
from stethoscript.transcript import Transcript, Word
from tests import schemas
from tests.documents.sample_info import INFO
from tests.sample_rows import ENDS

SPOKEN = Transcript((Word("Cough", 0.0, 1.0, 0.9, "."),), identified=True)
SILENCE = Transcript((), identified=True)
WHOLE = replace(INFO, audio=AudioInfo(69.0, declared_seconds=69.0, cut_off=False))
CUT_OFF = replace(INFO, audio=AudioInfo(16.9, declared_seconds=69.0, cut_off=True))
WARNING = (
    "The recording is incomplete: its file ends at about 0:16 of 1:09. The end of the speech is missing. "
    "Upload the recording again if you have a complete file."
)
WITH_A_PLACE = sorted(set(FORMATS) - {"srt", "csv"})


def read(form, facts, model=SPOKEN):
    """All text of a document."""
    body = FORMATS[form].write(model, facts)
    if form == "docx":
        document = docx.Document(io.BytesIO(body))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return "\n".join([*(each.text for each in document.paragraphs), *cells])
    return body.decode()


@pytest.mark.parametrize("form", WITH_A_PLACE)
def test_a_truncated_recording_has_a_warning_and_a_whole_one_has_none(form):
    assert WARNING in read(form, CUT_OFF)
    for facts in (WHOLE, INFO):
        assert "incomplete" not in read(form, facts)


@pytest.mark.parametrize("form", set(WITH_A_PLACE) - {"json"})
def test_a_document_has_the_audio_s_length_if_it_is_known(form):
    assert "1:09" in read(form, WHOLE)
    assert "Length" not in read(form, INFO)


def test_the_json_document_has_the_length():
    document = json.loads(read("json", CUT_OFF))
    assert document["audio"] == {"seconds": 16.9, "declaredSeconds": 69.0, "complete": False}
    assert document["notes"] == [WARNING]
    assert schemas.errors(document, "transcript-1.0") == []


def test_a_text_begins_with_the_warning():
    assert read("txt", CUT_OFF).startswith(f"WARNING: {WARNING}\n")


def test_the_fhir_attachment_begins_with_the_warning_too():
    attachment = json.loads(read("fhir", CUT_OFF))["content"][0]["attachment"]
    assert base64.b64decode(attachment["data"]).decode().startswith(f"WARNING: {WARNING}")


def test_the_docx_s_warning_is_framed_shaded_and_first():
    document = docx.Document(io.BytesIO(FORMATS["docx"].write(SPOKEN, CUT_OFF)))
    assert [each.style.name for each in document.paragraphs[:2]] == ["Heading 1", "Warning"]
    properties = document.styles["Warning"].element.pPr
    assert properties.find(qn("w:pBdr")) is not None
    assert properties.find(qn("w:shd")) is not None


def test_the_page_s_warning_comes_first():
    page = read("html", CUT_OFF)
    assert f'<header class="title">\n<p class="warning" role="note">{WARNING}</p>' in page


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"csv", "json"}))
def test_a_document_of_silence_says_so(form):
    assert "no speech" in read(form, INFO, SILENCE).lower()


@pytest.mark.parametrize(("end", "notes"), [
    ("cut off", [WARNING]), ("silence", ["No speech was found in the recording."]), ("delivered", []),
])  # fmt: skip
def test_the_manifest_has_the_notes_on_the_recording(end, notes):
    row = ENDS[end]
    model = Transcript((Word("a", 0, 1, 1.0),) * row.words)
    raw = Listed("raw", "k", "application/json", 1, None)
    written = json.loads(manifest.write(row, model, [raw], [], None))
    assert written["notes"] == notes
    assert written["audio"]["complete"] is (False if end == "cut off" else None)
    assert schemas.errors(written, "manifest-1.0") == []
