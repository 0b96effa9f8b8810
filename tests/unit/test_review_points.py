"""Review points are found at any confidence. Words that only look like one are not marked."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stethoscript import drug_names, review_points
from stethoscript.editor_words import parted
from stethoscript.phrases import Phrases
from stethoscript.review_points import Kind, ReviewPoint
from stethoscript.vocabulary import Term
from stethoscript.word import Word


def words(text, confidence=1.0, speaker=None):
    return [Word(piece, None, None, confidence, marks, speaker) for piece, marks in map(parted, text.split())]


def points(text, **more):
    spoken = words(text)
    return [
        (str(point.kind), " ".join(word.text for word in spoken[point.start : point.end]))
        for point in review_points.find(spoken, **more)
    ]


@pytest.mark.parametrize("confidence", [1.0, 0.0, None])
def test_the_published_errors_are_points_whatever_the_confidence(confidence):
    days = review_points.find(words("rest for the next 23 days", confidence))
    assert days == (ReviewPoint(Kind.DURATION, 3, 6),)
    drug = review_points.find(words("take metoprolol", confidence))
    assert drug == (ReviewPoint(Kind.DRUG, 1, 2, ("atenolol", "bisoprolol")),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Metoprolol, 25 mg twice a day.", [("drug", "Metoprolol"), ("dose", "25 mg"), ("dose", "twice a day")]),
        ("twenty-five mg as needed", [("dose", "twenty-five mg"), ("dose", "as needed")]),
        ("every 4 to 6 hours", [("dose", "every 4 to 6 hours")]),
        ("one tablet q6h", [("dose", "one tablet"), ("dose", "q6h")]),
        ("take two ibuprofen", [("dose", "two"), ("drug", "ibuprofen")]),
        ("1% hydrocortisone", [("dose", "1%"), ("drug", "hydrocortisone")]),
        ("hydrocodone-acetaminophen 5/325", [("drug", "hydrocodone-acetaminophen"), ("dose", "5/325")]),
        ("BP 138/82, pulse 72", [("number", "138/82"), ("number", "72")]),
        ("one twenty over seventy five", [("number", "one twenty over seventy five")]),
        ("3 cm by 4 cm", [("number", "3 cm by 4 cm")]),
        ("pain seven out of ten", [("number", "seven out of ten")]),
        ("5 feet 10 inches", [("number", "5 feet 10 inches")]),
        ("30 cc an hour", [("number", "30 cc an hour")]),
        ("On May 5, 2021", [("date", "May 5 2021")]),
        ("on the fifth of March", [("date", "fifth of March")]),
        ("since the 1st", [("date", "1st")]),
        ("at 8 a.m. yesterday", [("date", "8 a.m"), ("date", "yesterday")]),
        ("a 45-year-old man", [("duration", "45-year-old")]),
        ("a couple of weeks ago", [("duration", "a couple of weeks ago")]),
        ("next two three days", [("duration", "next two three days")]),
        ("denies fever", [("negation", "denies")]),
        ("it doesn\u2019t hurt", [("negation", "doesn\u2019t")]),
        ("no problem with breathing", [("negation", "no")]),
        ("ruled out a clot", [("negation", "ruled out")]),
        ("left inguinal hernia", [("laterality", "left")]),
        ("on the right.", [("laterality", "right")]),
        ("both knees", [("laterality", "both")]),
        ("left-hand weakness", [("laterality", "left-hand")]),
    ],
)  # fmt: skip
def test_each_kind_is_found(text, expected):
    assert points(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "for you",
        "to go",
        "too early to tell",
        "I have two too",
        "right away",
        "right now",
        "all right",
        "that's right, it is",
        "the right answer",
        "no problem",
        "no problem, take your time",
        "no doubt",
        "don't worry",
        "yes and no",
        "never mind",
        "he left the room",
        "she left early",
        "what is left",
        "you may go",
        "march on",
        "Dr. August",
        "a second opinion",
        "one second",
        "one of them",
        "both of them agreed",
        "not only that",
    ],
)
def test_words_that_only_look_like_a_point_are_not_marked(text):
    assert points(text) == []


def test_the_terms_of_the_customer_s_vocabularies_are_points():
    terms = [Term("Dupuytren-contracture"), Term("H.C.T.Z.", display_as="HCTZ"), Term("B.N.P.", display_as="BNP.")]
    assert points("his Dupuytren contracture and BNP", terms=terms) == [
        ("term", "Dupuytren contracture"),
        ("term", "BNP"),
    ]
    assert points("HCTZ", terms=terms) == [("drug", "HCTZ")]


def test_a_drug_lists_the_drugs_it_is_confused_with():
    (point,) = review_points.find(words("Hydroxyzine"))
    assert point.confused_with == ("hydralazine", "hydromorphone")


def test_a_number_does_not_reach_into_another_sentence_or_another_speaker_s_words():
    assert points("It was 20. Days go by.") == [("number", "20")]
    spoken = [*words("twenty", speaker="spk_0"), *words("days", speaker="spk_1")]
    assert [(point.kind, point.start, point.end) for point in review_points.find(spoken)] == [(Kind.NUMBER, 0, 1)]


@pytest.mark.parametrize("said", ["two", "twenty and", "two point", "the left"])
def test_a_phrase_that_is_repeated_for_hours_takes_no_longer_than_speech(said):
    spoken = [word for _ in range(20_000 // len(said.split())) for word in words(said)]
    began = time.process_time()
    review_points.find(spoken)
    assert time.process_time() - began < 1


def test_the_longest_name_is_found_and_none_overlaps_another():
    assert list(Phrases(["folic acid", "acid", "acid reflux"]).find(["folic", "acid", "reflux"])) == [(0, 2)]


def test_the_lists_hold_no_ordinary_word():
    everyday = {"the", "left", "right", "may", "march", "no", "problem", "second", "one", "two", "for", "to", "water"}
    assert not drug_names.names() & everyday


def test_every_name_has_its_look_up_form():
    for name in drug_names.names():
        assert list(drug_names.phrases().find(name.split())) == [(0, len(name.split()))], name


@given(
    st.lists(
        st.sampled_from(
            (
                "two",
                "mg",
                "of",
                "aspirin",
                "no",
                "left",
                "knee",
                "May",
                "5th,",
                "a",
                "day.",
                "1/2",
                "\ud800",
                "-",
                "n't",
                "2021",
                "point",
            )
        ),
        max_size=15,
    )
)
def test_every_point_is_a_range_of_the_words_and_its_words_are_in_one_number_at_most(said):
    spoken = words(" ".join(said))
    found = review_points.find(spoken)
    assert all(0 <= point.start < point.end <= len(spoken) for point in found)
    assert list(found) == sorted(found, key=lambda point: point.start)
    amounts = [at for p in found if p.kind in ("dose", "number", "date", "duration") for at in range(p.start, p.end)]
    assert len(amounts) == len(set(amounts))
