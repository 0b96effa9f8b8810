"""The audio probe beside a decoder, with few files; `make bench-probe` uses more."""

from functools import cache
from pathlib import Path

import pytest

from adapters.s3_range_file import BLOCK_BYTES, MOST_BLOCKS
from stethoscript.audio_formats import unsupported_formats
from stethoscript.audio_info import AudioInfo
from tests.corpus.recordings import id3
from tests.encoded_recordings import Encoded, Encoding, decoded, encode
from tests.probe_checks import CUTS, contradictions, end_of_cut, explained, mutations, probed
from tests.recordings_matrix import recordings

SENT = Path(__file__).parent / "recordings_sent"
SAMPLE = 5
"""The interval of the sample from the matrix."""
MUTATIONS = 500
MOST_SECONDS = 0.2
TELLS_NO_LENGTH = {
    "piped.wav", "no-count.mp3", "variable-no-count.mp3", "minute-no-count.mp3", "layer-2.mp3", "opus-live.webm",
    "opus-stereo-live.webm", "vorbis-live.webm", "wideband.amr", "zeros.mp3", "cut-mid-frame.mp3",
    "joined.mp3", "joined.ogg",  # cut between two joined files, the first file is whole
}  # fmt: skip
ABOUT = {
    "mp3-cut-mid-frame.mp3": ("mp3", AudioInfo(1.476, 16_000, 1)),
    "mp3-leading-zeros.mp3": ("mp3", AudioInfo(1.476, 16_000, 1, 1.476, cut_off=False)),
    "mp3-one-zero.mp3": ("mp3", AudioInfo(1.476, 16_000, 1, 1.476, cut_off=False)),
    "voice-memo-moov-after-mdat.m4a": ("m4a", AudioInfo(6.014, 44_100, 1, 6.014, cut_off=False)),
}
"""Files once wrongly rejected: their format, and their properties."""


@cache
def made():
    """A sample of the matrix, and every recording that the tests below name."""
    return tuple(each for number, each in enumerate(recordings()) if number % SAMPLE == 0)


def rounded(info):
    seconds, declared = (each and round(each, 3) for each in (info.seconds, info.declared_seconds))
    return AudioInfo(seconds, info.hertz, info.channels, declared, info.cut_off)


@pytest.mark.parametrize("name", ABOUT)
def test_recordings_once_wrongly_rejected_go_to_transcribe(name):
    found = probed(name, (SENT / name).read_bytes())
    assert found.refusal is None
    assert (found.media_format, rounded(found.info)) == ABOUT[name]


def test_an_mp3_with_a_large_cover_is_detected_by_the_data_after_it():
    content = id3(300_000) + encode(Encoding("mp3", "libmp3lame", 16_000, seconds=1.4, muxing={"id3v2_version": "0"}))
    found = probed("cover.mp3", content)
    assert (found.media_format, rounded(found.info)) == ("mp3", AudioInfo(1.4, 16_000, 1, 1.4, cut_off=False))
    assert found.requests <= 2


@pytest.mark.parametrize(
    ("name", "what"), [("multipart-form.wav", "a web form around a file"), ("rf64.wav", "an RF64 file")]
)
def test_a_rejection_names_the_file_s_format(name, what):
    refusal = probed(name, (SENT / name).read_bytes()).refusal
    assert refusal.reason == "UnsupportedMediaFormat"
    assert refusal.remedy.startswith(f"This is {what}")


def test_every_reported_file_is_tested():
    assert {path.name for path in SENT.iterdir()} == {*ABOUT, "multipart-form.wav", "rf64.wav"}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xff\xd8\xff\xe0" + bytes(60), "a JPEG image"),
        (b"%PDF-1.7\n" + bytes(60), "a PDF document"),
        (b"\3ds2" + bytes(600), "a DS2 dictation"),
        (b"\2dss" + bytes(600), "a DSS dictation"),
        (b"\0\0\0\x18ftypheic" + bytes(60), "an HEIC image"),
        (id3(100) + b"\x89PNG\r\n\x1a\n" + bytes(60), "a PNG image"),
        (b"# Notes\n\nThe patient is well.\n" * 9, "a text"),
        ("\ufeffDer Patient ist wohlauf.".encode("utf-16") * 9, "a text"),
    ],
)
def test_a_file_that_is_no_recording_is_rejected_with_its_format(content, what):
    assert what in probed("visit.wav", content).refusal.remedy


def test_no_remedy_recommends_amr_because_it_is_always_rejected():
    assert "AMR-WB" in unsupported_formats.TAKEN
    assert "AMR " not in unsupported_formats.TAKEN.replace("AMR-WB", "")


def test_the_probe_agrees_with_a_decoder_or_reports_unknown():
    wrong = {}
    for each in made():
        found, truth = probed(each.name, each.content), decoded(each.content)
        assert found.reason == each.refused, each.name
        if found.info and truth:
            wrong[each.name] = contradictions(found.info, truth)
    assert len(wrong) >= 35
    assert not {name: each for name, each in wrong.items() if each}


def test_changed_files_raise_no_error_cost_little_and_are_rejected_only_with_a_reason():
    for kind, each in mutations(made(), MUTATIONS, seed=7):
        found = probed(each.name, each.content)
        assert found.requests <= MOST_BLOCKS, (each.name, kind)
        assert found.fetched <= MOST_BLOCKS * BLOCK_BYTES, (each.name, kind)
        assert found.seconds <= MOST_SECONDS, (each.name, kind)
        if found.reason and found.reason != each.refused:
            assert explained(each.name, each.content), (each.name, kind, found.reason)


def test_a_cut_recording_is_flagged_or_rejected_and_a_whole_one_is_neither():
    for each in made():
        whole = probed(each.name, each.content)
        if each.refused is None:
            assert not (whole.info and whole.info.cut_off), each.name
            ends = {end_of_cut(each, percent) for percent in CUTS}
            assert ends <= {"flagged", "refused"} or each.name in TELLS_NO_LENGTH, (each.name, ends)


@pytest.mark.parametrize("muxer", ["wav", "flac", "mp3"])
def test_a_recording_cut_in_the_middle_has_both_lengths(muxer):
    codec = {"wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame"}[muxer]
    recording = Encoded(f"a.{muxer}", encode(Encoding(muxer, codec, seconds=8.0)))
    info = probed(recording.name, recording.content[: len(recording.content) // 2]).info
    assert info.cut_off
    assert info.declared_seconds == pytest.approx(8.0, rel=0.02)
    assert info.seconds == pytest.approx(4.0, rel=0.05)


def test_a_cut_movie_with_its_index_in_front_has_both_lengths():
    movie = encode(Encoding("mp4", "aac", seconds=8.0, video="first", muxing={"movflags": "faststart"}))
    info = probed("a.mp4", movie[: len(movie) * 60 // 100]).info
    assert info.cut_off
    assert info.declared_seconds == pytest.approx(8.0, rel=0.02)
    assert 3.0 < info.seconds < 6.0
