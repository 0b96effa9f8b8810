"""The formats for programs (csv, JSON, FHIR), and the text with identified words masked."""

import csv
import json
from itertools import zip_longest

import pytest
from fhir.resources.R4B.documentreference import DocumentReference
from hypothesis import given

from documents import FORMATS
from documents.plain_text import speaker
from stethoscript import transcript
from stethoscript.transcript import Stretch, Transcript, Word
from tests.documents.read_back import rows
from tests.documents.sample_info import INFO
from tests.documents.sample_outputs import conversations
from tests.schemas import errors

SCHEMA = "transcript-1.0"
SILENCE = Transcript(())


def number(cell):
    return float(cell) if cell else None


@given(conversations())
def test_a_table_keeps_every_word_unchanged(output):
    model = transcript.read(output.body)
    for word, (index, row) in zip_longest(model.words, enumerate(rows(FORMATS["csv"].write(model, INFO)), start=1)):
        assert row == {
            "index": str(index), "start": row["start"], "end": row["end"], "speaker": speaker(word.speaker),
            "word": word.text, "punctuation": word.punctuation, "confidence": row["confidence"],
            "category": word.category or "",
        }  # fmt: skip
        numbers = (number(row["start"]), number(row["end"]), number(row["confidence"]))
        assert numbers == (word.start, word.end, word.confidence)


@given(conversations())
def test_no_cell_of_a_table_is_a_formula_whatever_separates_the_cells(output):
    written = FORMATS["csv"].write(transcript.read(output.body), INFO).decode("utf-8-sig")
    for row in (row for mark in ",;|\t " for row in csv.reader(written.splitlines(keepends=True), delimiter=mark)):
        assert not [cell for cell in row if cell.strip().startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))]


CONVERTED = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1+1", "\u22125", "MAR-1", "March 5", "Mar 2020", "1-2", "3/4", "SEPT2",
    "DEC1",
    "5 Mar", "Jan-20", "10:30", "10 am", "5pm", "1E5", "2e10", "1e-3", "TRUE", "false", "WAHR", "50%", "$5", "5$",
    "EUR 5",
    "007", "00123", "12345678901234567", "1 1/2", "\u00bd", "\u0663", "1.50", ".5", "1.5", "2.5", "1,000", "1.000",
    "(5)",
    "12.5.2020", "#N/A", "'tis",
)  # fmt: skip
"""Texts that Excel or LibreOffice changes, in some locale."""
KEPT = ("cough", "aren't", "0.25", "0.5", "120", "0", "May", "Lisinopril", "Speaker")


@pytest.mark.parametrize("mark", ["", ";", "|", " "])
@pytest.mark.parametrize("said", CONVERTED)
def test_a_table_keeps_a_word_that_a_spreadsheet_would_change(said, mark):
    written = FORMATS["csv"].write(Transcript((Word(f"x{mark}{said}" if mark else said, 0, 1, 0.9),)), INFO)
    [_, row] = csv.reader(written.decode("utf-8-sig").splitlines())
    assert f"{mark}'{said}" in row[4] or f"{mark}'{said.replace(' ', f' {chr(39)}', 1)}" in row[4]
    assert rows(written)[0]["word"] == (f"x{mark}{said}" if mark else said)


@pytest.mark.parametrize("said", KEPT)
def test_a_table_has_any_other_word_unchanged(said):
    written = FORMATS["csv"].write(Transcript((Word(said, 0, 1, 0.9),)), INFO)
    [_, row] = csv.reader(written.decode("utf-8-sig").splitlines())
    assert row[4] == said


def test_a_table_begins_with_the_mark_that_spreadsheets_need_and_its_columns():
    assert FORMATS["csv"].write(SILENCE, INFO) == (
        b"\xef\xbb\xbfindex,start,end,speaker,word,punctuation,confidence,category\r\n"
    )


@given(conversations())
def test_the_json_is_the_model_and_valid_by_its_published_schema(output):
    model = transcript.read(output.body)
    document = json.loads(FORMATS["json"].write(model, INFO))
    assert errors(document, SCHEMA) == []
    assert Transcript(
        tuple(Word(**word) for word in document["words"]),
        tuple(Stretch(each["start"], each["end"], tuple(each["readings"])) for each in document["alternatives"]),
        document["identified"],
        tuple(document["notes"]),
    ) == model  # fmt: skip


@pytest.mark.parametrize("change", [{"words": [{"text": ""}]}, {"schema": "2.0"}, {"novelty": 1}, {"notes": None}])
def test_the_schema_rejects_an_invalid_document(change):
    document = json.loads(FORMATS["json"].write(SILENCE, INFO)) | change
    assert errors(document, SCHEMA)


def test_the_json_names_its_recording():
    document = json.loads(FORMATS["json"].write(SILENCE, INFO))
    assert {name: document[name] for name in ("job", "source", "received", "profile", "correlationId")} == {
        "job": "clinic-38d3f5",
        "source": "conversation/Jane Doe.wav",
        "received": "2026-09-21T14:13:20Z",
        "profile": "conversation",
        "correlationId": "visit-4711",
    }


@given(conversations())
def test_the_fhir_document_reference_is_valid_and_carries_the_plain_text(output):
    model = transcript.read(output.body)
    document = DocumentReference.model_validate_json(FORMATS["fhir"].write(model, INFO))
    attachment = document.content[0].attachment
    text = FORMATS["txt"].write(model, INFO)
    assert attachment.data == text
    assert attachment.size == len(text)


def test_the_fhir_document_reference_claims_no_more_than_is_known():
    document = DocumentReference.model_validate_json(FORMATS["fhir"].write(SILENCE, INFO))
    assert (document.status, document.docStatus) == ("current", "preliminary")
    assert document.type.coding[0].code == "34109-9"
    assert document.subject.reference is None
    assert document.subject.extension[0].valueCode == "unknown"
    assert document.securityLabel is None
    assert {each.type.text: each.value for each in document.identifier} == {
        "job": "clinic-38d3f5",
        "correlation-id": "visit-4711",
    }


IDENTIFIED = Transcript(
    (
        Word("Mister", 0, 1, 0.9),
        Word("John", 1, 2, 0.9, ",", category="Personal"),
        Word("Smith", 2, 3, 0.9, ",", category="Personal"),
        Word("Salem", 3, 4, 0.9, category="Geographic"),
        Word("coughs", 4, 5, 0.9, "."),
    ),
    identified=True,
    notes=("1 identified passage could not be placed.",),
)


def test_identified_words_are_masked_and_the_text_is_not_called_de_identified():
    warning, turn, note = FORMATS["masked.txt"].write(IDENTIFIED, INFO).decode().split("\n\n")
    assert warning.startswith("THIS IS NOT DE-IDENTIFICATION.")
    assert turn == "[0:00:00]\nMister [PERSONAL], [GEOGRAPHIC] coughs."
    assert note == "(1 identified passage could not be placed.)\n"


def test_a_masked_text_needs_content_identification():
    assert FORMATS["masked.txt"].applies(IDENTIFIED, INFO)
    assert not FORMATS["masked.txt"].applies(SILENCE, INFO)
    assert all(kind.applies(SILENCE, INFO) for form, kind in FORMATS.items() if form != "masked.txt")
