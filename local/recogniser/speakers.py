"""Speaker labels: compare voices in short windows, cluster similar ones, and give each word its cluster."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from local.recogniser import model_files, voice_encoder
from local.recogniser.requests_and_results import Word
from local.recogniser.speech_intervals import Interval, pack
from local.recogniser.voice_encoder import SAMPLE_RATE, WINDOW_SECONDS, Floats, VoiceEncoder, unit

Labels = NDArray[np.intp]
# A batch reads windows of samples, one a row, when called. Encode returns the vectors of batches, in order.
Batch = Callable[[], Floats]
Encode = Callable[[Sequence[Batch]], Iterable[Floats]]

_HOP_SECONDS = 0.4
# With more windows the distance between them grows, because four hours would take an hour ...
_MOST_WINDOWS = 6_000
# ... and this many are clustered, because the time grows with the square.
_MOST_COMPARED = 1_000
# A batch in each thread takes tens of megabytes.
_BATCH = 32
# Two clusters with at least this average cosine distance are two voices.
_APART = 0.30
# A cluster smaller than this is noise (two voices at once, a cough), not a person ...
_LEAST_SECONDS = 3.2
_LEAST_SHARE = 0.04
# ... unless it has this share of a short recording.
_SURE_SHARE = 0.3
# The price of a change of speaker, in cosine similarity; lower after a pause.
_CHANGE = 0.15
_CHANGE_AFTER_PAUSE = 0.045
_PAUSE_SECONDS = 0.3


def load() -> VoiceEncoder:
    """Load the voice encoder after checking its weights.

    Raises:
        EngineNotReady: the weights are missing or differ.
    """
    return voice_encoder.load(model_files.find(model_files.VOICE_ENCODER) / "pretrained.pt")


def label(words: Sequence[Word], samples: NDArray[np.int16], encode: Encode, most: int) -> list[Word]:
    """Give every word a speaker, from 0 in order of appearance; at most `most` speakers."""
    if not words:
        return []
    spoken = pack([Interval(word.start, word.end) for word in words], longest=float("inf"), gap=_PAUSE_SECONDS)
    hop = max(_HOP_SECONDS, sum(interval.end - interval.start for interval in spoken) / _MOST_WINDOWS)
    middles, pauses = windows(spoken, hop)
    vectors = np.concatenate(list(encode(_batches(samples, middles))))
    voices = centroids(vectors, most, hop)
    track = smooth(vectors @ voices.T, pauses)
    nearest = [int(np.abs(middles - (word.start + word.end) / 2).argmin()) for word in words]
    return _numbered(words, track[nearest])


def windows(spoken: Iterable[Interval], hop: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the middles of windows `hop` seconds apart, and whether a pause precedes each."""
    middles = [
        np.arange(interval.start, max(interval.end, interval.start + 0.01), hop) + hop / 2 for interval in spoken
    ]
    pauses = [np.arange(len(part)) == 0 for part in middles]
    return np.concatenate(middles).astype(np.float32), np.concatenate(pauses)


def _batches(samples: NDArray[np.int16], middles: Floats) -> list[Batch]:
    size = round(WINDOW_SECONDS * SAMPLE_RATE)
    latest = max(0, len(samples) - size)
    starts = np.clip((middles * SAMPLE_RATE).astype(int) - size // 2, 0, latest)
    return [partial(_batch, samples, starts[n : n + _BATCH]) for n in range(0, len(starts), _BATCH)]


def _batch(samples: NDArray[np.int16], starts: Labels) -> Floats:
    size = round(WINDOW_SECONDS * SAMPLE_RATE)
    rows = [np.asarray(samples[start : start + size], np.float32) / 32768 for start in starts]
    return np.stack([np.pad(row, (0, size - len(row))) for row in rows])


def centroids(vectors: Floats, most: int, hop: float) -> Floats:
    """Return one unit vector for each voice, a row each; at most `most` rows."""
    compared = vectors[np.unique(np.linspace(0, len(vectors) - 1, _MOST_COMPARED).astype(int))]
    groups = group(1 - compared @ compared.T, _APART)
    sizes = np.bincount(groups)
    shortest = _LEAST_SECONDS / hop / len(vectors)
    least = min(max(shortest, _LEAST_SHARE), _SURE_SHARE) * len(compared)
    kept = np.flatnonzero(sizes >= least) if (sizes >= least).any() else np.array([sizes.argmax()])
    means = unit(np.stack([compared[groups == n].mean(axis=0) for n in kept]))
    merged = group(1 - means @ means.T, np.inf, at_most=most) if len(means) > most else np.arange(len(means))
    weight = sizes[kept][:, None]
    return unit(np.stack([(means * weight)[merged == n].sum(axis=0) for n in np.unique(merged)]))


def group(distances: Floats, apart: float, at_most: int = 1) -> Labels:
    """Join the two closest clusters (average distance) until they are `apart` or `at_most` are left; return labels."""
    far = np.array(distances, dtype=np.float64)
    np.fill_diagonal(far, np.inf)
    sizes = np.ones(len(far))
    labels = np.arange(len(far))
    left = len(far)
    while left > at_most:
        a, b = np.unravel_index(far.argmin(), far.shape)
        if not far[a, b] < apart:
            break
        row = (far[a] * sizes[a] + far[b] * sizes[b]) / (sizes[a] + sizes[b])
        row[a] = np.inf
        far[a, :] = far[:, a] = row
        far[b, :] = far[:, b] = np.inf
        sizes[a] += sizes[b]
        labels[labels == labels[b]] = labels[a]
        left -= 1
    inverse: Labels = np.unique(labels, return_inverse=True)[1]
    return inverse


def smooth(similarity: Floats, pauses: NDArray[np.bool_]) -> Labels:
    """Return the likeliest sequence of voices, with a price for each change (Viterbi)."""
    best = similarity[0]
    came_from = []
    for row, pause in zip(similarity[1:], pauses[1:], strict=True):
        price = _CHANGE_AFTER_PAUSE if pause else _CHANGE
        reached = best[:, None] - price * (1 - np.eye(len(best)))
        came_from.append(reached.argmax(axis=0))
        best = reached.max(axis=0) + row
    path = [int(best.argmax())]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    return np.array(path[::-1])


def _numbered(words: Sequence[Word], voices: Labels) -> list[Word]:
    """Number the voices in the order in which they appear."""
    numbers: dict[int, int] = {}
    return [
        replace(word, speaker=numbers.setdefault(int(voice), len(numbers)))
        for word, voice in zip(words, voices, strict=True)
    ]
