"""The confined decoder of the laptop's Transcribe: which files of real encoders it accepts, and its refusal texts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.recogniser import audio_decoder, refusals
from local.recogniser.refusals import Media
from local.recogniser.requests_and_results import RecognitionRequest, RecordingRefused
from tests import recordings_matrix
from tests.encoded_recordings import Encoded, Encoding, decoded, encode

REASONS = {
    recordings_matrix.RATE: refusals.INVALID_SAMPLE_RATE,
    recordings_matrix.CHANNELS: refusals.TOO_MANY_CHANNELS,
    recordings_matrix.FORMAT: refusals.UNSUPPORTED_FORMAT,
}
UNLIKE_THE_PROBE = {
    "rf64.wav": None,
    "layer-2.mp3": refusals.UNSUPPORTED_FORMAT,
    "id3.wav": refusals.UNSUPPORTED_FORMAT,
}
"""Cases without a rule in Transcribe's documentation: refused here and not by the probe, or the reverse."""
Decode = Callable[..., Media]


@pytest.fixture
def decode(tmp_path: Path) -> Decode:
    """Decode a recording as the service does, and return its properties."""

    def decoding(content: bytes, **claimed: Any) -> Media:
        path = tmp_path / "recording"
        path.write_bytes(content)
        with audio_decoder.decoded(RecognitionRequest(path, **claimed)) as sound:
            return sound.media

    return decoding


def refusal(recording: Encoded) -> str | None:
    if recording.name.endswith(".mkv"):  # WebM is documented, Matroska is not
        return refusals.UNSUPPORTED_FORMAT
    return UNLIKE_THE_PROBE.get(recording.name, REASONS.get(recording.refused or ""))


R = recordings_matrix
EVERYDAY = (R.disguised, R.foreign)
PROOF = (R.wavs, R.flacs, R.mp3s, R.mp4s, R.oggs, R.matroskas, R.amrs, R.joined)


@pytest.mark.parametrize("family", [*EVERYDAY, *(pytest.param(family, marks=pytest.mark.proof) for family in PROOF)])
def test_real_recordings_are_decoded_whole_or_refused_with_the_documented_reason(
    decode: Decode, family: Callable[[], Iterator[Encoded]]
):
    for recording in family():
        name, reason, refused, media = recording.name, refusal(recording), None, None
        try:
            media = decode(recording.content)
        except RecordingRefused as error:
            refused = str(error)
        assert (name, refused) == (name, reason)
        if media:
            truth = decoded(recording.content)
            assert truth
            assert (name, media.sample_rate, media.channels) == (name, truth.hertz, truth.channels)
            assert media.seconds == pytest.approx(truth.seconds, rel=0.02)


TWENTY = {"seconds": 20.0, "speech": True}
STREAMED = {
    "m4a": Encoding("ipod", "aac", muxing={"movflags": "faststart"}, **TWENTY),
    "fragmented": Encoding("ipod", "aac", muxing={"movflags": "frag_keyframe+empty_moov"}, **TWENTY),
    "mp3": Encoding("mp3", "libmp3lame", bit_rate=64_000, **TWENTY),
    "flac": Encoding("flac", "flac", hertz=16_000, **TWENTY),
    "wav": Encoding("wav", "pcm_s16le", hertz=16_000, **TWENTY),
    "opus": Encoding("ogg", "libopus", hertz=48_000, **TWENTY),
    "vorbis": Encoding("ogg", "vorbis", channels=2, **TWENTY),
    "webm": Encoding("webm", "libopus", hertz=48_000, **TWENTY),
}


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
@pytest.mark.parametrize("name", STREAMED)
def test_a_truncated_recording_is_decoded_up_to_its_end(decode: Decode, name: str, share: float):
    content = encode(STREAMED[name])
    assert decode(content[: int(len(content) * share)]).seconds == pytest.approx(20 * share, abs=2.5)


def test_a_recording_truncated_before_its_index_is_refused(decode: Decode):
    content = encode(Encoding("ipod", "aac", **TWENTY))
    with pytest.raises(RecordingRefused, match=refusals.UNSUPPORTED_FORMAT):
        decode(content[: len(content) * 9 // 10])


@pytest.mark.parametrize("claimed", ["wav", "flac", "mp3", "mp4", "ogg", "amr", "webm"])
def test_a_wrong_media_format_is_refused(decode: Decode, claimed: str):
    recipes = {"flac": STREAMED["mp3"]}
    with pytest.raises(RecordingRefused, match=refusals.FORMAT_MISMATCH):
        decode(encode(recipes.get(claimed, STREAMED["flac"])), format=claimed)


def test_m4a_may_be_sent_as_mp4(decode: Decode):
    assert decode(encode(STREAMED["m4a"]), format="mp4").format == "m4a"


def test_a_wrong_sample_rate_is_refused(decode: Decode):
    with pytest.raises(RecordingRefused, match=refusals.SAMPLE_RATE_MISMATCH):
        decode(encode(STREAMED["opus"]), sample_rate=16_000)


@pytest.mark.parametrize("content", [b"", b"Dear colleague,\n" * 5000, b"\x89PNG\r\n\x1a\n" + bytes(90_000)])
def test_a_file_that_is_no_recording_is_refused(decode: Decode, content: bytes):
    with pytest.raises(RecordingRefused, match=refusals.UNSUPPORTED_FORMAT):
        decode(content)
