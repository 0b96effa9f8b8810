import itertools
import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.recogniser import RecognitionResult, Word
from local.transcribe_medical import output
from local.transcribe_medical.jobs import Job

REQUEST = {
    "MedicalTranscriptionJobName": "dictation-1",
    "LanguageCode": "en-US",
    "Media": {"MediaFileUri": "s3://clinic/a.wav"},
    "OutputBucketName": "work",
    "Specialty": "PRIMARYCARE",
    "Type": "DICTATION",
}
GREETING = (
    Word("Good", 0.0, 0.31, 0.9955, speaker=0),
    Word("morning", 0.31, 0.8, 1.0, ".", speaker=0),
    Word("Hello", 1.25, 1.5004, 0.75, ",", speaker=1),
    Word("doctor", 1.6, 2.0, 0.5, ".", speaker=1),
)


def document(words=GREETING, channels=1, content=None, heard=None, **settings):
    request = REQUEST | ({"Settings": settings} if settings else {})
    request |= {"ContentIdentificationType": content} if content else {}
    job = Job("000000000000", "us-east-1", request, created=0.0)
    answer = {"format": "wav", "sample_rate": 16000, "seconds": 3.0, "channels": channels}
    return output.document(
        job, RecognitionResult.read(answer | {"words": [asdict(word) for word in words]} | (heard or {}))
    )


def test_a_plain_transcript_has_the_same_parts_as_the_service_s():
    written = document()
    assert {name: written[name] for name in ("jobName", "accountId", "status")} == {
        "jobName": "dictation-1",
        "accountId": "000000000000",
        "status": "COMPLETED",
    }
    assert set(written["results"]) == {"transcripts", "items", "audio_segments"}
    assert written["results"]["transcripts"] == [{"transcript": "Good morning. Hello, doctor."}]


def test_numbers_are_strings_and_punctuation_has_no_times():
    _good, morning, stop, *_rest = document()["results"]["items"]
    assert morning == {
        "id": 1,
        "type": "pronunciation",
        "start_time": "0.31",
        "end_time": "0.8",
        "alternatives": [{"confidence": "1.0", "content": "morning"}],
    }
    assert stop == {"id": 2, "type": "punctuation", "alternatives": [{"confidence": "0.0", "content": "."}]}


def test_times_are_whole_milliseconds_and_begin_with_zero_point_zero():
    items = document()["results"]["items"]
    assert items[0]["start_time"] == "0.0"
    assert items[3]["end_time"] == "1.5"


def test_segments_name_their_items():
    first, second = document()["results"]["audio_segments"]
    assert first == {
        "id": 0,
        "transcript": "Good morning.",
        "start_time": "0.0",
        "end_time": "0.8",
        "items": [0, 1, 2],
    }
    assert second["items"] == [3, 4, 5, 6]


def test_speakers_are_named_on_items_segments_and_in_their_own_part():
    results = document(ShowSpeakerLabels=True, MaxSpeakerLabels=2)["results"]
    labels = results["speaker_labels"]
    assert labels["speakers"] == 2
    assert [segment["speaker_label"] for segment in labels["segments"]] == ["spk_0", "spk_1"]
    assert labels["segments"][0]["items"][0] == {
        "start_time": "0.0",
        "end_time": "0.31",
        "speaker_label": "spk_0",
    }
    assert {item["speaker_label"] for item in results["items"]} == {"spk_0", "spk_1"}
    assert [segment["speaker_label"] for segment in results["audio_segments"]] == ["spk_0", "spk_1"]


def test_channels_keep_their_own_items_and_all_are_merged_by_time():
    words = (Word("Yes", 1.0, 1.2, 0.9, ".", channel=1), Word("Well", 0.5, 0.9, 0.9, "?", channel=0))
    results = document(words, channels=2, ChannelIdentification=True)["results"]
    channels = results["channel_labels"]["channels"]
    assert results["channel_labels"]["number_of_channels"] == 2
    assert [channel["channel_label"] for channel in channels] == ["ch_0", "ch_1"]
    assert [channel["items"][0]["alternatives"][0]["content"] for channel in channels] == ["Well", "Yes"]
    assert [item["id"] for item in results["items"]] == [0, 1, 2, 3]
    assert results["transcripts"][0]["transcript"] == "Well? Yes."


def readings(*texts, start=0.0, channel=0):
    """A segment with several readings, half a second for each word."""
    alternatives = [
        {
            "words": [
                asdict(Word(word, start + n / 2, start + n / 2 + 0.4, 0.9, channel=channel))
                for n, word in enumerate(text.split())
            ]
        }
        for text in texts
    ]
    return {"start": start, "end": start + 2.0, "alternatives": alternatives}


def test_alternatives_differ_in_words_and_are_unique():
    read = readings("atrial flutter", "a trial flutter", "atrial flutter", "atrial fluster")
    [segment] = document(heard={"segments": [read]}, ShowAlternatives=True, MaxAlternatives=10)["results"]["segments"]
    assert [each["transcript"] for each in segment["alternatives"]] == [
        "atrial flutter",
        "a trial flutter",
        "atrial fluster",
    ]
    assert (segment["start_time"], segment["end_time"]) == ("0.0", "2.0")
    assert segment["alternatives"][1]["items"][0] == {
        "type": "pronunciation",
        "start_time": "0.0",
        "end_time": "0.4",
        "confidence": "0.9",
        "content": "a",
    }


