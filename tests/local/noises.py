"""Sounds without speech."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Samples = NDArray[np.float64]

_SCALE = (220.0, 246.9, 261.6, 293.7, 329.6, 349.2, 392.0, 440.0, 493.9, 523.3)
_CHORDS = ((0, 2, 4), (5, 7, 9), (1, 3, 5), (4, 6, 8))
_VOWELS = ((700, 1200, 2500), (300, 2300, 3000), (400, 800, 2500), (500, 1700, 2500), (350, 700, 2300))


def silence(times: Samples) -> Samples:
    return np.zeros(len(times))


def white(times: Samples) -> Samples:
    return np.random.default_rng(1).normal(0, 0.1, len(times))


def pink(times: Samples) -> Samples:
    spectrum = np.fft.rfft(np.random.default_rng(2).normal(0, 1, len(times)))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    noise = np.fft.irfft(spectrum, len(times))
    return 0.4 * noise / np.abs(noise).max()


def hum(times: Samples) -> Samples:
    return np.sum([0.1 / n * np.sin(2 * np.pi * 50 * n * times) for n in range(1, 12)], axis=0)


def buzz(times: Samples) -> Samples:
    return 0.15 * (2 * ((times * 120) % 1) - 1) * (1 + 0.5 * np.sin(2 * np.pi * 0.7 * times))


def syllables(times: Samples) -> Samples:
    """Pink noise that changes its volume four times a second, like speech."""
    swell = np.clip(np.sin(2 * np.pi * 4 * times + 2 * np.sin(2 * np.pi * 0.9 * times)), 0, 1)
    return 2 * pink(times) * swell * (np.sin(2 * np.pi * 0.3 * times) > -0.5)


def vowels(times: Samples) -> Samples:
    """A voice-like tone through five vowel filters, five times a second, without words."""
    rng = np.random.default_rng(3)
    throat = ((times * (120 + 20 * np.sin(2 * np.pi * 0.4 * times))) % 1 < 0.06).astype(float)
    sound, step = np.zeros(len(times)), RATE // 5
    hertz = np.fft.rfftfreq(RATE // 2, 1 / RATE)
    for at in range(0, len(times) - step, step):
        mouth = np.sum([1 / (1 + ((hertz - f) / 90) ** 2) for f in _VOWELS[rng.integers(len(_VOWELS))]], axis=0)
        shaped = np.fft.irfft(np.fft.rfft(throat[at : at + step], RATE // 2) * mouth)
        sound[at : at + step] += shaped[:step] * np.hanning(step)
    return 0.5 * sound / np.abs(sound).max()


def melody(times: Samples) -> Samples:
    rng, sound, at = np.random.default_rng(4), np.zeros(len(times)), 0
    while at < len(times):
        seconds = rng.choice([0.25, 0.5, 0.5, 1.0])
        _add(sound, at, 0.12 * _tone(rng.choice(_SCALE) * rng.choice([1, 2]), seconds * 1.3, vibrato=0.4))
        at += int(seconds * RATE)
    return sound


def chords(times: Samples) -> Samples:
    sound = np.zeros(len(times))
    for n, at in enumerate(range(0, len(times), 2 * RATE)):
        for note in _CHORDS[n % len(_CHORDS)]:
            _add(sound, at, 0.06 * _tone(_SCALE[note] / 2, 2.2))
    return sound


def drums(times: Samples) -> Samples:
    rng, sound, beat = np.random.default_rng(5), np.zeros(len(times)), np.arange(RATE // 5) / RATE
    hits = (
        lambda: 0.4 * np.sin(2 * np.pi * (50 + 80 * np.exp(-beat * 30)) * beat) * np.exp(-beat * 20),
        lambda: 0.06 * rng.normal(0, 1, len(beat)) * np.exp(-beat * 60),
        lambda: 0.2 * rng.normal(0, 1, len(beat)) * np.exp(-beat * 25),
        lambda: 0.06 * rng.normal(0, 1, len(beat)) * np.exp(-beat * 60),
    )
    for n, at in enumerate(range(0, len(times), RATE // 4)):
        _add(sound, at, hits[n % len(hits)]())
    return sound


def music(times: Samples) -> Samples:
    return melody(times) + chords(times) + drums(times)


def babble(times: Samples, speech: Samples, voices: int) -> Samples:
    """Several voices at once, played backwards: all properties of speech except words."""
    rng, backwards = np.random.default_rng(6), speech[::-1]
    return sum(
        (
            0.9 / np.sqrt(voices) * np.resize(np.roll(backwards, rng.integers(len(speech))), len(times))
            for _ in range(voices)
        ),
        np.zeros(len(times)),
    )


NOISES: Mapping[str, Callable[[Samples], Samples]] = {
    noise.__name__: noise
    for noise in (silence, white, pink, hum, buzz, syllables, vowels, melody, chords, drums, music)
}


def seconds(count: float) -> Samples:
    """The times of the samples in this many seconds."""
    return np.arange(round(count * RATE)) / RATE


def samples(sound: Samples) -> NDArray[np.int16]:
    """Convert a sound to 16 bits."""
    return np.clip(sound * 32767, -32768, 32767).astype(np.int16)


def _tone(hertz: float, seconds: float, *, vibrato: float = 0.0) -> Samples:
    times = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * hertz * times + vibrato * np.sin(2 * np.pi * 5.5 * times)
    swell = np.minimum(1, times / 0.02) * np.exp(-times * 1.5)
    return swell * np.sum([np.sin(n * phase) / n for n in range(1, 8)], axis=0)


def _add(sound: Samples, at: int, part: Samples) -> None:
    room = sound[at : at + len(part)]
    room += part[: len(room)]
