"""Where parts of Transcribe's output disagree, every word is kept, and a note names the disagreement."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import FORMATS
from stethoscript import fields, transcript
from tests.documents.read_back import READERS, tokens
from tests.documents.sample_info import INFO
from tests.documents.sample_outputs import output_items

SAMPLES = Path(__file__).parent / "transcripts"
ONLY_TEXT = "came only in the running text, without a time."
ONE_LIST = "came in only one of the two lists of words."
EXPECTED = {
    "channels-only-one-untimed": ("hello there. doctor", ["ch_0", "ch_0", "ch_1"], ["1 word came without a time."]),
    "more-items-than-channels-hold": ("a b c", ["ch_0", "ch_1", "ch_1"], [f"2 words {ONE_LIST}"]),
    "no-speaker-labels": ("Patient has cough.", [None] * 3, []),
    "silence": ("", [], []),
    "text-longer-than-items": (
        "the next 2 3 23 days and more words", [None] * 9,
        [f"5 words {ONLY_TEXT}", "1 word did not come in the running text."],
    ),
    "thirty-speakers": (
        " ".join(f"word{number}" for number in range(30)), [f"spk_{number}" for number in range(30)], [],
    ),
}  # fmt: skip
words = st.lists(st.sampled_from(("cough", "the", "2", "mg", "no", "Lisinopril", "follow-up")), max_size=12)


def read(**results):
    return transcript.read(json.dumps({"results": results}).encode())


def texts(model):
    return [word.text for word in model.words]


def is_within(inner, outer):
    """Whether all of these words occur in others, in order."""
    others = iter(outer)
    return all(word in others for word in inner)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_published_sample_has_its_words_speakers_and_notes(name):
    model = transcript.read((SAMPLES / f"{name}.json").read_bytes())
    spoken, speakers, notes = EXPECTED[name]
    assert " ".join(word.text + word.punctuation for word in model.words) == spoken
    assert [word.speaker for word in model.words] == speakers
    assert list(model.notes) == notes


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", EXPECTED)
def test_every_document_of_a_published_sample_has_its_words(name, form):
    model = transcript.read((SAMPLES / f"{name}.json").read_bytes())
    if FORMATS[form].applies(model, INFO):
        assert READERS[form](FORMATS[form].write(model, INFO), model) == tokens(model.words)


@given(words, words)
def test_every_word_occurs_as_often_as_in_the_text_or_the_items(listed, text):
    model = read(items=output_items(listed), transcripts=[{"transcript": " ".join(text)}])
    found = texts(model)
    assert is_within(listed, found)
    assert Counter(found) == Counter(listed) | Counter(text)
    alone = sum((Counter(text) - Counter(listed)).values())
    assert any(ONLY_TEXT in note for note in model.notes) is bool(alone)


@given(words)
def test_the_running_text_alone_is_read_in_order(text):
    assert texts(read(items=None, transcripts=[{"transcript": " ".join(text)}])) == text


@given(words, st.data())
def test_missing_and_additional_words_keep_the_order_of_the_text(text, data):
    distinct = [f"{word}{number}" for number, word in enumerate(text)]
    listed = [word for word in distinct if data.draw(st.booleans())]
    model = read(items=output_items(listed), transcripts=[{"transcript": " ".join(distinct)}])
    assert texts(model) == distinct


@given(words, st.data())
def test_words_of_only_one_list_are_placed_by_their_times(said, data):
    items = output_items([f"{word}{number}" for number, word in enumerate(said)], channel_label="ch_0")
    everybody = [item for item in items if data.draw(st.booleans())]
    channel = [item for item in items if item not in everybody or data.draw(st.booleans())]
    model = read(items=everybody, channel_labels={"channels": [{"channel_label": "ch_0", "items": channel}, None]})
    assert texts(model) == [item["alternatives"][0]["content"] for item in items]
    differ = bool(everybody and channel) and everybody != channel
    assert any(ONE_LIST in note for note in model.notes) is differ


def test_the_same_word_at_nearly_the_same_time_in_two_lists_is_one_word():
    later = [item | {"start_time": f"{second}.2"} for second, item in enumerate(output_items(["a", "b"]))]
    model = read(
        items=output_items(["a", "b"]), channel_labels={"channels": [{"channel_label": "ch_0", "items": later}]}
    )
    assert texts(model) == ["a", "b"]


def test_the_same_word_at_another_time_is_another_word():
    model = read(
        items=output_items(["yes", "no", "yes"])[2:], channel_labels={"channels": [{"items": output_items(["yes"])}]}
    )
    assert [word.start for word in model.words] == [0.0, 2.0]


def test_a_word_only_in_the_text_has_the_common_speaker_of_the_words_around_it_or_none():
    items = [*output_items(["a", "c"], speaker_label="spk_0"), *output_items(["", "", "e"], speaker_label="spk_1")[2:]]
    model = read(items=items, transcripts=[{"transcript": "a b c d e"}])
    assert [(word.text, word.speaker) for word in model.words] == [
        ("a", "spk_0"), ("b", "spk_0"), ("c", "spk_0"), ("d", None), ("e", "spk_1")
    ]  # fmt: skip


def test_audio_segments_are_read_and_alternatives_are_the_last_resort():
    assert texts(read(items=output_items(["a"]), audio_segments=[{"transcript": "a b"}])) == ["a", "b"]
    assert texts(read(segments=[{"alternatives": [{"transcript": "a b"}, {"transcript": "c"}]}])) == ["a", "b"]


EMPTY = ("items", "transcripts", "segments", "audio_segments", "entities")


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("missing", [True, False])
def test_an_empty_value_may_also_be_null_or_missing(name, missing):
    results = {other: [] for other in EMPTY if other != name} | ({} if missing else {name: None})
    assert read(**results).words == ()


@pytest.mark.parametrize(
    "labels", [None, {}, {"segments": None}, {"segments": [None]}, {"segments": [{"items": None}]}]
)
def test_null_speakers_lose_no_word(labels):
    assert texts(read(items=[None, *output_items(["a"])], speaker_labels=labels)) == ["a"]


@pytest.mark.parametrize(
    "channels", [None, [], [None], [{"items": None}], [{"channel_label": "ch_0"}], [{"items": []}]]
)
def test_a_silent_channel_loses_no_word_of_the_other(channels):
    spoken = {"channel_label": "ch_1", "items": output_items(["a"])}
    assert texts(read(channel_labels={"channels": [*(channels or []), spoken]})) == ["a"]
    assert texts(read(items=output_items(["a"]), channel_labels={"channels": channels})) == ["a"]


def test_a_null_alternative_affects_no_other():
    silent = {"type": "pronunciation", "alternatives": None}
    segments = [None, {"alternatives": None}, {"alternatives": [None]}]
    model = read(items=[silent, *output_items(["a"])], segments=segments, entities=[None], transcripts=[None])
    assert texts(model) == ["\ufffd", "a"]


@pytest.mark.parametrize("text", ["a " * (transcript.MOST_WORDS + 1), "a" * (fields.MOST_CHARACTERS + 1)])
def test_a_text_longer_than_any_four_hours_is_unreadable(text):
    with pytest.raises(transcript.Unreadable):
        read(transcripts=[{"transcript": text}])
    with pytest.raises(transcript.Unreadable):
        read(items=output_items([text * 25]))
