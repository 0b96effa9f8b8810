"""Correct the start of words after a pause, because Whisper starts them in the silence before."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from local.recogniser.audio_decoder import SAMPLE_RATE
from local.recogniser.requests_and_results import Word

_FRAME = SAMPLE_RATE // 100
# The word starts at the first frame this close to its loudest frame; weak consonants are closer than that.
_QUIETER_DECIBELS = 28.0
_PAUSE_SECONDS = 0.1
_LATEST_SECONDS = 0.4
_SHORTEST_SECONDS = 0.06


def corrected(words: Iterable[Word], samples: NDArray[np.int16]) -> Iterator[Word]:
    """Move the start of words after a pause to the start of their sound. `samples` is one channel."""
    before = -_PAUSE_SECONDS
    for word in words:
        pause, before = word.start - before, word.end
        yield word if pause < _PAUSE_SECONDS else _with_onset(word, samples)


def _with_onset(word: Word, samples: NDArray[np.int16]) -> Word:
    first = round(word.start * SAMPLE_RATE)
    part = samples[first : round(word.end * SAMPLE_RATE)]
    frames = part[: len(part) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not len(frames):
        return word
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    loud = int(np.argmax(power >= power.max() * 10 ** (-_QUIETER_DECIBELS / 10)))
    latest = min(_LATEST_SECONDS, word.end - word.start - _SHORTEST_SECONDS)
    later = max(0.0, min(loud * _FRAME / SAMPLE_RATE, latest))
    return replace(word, start=round(word.start + later, 3))
