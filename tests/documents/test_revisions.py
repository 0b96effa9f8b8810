"""Every word of every revision is in every format once, in order. An integrator can write a correction."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import FORMATS
from documents.recording_info import RecordingInfo
from stethoscript import correction_file, correction_refusals, corrections, revisions, transcript
from stethoscript.corrections import Correction, SpeakerEdit, TextEdit, TurnEdit
from stethoscript.transcript import Transcript
from tests import schemas
from tests.documents.read_back import READERS, tokens
from tests.documents.sample_info import INFO
from tests.documents.sample_outputs import conversations

SCHEMA = json.loads((schemas.PUBLISHED / "correction-1.0.json").read_text(encoding="utf-8"))
PAGE = schemas.PUBLISHED.parent / "corrections.md"
TEXTS = st.sampled_from((
    "", "bisoprolol", "5 mg.", "no, not", "<b> --> </b>", "=1+1 x;=A1", "Speaker 1: hi", "[0:00:00]", "{\\an8}", "…",
    "</script><img src=x onerror=alert(1)>", "(no speech)", "'tis 1/2", '"a,b"', "NOTE x",
    "00:00:01.000 --> 00:00:02.000",
))  # fmt: skip


@st.composite
def corrected(draw, given: Transcript):
    """The transcript after one correction of up to four edits of any kind."""
    count = len(given.words)
    cuts = sorted(draw(st.sets(st.integers(0, count), max_size=6)))
    ranges = list(zip(cuts[::2], cuts[1::2], strict=False))
    texts = [TextEdit(start, end, draw(TEXTS)) for start, end in ranges]
    speakers = [
        SpeakerEdit(start, end, draw(st.sampled_from(("spk_0", "spk_7", "ch_1", None)))) for start, end in ranges
    ]
    turns = [TurnEdit(at, begins=True) for at in cuts if 0 < at < count]
    base = corrections.words_digest(given)
    correction = Correction("job", base, "corrected", tuple(texts), tuple(speakers), tuple(turns))
    return corrections.apply(correction, given)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_of_every_revision_has_every_word_once_in_order(form):
    kind = FORMATS[form]

    @given(conversations(most=12), st.data())
    def every_word(output, data):
        revised = transcript.read(output.body)
        for _ in range(data.draw(st.integers(1, 3))):
            revised = data.draw(corrected(revised))
        if kind.applies(revised, INFO):
            assert READERS[form](kind.write(revised, INFO), revised) == tokens(revised.words)

    every_word()


@pytest.mark.parametrize("example", SCHEMA["examples"])
def test_the_examples_of_the_schema_are_valid_and_are_read(example):
    assert schemas.errors(example, "correction-1.0") == []
    assert correction_file.read(json.dumps(example).encode()).job == example["job"]


def test_the_schema_has_the_same_limits_and_reasons_as_the_code():
    top, parts = SCHEMA["properties"], SCHEMA["$defs"]
    assert top["edits"]["maxItems"] == correction_file.MOST_EDITS
    assert top["confirmed"]["maxItems"] == correction_file.MOST_CONFIRMATIONS
    assert top["addenda"]["maxItems"] == correction_file.MOST_ADDENDA
    assert top["addenda"]["items"]["maxLength"] == correction_file.MOST_ADDENDUM_CHARACTERS
    assert parts["text"]["maxLength"] == correction_file.MOST_CHARACTERS
    assert top["job"]["maxLength"] == correction_file.MOST_JOB_CHARACTERS
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{reason}`" in page for reason in correction_refusals.Reason)


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": "2.0"}, {"basedOn": "abc"}, {"status": "draft"}, {"author": "me"}, {"job": ""}, {"edits": {}},
        {"edits": [{"edit": "replace", "from": 0, "to": 1}]}, {"edits": [{"edit": "run", "text": "x"}]},
        {"edits": [{"edit": "delete", "from": -1, "to": 1}]}, {"edits": [{"edit": "split", "at": "1"}]},
        {"edits": [{"edit": "speaker", "from": 0, "to": 1, "speaker": "Jane"}]}, {"confirmed": [[0, 1]]},
        {"addenda": [""]}, {"edits": [{"edit": "insert", "at": 0, "text": "x", "speaker": "spk_01"}]},
    ],
)  # fmt: skip
def test_a_file_that_the_schema_rejects_is_refused(wrong):
    file = SCHEMA["examples"][0] | wrong
    assert schemas.errors(file, "correction-1.0") != []
    with pytest.raises(correction_refusals.Refused):
        correction_file.read(json.dumps(file).encode())


def test_an_integrator_can_correct_sign_and_amend_with_only_the_schema_and_the_documents():
    """Only a document and the schema are used to write the files."""
    machine = transcript.read(spoken("Take metoprolol for the next 23 days."))
    current = revisions.first(machine, 1)
    revised = machine
    edits = [
        {"edit": "replace", "from": at, "to": at + 1, "text": text}
        for at, word in enumerate(delivered(machine)["words"])
        for text in [{"metoprolol": "bisoprolol", "23": "two three"}.get(word["text"])]
        if text
    ]
    saved = (
        {"status": "corrected", "edits": edits, "displayName": "A. Editor"},
        {"status": "signed", "confirmed": [{"from": 3, "to": 5}]},
        {"status": "amended", "addenda": ["The culture was negative."], "reason": "Result received later"},
    )
    for number, more in enumerate(saved, start=2):
        file = {"schema": "1.0", "job": INFO.job, "basedOn": current.words, **more}
        assert schemas.errors(file, "correction-1.0") == []
        correction = correction_file.read(json.dumps(file).encode())
        revised, current = revisions.revise(
            correction, revised, current, job=INFO.job, author="AROA1:a.editor", made=number, signature=number > 2
        )
    assert (
        " ".join(word["text"] for word in delivered(revised)["words"]) == "Take bisoprolol for the next two three days"
    )
    assert (current.number, current.status, current.addenda) == (4, "amended", ("The culture was negative.",))
    assert [word.text for word in corrections.machine_words(revised)] == [word.text for word in machine.words]


def test_the_page_shows_a_file_that_is_valid():
    (example,) = [block.partition("```")[0] for block in PAGE.read_text(encoding="utf-8").split("```json\n")[1:]]
    assert schemas.errors(json.loads(example), "correction-1.0") == []


def spoken(text: str) -> bytes:
    """The service's output with these words."""
    items = [
        {"type": "pronunciation", "start_time": at, "end_time": at + 1, "alternatives": [{"content": each.strip(".")}]}
        for at, each in enumerate(text.split())
    ]
    return json.dumps({"results": {"transcripts": [{"transcript": text}], "items": items}}).encode()


def delivered(words: Transcript, info: RecordingInfo = INFO) -> dict:
    """The document for programs."""
    return json.loads(FORMATS["json"].write(words, info))
