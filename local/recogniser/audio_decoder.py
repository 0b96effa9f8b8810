"""Recordings to plain sound: 16 kHz, 16 bits, decoded where a hostile file can do no harm.

ffmpeg is as large as it is trusting, so it works in a short-lived process of its own with limits of time and
memory. It finds out the format by itself, among those that refer to no other file or address. The sound goes
into a file without a name, so nothing of a patient's voice stays on the disk, however the recogniser ends.
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
# Decoding is hundreds of times faster than speech; 100 kB is six seconds of it even at low bit rates.
_SECONDS_AT_LEAST = 60
_BYTES_PER_SECOND = 100_000
_SECONDS_AT_MOST = 900


@dataclass(frozen=True)
class Sound:
    """A decoded recording: interleaved samples of `channels` channels, in a file without a name."""

    media: Media
    samples: BinaryIO
    channels: int


def head(request: RecognitionRequest) -> bytes:
    """Return the recording's first bytes; Unusable if it cannot be read or is too large."""
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
    """Decode a recording for as long as the block lasts; Unusable with the reason if that cannot be done.

    All channels are mixed into one, unless the order asks for each by itself.
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
    """Run the decoder on one recording; what kills it, or keeps it too long, is not a recording."""
    seconds = min(_SECONDS_AT_LEAST + request.audio.stat().st_size // _BYTES_PER_SECOND, _SECONDS_AT_MOST)
    layout = "channels" if request.channels else "mono"
    command = [sys.executable, "-I", str(_DECODER), layout]
    with request.audio.open("rb") as recording:
        try:
            done = subprocess.run(
                [*command, str(samples.fileno()), str(seconds)],
                stdin=recording,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # ffmpeg quotes what it reads
                pass_fds=[samples.fileno()],
                timeout=seconds,
                check=True,
            )
            found: dict[str, Any] = json.loads(done.stdout)
        except (subprocess.SubprocessError, ValueError) as error:
            raise RecordingRefused(UNSUPPORTED_FORMAT) from error
    return found
