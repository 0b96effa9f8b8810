"""What the header of a recording tells, read with tinytag, or by ourselves where that would read too much."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from typing import BinaryIO, cast

from tinytag import TinyTag, TinyTagException

from s3_range_file import BLOCK_BYTES, Exhausted, S3RangeFile
from stethoscript import audio
from stethoscript.audio import AudioInfo
from stethoscript.rejections import Rejected


def probe(recording: S3RangeFile, media_format: str) -> AudioInfo:
    """What can be told of a recording within the file's budget; nothing, if that does not last.

    Raises:
        Rejected: the header is none that a player could read.
    """
    try:
        return _READERS[media_format](recording)
    except Exhausted:
        return AudioInfo()


def _wav(recording: S3RangeFile) -> AudioInfo:
    """A data chunk's length may be a lie (0 and 2³²-1 while streaming), so it counts only up to the file's end.

    Behind that chunk samples would be taken for chunks: so the first block is tried alone before the whole file.
    """
    tag = TinyTag()
    with suppress(Rejected):
        tag = _tag(BytesIO(_beginning(recording)))
    if not tag.samplerate:
        tag = _tag(recording)
    if not (tag.samplerate and tag.channels):
        raise audio.damaged()
    seconds = None
    if tag.is_lossless and tag.bitrate:  # PCM; for other codecs only the writer's count of samples is there
        fits = recording.size * 8 / (tag.bitrate * 1000)
        seconds = min(tag.duration or fits, fits)
    return AudioInfo(seconds, tag.samplerate, tag.channels)


def _flac(recording: S3RangeFile) -> AudioInfo:
    return _told(_tag(recording), recording)


def _mp3(recording: S3RangeFile) -> AudioInfo:
    """Without a count of frames the duration is an estimate from the first ones: too little to refuse for length."""
    told = _told(_tag(recording), recording)
    counted = any(recording.holds(mark) for mark in (b"Xing\0\0\0", b"Info\0\0\0", b"VBRI\0"))
    seconds = None if not counted and (told.seconds or 0) > audio.MOST_SECONDS else told.seconds
    return AudioInfo(seconds, told.hertz, told.channels)


def _mp4(recording: S3RangeFile) -> AudioInfo:
    """Codecs that tinytag does not know leave rate and channels untold; without a movie header nothing plays."""
    tag = _tag(recording)
    if tag.duration is None:
        raise audio.damaged()
    return AudioInfo(audio.believable(tag.duration, recording.size), tag.samplerate, tag.channels)


def _ogg(recording: S3RangeFile) -> AudioInfo:
    """The first pages name the codec, the last one counts the samples; tinytag would read all in between."""
    beginning = _beginning(recording)
    told = _told(_tag(BytesIO(beginning)), recording)
    recording.seek(max(0, recording.size - BLOCK_BYTES))
    last = recording.read(BLOCK_BYTES).rpartition(b"OggS\0")[2]
    serial, samples = slice(9, 13), slice(1, 9)  # of a page, after its mark
    if last[serial] != beginning[14:18] or not told.hertz:
        return AudioInfo(None, told.hertz, told.channels)
    counted = int.from_bytes(last[samples], "little", signed=True)
    return AudioInfo(audio.believable(max(counted, 0) / told.hertz, recording.size), told.hertz, told.channels)


def _amr(recording: S3RangeFile) -> AudioInfo:
    """RFC 4867, section 5: the magic number tells narrowband (8 kHz) from wideband (16 kHz)."""
    magic = _beginning(recording)[: len(b"#!AMR-WB\n")]
    if recording.size <= len(magic):
        raise audio.damaged()
    return AudioInfo(hertz=16_000 if magic == b"#!AMR-WB\n" else 8_000)


def _webm(recording: S3RangeFile) -> AudioInfo:
    """Recorders write WebM without a duration as a rule: only whether it is one is looked at."""
    beginning = _beginning(recording)[: audio.HEADER_BYTES]
    if b"webm" not in beginning and b"matroska" not in beginning:
        raise audio.damaged()
    return AudioInfo()


def _beginning(recording: S3RangeFile) -> bytes:
    recording.seek(0)
    return recording.read(BLOCK_BYTES)


def _tag(file: S3RangeFile | BytesIO) -> TinyTag:
    """What tinytag finds.

    Raises:
        Rejected: nothing it could read.
        Exception: the file's own trouble, which tinytag takes for a fault of the content.
    """
    file.seek(0)
    try:
        return TinyTag.get(file_obj=cast(BinaryIO, file), tags=False)
    except TinyTagException as error:
        trouble = getattr(file, "trouble", None)
        raise trouble or audio.damaged() from error


def _told(tag: TinyTag, recording: S3RangeFile) -> AudioInfo:
    if not tag.samplerate:
        raise audio.damaged()
    return AudioInfo(audio.believable(tag.duration, recording.size), tag.samplerate, tag.channels)


_READERS: Mapping[str, Callable[[S3RangeFile], AudioInfo]] = {
    "wav": _wav,
    "flac": _flac,
    "mp3": _mp3,
    "mp4": _mp4,
    "m4a": _mp4,
    "ogg": _ogg,
    "webm": _webm,
    "amr": _amr,
}
