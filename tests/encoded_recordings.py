"""Recordings from real encoders and muxers, in every shape that we know users send.

`recordings()` yields them one at a time, always the same ones. `decoded()` is a decoder's reading of one.
"""

import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

SECONDS = 4.0
_BLOCK = 1024


@dataclass(frozen=True)
class Encoded:
    """A recording: its file name, its bytes, and the reason for which it must be rejected, if any."""

    name: str
    made: bytes | Callable[[], bytes]
    refused: str | None = None
    """A class of stethoscript.rejections; None if Transcribe must get the file."""

    @cached_property
    def content(self) -> bytes:
        """The bytes, encoded at the first use."""
        return self.made if isinstance(self.made, bytes) else self.made()


@dataclass(frozen=True)
class Truth:
    """A decoder's reading of a file."""

    seconds: float
    hertz: int
    channels: int


@dataclass(frozen=True)
class Encoding:
    """The options with which PyAV makes a file."""

    muxer: str
    codec: str
    hertz: int = 44_100
    channels: int = 1
    seconds: float = SECONDS
    muxing: Mapping[str, str] = field(default_factory=dict)
    coding: Mapping[str, str] = field(default_factory=dict)
    bit_rate: int | None = None
    video: str | None = None
    """`first` or `last`: the position of the video track."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    chapters: bool = False
    seekable: bool = True
    speech: bool = False
    """Whether the sound is the demo's dictation, repeated."""


class _Pipe(io.RawIOBase):
    """A target that cannot seek, like a live stream."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += data
        return len(data)


@cache
def samples(hertz: int, channels: int, seconds: float) -> Any:
    """Alternating loud and soft sound, like speech: floats between -1 and 1, one row for each channel."""
    count = round(hertz * seconds)
    at = np.arange(count) / hertz
    noise = np.random.default_rng(11).normal(0, 0.2, (channels, count))
    loudness = 0.05 + 0.4 * (np.sin(2 * np.pi * 1.3 * at) > 0)
    tone = np.sin(2 * np.pi * 220 * at)
    return ((noise * 0.4 + tone) * loudness).astype(np.float32)


@cache
def speech(hertz: int, channels: int, seconds: float) -> Any:
    """The demo's dictation from its beginning, repeated as necessary, in the form of `samples`."""
    with av.open("local/recordings/dictation.wav") as container:
        resampler = av.AudioResampler("fltp", "mono", hertz)
        frames = [part for frame in [*container.decode(audio=0), None] for part in resampler.resample(frame)]
    said = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return np.stack([np.resize(said, round(hertz * seconds))] * channels)


def encode(encoding: Encoding) -> bytes:
    """Make the file."""
    if (
        encoding.muxing.get("movflags") == "faststart" or "cues_to_front" in encoding.muxing
    ):  # the muxer opens the file a second time, by its name
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a"
            _write(encoding, str(path))
            return path.read_bytes()
    target = io.BytesIO() if encoding.seekable else _Pipe()
    _write(encoding, target)
    return bytes(target.written) if isinstance(target, _Pipe) else target.getvalue()


def _write(encoding: Encoding, target: Any) -> None:
    muxing = {"fflags": "+bitexact", **encoding.muxing}
    with av.open(target, "w", format=encoding.muxer, options=muxing) as container:
        container.metadata.update(encoding.metadata)
        tracks = {"first": ("video", "audio"), "last": ("audio", "video"), None: ("audio",)}[encoding.video]
        made = {kind: _audio_track(container, encoding) if kind == "audio" else _video(container) for kind in tracks}
        if encoding.chapters:
            base = Fraction(1, 1000)
            container.set_chapters(
                [{"id": n, "start": 1000 * n, "end": 1000 * n + 1000, "time_base": base, "metadata": {"title": str(n)}}
                 for n in range(int(encoding.seconds))]
            )  # fmt: skip
        packets = [packet for kind, track in made.items() for packet in _packets(kind, track, encoding)]
        packets.sort(key=lambda packet: (packet.dts or 0) * packet.time_base)
        for packet in packets:
            container.mux(packet)


def _audio_track(container: Any, encoding: Encoding) -> Any:
    track = container.add_stream(encoding.codec, rate=encoding.hertz, options={"strict": "-2", **encoding.coding})
    track.layout = {1: "mono", 2: "stereo", 3: "2.1", 6: "5.1"}[encoding.channels]
    if encoding.bit_rate:
        track.bit_rate = encoding.bit_rate
    return track


def _video(container: Any) -> Any:
    vp8 = container.format.name in ("webm", "matroska,webm")
    track = container.add_stream("libvpx-vp9" if vp8 else "mpeg4", rate=5)
    track.width = track.height = 32
    track.pix_fmt = "yuv420p"
    return track


def _packets(kind: str, track: Any, encoding: Encoding) -> list[Any]:
    frames = _audio_frames(track, encoding) if kind == "audio" else _video_frames(encoding)
    return [packet for frame in [*frames, None] for packet in track.encode(frame)]


def _audio_frames(track: Any, encoding: Encoding) -> Iterator[AudioFrame]:
    wave = (speech if encoding.speech else samples)(encoding.hertz, encoding.channels, encoding.seconds)
    resampler = av.AudioResampler(track.codec_context.format, track.layout, encoding.hertz, track.frame_size or _BLOCK)
    for begin in range(0, wave.shape[1], _BLOCK):
        part = np.ascontiguousarray(wave[:, begin : begin + _BLOCK])
        frame = AudioFrame.from_ndarray(part, format="fltp", layout=track.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = encoding.hertz, begin, Fraction(1, encoding.hertz)
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _video_frames(encoding: Encoding) -> Iterator[VideoFrame]:
    for number in range(int(encoding.seconds * 5)):
        picture = np.full((32, 32, 3), number * 7 % 256, np.uint8)
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 5)
        yield frame


def decoded(content: bytes) -> Truth | None:
    """A decoder's reading of the first audio track; None if it cannot decode one."""
    count: dict[int, int] = {}
    hertz = channels = 0
    try:
        with av.open(io.BytesIO(content)) as container:
            track = container.streams.audio[0]
            for packet in container.demux(track):
                try:
                    frames = packet.decode()
                except av.FFmpegError:
                    continue
                for frame in frames:
                    hertz, channels = frame.sample_rate, frame.layout.nb_channels
                    count[hertz] = count.get(hertz, 0) + frame.samples
    except (av.FFmpegError, IndexError, ValueError, OverflowError, MemoryError):
        pass
    if not count:
        return None
    return Truth(sum(number / rate for rate, number in count.items()), hertz, channels)
