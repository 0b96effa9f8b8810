"""Recordings of real encoders, each larger than the probe's first read, through the deployed pipeline."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, sync_playwright

from adapters import s3_range_file
from operations import deployment, loopback_server, open_transcript, recordings
from tests.encoded_recordings import Encoding, decoded, encode
from tests.local.deployed import deploy
from tests.local.test_pipeline import Pipeline
from tests.reader.conftest import Watched, launched

NAME = "encoders"
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "1000000"}
FASTSTART = {"movflags": "faststart"}
SPOKEN = {"seconds": 12.0, "speech": True}


def encoding(muxer: str, codec: str, **how: Any) -> Encoding:
    return Encoding(muxer, codec, **{**SPOKEN, **how})


OPUS = {"codec": "libopus", "hertz": 48_000}
DELIVERED = {
    "voice-memo.m4a": encoding("ipod", "aac", hertz=48_000),
    "streamable.m4a": encoding("ipod", "aac", muxing=FASTSTART),
    "fragmented.m4a": encoding("ipod", "aac", muxing=FRAGMENTED),
    "lossless.m4a": encoding("ipod", "alac"),
    "chapters.m4a": encoding("ipod", "aac", chapters=True, metadata={"title": "Visit"}),
    "meeting.mp4": encoding("mp4", "aac", video="first", channels=2),
    "meeting-audio-first.mp4": encoding("mp4", "aac", video="last", channels=2),
    "meeting-streamable.mp4": encoding("mp4", "aac", video="first", muxing=FASTSTART),
    "meeting-fragmented.mp4": encoding("mp4", "aac", video="first", muxing=FRAGMENTED),
    "screen.mov": encoding("mov", "aac", video="first"),
    "phone.3gp": encoding("3gp", "aac", hertz=16_000, bit_rate=64_000),
    "constant.mp3": encoding("mp3", "libmp3lame", bit_rate=64_000, muxing={"write_xing": "0", "id3v2_version": "0"}),
    "counted.mp3": encoding("mp3", "libmp3lame", bit_rate=64_000),
    "variable.mp3": encoding("mp3", "libmp3lame", coding={"flags": "qscale", "global_quality": "472"}),
    "tagged.mp3": encoding("mp3", "libmp3lame", channels=2, metadata={"title": "x" * 80_000}),
    "opus.ogg": encoding("ogg", **OPUS),
    "opus-16.ogg": encoding("ogg", "libopus", hertz=16_000, channels=2),
    "vorbis.ogg": encoding("ogg", "vorbis", channels=2),
    "browser.webm": encoding("webm", **OPUS, muxing={"live": "1"}, seekable=False),
    "opus.webm": encoding("webm", **OPUS),
    "meeting.webm": encoding("webm", **OPUS, video="first"),
    "mono.flac": encoding("flac", "flac", hertz=16_000),
    "stereo.flac": encoding("flac", "flac", channels=2, metadata={"comment": "x" * 300}),
    "pcm.wav": encoding("wav", "pcm_s16le", hertz=16_000),
    "float.wav": encoding("wav", "pcm_f32le", channels=2),
    "companded.wav": encoding("wav", "pcm_mulaw", hertz=16_000),
    "piped.wav": encoding("wav", "pcm_s16le", hertz=44_100, seekable=False),
}
REJECTED = {
    "telephone.wav": ("InvalidSampleRate", encoding("wav", "pcm_s16le", hertz=8000)),
    "telephone.flac": ("InvalidSampleRate", encoding("flac", "flac", hertz=8000)),
    "telephone.mp3": ("InvalidSampleRate", encoding("mp3", "libmp3lame", hertz=8000, seconds=120.0)),
    "studio.wav": ("InvalidSampleRate", encoding("wav", "pcm_s24le", hertz=96_000)),
    "surround.wav": ("TooManyChannels", encoding("wav", "pcm_s16le", channels=6)),
    "surround.m4a": ("TooManyChannels", encoding("ipod", "aac", channels=6)),
    "recorder.wma": ("UnsupportedMediaFormat", encoding("asf", "wmav2", bit_rate=64_000)),
    "studio.aiff": ("UnsupportedMediaFormat", encoding("aiff", "pcm_s16be")),
}
WIDEBAND = b"#!AMR-WB\n" + (b"\x44" + bytes(range(60))) * 1200  # no encoder is available; any bits are a valid frame


@pytest.fixture(scope="module")
def pipeline(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("encoders")
    return Pipeline(cloud, deploy(cloud, folder, name=NAME, job_poll_seconds=0), folder)


@pytest.fixture(scope="module")
def contents() -> Mapping[str, bytes]:
    """The recordings that a decoder can read, by file name."""
    return {**{name: encode(how) for name, how in DELIVERED.items()}, "wideband.amr": WIDEBAND}


@pytest.fixture(scope="module")
def uploaded(pipeline: Pipeline, contents: Mapping[str, bytes]) -> Mapping[str, str]:
    """The version of each, all uploaded before the first result is awaited."""
    refused = {name: encode(how) for name, (_, how) in REJECTED.items()}
    return {name: pipeline.put(f"dictation/{name}", content) for name, content in {**contents, **refused}.items()}


def length(pipeline: Pipeline, notification: Mapping[str, Any]) -> float | None:
    """The seconds of audio in the ledger."""
    found = pipeline.cloud.client("dynamodb").get_item(
        TableName=pipeline.deployed["LedgerTableName"], Key={"recording": {"S": notification["job"]}}
    )
    known = found["Item"].get("audio_ms")
    return int(known["N"]) / 1000 if known else None


@pytest.mark.parametrize("name", [*DELIVERED, "wideband.amr"])
def test_a_recording_of_a_real_encoder_is_delivered_with_its_length_or_none(
    pipeline: Pipeline, contents: Mapping[str, bytes], uploaded: Mapping[str, str], name: str
):
    content = contents[name]
    assert len(content) > s3_range_file.BLOCK_BYTES
    notification = pipeline.notification_of(uploaded[name])
    assert (notification["status"], notification.get("reason")) == ("DELIVERED", None)
    truth = decoded(content)
    assert truth
    assert length(pipeline, notification) in (None, pytest.approx(truth.seconds, rel=0.02))


@pytest.mark.parametrize("name", ["voice-memo.m4a", "meeting.mp4", "counted.mp3", "opus.ogg", "mono.flac", "pcm.wav"])
def test_the_ledger_has_the_length_if_the_header_has_it(pipeline: Pipeline, uploaded: Mapping[str, str], name: str):
    assert length(pipeline, pipeline.notification_of(uploaded[name])) == pytest.approx(SPOKEN["seconds"], rel=0.02)


def test_a_recording_without_words_has_an_empty_transcript(pipeline: Pipeline, uploaded: Mapping[str, str]):
    """The scripted recogniser finds no words in a file that is no WAV."""
    manifest = pipeline.notification_of(uploaded["voice-memo.m4a"])["manifest"]
    raw = manifest["key"].replace("manifest.json", "transcribe.json")
    results = json.loads(pipeline.reader.get_object(Bucket=manifest["bucket"], Key=raw)["Body"].read())["results"]
    assert (results["items"], results["transcripts"]) == ([], [{"transcript": ""}])


@pytest.mark.parametrize("name", REJECTED)
def test_a_recording_that_transcribe_would_refuse_is_rejected_with_its_reason(
    pipeline: Pipeline, uploaded: Mapping[str, str], name: str
):
    notification = pipeline.notification_of(uploaded[name])
    assert (notification["status"], notification["reason"]["class"]) == ("REJECTED", REJECTED[name][0])


def test_a_job_has_the_sample_rate_that_a_decoder_finds(
    pipeline: Pipeline, contents: Mapping[str, bytes], uploaded: Mapping[str, str]
):
    transcribe = pipeline.cloud.client("transcribe")
    rates, truths = {}, {}
    for name, content in contents.items():
        of_job = {"MedicalTranscriptionJobName": pipeline.notification_of(uploaded[name])["job"]}
        job = transcribe.get_medical_transcription_job(**of_job)["MedicalTranscriptionJob"]
        truth = decoded(content)
        assert truth
        rates[name], truths[name] = job["MediaSampleRateHertz"], truth.hertz
    assert rates == truths


# --- `open` ---

PLAYED_ON_FROM = """at => new Promise((resolve, reject) => {
    const audio = document.querySelector("audio")
    audio.addEventListener("error", () => reject(audio.error))
    audio.addEventListener("timeupdate", () => audio.currentTime > at + 0.5 && resolve(audio.currentTime))
    audio.currentTime = at
    audio.play().catch(reject)
    setTimeout(() => reject(`it stands at ${audio.currentTime}`), 10000)
})"""
"""Seeks, plays, and returns the position of the recording half a second later."""
LISTENED_TO = ("voice-memo.m4a", "meeting.mp4", "browser.webm", "counted.mp3")
Open = Callable[[str], AbstractContextManager[str]]


@pytest.fixture
def open_(pipeline: Pipeline, uploaded: Mapping[str, str]) -> Open:
    """Serve a delivered recording as `operations open` does. Returns the address that opens once."""

    @contextmanager
    def opening_(name: str) -> Iterator[str]:
        pipeline.notification_of(uploaded[name])
        here = deployment.find(NAME, pipeline.cloud.client)
        found = open_transcript.opened(here, recordings.find(here, uploaded[name]))
        with loopback_server.serving(found.page, found.sound, say=pytest.fail) as address:
            yield address

    return opening_


@pytest.mark.parametrize("name", LISTENED_TO)
def test_open_serves_any_part_of_a_recording(open_: Open, contents: Mapping[str, bytes], name: str):
    content = contents[name]
    middle = len(content) // 2
    with open_(name) as address, urlopen(address) as page:
        room = page.url
        for wanted, part in (
            (f"bytes={middle}-", content[middle:]),
            (f"bytes={middle}-{middle + 99}", content[middle : middle + 100]),
            ("bytes=-1000", content[-1000:]),
            ("bytes=0-", content),
        ):
            with urlopen(Request(f"{room}audio", headers={"Range": wanted})) as answer:
                assert (answer.status, answer.read()) == (206, part)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that is closed when the module ends, because two Playwright drivers at once exclude each other."""
    with sync_playwright() as driver:
        yield from launched(driver)


@pytest.mark.parametrize("name", LISTENED_TO)
def test_open_plays_from_the_middle(open_: Open, browser: Browser, name: str):
    with open_(name) as address:
        context = browser.new_context()
        watched = Watched.of(context)
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("#controls")
        middle = SPOKEN["seconds"] / 2
        assert page.evaluate(PLAYED_ON_FROM, middle) < middle + 5
        context.close()
    assert watched.complaints == []
