"""The audio probe: its findings, its reads, and its rejections."""

import contextlib
import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import audio_probe
from adapters.s3_range_file import BLOCK_BYTES, MOST_BLOCKS, MOST_READS, S3RangeFile, WrongRange, read_range
from stethoscript import audio_info, aws_errors, upload_storage
from stethoscript.audio_formats.byte_source import Exhausted
from stethoscript.audio_info import AudioInfo
from stethoscript.rejections import Rejected
from tests.corpus.recordings import FTYP, WEBM, box, flac, id3, moov, mp3, opus_end, opus_head, page, wav

ABOUT = pytest.approx(60, abs=0.1)
RECORDINGS = Path(__file__).parents[2] / "local" / "recordings"
BEGINNINGS = (
    wav(0.1), flac(1600, size=100), mp3(0.2), mp3(0.2, mark=b"Xing"), id3(20) + mp3(0.2), FTYP + moov(1000),
    opus_head() + opus_end(1), WEBM[:60], b"#!AMR-WB\n" + bytes(9),
)  # fmt: skip


class CountedFile:
    """A file over some bytes. It counts the reads and the bytes read."""

    def __init__(self, content):
        self.fetched = []
        self._content = content
        self.file = S3RangeFile(len(content), self._fetch)

    def _fetch(self, begin, end):
        assert 0 <= begin < end <= len(self._content)
        self.fetched.append((begin, end))
        return self._content[begin:end]

    def probed(self, key="a.wav"):
        """Probe as the start function does."""
        return audio_probe.probe(self.file, key)[1]


@pytest.mark.parametrize(
    ("name", "seconds", "hertz", "channels"),
    [("dictation.wav", 59.9, 16_000, 1), ("consultation.flac", 68.7, 16_000, 1), ("telehealth.flac", 68.7, 16_000, 2)],
)
def test_a_real_recording_is_probed_by_its_beginning_and_end(name, seconds, hertz, channels):
    bill = CountedFile((RECORDINGS / name).read_bytes())
    length = pytest.approx(seconds, abs=0.1)
    assert bill.probed() == AudioInfo(length, hertz, channels, length, cut_off=False)
    assert len(bill.fetched) <= 4


@pytest.mark.parametrize(
    ("content", "expected", "blocks"),
    [
        (mp3(60), AudioInfo(pytest.approx(60, abs=0.1), 48_000, 2), 5),
        (id3(10**6) + mp3(60), AudioInfo(pytest.approx(60, abs=0.1), 48_000, 2), 7),
        (FTYP + moov(60_000) + box(b"mdat", bytes(10**6)), AudioInfo(ABOUT, 44_100, 1, ABOUT, cut_off=False), 2),
        (
            opus_head(channels=2) + page(bytes(40), granule=960) + bytes(10**6) + opus_end(60),
            AudioInfo(ABOUT, 48_000, 2, None, cut_off=False),
            7,
        ),
        (WEBM, AudioInfo(), 1),
    ],
    ids=["mp3", "mp3 with a picture", "m4a", "ogg", "webm"],
)
def test_each_format_costs_a_few_requests(content, expected, blocks):
    bill = CountedFile(content)
    assert bill.probed() == expected
    assert len(bill.fetched) <= blocks, bill.fetched


@st.composite
def broken(draw):
    """A recording with changed bytes, a cut end, or extra bytes."""
    content = bytearray(draw(st.sampled_from(BEGINNINGS)))
    for _ in range(draw(st.integers(0, 6))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.sampled_from((0, 1, 0x7F, 0x80, 0xFF)))
    return bytes(content[: draw(st.integers(1, len(content)))]) + draw(st.binary(max_size=40))


@given(broken() | st.binary(min_size=1, max_size=200))
def test_any_bytes_raise_only_a_rejection_and_stay_within_the_read_budget(content):
    bill = CountedFile(content)
    with contextlib.suppress(Rejected):
        audio_info.check_sound(bill.probed(), each_channel=True)
    assert len(bill.fetched) <= MOST_BLOCKS


@given(st.binary(max_size=300_000), st.lists(st.tuples(st.integers(0, 300_000), st.integers(0, 200_000)), max_size=5))
def test_a_ranged_file_reads_like_any_other_file(content, reads):
    file = CountedFile(content).file
    for offset, count in reads:
        assert file.at(offset, count) == content[offset : offset + count]


