"""Transcribe's output, in all its shapes, read into one model; and the model as text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import text
from documents.facts import Facts
from stethoscript import transcript
from stethoscript.profiles import Recipe
from stethoscript.transcript import Transcript, Word

FACTS = Facts("job", "dictation/visit.wav", 0, Recipe("DICTATION", "PRIMARYCARE"))


def word(content, start, end, **more):
    return {
        "type": "pronunciation", "start_time": str(start), "end_time": str(end),
        "alternatives": [{"confidence": "0.9", "content": content}], **more,
    }  # fmt: skip


def mark(content, **alternative):
    return {"type": "punctuation", "alternatives": [{"content": content, **alternative}]}


def read(**results):
    return transcript.read(json.dumps({"results": results}).encode())


def lines(model):
    return [(turn.speaker, turn.text) for turn in model.turns()]


def test_punctuation_belongs_to_the_word_before_it_with_or_without_confidence():
    heard = read(items=[word("Well", 0, 1), mark(",", confidence="0.0"), word("yes", 1, 2), mark(".")])
    assert lines(heard) == [(None, "Well, yes.")]


def test_a_speaker_on_each_item_makes_turns():
    heard = read(items=[word("Hello", 0, 1, speaker_label="spk_0"), mark("."), word("Hi", 1, 2, speaker_label="spk_1")])
    assert lines(heard) == [("spk_0", "Hello."), ("spk_1", "Hi")]


def test_a_speaker_in_segments_only_is_found_by_time():
    segment = {"speaker_label": "spk_0", "items": [{"start_time": "0", "end_time": "1", "speaker_label": "spk_0"}]}
    heard = read(items=[word("Hello", 0, 1)], speaker_labels={"speakers": 1, "segments": [segment]})
    assert lines(heard) == [("spk_0", "Hello")]


def test_channels_are_merged_in_time():
    channels = [
        {"channel_label": "ch_0", "items": [word("How", 0, 1), word("are", 4, 5)]},
        {"channel_label": "ch_1", "items": [word("Fine", 2, 3), mark(".")]},
    ]
    heard = read(channel_labels={"channels": channels}, items=[])
    assert lines(heard) == [("ch_0", "How"), ("ch_1", "Fine."), ("ch_0", "are")]


def test_a_long_pause_begins_a_new_turn():
    heard = read(items=[word("One", 0, 1), word("two", 4, 5)])
    assert [turn.start for turn in heard.turns()] == [0.0, 4.0]


def test_unknown_members_are_left_alone():
    assert len(read(items=[word("Hello", 0, 1, novelty=[1])], audio_segments=[{}], novelty={}).words) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b'{"results": 1}', b'{"results": {"items": 1}}', b"\xff\xfe{\x00",
        b'{"results": {"items": [{"type": "pronunciation"}]}}', b'{"results":' * 20_000,
        json.dumps({"results": {"items": [word("x", "NaN", 1)]}}).encode(),
        json.dumps({"results": {"items": [word("x", -1, 1)]}}).encode(),
    ],
)  # fmt: skip
def test_what_is_no_transcript_is_unreadable_and_not_quoted(body):
    with pytest.raises(transcript.Unreadable, match="documented shape"):
        transcript.read(body)


words = st.builds(
    Word,
    text=st.text(min_size=1, max_size=20),
    start=st.floats(0, 14_400),
    end=st.floats(0, 14_400),
    confidence=st.floats(0, 1),
    punctuation=st.sampled_from(["", ".", ",", "?"]),
    speaker=st.sampled_from([None, "spk_0", "spk_1", "ch_0", "doctor"]),
)


@given(st.lists(words, max_size=60))
def test_every_word_is_in_one_turn_once_and_in_order(spoken):
    model = Transcript(tuple(spoken))
    assert [each for turn in model.turns() for each in turn.words] == spoken


def test_text_has_turns_with_times_and_speakers():
    heard = read(
        items=[word("Hello", 0, 1, speaker_label="spk_0"), mark("."), word("Hi", 3661, 3662, speaker_label="spk_1")]
    )
    assert text.write(heard, FACTS).decode() == "[0:00:00] Speaker 1\nHello.\n\n[1:01:01] Speaker 2\nHi\n"