def test_there_are_no_more_alternatives_than_were_asked_for():
    read = readings(*(f"reading {n}" for n in "abcdef"))
    [segment] = document(heard={"segments": [read]}, ShowAlternatives=True, MaxAlternatives=3)["results"]["segments"]
    assert len(segment["alternatives"]) == 3


def test_a_part_with_nothing_in_it_makes_no_segment():
    read = [readings("", "hm"), readings("")]
    segments = document(heard={"segments": read}, ShowAlternatives=True, MaxAlternatives=3)["results"]["segments"]
    assert [[each["transcript"] for each in segment["alternatives"]] for segment in segments] == [["hm"]]


FINDING = {"content": "Jane Doe", "category": "PHI-Personal", "start": 0.5, "end": 1.25, "confidence": 0.87654}


def test_entities_are_written_with_numbers():
    entities = document(content="PHI", heard={"entities": [FINDING | {"start": 2, "category": "Geographic"}, FINDING]})
    assert entities["results"]["entities"] == [
        {"content": "Jane Doe", "category": "PHI-Personal", "startTime": 0.5, "endTime": 1.25, "confidence": 0.8765},
        {"content": "Jane Doe", "category": "PHI-Geographic", "startTime": 2.0, "endTime": 1.25, "confidence": 0.8765},
    ]


@pytest.mark.parametrize(
    ("voices", "alternatives", "content"),
    list(itertools.product((None, "ShowSpeakerLabels", "ChannelIdentification"), (False, True), (None, "PHI"))),
)
def test_the_output_has_exactly_the_requested_parts(voices, alternatives, content):
    settings = {
        None: {},
        "ShowSpeakerLabels": {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 2},
        "ChannelIdentification": {"ChannelIdentification": True},
    }[voices]
    settings |= {"ShowAlternatives": True, "MaxAlternatives": 2} if alternatives else {}
    channels = 2 if voices == "ChannelIdentification" else 1
    heard = {"segments": [readings("one", "won", channel=channels - 1)], "entities": [FINDING]}
    results = document(heard=heard, channels=channels, content=content, **settings)["results"]
    asked = {
        "speaker_labels": voices == "ShowSpeakerLabels",
        "channel_labels": voices == "ChannelIdentification",
        "segments": alternatives,
        "entities": content == "PHI",
    }
    always = {"transcripts", "items", "audio_segments"}
    assert set(results) == always | {name for name, wanted in asked.items() if wanted}
    if alternatives:
        labels = [segment.get("channel_label") for segment in results["segments"]]
        assert labels == (["ch_1"] if channels == 2 else [None])


def test_unknown_members_of_an_engine_s_answer_are_ignored():
    word = asdict(GREETING[0]) | {"language": "en"}
    heard = RecognitionResult.read(
        {"format": "wav", "sample_rate": 16000, "seconds": 1.0, "channels": 1, "words": [word], "segments": None}
    )
    assert (heard.words, heard.segments, heard.entities) == ((GREETING[0],), (), ())


def test_a_single_reading_is_the_only_alternative():
    segments = document(ShowAlternatives=True, MaxAlternatives=2)["results"]["segments"]
    assert [len(segment["alternatives"]) for segment in segments] == [1, 1]
    assert segments[0]["alternatives"][0]["transcript"] == "Good morning."
    assert segments[0]["alternatives"][0]["items"][0] == {
        "type": "pronunciation",
        "start_time": "0.0",
        "end_time": "0.31",
        "confidence": "0.9955",
        "content": "Good",
    }


def test_entities_are_empty_if_none_are_found():
    assert document(content="PHI")["results"]["entities"] == []


def test_silence_makes_an_empty_transcript():
    results = document(words=())["results"]
    assert results == {"transcripts": [{"transcript": ""}], "items": [], "audio_segments": []}


words = st.builds(
    Word,
    text=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8),
    start=st.floats(0, 100),
    end=st.floats(100, 200),
    confidence=st.floats(0, 1),
    punctuation=st.sampled_from(["", ".", ",", "?"]),
    speaker=st.integers(0, 3),
    channel=st.integers(0, 1),
)


@given(st.lists(words, max_size=20))
def test_every_word_occurs_once_and_in_the_same_order_everywhere(spoken):
    results = document(spoken, channels=2, ShowSpeakerLabels=True, MaxSpeakerLabels=4)["results"]
    items = results["items"]
    text = "".join(
        item["alternatives"][0]["content"]
        if item["type"] == "punctuation"
        else " " + item["alternatives"][0]["content"]
        for item in items
    )
    assert results["transcripts"][0]["transcript"] == text.strip()
    assert [item["id"] for item in items] == list(range(len(items)))
    assert [number for segment in results["audio_segments"] for number in segment["items"]] == list(range(len(items)))
    assert sorted(word.text for word in spoken) == sorted(
        item["alternatives"][0]["content"] for item in items if item["type"] == "pronunciation"
    )
    json.dumps(results, allow_nan=False)
