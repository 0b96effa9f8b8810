"""The outputs of Transcribe Medical, in all shapes, read into one model, and the model as text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import plain_text
from documents.recording_info import RecordingInfo
from stethoscript import transcript
from stethoscript.profiles import JobSettings
from stethoscript.transcript import Transcript, Word

INFO = RecordingInfo("job", "dictation/visit.wav", 0, JobSettings("DICTATION", "PRIMARYCARE"))


def word(content, start, end, **more):
    times = {"start_time": start, "end_time": end}
    return {
        "type": "pronunciation", "alternatives": [{"confidence": "0.9", "content": content}],
        **{name: str(time) for name, time in times.items() if time is not None}, **more,
    }  # fmt: skip


def mark(content, **alternative):
    return {"type": "punctuation", "alternatives": [{"content": content, **alternative}]}


def read(**results):
    return transcript.read(json.dumps({"results": results}).encode())


def lines(model):
    return [(turn.speaker, turn.text) for turn in model.turns()]


def test_punctuation_belongs_to_the_word_before_it_with_or_without_confidence():
    model = read(items=[word("Well", 0, 1), mark(",", confidence="0.0"), word("yes", 1, 2), mark(".")])
    assert lines(model) == [(None, "Well, yes.")]


def test_a_speaker_on_each_item_makes_turns():
    model = read(items=[word("Hello", 0, 1, speaker_label="spk_0"), mark("."), word("Hi", 1, 2, speaker_label="spk_1")])
    assert lines(model) == [("spk_0", "Hello."), ("spk_1", "Hi")]


def test_a_speaker_in_segments_only_is_found_by_time():
    segment = {"speaker_label": "spk_0", "items": [{"start_time": "0", "end_time": "1", "speaker_label": "spk_0"}]}
    model = read(items=[word("Hello", 0, 1)], speaker_labels={"speakers": 1, "segments": [segment]})
    assert lines(model) == [("spk_0", "Hello")]


def test_channels_are_merged_in_time():
    channels = [
        {"channel_label": "ch_0", "items": [word("How", 0, 1), word("are", 4, 5)]},
        {"channel_label": "ch_1", "items": [word("Fine", 2, 3), mark(".")]},
    ]
    model = read(channel_labels={"channels": channels}, items=[])
    assert lines(model) == [("ch_0", "How"), ("ch_1", "Fine."), ("ch_0", "are")]


def test_a_speaker_in_a_segment_without_items_is_found_by_the_words_middle():
    segments = [
        {"start_time": 0, "end_time": "1.1", "speaker_label": "spk_0"},
        {"start_time": 1.1, "end_time": 2.0, "speaker_label": "spk_1", "items": []},
    ]
    model = read(items=[word("Hi", 0.9, 1.2), word("you", 1.2, 2.1)], speaker_labels={"segments": segments[::-1]})
    assert [each.speaker for each in model.words] == ["spk_0", "spk_1"]


def test_a_word_between_two_segments_is_the_nearer_ones():
    segments = [
        {"start_time": 9, "end_time": "10.24", "speaker_label": "spk_0"},
        {"start_time": 10.7, "end_time": 12, "speaker_label": "spk_1"},
    ]
    model = read(items=[word("Hi", 10.2, 10.3), word("you", 10.5, 10.6)], speaker_labels={"segments": segments})
    assert [each.speaker for each in model.words] == ["spk_0", "spk_1"]


def test_a_newer_output_may_name_the_speaker_only_in_audio_segments():
    segments = [{"id": 0, "start_time": "0.0", "end_time": "1.0", "items": [0], "speaker_label": "spk_1"}]
    assert read(items=[word("Hi", 0, 1, id=0)], audio_segments=segments).words[0].speaker == "spk_1"


def test_a_word_far_from_every_segment_has_an_unknown_speaker():
    segment = {"start_time": "0", "end_time": "1", "speaker_label": "spk_0", "items": []}
    model = read(
        items=[word("Hello", 0, 1), word("there", 60, 61), word("you", None, None)],
        speaker_labels={"segments": [segment]},
    )
    assert [each.speaker for each in model.words] == ["spk_0", None, None]
    assert "2 words came without a speaker." in model.notes


def test_a_word_without_a_time_keeps_its_place_among_merged_channels():
    channels = [
        {"channel_label": "ch_0", "items": [word("How", 0, 1), word("are", None, None), word("you", 4, 5)]},
        {"channel_label": "ch_1", "items": [word("Fine", 2, 3)]},
    ]
    model = read(channel_labels={"channels": channels})
    assert [each.text for each in model.words] == ["How", "are", "Fine", "you"]


def test_a_time_beyond_the_longest_recording_is_ignored_and_moves_no_later_word():
    channels = [
        {"channel_label": "ch_0", "items": [word("How", 0, 1), word("are", 80_000, 80_001), word("you", 4, 5)]},
        {"channel_label": "ch_1", "items": [word("Fine", 14_400, 14_460)]},
    ]
    model = read(channel_labels={"channels": channels})
    assert [(each.text, each.start) for each in model.words] == [
        ("How", 0.0), ("are", None), ("you", 4.0), ("Fine", 14_400.0)
    ]  # fmt: skip
    assert model.notes == ("1 word came with an impossible time.",)


def test_channels_without_items_fall_back_to_the_common_items():
    model = read(channel_labels={"number_of_channels": 2}, items=[word("Hello", 0, 1, channel_label="ch_1")])
    assert lines(model) == [("ch_1", "Hello")]


def test_readings_of_a_segment_are_kept_where_they_differ():
    def segment(start, *texts):
        return {
            "start_time": str(start), "end_time": str(start + 1),
            "alternatives": [{"transcript": text, "items": []} for text in texts],
        }  # fmt: skip

    segments = [
        segment(0, "Take 50 mg.", "Take 15 mg.", "take 50 mg"),
        segment(1, "Thank you.", "thank you"),
        segment(2, "Take .5, please", "Take 5 please."),
        segment(3, "Alone."),
        segment(4),
        segment(5, "", "Something."),
        {"alternatives": [{"transcript": "one"}, {"transcript": "two"}]},
        {"alternatives": [{"items": []}, {}]},
    ]
    model = read(items=[word("Take", 0, 1)], segments=segments)
    assert [(each.start, each.end, each.readings) for each in model.alternatives] == [
        (0.0, 1.0, ("Take 50 mg.", "Take 15 mg.")),
        (2.0, 3.0, ("Take .5, please", "Take 5 please.")),
    ]
    assert model.notes == ("1 stretch with several readings came without a time and is omitted.",)


def entity(content, start, end, category="PHI-Personal"):
    return {"content": content, "category": category, "startTime": start, "endTime": end, "confidence": 0.9}


def categories(model):
    return [(each.text, each.category) for each in model.words]


def test_a_word_that_overlaps_an_entity_belongs_to_it_and_its_neighbours_do_not():
    items = [word("Mister", 0.0, 0.5), word("Smith", 0.5, 1.0), word("from", 1.0, 1.5), word("Salem", 1.5, 2.0)]
    model = read(items=items, entities=[entity("Salem", 1.5, 2.3, "phi*-geographic*"), entity("Smith", 0.5, 1.0)])
    assert categories(model) == [("Mister", None), ("Smith", "Personal"), ("from", None), ("Salem", "Geographic")]
    assert model.notes == ()


def test_at_an_entitys_border_one_word_too_many_is_marked_rather_than_one_too_few():
    model = read(items=[word("Smith", 0.5, 0.99), word("coughs", 1.0, 1.5)], entities=[entity("Smith", 0.4, 1.2)])
    assert categories(model) == [("Smith", "Personal"), ("coughs", "Personal")]


def test_an_entity_without_a_matching_time_is_marked_by_its_words():
    items = [word("Smith", None, None), mark(","), word("coughs", 1, 2), word("Jones", 3, 4), word("Doe", 5, None)]
    found = [entity("John Smith", 0, 0.9), entity("jones", None, "x"), entity("Doe", 4.9, 6)]
    model = read(items=items, entities=found)
    marked = [("Smith", "Personal"), ("coughs", None), ("Jones", "Personal"), ("Doe", "Personal")]
    assert categories(model) == marked
    assert model.notes[-1].startswith("2 identified passages could not be placed")


@pytest.mark.parametrize("entities", [[], [entity("x", 0, 1)]])
def test_an_output_with_entities_says_that_identification_was_on(entities):
    assert read(items=[word("Hello", 0, 1)], entities=entities).identified


def test_an_output_without_entities_says_that_identification_was_off():
    assert not read(items=[word("Hello", 0, 1)]).identified


def test_times_and_confidence_may_be_numbers_or_strings():
    model = read(items=[{"type": "pronunciation", "start_time": 0, "end_time": 1.5, "alternatives": [
        {"confidence": 0.5, "content": 7}]}])  # fmt: skip
    assert model.words == (Word("7", 0.0, 1.5, 0.5),)


def test_missing_values_are_none_with_one_note_for_each_kind():
    items = [
        {"type": "pronunciation", "alternatives": [{"content": "no"}]},
        word("times", None, 1),
        word("here", "NaN", "Infinity"),
        word("or", -1, 1e12),
        word("backwards", 3, 2),
        word("", 4, 5),
    ]
    model = read(items=items)
    assert [(each.start, each.end) for each in model.words] == [
        (None, None), (None, 1.0), (None, None), (None, None), (3.0, None), (4.0, 5.0)
    ]  # fmt: skip
    assert model.words[0].confidence is None
    assert model.words[-1].text == "\ufffd"
    assert model.notes == (
        "1 word came without text.",
        "2 words came without a time.",
        "2 words came with an impossible time.",
        "1 word came with an end before its beginning.",
        "1 word came without a confidence.",
    )


@pytest.mark.parametrize("best", [{"content": None, "confidence": "0.9"}, {"confidence": "0.9"}, None])
def test_a_word_without_text_is_shown_as_illegible_and_affects_no_other(best):
    lost = word("", 1, 2) | {"alternatives": [best] if best else []}
    model = read(items=[word("Hello", 0, 1), lost, mark("."), mark(None), {"type": "punctuation"}])
    assert lines(model) == [(None, "Hello \ufffd.")]
    assert "1 word came without text." in model.notes


def test_a_transcript_with_nothing_missing_has_no_notes():
    assert read(items=[word("Hello", 0, 1)], transcripts=[{"transcript": "Hello"}]).notes == ()


def test_a_single_full_stop_is_silence():
    assert read(items=[mark(".")], transcripts=[{"transcript": "."}]).words == ()


def test_a_long_pause_begins_a_new_turn():
    model = read(items=[word("One", 0, 1), word("two", 4, 5)])
    assert [turn.start for turn in model.turns()] == [0.0, 4.0]


def test_unknown_members_are_ignored():
    assert len(read(items=[word("Hello", 0, 1, novelty=[1])], audio_segments=[{}], novelty={}).words) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b'{"results": 1}', b'{"results": {"items": 1}}', b"\xff\xfe{\x00",
        b'{"results": {"items": [{"type": "pronunciation"}]}}',
        b'{"results": {"transcripts": [{"transcript": "Hi."}], "items": [{"alternatives": [{"text": "Hi"}]}]}}',
        b'{"results":' * 20_000,
    ],
)  # fmt: skip
def test_an_invalid_transcript_is_unreadable_and_not_quoted(body):
    with pytest.raises(transcript.Unreadable, match="documented shape"):
        transcript.read(body)


numbers = st.none() | st.floats() | st.integers() | st.booleans() | st.text(max_size=5) | st.floats(0, 60).map(str)
anything = st.recursive(
    numbers | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)


def shaped(**members):
    """A dictionary with any of these members. Some of them have an unexpected type."""
    return st.fixed_dictionaries({}, optional={name: kind | anything for name, kind in members.items()})


timed = {"start_time": numbers, "end_time": numbers, "speaker_label": st.text(max_size=50)}
said = st.lists(shaped(content=st.text(), confidence=numbers, transcript=st.text()), max_size=3)
items = st.lists(shaped(type=st.sampled_from(["pronunciation", "punctuation"]), alternatives=said, **timed), max_size=5)
outputs = shaped(
    items=items,
    transcripts=st.lists(shaped(transcript=st.text()), max_size=1),
    speaker_labels=shaped(segments=st.lists(shaped(items=items, **timed), max_size=3)),
    audio_segments=st.lists(shaped(items=st.lists(st.integers()), **timed), max_size=3),
    channel_labels=shaped(channels=st.lists(shaped(channel_label=st.text(), items=items), max_size=3)),
    segments=st.lists(shaped(alternatives=said, **timed), max_size=3),
    entities=st.lists(shaped(content=st.text(), category=st.text(), startTime=numbers, endTime=numbers), max_size=3),
)


@given(outputs)
def test_any_output_is_read_or_unreadable(results):
    body = json.dumps({"results": results}).encode()
    try:
        model = transcript.read(body)
    except transcript.Unreadable:
        return
    for each in model.words:
        assert each.text.strip()
        assert all(time is None or 0 <= time <= 14_460 for time in (each.start, each.end))
        assert each.confidence is None or 0 <= each.confidence <= 1
    for stretch in model.alternatives:
        assert stretch.start <= stretch.end
        assert 2 <= len(stretch.readings) <= transcript.MOST_READINGS


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
    model = read(
        items=[word("Hello", 0, 1, speaker_label="spk_0"), mark("."), word("Hi", 3661, 3662, speaker_label="spk_1")]
    )
    assert plain_text.write(model, INFO).decode() == "[0:00:00] Speaker 1\nHello.\n\n[1:01:01] Speaker 2\nHi\n"
