"""Where somebody speaks in a channel, and its sound as the models take it."""

from typing import Any

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from local.recogniser.audio_decoder import SAMPLE_RATE
from local.recogniser.speech_intervals import Interval

Samples = NDArray[np.int16]
Sound = NDArray[np.float32]

# Whisper hears windows of 30 s and loses text where it cuts them itself; cut at pauses, it lost none.
LONGEST_SECONDS = 28.0
_SPEECH = VadOptions(
    threshold=0.5, min_silence_duration_ms=300, speech_pad_ms=200, max_speech_duration_s=LONGEST_SECONDS
)
# Speech is looked for in five minutes at a time, so that four hours need no more memory than five minutes.
_BLOCK_SAMPLES = 300 * SAMPLE_RATE


def intervals(samples: Samples) -> list[Interval]:
    """Return the stretches of a channel in which somebody speaks."""
    found: list[Interval] = []
    at = 0
    while at < len(samples):
        block = floats(samples[at : at + _BLOCK_SAMPLES])
        stretches: list[dict[str, Any]] = get_speech_timestamps(block, _SPEECH)
        after = at + len(block)
        if after < len(samples) and stretches and stretches[-1]["end"] > len(block) - SAMPLE_RATE:
            after = at + stretches.pop()["start"]  # cut by the block's edge: heard whole in the next
        found += [Interval((at + s["start"]) / SAMPLE_RATE, (at + s["end"]) / SAMPLE_RATE) for s in stretches]
        at = after
    return found


def cut(samples: Samples, interval: Interval) -> Sound:
    """Return one stretch of a channel."""
    return floats(samples[round(interval.start * SAMPLE_RATE) : round(interval.end * SAMPLE_RATE)])


def floats(samples: Samples) -> Sound:
    """Bring samples to the range from -1 to 1."""
    return np.asarray(samples, dtype=np.float32) / np.float32(32768)
