"""Decode the recording on stdin into 16 kHz, 16-bit samples. `audio_decoder` runs this as a process with limits.

Arguments: "mono" or "channels", the descriptor of the output file, the time limit in seconds.
Prints one line of JSON: the recording's format, codec, sample rate and channels.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, groupby
from typing import IO

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

SAMPLE_RATE = 16_000
SAMPLE_BYTES = 2
MEMORY_BYTES = 2 * 1024**3
FORMATS = "wav,flac,mp3,ogg,amr,mov,matroska"
"""The formats that FFmpeg may detect. None of them follows playlists or addresses."""
# Four hours and a minute: enough to detect a recording over the service's limit of four hours.
LONGEST_SAMPLES = (4 * 60 + 1) * 60 * SAMPLE_RATE


def main(layout: str, samples: str, seconds: str) -> None:
    """Decode stdin into the open file `samples`. Every error ends the process."""
    limit(int(seconds))
    with os.fdopen(int(samples), "wb", closefd=False) as out, os.fdopen(0, "rb") as recording:
        print(json.dumps(decode(recording, layout, out)))


def limit(seconds: int) -> None:
    """Limit this process's time, memory and disk, where the system supports it."""
    signal.alarm(seconds)
    bounds = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 2 * LONGEST_SAMPLES * SAMPLE_BYTES,
        resource.RLIMIT_CORE: 0,  # a dump would contain the patient's voice
    }
    for kind, value in bounds.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))


def decode(recording: IO[bytes], layout: str, out: IO[bytes]) -> dict[str, str | int]:
    """Write the first audio track's samples to `out`; return the recording's properties."""
    with av.open(recording, "r", options={"format_whitelist": FORMATS}, io_open=refuse) as opened:
        track = opened.streams.audio[0]
        channels = track.codec_context.channels
        target = "stereo" if layout == "channels" and channels > 1 else "mono"
        left = LONGEST_SAMPLES
        for frame in resampled(frames(opened, track), target):
            size = frame.samples * len(frame.layout.channels) * SAMPLE_BYTES
            out.write(memoryview(frame.planes[0])[:size])
            left -= frame.samples
            if left <= 0:
                break
        return {
            "demuxer": opened.format.name,
            "codec": track.codec_context.name,
            "brand": opened.metadata.get("major_brand", ""),
            "sample_rate": track.codec_context.sample_rate,
            "channels": channels,
        }


def refuse(*_: object) -> IO[bytes]:
    """Refuse to open any file or address that a recording refers to."""
    raise PermissionError


def frames(opened: av.container.InputContainer, track: av.AudioStream) -> Iterator[AudioFrame]:
    """Yield the decoded frames. Damaged packets are skipped.

    Raises:
        ValueError: at least half of the packets are damaged.
    """
    good = bad = 0
    with suppress(av.InvalidDataError, av.EOFError):  # a truncated recording ends here
        for packet in opened.demux(track):
            try:
                decoded = packet.decode()
            except av.InvalidDataError:
                bad += 1
            else:
                good += 1
                yield from decoded
    if bad >= good:
        raise ValueError


def resampled(frames: Iterator[AudioFrame], layout: str) -> Iterator[AudioFrame]:
    """Convert frames to the recogniser's rate, width and layout, even if the input changes midway."""
    for _, alike in groupby(frames, key=lambda frame: (frame.format.name, frame.layout.name, frame.sample_rate)):
        resampler = AudioResampler("s16", layout, SAMPLE_RATE)
        for frame in chain(alike, [None]):  # None flushes the resampler
            yield from resampler.resample(frame)


if __name__ == "__main__":
    main(*sys.argv[1:])
