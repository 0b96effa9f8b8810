"""The real recogniser in its own process: its results, its limits, and hostile files."""

import json
import queue
import socket
import subprocess
import sys
import threading
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from benchmarks import process_usage
from local import accuracy
from local.recogniser import refusals
from tests.encoded_recordings import Encoding, encode
from tests.local import hostile, noises

RECORDINGS = Path("local/recordings")
RATE = 16_000
Samples = np.ndarray[Any, Any]
MANIFEST = json.loads((RECORDINGS / "manifest.json").read_text())


class Worker:
    """The recogniser's process, and its protocol."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local.recogniser", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.put(line)

    def answer(self) -> dict[str, Any]:
        return json.loads(self.lines.get(timeout=60))

    def order(self, audio: Path, **order: object) -> list[dict[str, Any]]:
        """Send an order and return all the lines of its answer."""
        self.process.stdin.write(json.dumps({"id": audio.name, "audio": str(audio)} | order) + "\n")
        self.process.stdin.flush()
        answers = [self.answer()]
        while "progress" in answers[-1]:
            answers.append(self.answer())
        return answers

    def recognise(self, audio: Path, **order: object) -> dict[str, Any]:
        return self.order(audio, **order)[-1]

    def end(self) -> str:
        """Let it end by itself and return its stderr."""
        self.process.stdin.close()
        self.reader.join(timeout=30)
        errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        assert self.process.wait(timeout=30) == 0
        return errors


@pytest.fixture(scope="module")
def worker():
    started = Worker()
    assert started.answer() == {"ready": True, "engine": "faster-whisper tiny.en"}
    yield started
    assert started.end() == ""  # nothing from a recording is in a log


@pytest.fixture(scope="module")
def dictation():
    """The samples of the first sentences of the dictation."""
    with wave.open(str(RECORDINGS / "dictation.wav")) as file:
        return np.frombuffer(file.readframes(round(11.2 * RATE)), np.int16)


def written(path: Path, samples: Samples, rate: int = RATE) -> Path:
    """Write a WAV with one row of samples for each channel."""
    channels = np.atleast_2d(samples)
    with wave.open(str(path), "wb") as file:
        file.setparams((len(channels), 2, rate, 0, "NONE", ""))
        file.writeframes(channels.T.astype(np.int16).tobytes())
    return path


def text(words: list[dict[str, str]]) -> str:
    return " ".join(word["text"] + word["punctuation"] for word in words)


SPOKEN = (
    "Follow up visit on March 14th. Alan Whitfield is a 58 year old man with type 2 diabetes and high blood "
    "pressure. Four days ago he scratched his left leg in the garden."
)


def test_speech_is_recognised(worker: Worker, dictation: Samples, tmp_path: Path):
    *progress, last = worker.order(written(tmp_path / "dictation.wav", dictation))
    result = last["result"]
    assert result["seconds"] == pytest.approx(11.2)
    assert accuracy.word_error_rate(SPOKEN, text(result["words"])) <= 0.25
    assert progress[-1]["progress"] == 1.0
    assert all(0 < word["confidence"] <= 1 for word in result["words"])
    moments = [moment for word in result["words"] for moment in (word["start"], word["end"])]
    assert moments == sorted(moments)
    assert {word["speaker"] for word in result["words"]} == {None}


FOUR_SECONDS = {"hertz": 48_000, "seconds": 4.0, "speech": True}
ENCODED = {
    "a.flac": ("flac", Encoding("flac", "flac", **FOUR_SECONDS)),
    "a.mp3": ("mp3", Encoding("mp3", "libmp3lame", bit_rate=64_000, **FOUR_SECONDS)),
    "a.m4a": ("m4a", Encoding("ipod", "aac", **FOUR_SECONDS)),
    "fragmented.m4a": (
        "m4a",
        Encoding("ipod", "aac", muxing={"movflags": "frag_keyframe+empty_moov"}, **FOUR_SECONDS),
    ),
    "video-first.mp4": ("mp4", Encoding("mp4", "aac", video="first", channels=2, **FOUR_SECONDS)),
    "opus.ogg": ("ogg", Encoding("ogg", "libopus", **FOUR_SECONDS)),
    "vorbis.ogg": ("ogg", Encoding("ogg", "vorbis", channels=2, **FOUR_SECONDS)),
    "a.webm": ("webm", Encoding("webm", "libopus", muxing={"live": "1"}, seekable=False, **FOUR_SECONDS)),
}


@pytest.mark.parametrize("name", ENCODED)
def test_speech_is_recognised_in_every_format(worker: Worker, tmp_path: Path, name: str):
    form, job_settings = ENCODED[name]
    path = tmp_path / name
    path.write_bytes(encode(job_settings))
    result = worker.recognise(path)["result"]
    assert (result["format"], result["sample_rate"]) == (form, 48_000)
    assert "March" in text(result["words"])


@pytest.mark.parametrize("name", ["silence", "white", "hum", "vowels", "music"])
def test_silence_noise_and_music_have_no_words(worker: Worker, tmp_path: Path, name: str):
    noise = noises.samples(noises.NOISES[name](noises.seconds(8)))
    answer = worker.recognise(written(tmp_path / "noise.wav", noise), max_speakers=3)
    assert answer["result"]["words"] == []


@pytest.fixture(scope="module")
def consultation(worker: Worker) -> list[dict[str, Any]]:
    """The words of the consultation, with their speakers."""
    return worker.recognise(RECORDINGS / "consultation.flac", max_speakers=5)["result"]["words"]


def test_speakers_of_the_consultation_are_separated(consultation: list[dict[str, Any]]):
    turns: list[accuracy.Turn] = []
    for word in consultation:
        speaker = str(word["speaker"])
        if turns and turns[-1].speaker == speaker and word["start"] - turns[-1].end < 1:
            turns[-1] = turns[-1]._replace(end=word["end"])
        else:
            turns.append(accuracy.Turn(word["start"], word["end"], speaker))
    assert consultation[0]["speaker"] == 0
    assert accuracy.diarization_error(accuracy.turns(RECORDINGS / "consultation.rttm"), turns) <= 0.05
    assert accuracy.word_error_rate(accuracy.spoken(RECORDINGS / "consultation.txt"), text(consultation)) <= 0.15


def test_each_channel_is_recognised_separately(worker: Worker, dictation: Samples, tmp_path: Path):
    other = np.roll(dictation, 6 * RATE)
    other[: 6 * RATE] = 0
    stereo = np.stack([np.where(np.arange(len(dictation)) < 4 * RATE, dictation, 0), other])
    result = worker.recognise(written(tmp_path / "stereo.wav", stereo), channels=True)["result"]
    assert result["channels"] == 2
    for channel in (0, 1):
        assert "March" in text([word for word in result["words"] if word["channel"] == channel])
    starts = [word["start"] for word in result["words"]]
    assert starts == sorted(starts)
    mixed = worker.recognise(tmp_path / "stereo.wav")["result"]["words"]
    assert {word["channel"] for word in mixed} == {0}
    assert text(mixed).count("March") == 2


def test_a_voice_on_both_channels_is_recognised_once(worker: Worker, dictation: Samples, tmp_path: Path):
    stereo = np.stack([dictation, dictation // 20])
    result = worker.recognise(written(tmp_path / "bleed.wav", stereo), channels=True)["result"]["words"]
    assert {word["channel"] for word in result} == {0}
    assert text(result).count("March") == 1


VOCABULARY = [
    {"phrase": "levothyroxine", "display_as": None, "sounds_like": None},
    {"phrase": "albuterol", "display_as": "Albuterol (Ventolin)", "sounds_like": None},
    {"phrase": "prednisone"},
    {"phrase": "ibuprofen"},
    *(
        {"phrase": f"{a}{b}{c}"}
        for a in ("meto", "ator", "glip")
        for b in ("va", "pro", "zi")
        for c in ("statin", "lol")
    ),
]


@pytest.mark.proof
def test_words_of_a_vocabulary_are_recognised_and_written_in_display_form(
    worker: Worker, consultation: list[dict[str, Any]]
):
    spoken, plain = accuracy.spoken(RECORDINGS / "consultation.txt"), text(consultation)
    hinted = text(worker.recognise(RECORDINGS / "consultation.flac", vocabulary=VOCABULARY)["result"]["words"])
    assert "levothyroxine" not in plain
    assert "levothyroxine" in hinted
    assert "Albuterol (Ventolin)" in hinted
    assert "statin" not in hinted
    hinted = hinted.replace("Albuterol (Ventolin)", "albuterol")
    assert accuracy.word_error_rate(spoken, hinted) < accuracy.word_error_rate(spoken, plain) - 0.02


@pytest.mark.proof
def test_a_vocabulary_adds_nothing_to_speech_without_its_words_nor_to_noise(
    worker: Worker, dictation: Samples, tmp_path: Path
):
    path = written(tmp_path / "dictation.wav", np.concatenate([dictation, np.zeros(3 * RATE)]))
    plain, hinted = (worker.recognise(path, **order)["result"]["words"] for order in ({}, {"vocabulary": VOCABULARY}))
    assert hinted == plain
    for name in ("white", "vowels"):
        noise = noises.samples(noises.NOISES[name](noises.seconds(5)))
        assert worker.recognise(written(tmp_path / "noise.wav", noise), vocabulary=VOCABULARY)["result"]["words"] == []


def test_alternatives_begin_with_the_result_and_differ_in_words(worker: Worker, dictation: Samples, tmp_path: Path):
    result = worker.recognise(written(tmp_path / "dictation.wav", dictation), alternatives=3)["result"]
    segments = [segment["alternatives"] for segment in result["segments"]]
    assert [word for alternatives in segments for word in alternatives[0]["words"]] == result["words"]
    assert all(1 <= len(alternatives) <= 3 for alternatives in segments)
    assert any(len(alternatives) > 1 for alternatives in segments)
    for alternatives in segments:
        plain = [accuracy.plain(text(alternative["words"])) for alternative in alternatives]
        assert len(set(plain)) == len(plain)
    for segment in result["segments"]:
        for alternative in segment["alternatives"]:
            moments = [moment for word in alternative["words"] for moment in (word["start"], word["end"])]
            assert moments == sorted(moments)
            assert segment["start"] <= moments[0]
            assert moments[-1] <= segment["end"] + 0.001


def test_patient_identifiers_are_marked(worker: Worker, dictation: Samples, tmp_path: Path):
    result = worker.recognise(written(tmp_path / "dictation.wav", dictation), entities=True)["result"]
    found = {entity["content"]: entity for entity in result["entities"]}
    assert {"March 14", "Alan Whitfield"} <= set(found)
    (start,) = (word["start"] for word in result["words"] if word["text"] == "Alan")
    assert found["Alan Whitfield"]["start"] == start
    assert found["Alan Whitfield"]["category"] == "PHI-Personal"


@pytest.mark.proof
def test_a_short_recording_does_not_wait_for_a_long_one(worker: Worker, dictation: Samples, tmp_path: Path):
    paths = {
        "long.wav": written(tmp_path / "long.wav", np.tile(dictation, 8)),
        "short.wav": written(tmp_path / "short.wav", dictation[: 4 * RATE]),
    }
    for name, path in paths.items():
        worker.process.stdin.write(json.dumps({"id": name, "audio": str(path)}) + "\n")
    worker.process.stdin.flush()
    done: list[str] = []
    while len(done) < len(paths):
        answer = worker.answer()
        if "progress" not in answer:
            done.append(answer["id"])
    assert done == ["short.wav", "long.wav"]


@pytest.mark.proof
@pytest.mark.parametrize("name", [*noises.NOISES, "babble of 3", "babble of 8"])
def test_a_minute_without_speech_has_no_words(worker: Worker, tmp_path: Path, name: str):
    minute = noises.seconds(60)
    if name in noises.NOISES:
        sound = noises.NOISES[name](minute)
    else:
        with wave.open(str(RECORDINGS / "dictation.wav")) as file:
            speech = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768
        sound = noises.babble(minute, speech, int(name.removeprefix("babble of ")))
    answer = worker.recognise(written(tmp_path / "noise.wav", noises.samples(sound)), max_speakers=3, alternatives=3)
    assert text(answer["result"]["words"]) == ""
    assert answer["result"]["segments"] == []


@pytest.mark.proof
@pytest.mark.parametrize("order", [{}, {"max_speakers": 5}], ids=["plain", "speakers"])
def test_an_hour_of_speech_takes_five_minutes_of_two_processors_and_a_gigabyte(tmp_path: Path, order: dict[str, int]):
    parts = []
    for name in ("dictation.wav", "consultation.flac"):
        with av.open(str(RECORDINGS / name)) as file:
            parts += [frame.to_ndarray()[0] for frame in file.decode(audio=0)]
        parts.append(np.zeros(RATE, np.int16))
    pause_and_speech = np.concatenate(parts)
    path = written(tmp_path / "hour.wav", np.resize(pause_and_speech, 3600 * RATE))
    started = Worker()
    started.answer()
    with process_usage.watched(started.process.pid) as usage:
        started.process.stdin.write(json.dumps({"id": "hour", "audio": str(path)} | order) + "\n")
        started.process.stdin.flush()
        answer = json.loads(started.lines.get(timeout=1200))
        while "progress" in answer:
            answer = json.loads(started.lines.get(timeout=1200))
    assert started.end() == ""
    assert len(answer["result"]["words"]) > 7_000
    assert usage.cpu <= 2 * 300
    assert usage.peak_megabytes <= 1000
    sys.stderr.write(f"\n{order}: {usage}\n")


@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:{port}/audio.wav\n",
        "ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/audio.wav'\n",
        '<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>',
    ],
)
def test_a_file_with_references_is_refused_and_no_reference_is_followed(worker: Worker, tmp_path: Path, content: str):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        path = tmp_path / "recording.m4a"
        path.write_text(content.format(port=server.getsockname()[1]))
        assert worker.recognise(path)["failed"] == refusals.UNSUPPORTED_FORMAT
        with pytest.raises(TimeoutError):
            server.accept()


HOSTILE = {
    "bomb.flac": (hostile.bomb(hours=5), refusals.TOO_LONG),
    "endless.webm": (hostile.endless(megabytes=8), refusals.UNSUPPORTED_FORMAT),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_does_not_affect_another_recording(
    worker: Worker, dictation: Samples, tmp_path: Path, name: str
):
    content, refusal = HOSTILE[name]
    (tmp_path / name).write_bytes(content)
    speech = written(tmp_path / "speech.wav", dictation)
    alone = worker.recognise(speech)["result"]["words"]
    for path in (tmp_path / name, speech):
        worker.process.stdin.write(json.dumps({"id": path.name, "audio": str(path)}) + "\n")
    worker.process.stdin.flush()
    ended: dict[str, Any] = {}
    while len(ended) < 2:
        answer = worker.answer()
        if "progress" not in answer:
            ended[answer["id"]] = answer
    assert ended[name]["failed"] == refusal
    assert ended[speech.name]["result"]["words"] == alone


def test_a_truncated_recording_is_recognised_up_to_its_end(worker: Worker, dictation: Samples, tmp_path: Path):
    path = written(tmp_path / "cut.wav", dictation)
    path.write_bytes(path.read_bytes()[: 4 * RATE * 2])
    result = worker.recognise(path)["result"]
    assert result["seconds"] == pytest.approx(4, abs=0.1)
    assert "March" in text(result["words"])


@pytest.mark.parametrize("head", [b"RIFF\0\0\0\0WAVE", b"fLaC", b"OggS", b"\0\0\0\x20ftypisom", b"\x1aE\xdf\xa3webm"])
def test_garbage_after_a_valid_beginning_is_refused(worker: Worker, tmp_path: Path, head: bytes):
    path = tmp_path / "garbage"
    path.write_bytes(head + np.random.default_rng(2).bytes(100_000))
    assert worker.recognise(path)["failed"] == refusals.UNSUPPORTED_FORMAT


def test_the_worker_continues_after_a_failure(worker: Worker, dictation: Samples, tmp_path: Path):
    assert worker.recognise(tmp_path / "missing.wav")["failed"] == refusals.UNSUPPORTED_FORMAT
    short = written(tmp_path / "short.wav", dictation[: RATE // 4])
    assert worker.recognise(short)["failed"] == refusals.TOO_SHORT
    slow = written(tmp_path / "telephone.wav", dictation, rate=8_000)
    assert worker.recognise(slow)["failed"] == refusals.INVALID_SAMPLE_RATE
    surround = written(tmp_path / "surround.wav", np.stack([dictation] * 6))
    assert worker.recognise(surround)["failed"] == refusals.TOO_MANY_CHANNELS
    assert worker.recognise(written(tmp_path / "good.wav", dictation[: 4 * RATE]))["result"]["words"]


def test_a_folder_without_a_model_is_refused_with_a_remedy(tmp_path: Path):
    refused = Worker("--engine", f"whisper:{tmp_path}")
    answer = refused.answer()
    assert answer["ready"] is False
    assert "name a folder" in answer["problem"]
    assert refused.process.wait(timeout=30) == 1
    refused.reader.join()
    for stream in (refused.process.stdin, refused.process.stdout, refused.process.stderr):
        stream.close()


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["path"])
def test_every_demo_recording_matches_the_manifest(entry: dict[str, Any]):
    with av.open(str(RECORDINGS / entry["path"])) as file:
        track = file.streams.audio[0]
        assert track.codec_context.sample_rate == RATE
        assert track.codec_context.channels == (2 if entry["profile"] == "telehealth" else 1)
        assert file.duration / av.time_base == pytest.approx(entry["seconds"], abs=0.01)
    assert (RECORDINGS / entry["path"]).stat().st_size < 2_000_000
    assert accuracy.spoken(RECORDINGS / entry["reference"])
