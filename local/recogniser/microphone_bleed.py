"""Remove speech that a microphone recorded from the other speaker, because both channels would contain it."""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from local.recogniser.audio_decoder import SAMPLE_RATE
from local.recogniser.requests_and_results import Word

# A voice is at least this much louder in its own microphone (four times the amplitude).
_LOUDER_DECIBELS = 12.0


def remove(words: Sequence[Word], samples: NDArray[np.int16]) -> list[Word]:
    """Remove the words during which another channel is much louder and has a word at that time."""
    channels = {word.channel for word in words}
    by_channel = {channel: [word for word in words if word.channel == channel] for channel in channels}
    return [
        word
        for word in words
        if not any(
            channel != word.channel and _at(by_channel[channel], word) and _louder(channel, word, samples)
            for channel in channels
        )
    ]


def _at(others: Sequence[Word], word: Word) -> bool:
    """Return whether one of the other words, which are in order of time, overlaps the word."""
    after = bisect_left(others, word.end, key=lambda other: other.start)
    return after > 0 and others[after - 1].end > word.start


def _louder(channel: int, word: Word, samples: NDArray[np.int16]) -> bool:
    part = samples[int(word.start * SAMPLE_RATE) : int(word.end * SAMPLE_RATE) + 1]
    if not len(part):
        return False
    loudness = _decibels(part)
    return bool(loudness[channel] - loudness[word.channel] > _LOUDER_DECIBELS)


def _decibels(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the loudness of each column in decibels; digital silence counts as amplitude 1."""
    power = np.mean(np.square(samples, dtype=np.float64), axis=0)
    return np.asarray(10 * np.log10(np.maximum(power, 1.0)))
