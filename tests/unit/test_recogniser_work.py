"""Scheduling of work, sentences and their readings, and crosstalk between microphones."""

import io
import json
import threading
import time
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.recogniser import alternatives, microphone_bleed, scripted, word_onsets, worker
from local.recogniser.requests_and_results import Word, split_punctuation
from local.recogniser.shared_threads import SharedThreads


def said(text, *, start=0.0, pace=0.5, **how):
    words = [split_punctuation(word) for word in text.split()]
    return [Word(w, start + n * pace, start + (n + 0.8) * pace, 0.9, mark, **how) for n, (w, mark) in enumerate(words)]


def text(words):
    return " ".join(word.text + word.punctuation for word in words)


# Scheduling


def test_results_come_in_the_order_of_their_input():
    def slower_at_first(n):
        time.sleep(0.01 / (n + 1))
        return n * n

    assert list(SharedThreads(4).each(slower_at_first, range(10))) == [n * n for n in range(10)]


def test_a_short_order_does_not_wait_for_an_earlier_long_one():
    turns, done, go = SharedThreads(1), [], threading.Event()

    def work(name):
        go.wait()
        done.append(name)

    def request(name, pieces):
        list(turns.each(work, [name] * pieces))

    requests = [threading.Thread(target=request, args=("long", 50))]
    requests[0].start()
    while not turns._lines and len(done) == 0:  # noqa: SLF001 - until the first piece of the long order is under way
        time.sleep(0.001)
    requests.append(threading.Thread(target=request, args=("short", 2)))
    requests[1].start()
    while len(turns._lines) < 2:  # noqa: SLF001
        time.sleep(0.001)
    go.set()
    for thread in requests:
        thread.join()
    assert max(n for n, name in enumerate(done) if name == "short") <= 5


def test_an_error_ends_its_own_order_and_no_other():
    turns = SharedThreads(1)
    with pytest.raises(ZeroDivisionError):
        list(turns.each(lambda n: 1 / n, [1, 0, 2]))
    assert list(turns.each(lambda n: n, [1, 2])) == [1, 2]


def test_an_order_without_work_ends_at_once():
    assert list(SharedThreads(1).each(lambda n: n, [])) == []


def test_abandoned_work_is_not_done():
    turns, done = SharedThreads(1), []
    first = turns.each(lambda n: (time.sleep(0.005), done.append(n)), range(100))
    list(islice(first, 2))
    first.close()
    list(turns.each(lambda n: n, [1]))
    assert len(done) < 10


def test_a_short_recording_is_answered_while_a_long_one_is_worked_on(tmp_path):
    answers = io.StringIO()
    slow = scripted.recording("!slow 0.3\n0: Later.", tmp_path / "slow.wav")
    fast = scripted.recording("0: Sooner.", tmp_path / "fast.wav")
    requests = [json.dumps({"id": path.stem, "audio": str(path)}) for path in (slow, fast)]
    worker.serve(requests, worker.sender(answers), scripted.recognise)
    lines = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert [line["id"] for line in lines if "result" in line] == ["fast", "slow"]


# Sentences and their readings


def test_sentences_end_at_their_marks_at_pauses_and_at_a_change_of_speaker():
    words = [
        *said("Good morning, Mrs. Carter. Sit down.", speaker=0),
        *said("Thanks", start=4, speaker=0),
        *said("Hello", start=4.5, speaker=1),
        *said("again", start=9, speaker=1),
    ]
    assert [text(part) for part in alternatives.sentences(words)] == [
        "Good morning, Mrs. Carter.",
        "Sit down.",
        "Thanks",
        "Hello",
        "again",
    ]


@given(st.lists(st.sampled_from(["word", "word,", "end."]), max_size=120), st.floats(0.1, 3))
def test_cutting_into_sentences_keeps_every_word_and_limits_the_length(texts, pace):
    words = said(" ".join(texts), pace=pace)
    cut = alternatives.sentences(words)
    assert [word for part in cut for word in part] == words
    assert all(part[-1].end - part[0].start <= 12 or len(part) == 1 for part in cut)


def test_readings_that_differ_only_in_spelling_are_dropped():
    result = said("Take 20 mg at night, doctor.")
    readings = [
        said(t)
        for t in ("Take twenty milligrams at night doctor", "take 20mg at night, Dr.", "Take 20 MG, at night: Doctor!")
    ]
    assert alternatives.segment(result, readings[:1], 5).alternatives[1:] == ()
    assert alternatives.segment(result, readings[2:], 5).alternatives[1:] == ()


def test_the_first_reading_is_the_result_and_there_are_at_most_as_many_as_requested():
    result = said("Four days ago.", start=3, speaker=1)
    segment = alternatives.segment(result, [said(t) for t in ("For days ago.", "Fore days a go", "Four day ago.")], 2)
    assert (segment.start, segment.end) == (3.0, 4.4)
    assert [text(reading.words) for reading in segment.alternatives] == ["Four days ago.", "For days ago."]
    assert {word.speaker for reading in segment.alternatives for word in reading.words} == {1}


