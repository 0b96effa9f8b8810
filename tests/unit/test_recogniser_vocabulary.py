"""The custom vocabulary: which terms become hints, which second results count, and how terms are written."""

import doctest
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.recogniser import phonetics, vocabulary
from local.recogniser.requests_and_results import RecognitionRequest, Term, Word, split_punctuation


def said(text, *, confidence=0.9, start=0.0):
    """One word every half second."""
    return [
        Word(*split_punctuation(one)[:1], start + n / 2, start + n / 2 + 0.4, confidence, split_punctuation(one)[1])
        for n, one in zip(count(), text.split(), strict=False)
    ]


def text(words):
    return " ".join(word.text + word.punctuation for word in words)


def letters_as_tokens(text):
    return len(text)


LISINOPRIL = Term("lisinopril")
DRUGS = [LISINOPRIL, Term("amoxicillin"), Term("metformin"), Term("warfarin")]


def test_the_doctest_examples_pass():
    assert doctest.testmod(phonetics).failed == 0


@given(st.text(max_size=40))
def test_any_text_has_a_phonetic_form(anything):
    assert phonetics.similarity(anything, anything) == 1
    assert set(phonetics.sound(anything)) <= set("abcdefghijklmnopqrstuvwxyz")


# Which terms become hints


def test_terms_unlike_anything_in_the_recording_are_no_hints():
    assert vocabulary.hints(DRUGS, said("Good morning, how are you today?"), letters_as_tokens) == ""


def test_terms_that_may_have_been_misrecognised_become_a_hint_sentence():
    words = said("He takes lisin o pearl daily and on oxus ill in for a week.")
    assert vocabulary.hints(DRUGS, words, letters_as_tokens) == "amoxicillin, lisinopril."


def test_silence_has_no_hints():
    assert vocabulary.hints(DRUGS, [], letters_as_tokens) == ""


def test_a_term_may_have_its_own_pronunciation():
    words = said("Then Dr. Wynn spoke.")
    assert vocabulary.hints([Term("Nguyen")], words, letters_as_tokens) == ""
    assert vocabulary.hints([Term("Nguyen", None, "win")], words, letters_as_tokens) == "Nguyen."


def test_words_of_low_confidence_come_first():
    words = said("aspirin daily", confidence=0.99) + said("lysin opril", confidence=0.2, start=5)
    assert vocabulary.likely([Term("aspirin"), LISINOPRIL], words) == [LISINOPRIL, Term("aspirin")]


def test_a_long_list_gives_its_likeliest_terms_as_hints():
    crowd = [Term(f"lisin{letter}ril{letter}") for letter in "abcdefghijklmnopqrst"]
    hint = vocabulary.hints([*crowd, LISINOPRIL], said("lisinopril"), letters_as_tokens)
    assert hint.startswith("lisinopril, ")
    assert hint.count(",") < len(crowd)
    assert len(hint) <= vocabulary.MOST_TOKENS + 1


def test_a_list_of_thousands_is_searched_quickly():
    many = [Term(f"term{n}ine") for n in range(3_000)]
    assert vocabulary.likely([*many, LISINOPRIL], said("take lisinopril " * 20))[0] == LISINOPRIL


# Which second result counts


def test_a_term_replaces_the_words_that_sound_like_it():
    words = vocabulary.accepted(said("He takes lisin o pearl daily."), said("He takes lisinopril daily."), DRUGS)
    assert text(words) == "He takes lisinopril daily."
    assert words[2].start == pytest.approx(1.0)
    assert words[2].end <= 2.4


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("He sleeps well.", "He sleeps well lisinopril."),
        ("He sleeps in the garden.", "He sleeps lisinopril, warfarin."),
        ("", "lisinopril, amoxicillin, metformin."),
    ],
)
def test_a_term_never_replaces_silence_or_different_words(before, after):
    assert vocabulary.accepted(said(before), said(after), DRUGS) == said(before)


def test_a_second_result_changes_only_terms():
    before, after = said("I have read the four books, lisin oprill."), said("I of red the for books, lisinopril.")
    assert text(vocabulary.accepted(before, after, DRUGS)) == "I have read the four books, lisinopril."


words = st.lists(
    st.sampled_from(["take", "lisinopril", "lisin", "o", "pril", "warfarin", "in", "the", "garden"]), max_size=12
)


@given(words, words)
def test_times_never_decrease_after_a_second_result(before, after):
    found = vocabulary.accepted(said(" ".join(before)), said(" ".join(after)), DRUGS)
    starts = [word.start for word in vocabulary.written(found, DRUGS)]
    assert starts == sorted(starts)


# How a term is written


@pytest.mark.parametrize(
    ("term", "words", "expected"),
    [
        (Term("atrial-fibrillation", "AFib"), "He has atrial fibrillation, again.", "He has AFib, again."),
        (Term("lisinopril", "Lisinopril"), "Take lisinopril daily.", "Take Lisinopril daily."),
        (Term("F.B.I.", "FBI"), "the F B I, the FBI and the F.B.I.", "the FBI, the FBI and the FBI."),
        (Term("type-two-diabetes", "type 2 diabetes"), "Type two diabetes.", "type 2 diabetes."),
        (Term("lisinopril"), "Lisinopril helps.", "Lisinopril helps."),
        (Term("Plavix"), "take plavix now", "take Plavix now"),
        (Term("nothing-of-this"), "take plavix now", "take plavix now"),
        (Term("..."), "take plavix now", "take plavix now"),
    ],
)
def test_a_term_is_written_in_its_display_form(term, words, expected):
    assert text(vocabulary.written(said(words), [term])) == expected


def test_displayed_words_share_the_time_of_the_phrase():
    words = vocabulary.written(said("afib now", confidence=0.7), [Term("afib", "atrial fibrillation")])
    assert [(word.text, word.start, word.end) for word in words] == [
        ("atrial", 0.0, 0.133),
        ("fibrillation", 0.133, 0.4),
        ("now", 0.5, 0.9),
    ]
    assert words[1].confidence == 0.7


def test_a_term_never_spans_two_speakers():
    first, second = said("atrial fibrillation")
    parted = [first, Word(second.text, second.start, second.end, 0.9, channel=1)]
    assert vocabulary.written(parted, [Term("atrial-fibrillation", "AFib")]) == parted


def test_an_order_carries_its_vocabulary():
    request = RecognitionRequest.read(
        '{"id": "1", "audio": "a", "vocabulary": [{"phrase": "a-b", "display_as": null}]}'
    )
    assert request.vocabulary == (Term("a-b"),)
    assert request.vocabulary[0].written == "a b"
