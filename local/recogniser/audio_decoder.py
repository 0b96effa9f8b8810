"""Decode recordings to 16 kHz, 16-bit samples, in a process in which a hostile file can do no harm.

FFmpeg is large and trusts its input. So it runs in a short-lived process with limits of time and memory. It detects
the format itself, among the formats that refer to no other file or address. The samples go into an unnamed file, so
no voice stays on the disk when the recogniser ends, even if it is killed.
"""

import json
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from local.recogniser import container_format, refusals
from local.recogniser.refusals import UNSUPPORTED_FORMAT, Media
from local.recogniser.requests_and_results import RecognitionRequest, RecordingRefused

SAMPLE_RATE = 16_000
SAMPLE_BYTES = 2

_DECODER = Path(__file__).with_name("decode.py")
# Decoding is hundreds of times faster than real time. 100 kB is six seconds of speech even at low bit rates.
_SECONDS_AT_LEAST = 60
_BYTES_PER_SECOND = 100_000
_SECONDS_AT_MOST = 900


@dataclass(frozen=True)
class Sound:
    """A decoded recording: interleaved 16-bit samples of `channels` channels, in an unnamed file."""

    media: Media
    samples: BinaryIO
    channels: int


def head(request: RecognitionRequest) -> bytes:
    """Return the recording's first 1,024 bytes.

    Raises:
        RecordingRefused: it cannot be read, or is too large.
    """
    try:
        info = request.audio.stat()
        if not stat.S_ISREG(info.st_mode):
            raise RecordingRefused(UNSUPPORTED_FORMAT)
        refusals.check_size(info.st_size)
        with request.audio.open("rb") as file:
            return file.read(container_format.FIRST_BYTES)
    except OSError as error:
        raise RecordingRefused(UNSUPPORTED_FORMAT) from error


@contextmanager
def decoded(request: RecognitionRequest) -> Iterator[Sound]:
    """Decode a recording; the samples exist while the block runs.

    All channels are mixed into one, unless the request asks for separate channels.

    Raises:
        RecordingRefused: with the service's reason.
    """
    first = head(request)
    with tempfile.TemporaryFile() as samples:
        found = _decode(request, samples)
        name = container_format.named(found["demuxer"], found["codec"], found["brand"], first)
        form = refusals.check_format(request.format, name)
        channels = found["channels"] if request.channels else 1
        frames = samples.seek(0, 2) // (SAMPLE_BYTES * channels)
        media = Media(form, found["sample_rate"], frames / SAMPLE_RATE, found["channels"])
        refusals.check(request, media)
        yield Sound(media, samples, channels)


def _decode(request: RecognitionRequest, samples: BinaryIO) -> dict[str, Any]:
    """Run the decoder on one recording. A file that crashes it or exceeds its time is refused as no recording."""
    seconds = min(_SECONDS_AT_LEAST + request.audio.stat().st_size // _BYTES_PER_SECOND, _SECONDS_AT_MOST)
    layout = "channels" if request.channels else "mono"
    command = [sys.executable, "-I", str(_DECODER), layout]
    with request.audio.open("rb") as recording:
        try:
            done = subprocess.run(
                [*command, str(samples.fileno()), str(seconds)],
                stdin=recording,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # FFmpeg quotes its input there
                pass_fds=[samples.fileno()],
                timeout=seconds,
                check=True,
            )
            found: dict[str, Any] = json.loads(done.stdout)
        except (subprocess.SubprocessError, ValueError) as error:
            raise RecordingRefused(UNSUPPORTED_FORMAT) from error
    return found
