"""A correction file is untrusted text. Reading it gives a correction or an error that quotes nothing from the file."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stethoscript import correction_file
from stethoscript.correction_refusals import REMEDIES, Reason, Refused
from stethoscript.corrections import Correction, SpeakerEdit, TextEdit, TurnEdit, apply, words_digest
from stethoscript.transcript import Transcript, Word

SAID = ("take", "metoprolol", "for", "23", "days")
TRANSCRIPT = Transcript(tuple(Word(each, at, at + 1, 0.9) for at, each in enumerate(SAID)))
BASE = words_digest(TRANSCRIPT)
FILE = {"schema": "1.0", "job": "clinic-0a1b", "basedOn": BASE, "status": "corrected"}
REPLACE = {"edit": "replace", "from": 1, "to": 2, "text": "bisoprolol"}
SECRET = "Jane Doe"
HOSTILE = (
    "\x00", "a\u202eb", "\ud800", "\u2066x\u2069", "\u200b", "\ufeff", "\x1b[31m", "a\x7fb", "\ufffe", "\U000e0041", "",
    "  ", "\u2028",
)  # fmt: skip


def body(**more):
    return json.dumps(FILE | more).encode()


def refusal(content):
    with pytest.raises(Refused) as caught:
        correction_file.read(content)
    return caught.value


def reason(content):
    return refusal(content).reason


def test_a_complete_file_is_read():
    edits = [
        REPLACE,
        {"edit": "insert", "at": 5, "text": " and  then\n"},
        {"edit": "insert", "at": 0, "text": "please", "speaker": "spk_1"},
        {"edit": "delete", "from": 2, "to": 3},
        {"edit": "speaker", "from": 0, "to": 2, "speaker": None},
        {"edit": "split", "at": 3},
        {"edit": "merge", "at": 4},
    ]
    more = {"confirmed": [{"from": 3, "to": 5}], "addenda": ["One.\n\n Two."], "displayName": "A. B.", "reason": "Why"}
    assert correction_file.read(body(edits=edits, revision=3, **more)) == Correction(
        "clinic-0a1b",
        BASE,
        "corrected",
        (
            TextEdit(1, 2, "bisoprolol"),
            TextEdit(5, 5, "and then"),
            TextEdit(0, 0, "please", "spk_1"),
            TextEdit(2, 3, ""),
        ),
        (SpeakerEdit(0, 2, None),),
        (TurnEdit(3, begins=True), TurnEdit(4, begins=False)),
        ((3, 5),),
        ("One.\nTwo.",),
        "A. B.",
        "Why",
    )


def test_the_smallest_file_is_read_with_and_without_a_byte_order_mark():
    assert correction_file.read(b"\xef\xbb\xbf" + body()) == Correction("clinic-0a1b", BASE, "corrected")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b"{", Reason.NOT_JSON),
        (b'{"a": "', Reason.NOT_JSON),
        (b'{"a": NaN}', Reason.NOT_JSON),
        (b'{"a": -Infinity}', Reason.NOT_JSON),
        (b'{"a": 1.5}', Reason.NOT_JSON),
        (b'{"a": 1e999}', Reason.NOT_JSON),
        (b'{"a": ' + b"9" * 5000 + b"}", Reason.NOT_JSON),
        (b'{"a": -' + b"9" * 10 + b"}", Reason.NOT_JSON),
        (b'{"schema": "1.0", "schema": "1.0"}', Reason.DUPLICATE_MEMBER),
        (b"[" * 100_000, Reason.TOO_DEEP),
        (b'{"a":' * 100_000, Reason.TOO_DEEP),
        (b" " * (correction_file.MOST_BYTES + 1), Reason.TOO_LARGE),
        (b"[]", Reason.WRONG_TYPE),
        (b"null", Reason.WRONG_TYPE),
        (b"{}", Reason.MISSING_MEMBER),
        (body(schema="1.1", new=1), Reason.UNKNOWN_VERSION),
        (body(schema=1), Reason.UNKNOWN_VERSION),
        (body(author="me"), Reason.UNKNOWN_MEMBER),
        (body(job=7), Reason.WRONG_TYPE),
        (body(job="x" * 201), Reason.TOO_LARGE),
        (body(basedOn="0" * 63), Reason.WRONG_TYPE),
        (body(basedOn=BASE + "\n"), Reason.WRONG_TYPE),
        (body(status="draft"), Reason.WRONG_TYPE),
        (body(status=["signed"]), Reason.WRONG_TYPE),
        (body(revision=-1), Reason.OUT_OF_RANGE),
        (body(revision=True), Reason.WRONG_TYPE),
        (body(edits=None), Reason.WRONG_TYPE),
        (body(edits={}), Reason.WRONG_TYPE),
        (body(edits=[7]), Reason.WRONG_TYPE),
        (body(edits=[{}]), Reason.WRONG_TYPE),
        (body(edits=[{"edit": None}]), Reason.WRONG_TYPE),
        (body(edits=[{"edit": {}}]), Reason.TOO_DEEP),
        (body(edits=[{"edit": "run", "text": "rm"}]), Reason.WRONG_TYPE),
        (body(edits=[REPLACE | {"from": "1"}]), Reason.WRONG_TYPE),
        (body(edits=[REPLACE | {"from": True}]), Reason.WRONG_TYPE),
        (body(edits=[REPLACE | {"from": -1}]), Reason.OUT_OF_RANGE),
        (body(edits=[REPLACE | {"to": 1}]), Reason.OUT_OF_RANGE),
        (body(edits=[REPLACE | {"speaker": "spk_0"}]), Reason.UNKNOWN_MEMBER),
        (body(edits=[{"edit": "delete", "from": 1}]), Reason.MISSING_MEMBER),
        (body(edits=[REPLACE | {"text": "x" * 2001}]), Reason.TOO_LARGE),
        (body(edits=[REPLACE | {"text": None}]), Reason.WRONG_TYPE),
        (body(edits=[{"edit": "speaker", "from": 0, "to": 1, "speaker": "Dr. Doe"}]), Reason.WRONG_TYPE),
        (body(edits=[{"edit": "split", "at": 1}] * 20_001), Reason.TOO_LARGE),
        (body(confirmed=[{"from": 0, "to": 1, "edit": "delete"}]), Reason.UNKNOWN_MEMBER),
        (body(confirmed=[{"from": 0, "to": 1}] * 50_001), Reason.TOO_LARGE),
        (body(addenda=["x"] * 51), Reason.TOO_LARGE),
        (body(addenda=["x" * 20_001]), Reason.TOO_LARGE),
        (body(addenda=["\n \n"]), Reason.UNPRINTABLE_TEXT),
        (body(displayName="x" * 101), Reason.TOO_LARGE),
        (body(reason=["x"]), Reason.WRONG_TYPE),
    ],
)
def test_any_other_file_is_refused(content, expected):
    assert reason(content) == expected


@pytest.mark.parametrize("text", HOSTILE)
def test_text_with_invisible_or_misleading_characters_is_refused(text):
    edits = [REPLACE | {"text": text}]
    for more in ({"edits": edits}, {"reason": text}, {"displayName": text}, {"addenda": [text]}, {"job": text}):
        assert reason(body(**more)) == Reason.UNPRINTABLE_TEXT


def test_every_reason_has_a_remedy():
    assert set(REMEDIES) == set(Reason)
    assert all(remedy[0].isupper() and remedy.endswith(".") for remedy in REMEDIES.values())


@pytest.mark.parametrize(
    "content",
    [
        f'{{"{SECRET}": 1'.encode(),
        f'{{"{SECRET}": 1, "{SECRET}": 2}}'.encode(),
        body(**{SECRET: 1}),
        body(status=SECRET),
        body(edits=[REPLACE | {"text": f"{SECRET}\x00"}]),
        body(edits=[REPLACE | {SECRET: 1}]),
        body(edits=[{"edit": SECRET}]),
    ],
)
def test_a_refusal_quotes_nothing_from_the_file_and_chains_no_error_that_does(content):
    error = refusal(content)
    assert SECRET not in f"{error!r} {error} {error.where}"
    assert error.__cause__ is None
    assert error.__context__ is None or isinstance(error.__context__, Refused)


def test_a_refusal_gives_the_position_and_the_remedy():
    error = refusal(body(edits=[REPLACE, REPLACE | {"text": 7}]))
    assert error.where == "edits[1].text"
    assert str(error) == (
        "WrongType at edits[1].text. Give the member a value that docs/schemas/correction-1.0.json allows."
    )
    assert error.remedy == REMEDIES[Reason.WRONG_TYPE]


@pytest.mark.parametrize(
    "content",
    [
        b'"' + b'\\"' * (correction_file.MOST_BYTES // 2 - 1),
        b'"' * correction_file.MOST_BYTES,
        b"\\" * correction_file.MOST_BYTES,
        b'{"edits": [' + b"{}," * (correction_file.MOST_BYTES // 3 - 10) + b"{}]}",
        b'"' + b'\\"' * (correction_file.MOST_BYTES // 2 - 2) + b"\\",
    ],
    ids=["escaped quotes", "quotes", "backslashes", "empty edits", "half an escape"],
)
def test_every_file_is_refused_quickly(content):
    began = time.process_time()
    refusal(content)
    assert time.process_time() - began < 1.5


positions = st.integers(-1, 7) | st.sampled_from((10**9 - 1, True, None, "1", 1.5))
texts = st.sampled_from((*HOSTILE, "x", "5 mg,")) | st.text(max_size=5) | st.none() | st.integers()
speakers = st.sampled_from(("spk_1", "x", None))
edits = st.fixed_dictionaries(
    {"edit": st.sampled_from(("replace", "insert", "delete", "speaker", "split", "merge", "exec", 7))},
    optional={"from": positions, "to": positions, "at": positions, "text": texts, "speaker": speakers},
)
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
files = st.fixed_dictionaries(
    {
        "schema": st.sampled_from(("1.0", "1.0", "1.0", "2", 1)),
        "job": st.just("clinic-0a1b"),
        "basedOn": st.sampled_from((BASE, BASE, "0" * 64, 7)),
        "status": st.sampled_from(("corrected", "signed", "draft")),
    },
    optional={
        "edits": st.lists(edits, max_size=4) | values,
        "confirmed": values,
        "addenda": st.lists(texts, max_size=2),
        "reason": texts,
        "other": values,
    },
)
contents = (
    st.binary(max_size=60)
    | st.text(max_size=60).map(str.encode)
    | (files | values).map(lambda it: json.dumps(it).encode())
)
places = st.integers(0, 5)
plausible = st.one_of(
    st.builds(lambda start, end: REPLACE | {"from": start, "to": end}, places, places),
    st.builds(lambda start, end: {"edit": "delete", "from": start, "to": end}, places, places),
    st.builds(lambda at: {"edit": "insert", "at": at, "text": "a b"}, places),
    st.builds(lambda at: {"edit": "split", "at": at}, places),
)


@given(contents)
def test_reading_any_file_gives_a_correction_or_a_refusal(content):
    try:
        read = correction_file.read(content)
    except Refused:
        return
    assert read.job == "clinic-0a1b"


@given(st.lists(plausible, max_size=4))
def test_a_random_file_never_changes_a_word_that_it_does_not_name(edits):
    try:
        revised = apply(correction_file.read(body(edits=edits)), TRANSCRIPT)
    except Refused:
        return
    named = {at for edit in edits if "from" in edit for at in range(edit["from"], edit["to"])}
    kept = [word.text for at, word in enumerate(TRANSCRIPT.words) if at not in named]
    assert [word.text for word in revised.words if word.by == "machine"] == kept
    assert revised.machine == TRANSCRIPT.words