def test_words_that_sound_different_are_no_reading():
    assert alternatives.alike(said("Four days ago."), said("For days a go"))
    assert not alternatives.alike(said("Four days ago."), said("Thanks for watching"))


# The scripted recogniser has both


def recognised(tmp_path, script, **request):
    answers = io.StringIO()
    path = scripted.recording(script, tmp_path / "recording.wav")
    worker.serve([json.dumps({"id": "job", "audio": str(path)} | request)], worker.sender(answers), scripted.recognise)
    return json.loads(answers.getvalue().splitlines()[-1])["result"]


SCRIPT = "0: Four days ago, Mrs. Carter.\n? 0: For days ago, Mrs. Carter.\n? 0: Far days ago Mrs. Carter\n1: Yes."


def test_a_script_has_other_readings_of_its_turns(tmp_path):
    segments = recognised(tmp_path, SCRIPT, alternatives=2)["segments"]
    assert [[text(Word(**w) for w in a["words"]) for a in s["alternatives"]] for s in segments] == [
        ["Four days ago, Mrs. Carter.", "For days ago, Mrs. Carter."],
        ["Yes."],
    ]
    assert segments[0]["alternatives"][0]["words"] == recognised(tmp_path, SCRIPT)["words"][:5]


def test_the_answer_has_only_the_requested_parts(tmp_path):
    result = recognised(tmp_path, SCRIPT)
    assert "segments" not in result
    assert "entities" not in result
    assert text(Word(**word) for word in result["words"]) == "Four days ago, Mrs. Carter. Yes."


def test_a_script_has_the_entities_of_its_words(tmp_path):
    (entity,) = recognised(tmp_path, SCRIPT, entities=True)["entities"]
    assert (entity["content"], entity["category"]) == ("Carter", "PHI-Personal")
    assert set(entity) == {"content", "category", "start", "end", "confidence"}
    assert recognised(tmp_path, "0: Good morning.", entities=True)["entities"] == []


def test_a_script_is_written_in_the_orders_vocabulary(tmp_path):
    result = recognised(
        tmp_path, "0: An atrial fibrillation.", vocabulary=[{"phrase": "atrial-fibrillation", "display_as": "AFib"}]
    )
    assert text(Word(**word) for word in result["words"]) == "An AFib."


# Crosstalk


@pytest.fixture
def two_microphones():
    """The left speaker talks for two seconds, then the right. Each is faint in the other channel."""
    samples = np.random.default_rng(1).normal(0, 3000, (64_000, 2))
    samples[32_000:, 0] /= 10
    samples[:32_000, 1] /= 10
    return samples.astype(np.int16)


def test_a_word_is_dropped_while_another_channel_says_it_much_louder(two_microphones):
    left, right = said("my own words said", channel=0), said("my own herds sad", channel=1)
    answer = said("thank you", start=2.5, channel=1)
    words = sorted([*left, *right, *answer], key=lambda word: word.start)
    assert microphone_bleed.remove(words, two_microphones) == [*left, *answer]


def test_a_quiet_word_is_kept_if_the_other_channel_is_silent(two_microphones):
    words = said("quietly said alone", channel=1)
    assert microphone_bleed.remove(words, two_microphones) == words


def test_words_at_the_same_time_and_as_loud_are_all_kept(two_microphones):
    two_microphones[:, 1] = two_microphones[:, 0]
    words = sorted([*said("one two", channel=0), *said("three four", channel=1)], key=lambda word: word.start)
    assert microphone_bleed.remove(words, two_microphones) == words


# Where words begin


@pytest.mark.parametrize(("spoken_from", "expected"), [(0.0, 1.0), (0.15, 1.15), (0.7, 1.4)])
def test_a_word_after_a_pause_begins_with_its_sound_and_not_much_later(spoken_from, expected):
    samples = np.random.default_rng(1).normal(0, 3, 48_000)
    samples[round((1 + spoken_from) * 16_000) :] *= 1000
    word = Word("late", 1.0, 1.9, 0.9)
    (begun,) = word_onsets.corrected([word], samples.astype(np.int16))
    assert begun.start == pytest.approx(expected, abs=0.011)
    assert begun.end == word.end


def test_a_word_in_flowing_speech_begins_where_the_one_before_it_ends():
    words = [Word("one", 0.0, 0.5, 0.9), Word("two", 0.5, 1.0, 0.9)]
    samples = np.ones(16_000, np.int16)
    samples[10_000:] = 10_000
    assert list(word_onsets.corrected(words, samples)) == words


def test_a_word_of_no_length_keeps_its_place():
    word = Word("o", 1.0, 1.0, 0.9)
    assert list(word_onsets.corrected([word], np.ones(16_000, np.int16))) == [word]
