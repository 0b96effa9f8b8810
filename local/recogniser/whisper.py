"""The real recogniser: Whisper, on the stretches of a recording in which somebody speaks."""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2 import set_random_seed  # type: ignore[attr-defined]  # a name from C++
from faster_whisper import WhisperModel
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from local.recogniser import audio, pieces, speakers, weights
from local.recogniser.pieces import Piece
from local.recogniser.spans import Span, pack
from local.recogniser.voice_encoder import VoiceEncoder
from local.recogniser.words import Order, Progress, Recognition, Unready, Word

Samples = NDArray[np.int16]

# Whisper hears windows of 30 s and loses text where it cuts them itself; cut at pauses, it lost none.
_LONGEST_SECONDS = 28.0
_LONGEST_PAUSE_SECONDS = 1.0
_SPEECH = VadOptions(
    threshold=0.5, min_silence_duration_ms=300, speech_pad_ms=200, max_speech_duration_s=_LONGEST_SECONDS
)
# Speech is looked for in ten minutes at a time, so that four hours need no more memory than ten minutes.
_BLOCK_SAMPLES = 600 * audio.SAMPLE_RATE
# What Whisper makes of a sound that only resembles speech is less likely, word for word, than any real sentence.
_BELIEVED = 0.15
_NEEDED = ("model.bin", "config.json", "tokenizer.json")


@dataclass(frozen=True)
class Whisper:
    """A loaded model and the voice encoder that tells speakers apart."""

    name: str
    model: WhisperModel
    voices: VoiceEncoder

    def recognise(self, order: Order, progress: Progress) -> Recognition:
        """Hear one recording; Unusable if Transcribe Medical would refuse it."""
        with audio.decoded(order) as sound:
            samples = np.memmap(sound.samples, dtype=np.int16, mode="r").reshape(-1, sound.channels)
            set_random_seed(0)  # the same recording gives the same words
            labels = order.max_speakers > 0 and not order.channels  # channels tell speakers apart already
            words: list[Word] = []
            for channel in range(sound.channels):
                share = _share(progress, channel, sound.channels + labels)
                words += self._channel(samples[:, channel], channel, share)
            words.sort(key=lambda word: word.start)
            if labels:
                words = speakers.label(words, samples[:, 0], self.voices, order.max_speakers)
            media = sound.media
        return Recognition(media.format, media.sample_rate, media.seconds, media.channels, tuple(words))

    def _channel(self, samples: Samples, channel: int, progress: Progress) -> list[Word]:
        """Hear one channel; what is not speech is not looked at, so silence and noise have no words."""
        words: list[Word] = []
        chunks = pack(speech(samples), longest=_LONGEST_SECONDS, gap=_LONGEST_PAUSE_SECONDS)
        progress(0.0)
        for n, chunk in enumerate(chunks, start=1):
            words += pieces.words(self._pieces(cut(samples, chunk), chunk.start), chunk, channel)
            progress(n / len(chunks))
        return words

    def _pieces(self, sound: NDArray[np.float32], at: float) -> Iterator[Piece]:
        segments, _ = self.model.transcribe(
            sound,
            language="en",
            beam_size=5,
            temperature=(0.0, 0.4),
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        for segment in segments:
            words = segment.words or []
            if sum(word.probability for word in words) < _BELIEVED * len(words):
                continue
            for word in words:
                yield Piece(word.word, at + float(word.start), at + float(word.end), float(word.probability))


def load(folder: str = "") -> Whisper:
    """Load the model in a folder, or else our own weights after checking them."""
    where, name = (_named(Path(folder)), Path(folder).name) if folder else (weights.find(weights.TINY_EN), "tiny.en")
    voices = speakers.load()
    try:
        model = WhisperModel(str(where), device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 1)
    except Exception as error:  # three libraries read the folder, each with errors of its own
        raise Unready(f"{where} holds no Whisper model that CTranslate2 can load: name another folder.") from error
    logging.getLogger("faster_whisper").setLevel(logging.ERROR)
    return Whisper(f"faster-whisper {name}", model, voices)


def _named(folder: Path) -> Path:
    """Return the folder that the user chose, if it can be a model's: what lacks would be fetched otherwise."""
    for name in _NEEDED:
        if not (folder / name).is_file():
            raise Unready(f"{folder} has no {name}: name a folder with a Whisper model for CTranslate2.")
    return folder


def speech(samples: Samples) -> list[Span]:
    """Return the stretches of a channel in which somebody speaks."""
    found: list[Span] = []
    at = 0
    while at < len(samples):
        block = floats(samples[at : at + _BLOCK_SAMPLES])
        stretches: list[dict[str, Any]] = get_speech_timestamps(block, _SPEECH)
        after = at + len(block)
        if after < len(samples) and stretches and stretches[-1]["end"] > len(block) - audio.SAMPLE_RATE:
            after = at + stretches.pop()["start"]  # cut by the block's edge: heard whole in the next
        found += [Span((at + s["start"]) / audio.SAMPLE_RATE, (at + s["end"]) / audio.SAMPLE_RATE) for s in stretches]
        at = after
    return found


def cut(samples: Samples, span: Span) -> NDArray[np.float32]:
    """Return one stretch of a channel as the model takes it."""
    return floats(samples[round(span.start * audio.SAMPLE_RATE) : round(span.end * audio.SAMPLE_RATE)])


def floats(samples: Samples) -> NDArray[np.float32]:
    """Bring samples to the range from -1 to 1."""
    return np.asarray(samples, dtype=np.float32) / np.float32(32768)


def _share(progress: Progress, part: int, parts: int) -> Progress:
    """Return the progress of one part of the work, told as that of the whole."""
    return lambda fraction: progress((part + fraction) / parts)
