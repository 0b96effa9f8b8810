"""The clean reading hides fillers and false starts. It keeps every word that carries meaning."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stethoscript.clean_reading import hidden, shown
from stethoscript.editor_words import parted
from stethoscript.word import Word, Writer


def words(text):
    return [Word(piece, None, None, 0.9, marks) for piece, marks in map(parted, text.split())]


def read(text):
    return " ".join(word.text + word.punctuation for word in shown(words(text)))


@pytest.mark.parametrize(
    ("said", "clean"),
    [
        ("Um, I have, uh, a cough.", "I have, a cough."),
        ("It hurts here, erm.", "It hurts here."),
        ("It hurts uh. It does.", "It hurts. It does."),
        ("She, er, fell.", "She, fell."),
        ("the the left knee", "the left knee"),
        ("I I I think", "I think"),
        ("They, they said", "they said"),
        ("I was I was going", "I was going"),
        ("met- metoprolol", "metoprolol"),
        ("Um uh the the pain", "the pain"),
    ],
)
def test_fillers_and_false_starts_are_hidden(said, clean):
    assert read(said) == clean


@pytest.mark.parametrize(
    "said",
    [
        "I like the like button",
        "So it is so",
        "five five",
        "two two three",
        "no no",
        "No, no fever",
        "never never",
        "very very painful",
        "He had had a stroke",
        "the drug that that doctor gave",
        "what it is is a rash",
        "came in in March",
        "what goes on on Monday",
        "made of of course steel",
        "Mm-hmm.",
        "Mhm uh-huh",
        "Yeah",
        "well I know",
        "I went to the ER",
        "in the er",
        "type I I think",
        "hepatitis A a year ago",
        "I was, I was really ill",
        "pre- and postoperative",
        "Um.",
        "um uh",
        "",
    ],
)
def test_words_that_carry_meaning_stay(said):
    assert read(said) == said


def test_words_that_an_editor_wrote_or_confirmed_stay():
    um, well = words("um well")
    assert hidden([replace(um, by=Writer.EDITOR), well]) == (False, False)
    assert hidden([replace(um, confirmed=True), well]) == (False, False)
    assert hidden([um, well]) == (True, False)


@given(
    st.lists(
        st.sampled_from(("um", "uh,", "er.", "the", "I", "was", "pain.", "no", "five", "ER", "me-", "mg")), max_size=12
    )
)
def test_the_clean_reading_is_the_spoken_words_in_order_without_the_hidden_ones(said):
    spoken = words(" ".join(said))
    mask = hidden(spoken)
    assert [word.text for word in shown(spoken)] == [w.text for w, hide in zip(spoken, mask, strict=True) if not hide]
    left_out = {word.text.casefold() for word, hide in zip(spoken, mask, strict=True) if hide}
    assert left_out <= {"um", "uh", "er", "the", "i", "was", "me-"}
