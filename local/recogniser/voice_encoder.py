"""Voices as vectors: the GE2E speaker encoder, computed with numpy alone.

Wan and others, "Generalized End-to-End Loss for Speaker Verification" (2018): three LSTM layers read 1.6 s of mel
spectrogram. The last output of the last layer is projected onto 256 numbers. Vectors of one voice have a small cosine
distance.
"""

import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SAMPLE_RATE = 16_000
WINDOW_SECONDS = 1.6
_FRAME = 400
_HOP = 160
_MELS = 40
_LAYERS = 3
_LOUDNESS = 10 ** (-30 / 20)
_HEADERS = 3


@dataclass(frozen=True)
class VoiceEncoder:
    """The encoder's weights: input, recurrent and bias weights of each layer, and the projection."""

    layers: tuple[tuple[Floats, Floats, Floats], ...]
    projection: tuple[Floats, Floats]

    def __call__(self, windows: Floats) -> Floats:
        """Return a unit vector of 256 for each row of `windows`, which has `WINDOW_SECONDS` of samples."""
        steps = np.stack([mel(window) for window in windows]).transpose(1, 0, 2)
        for weights in self.layers:
            steps = _lstm(steps, *weights)
        matrix, bias = self.projection
        vectors = np.maximum(steps[-1] @ matrix.T + bias, 0)
        return unit(vectors)


def unit(vectors: Floats) -> Floats:
    """Scale rows to length one."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)


def _lstm(steps: Floats, of_input: Floats, of_memory: Floats, bias: Floats) -> Floats:
    """Run one layer over (time, window, value), from a zero state."""
    inputs = steps @ of_input.T + bias
    size = of_memory.shape[1]
    output = cell = np.zeros((steps.shape[1], size), np.float32)
    outputs = np.empty((*steps.shape[:2], size), np.float32)
    for t, given in enumerate(inputs):
        gates = given + output @ of_memory.T
        enter, forget, leave = (_sigmoid(gates[:, n * size : (n + 1) * size]) for n in (0, 1, 3))
        cell = forget * cell + enter * np.tanh(gates[:, 2 * size : 3 * size])
        outputs[t] = output = leave * np.tanh(cell)
    return outputs


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), np.float32)


def mel(window: Floats) -> Floats:
    """Return the mel power spectrum, a row every 10 ms. A quiet voice is amplified to the loudness in training."""
    loudness = float(np.sqrt(np.mean(window**2)))
    raised = window * max(1.0, _LOUDNESS / max(loudness, 1e-5))
    padded = np.pad(raised, _FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[: len(window) : _HOP] * _HANN
    power = np.abs(np.fft.rfft(frames)) ** 2
    return (power @ _MEL_BANDS).astype(np.float32)


def _mel_bands() -> Floats:
    """Return Slaney's mel bands of equal area: linear below 1 kHz, logarithmic above."""
    linear, start, step = 200 / 3, 1000.0, np.log(6.4) / 27
    top = start / linear + np.log(SAMPLE_RATE / 2 / start) / step
    mels = np.linspace(0, top, _MELS + 2)
    over = np.maximum(mels - start / linear, 0)
    edges = np.where(over > 0, start * np.exp(step * over), linear * mels)
    bins = np.fft.rfftfreq(_FRAME, 1 / SAMPLE_RATE)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.maximum(0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
    return np.asarray(triangles * 2 / (high - low), np.float32)


_HANN = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
_MEL_BANDS = _mel_bands()


def load(path: Path) -> VoiceEncoder:
    """Read the encoder from its published file."""
    with path.open("rb") as file:
        state = _read(file)["model_state"]
    layers = tuple(
        (
            state[f"lstm.weight_ih_l{n}"],
            state[f"lstm.weight_hh_l{n}"],
            state[f"lstm.bias_ih_l{n}"] + state[f"lstm.bias_hh_l{n}"],
        )
        for n in range(_LAYERS)
    )
    return VoiceEncoder(layers, (state["linear.weight"], state["linear.bias"]))


class _Names(pickle.Unpickler):
    """Reads a pickle that may name only three types, each read as plain data, so no code of the file runs."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, Floats] = {}

    def find_class(self, module: str, name: str) -> Any:
        allowed: dict[tuple[str, str], Callable[..., Any] | str] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch", "FloatStorage"): "float32",
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a file of weights")
        return allowed[module, name]

    def persistent_load(self, pid: Any) -> Floats:
        """Return the array for a block of numbers, which follow at the end of the file."""
        _, _, key, _, count = pid[:5]
        return self.storages.setdefault(key, np.zeros(count, np.float32))


def _tensor(storage: Floats, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Floats:
    steps = [4 * step for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps)


def _read(file: BinaryIO) -> Any:
    """Read PyTorch's older format: three headers, the objects, the names of the blocks, the blocks."""
    for _ in range(_HEADERS):
        _Names(file).load()
    reader = _Names(file)
    content = reader.load()
    for key in _Names(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        reader.storages[key][:] = np.frombuffer(file.read(4 * count), np.float32)
    return content
