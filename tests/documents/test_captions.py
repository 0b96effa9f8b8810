"""WebVTT and SubRip as players read them."""

import io
import re
from itertools import pairwise

import av
import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from documents import FORMATS, captions
from stethoscript import transcript
from stethoscript.transcript import Transcript, Word
from tests.documents.read_back import cues_of
from tests.documents.sample_info import INFO
from tests.documents.sample_outputs import USUAL, conversations

TIMING = re.compile(r"(\d\d):[0-5]\d:[0-5]\d([.,])\d{3} --> (\d\d):[0-5]\d:[0-5]\d\2\d{3}")


def said(*words):
    """Words of a speaker; each is (text, start, end)."""
    return [Word(text, start, end, 0.9, speaker=speaker) for speaker, text, start, end in words]


def lines(words):
    return captions.vtt(Transcript(tuple(words)), INFO).decode().split("\n\n")[1:]


@given(conversations())
def test_cues_begin_in_order_and_have_a_length(output):
    model = transcript.read(output.body)
    shown = list(captions.shown(model))
    assert all(cue.begin < cue.end for cue in shown)
    assert all(before.begin <= after.begin for before, after in pairwise(shown))
    for form, point in ((captions.vtt, "."), (captions.srt, ",")):
        timings = [line for line in form(model, INFO).decode().splitlines() if " --> " in line]
        assert len(timings) == len(shown) or not model.words
        assert all(TIMING.fullmatch(timing)[2] == point for timing in timings)


@given(conversations(spoken=st.sampled_from(USUAL), gaps=False))
def test_cues_of_usual_words_are_short_enough_to_read(output):
    for cue in cues_of(captions.srt(transcript.read(output.body), INFO)):
        shown = cue.raw_text.split("\n")
        assert len(shown) <= 2
        assert all(len(line) <= 42 for line in shown)
        assert seconds(cue.end) - seconds(cue.start) <= 7 or len(cue.raw_text.split(": ")[-1].split()) == 1


def seconds(time):
    """A cue's time, `00:01:02.250`, as a number."""
    hours, minutes, rest = time.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_a_cue_ends_at_a_change_of_speaker_or_a_pause():
    words = said(("spk_0", "Yes", 0, 1), ("spk_1", "No", 1, 2), ("spk_1", "well", 3.5, 5), ("spk_1", "now", 11, 12))
    assert lines(words) == [
        "00:00:00.000 --> 00:00:01.000\n<v Speaker 1>Yes",
        "00:00:01.000 --> 00:00:02.000\n<v Speaker 2>No",
        "00:00:03.500 --> 00:00:05.000\n<v Speaker 2>well",
        "00:00:11.000 --> 00:00:12.000\n<v Speaker 2>now\n",
    ]


def test_a_short_word_is_shown_for_a_second_if_the_next_cue_allows():
    words = said((None, "Yes", 0, 0.2), (None, "No", 5, 5.1), (None, "now", 5.5, 5.6), ("spk_1", "hm", 5.7, 5.7))
    assert [cue.split("\n")[0] for cue in lines(words)] == [
        "00:00:00.000 --> 00:00:01.000",
        "00:00:05.000 --> 00:00:05.700",
        "00:00:05.700 --> 00:00:06.700",
    ]


def test_a_word_without_a_time_is_shown_with_the_words_around_it():
    words = said(
        (None, "un", None, None), (None, "known", 1, 2), *[(None, "when", None, None)] * 30, (None, "it", 9, 10)
    )
    first, second = lines(words)
    assert first.split("\n")[0] == "00:00:01.000 --> 00:00:02.000"
    assert first.split("\n", 1)[1].split() == ["un", "known", *["when"] * 30]
    assert second == "00:00:09.000 --> 00:00:10.000\nit\n"


def test_words_without_any_time_are_shown():
    assert lines(said((None, "when", None, None))) == ["00:00:00.000 --> 00:00:01.000\nwhen\n"]


def test_simultaneous_speakers_are_shown_together():
    words = said(("ch_0", "Yes", 0, 4), ("ch_1", "No", 1, 2))
    assert [cue.split("\n")[0] for cue in lines(words)] == [
        "00:00:00.000 --> 00:00:04.000",
        "00:00:01.000 --> 00:00:02.000",
    ]


def test_subrip_names_the_speaker_at_each_change():
    words = said(("spk_0", "Yes", 0, 1), ("spk_0", "well", 9, 10), ("spk_1", "No", 10, 11), (None, "who", 11, 12))
    cues = cues_of(captions.srt(Transcript(tuple(words)), INFO))
    assert [cue.raw_text for cue in cues] == ["Speaker 1: Yes", "well", "Speaker 2: No", "who"]


def test_spoken_text_is_never_read_as_a_speaker_name():
    words = [Word("Well", 0.0, 0.4, 0.9, ".", "spk_0"), Word("Speaker 2: no", 3.0, 3.4, 0.9, "", "spk_0")]
    [first, second] = cues_of(captions.srt(Transcript(tuple(words)), INFO))
    assert first.raw_text == "Speaker 1: Well."
    assert not second.raw_text.startswith("Speaker 2")


@pytest.mark.parametrize("form", ["vtt", "srt"])
def test_without_speech_the_files_say_so_and_players_accept_them(form, tmp_path):
    file = tmp_path / f"silence.{form}"
    file.write_bytes(FORMATS[form].write(Transcript(()), INFO))
    with av.open(file) as opened:
        assert [stream.type for stream in opened.streams] == ["subtitle"]
    assert "no speech" in file.read_text(encoding="utf-8").lower()


def test_webvtt_without_speech_has_a_note_and_no_cue():
    written = captions.vtt(Transcript(()), INFO).decode()
    assert webvtt.from_buffer(io.StringIO(written), strict=True).captions == []
    assert "NOTE No speech was found in the recording." in written


def test_subrip_without_speech_has_one_cue():
    [cue] = cues_of(captions.srt(Transcript(()), INFO))
    assert cue.raw_text == "(no speech)"


def test_missing_parts_are_a_note_that_players_do_not_show():
    model = Transcript(tuple(said((None, "Yes", 0, 1))), notes=("2 words came without a time.",))
    written = captions.vtt(model, INFO).decode()
    assert "NOTE 2 words came without a time.\n\n" in written
    assert [each.text for each in webvtt.from_buffer(io.StringIO(written), strict=True)] == ["Yes"]


@pytest.mark.parametrize("speaker", ["<b>", "a & b", "-->"])
def test_a_speakers_name_is_no_markup(speaker):
    words = [Word("Yes", 0, 1, 0.9, speaker=speaker)]
    written = captions.vtt(Transcript(tuple(words)), INFO).decode()
    assert len(re.findall("[<>]", written.replace(" --> ", ""))) == 2
    assert "-->" not in written.replace(" --> ", "", 1)
