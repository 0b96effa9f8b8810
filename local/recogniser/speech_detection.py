"""Find the speech in a channel, and convert samples to the models' format."""

from typing import Any

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from local.recogniser.audio_decoder import SAMPLE_RATE
from local.recogniser.speech_intervals import Interval

Samples = NDArray[np.int16]
Sound = NDArray[np.float32]

# Whisper's windows have 30 s, and it loses text where it cuts them itself. Cut at pauses, it lost none.
LONGEST_SECONDS = 28.0
_SPEECH = VadOptions(
    threshold=0.5, min_silence_duration_ms=300, speech_pad_ms=200, max_speech_duration_s=LONGEST_SECONDS
)
# Five minutes are searched at a time, so four hours need no more memory than five minutes.
_BLOCK_SAMPLES = 300 * SAMPLE_RATE


def intervals(samples: Samples) -> list[Interval]:
    """Return the intervals of speech in a channel."""
    found: list[Interval] = []
    at = 0
    while at < len(samples):
        block = floats(samples[at : at + _BLOCK_SAMPLES])
        found_speech: list[dict[str, Any]] = get_speech_timestamps(block, _SPEECH)
        after = at + len(block)
        if after < len(samples) and found_speech and found_speech[-1]["end"] > len(block) - SAMPLE_RATE:
            after = at + found_speech.pop()["start"]  # the block's end cuts it: the next block has all of it
        found += [Interval((at + s["start"]) / SAMPLE_RATE, (at + s["end"]) / SAMPLE_RATE) for s in found_speech]
        at = after
    return found


def cut(samples: Samples, interval: Interval) -> Sound:
    """Return the samples of one interval of a channel, from -1 to 1."""
    return floats(samples[round(interval.start * SAMPLE_RATE) : round(interval.end * SAMPLE_RATE)])


def floats(samples: Samples) -> Sound:
    """Scale 16-bit samples to the range from -1 to 1."""
    return np.asarray(samples, dtype=np.float32) / np.float32(32768)
