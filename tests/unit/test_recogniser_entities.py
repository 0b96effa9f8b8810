"""Entities that may identify the patient: what the patterns find and what they leave alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.recogniser import entities
from local.recogniser.requests_and_results import Word, split_punctuation


def said(text, **how):
    words = [split_punctuation(word) for word in text.split()]
    return [Word(word, n / 2, n / 2 + 0.4, 0.9, mark, **how) for n, (word, mark) in enumerate(words)]


def found(text):
    return [(entity.content, entity.category.removeprefix("PHI-")) for entity in entities.find(said(text))]


@pytest.mark.parametrize(
    ("text", "content", "category"),
    [
        ("Seen on March 14, again.", "March 14", "Personal"),
        ("Seen on May 3rd, 2024.", "May 3rd, 2024", "Personal"),
        ("Born on the third of May, it was.", "the third of May", "Personal"),
        ("Born 3/14/1962.", "3/14/1962", "Personal"),
        ("See him on Friday.", "Friday", "Personal"),
        ("He is 58 years old.", "58 years old", "Personal"),
        ("The sixty-two-year-old", "sixty-two-year-old", "Personal"),
        ("a 3 month old baby", "3 month old", "Personal"),
        ("Good morning, Mrs. Carter.", "Carter", "Personal"),
        ("Then Dr. Mary Hall came.", "Mary Hall", "Personal"),
        ("Alan Whitfield coughs.", "Alan Whitfield", "Personal"),
        ("My name is Ngozi Okafor.", "Ngozi Okafor", "Personal"),
        ("Call 555-123-4567 now.", "555-123-4567", "Personal"),
        ("at five five five one two three four please", "five five five one two three four", "Personal"),
        ("Write to john.smith@example.org.", "john.smith@example.org", "Personal"),
        ("Write to john at example dot com please", "john at example dot com", "Personal"),
        ("Medical record number 4-4-7-1-9.", "4-4-7-1-9", "Account"),
        ("MRN is 447719.", "447719", "Account"),
        ("Social security number 123-45-6789.", "123-45-6789", "Account"),
        ("Fax 555 222 3333.", "555 222 3333", "Account"),
        ("Lives at 12 North Oak Street, Apartment 4B.", "12 North Oak Street, Apartment 4B", "Geographic"),
        ("From Springfield, Illinois 62704.", "Springfield, Illinois 62704", "Geographic"),
        ("Zip code 62704.", "62704", "Geographic"),
        ("Sent to St. Mary Medical Center today.", "St. Mary Medical Center", "Geographic"),
        ("He moved to Boston.", "Boston", "Geographic"),
        ("License plate 7ABC123.", "7ABC123", "Vehicle"),
        ("The VIN is 1HGCM82633A004352.", "1HGCM82633A004352", "Vehicle"),
        ("See www.example.com for more.", "www.example.com", "Other"),
        ("From 10.0.0.1 it came.", "10.0.0.1", "Other"),
    ],
)
def test_each_kind_is_found(text, content, category):
    assert (content, category) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Blood pressure 142 over 86, heart rate 94, temperature 100.8.",
        "Metoprolol 50 mg twice daily for 10 days, then 25 mg.",
        "You may march on, and the will of grace is bill enough.",
        "Type 2 diabetes, stage 3 kidney disease, grade 1.",
        "Ibuprofen for pain. Check blood count.",
        "Call 911.",
        "",
    ],
)
def test_clinical_speech_is_left_alone(text):
    assert found(text) == []


def test_an_entity_has_the_times_of_its_words_and_a_confidence():
    (entity,) = entities.find(said("It was on March 14."))
    assert (entity.start, entity.end) == (1.5, 2.4)
    assert 0 < entity.confidence < 0.9


def test_a_word_belongs_to_one_entity_at_most():
    assert found("MRN 123-45-6789.") == [("123-45-6789", "Account")]


def test_each_channel_and_speaker_is_searched_separately():
    words = [*said("It is March", channel=0), *said("14 is right", channel=1)]
    words.sort(key=lambda word: word.start)
    assert entities.find(words) == ()
    assert entities.find([*said("Mister", speaker=0), *said("Carter", speaker=1)]) == ()


def test_entities_are_in_order_of_time():
    starts = [entity.start for entity in entities.find(said("Dr. Hall saw Alan Whitfield, 58 years old, on March 14."))]
    assert starts == sorted(starts)
    assert len(starts) == 4


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text):
    for entity in entities.find(said(text)):
        assert entity.content
        assert entity.start <= entity.end


def test_a_very_long_dictation_is_searched_quickly():
    assert len(entities.find(said("Alan Whitfield is 58 years old. " * 2_000))) == 4_000