def test_neighbouring_blocks_cost_one_request():
    bill = CountedFile(bytes(BLOCK_BYTES * 4))
    bill.file.at(BLOCK_BYTES, 1)
    bill.file.at(0, BLOCK_BYTES * 4)
    assert bill.fetched == [
        (BLOCK_BYTES, 2 * BLOCK_BYTES), (0, BLOCK_BYTES), (2 * BLOCK_BYTES, 4 * BLOCK_BYTES),
    ]  # fmt: skip


def test_a_ranged_file_stops_at_its_budget():
    file = CountedFile(bytes(BLOCK_BYTES * (MOST_BLOCKS + 1))).file
    with pytest.raises(Exhausted):
        file.at(0, file.size)
    file.at(0, BLOCK_BYTES * MOST_BLOCKS)
    with pytest.raises(Exhausted):
        file.at(BLOCK_BYTES * MOST_BLOCKS, 1)


def test_a_ranged_file_stops_after_too_many_small_reads():
    file = CountedFile(bytes(10)).file
    for _ in range(MOST_READS):
        file.at(0, 1)
    with pytest.raises(Exhausted):
        file.at(0, 1)


def test_an_s3_error_during_the_probe_does_not_count_as_damage():
    def fetch(begin, _end):
        if begin:
            raise ConnectionError
        return (id3(10**6) + mp3(1))[:BLOCK_BYTES]

    with pytest.raises(ConnectionError):
        audio_probe.probe(S3RangeFile(2 * 10**6, fetch), "a.mp3")


@pytest.mark.parametrize(
    "answer",
    [
        {"ContentLength": 300_000},
        {"ContentLength": 10, "ContentRange": "bytes 0-9/300000"},
        {"ContentLength": 10, "ContentRange": "bytes 5-14/400000"},
        {"ContentLength": 10, "ContentRange": "bytes 5-14/300000", "Body": io.BytesIO(bytes(9))},
    ],
    ids=["the whole file", "another offset", "another file", "another length"],
)
def test_an_answer_with_the_wrong_byte_range_is_an_error_to_retry(answer):
    s3 = SimpleNamespace(get_object=lambda **_asked: {"Body": io.BytesIO(bytes(10)), **answer})
    with pytest.raises(WrongRange) as error:
        read_range(s3, {"Bucket": "b", "Key": "k"}, 5, 15, 300_000)
    assert aws_errors.fault(error.value) in aws_errors.DEFERRABLE


def test_a_recording_that_was_cut_to_almost_nothing_is_damaged_and_not_too_short():
    with pytest.raises(Rejected) as refused:
        audio_info.check_sound(AudioInfo(0.1, declared_seconds=60.0, cut_off=True), each_channel=False)
    assert refused.value.reason == "Damaged"


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (AudioInfo(channels=3), "TooManyChannels"),
        (AudioInfo(channels=1), "OneChannel"),
        (AudioInfo(hertz=15_999), "InvalidSampleRate"),
        (AudioInfo(hertz=48_001), "InvalidSampleRate"),
        (AudioInfo(seconds=0.4999), "TooShort"),
        (AudioInfo(seconds=14_400.1), "TooLong"),
    ],
)
def test_a_recording_that_transcribe_would_refuse_is_rejected(sound, reason):
    with pytest.raises(Rejected) as refused:
        audio_info.check_sound(sound, each_channel=True)
    assert refused.value.reason == reason


@pytest.mark.parametrize("sound", [AudioInfo(), AudioInfo(0.5, 16_000, 2), AudioInfo(14_400.0, 48_000, 2)])
def test_a_recording_with_valid_or_unknown_values_is_left_to_transcribe(sound):
    audio_info.check_sound(sound, each_channel=True)


def test_one_channel_is_enough_without_channel_identification():
    audio_info.check_sound(AudioInfo(channels=1), each_channel=False)


def test_an_access_error_with_our_own_key_means_missing_permissions():
    ours = "arn:aws:kms:us-east-1:123456789012:key/1"
    assert upload_storage.foreign_key({"SSEKMSKeyId": ours}, ours) is None
    assert upload_storage.foreign_key({}, ours) is None
    assert upload_storage.foreign_key({"SSEKMSKeyId": ours + "2"}, ours) is not None


def test_an_error_unrelated_to_the_upload_rejects_nothing():
    assert upload_storage.unreadable("AccessDenied", "") is None
    assert upload_storage.unreadable("InvalidRequest", "Missing required header for this request") is None
