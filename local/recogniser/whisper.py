"""The Whisper engine: recognise the parts of a recording that contain speech."""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from mmap import ACCESS_READ, MADV_DONTNEED, mmap
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from faster_whisper import WhisperModel

from local.recogniser import (
    alternatives,
    audio_decoder,
    entities,
    microphone_bleed,
    model_files,
    speakers,
    speech_detection,
    vocabulary,
    whisper_words,
    word_onsets,
)
from local.recogniser.requests_and_results import (
    EngineNotReady,
    Progress,
    RecognitionRequest,
    RecognitionResult,
    Segment,
    Word,
)
from local.recogniser.shared_threads import SharedThreads
from local.recogniser.speech_detection import Samples
from local.recogniser.speech_intervals import Interval, pack
from local.recogniser.voice_encoder import Floats, VoiceEncoder
from local.recogniser.whisper_model import SpeechModel
from local.recogniser.whisper_words import Piece

Item = TypeVar("Item")

_LONGEST_PAUSE_SECONDS = 1.0
# Audio before the first and after the last word of a sentence that is recognised separately.
_MARGIN_SECONDS = 0.2
# Each worker takes about 100 MB. With more processors, each worker uses several.
_MOST_WORKERS = 8
_MODEL_FILES = ("model.bin", "config.json", "tokenizer.json")


class Chunk(NamedTuple):
    """A piece of work: one interval of one channel."""

    channel: int
    interval: Interval


@dataclass(frozen=True)
class Whisper:
    """A loaded model, the voice encoder for speaker labels, and the threads that use both."""

    name: str
    model: SpeechModel
    voices: VoiceEncoder
    threads: SharedThreads

    def recognise(self, request: RecognitionRequest, progress: Progress) -> RecognitionResult:
        """Recognise one recording.

        Raises:
            RecordingRefused: Transcribe Medical would refuse it.
        """
        labels = request.max_speakers > 0 and not request.channels  # channels already separate the speakers
        with audio_decoder.decoded(request) as sound:
            file = mmap(sound.samples.fileno(), 0, access=ACCESS_READ)
            samples = np.frombuffer(file, np.int16).reshape(-1, sound.channels)

            def report(fraction: float) -> None:
                file.madvise(MADV_DONTNEED)  # frees memory: four hours of samples are large
                progress(fraction)

            parts = Parts(report, 1 + labels + (request.alternatives > 1))
            words = self._words(request, samples, parts)
            if labels:
                words = self._labelled(request, words, samples[:, 0], parts)
            segments = self._segments(request, words, samples, parts) if request.alternatives > 1 else None
            media = sound.media
        return RecognitionResult(
            media.format,
            media.sample_rate,
            media.seconds,
            media.channels,
            tuple(words),
            segments,
            entities.find(words) if request.entities else None,
        )

    def _words(self, request: RecognitionRequest, samples: Samples, parts: "Parts") -> list[Word]:
        """Recognise all channels. Only speech is passed to Whisper, so silence and noise produce no words."""
        chunks = [
            Chunk(channel, interval)
            for channel in range(samples.shape[1])
            for interval in pack(
                speech_detection.intervals(samples[:, channel]),
                longest=speech_detection.LONGEST_SECONDS,
                gap=_LONGEST_PAUSE_SECONDS,
            )
        ]
        found = self.threads.each(lambda chunk: self._recognised(request, samples, chunk), chunks)
        words = [word for some in parts.follow(found, len(chunks)) for word in some]
        words.sort(key=lambda word: word.start)
        return microphone_bleed.remove(words, samples)

    def _recognised(self, request: RecognitionRequest, samples: Samples, chunk: Chunk) -> list[Word]:
        """Recognise one chunk, and a second time with the terms that it may contain."""
        sound = speech_detection.cut(samples[:, chunk.channel], chunk.interval)
        found = self.model.transcribe(sound)
        words = _words(found, chunk)
        hints = vocabulary.hints(request.vocabulary, words, self.model.tokens)
        if hints:
            words = vocabulary.accepted(
                words, _words(self.model.transcribe_with_hints(sound, found, hints), chunk), request.vocabulary
            )
        words = list(word_onsets.corrected(words, samples[:, chunk.channel]))
        return vocabulary.written(words, request.vocabulary)

    def _labelled(
        self, request: RecognitionRequest, words: Sequence[Word], samples: Samples, parts: "Parts"
    ) -> list[Word]:
        def encode(batches: Sequence[speakers.Batch]) -> Iterator[Floats]:
            return parts.follow(self.threads.each(lambda batch: self.voices(batch()), batches), len(batches))

        return speakers.label(words, samples, encode, request.max_speakers)

    def _segments(
        self, request: RecognitionRequest, words: Sequence[Word], samples: Samples, parts: "Parts"
    ) -> tuple[Segment, ...]:
        """Recognise each sentence separately, with the requested number of readings."""
        by_channel = [[word for word in words if word.channel == channel] for channel in range(samples.shape[1])]
        sentences = [sentence for some in by_channel for sentence in alternatives.sentences(some)]
        found = self.threads.each(lambda sentence: self._segment(request, samples, sentence), sentences)
        return tuple(sorted(parts.follow(found, len(sentences)), key=lambda segment: segment.start))

    def _segment(self, request: RecognitionRequest, samples: Samples, sentence: Sequence[Word]) -> Segment:
        spoken, channel = alternatives.interval(sentence), sentence[0].channel
        found = Interval(
            max(0.0, spoken.start - _MARGIN_SECONDS),
            min(len(samples) / audio_decoder.SAMPLE_RATE, spoken.end + _MARGIN_SECONDS),
        )
        readings = (
            vocabulary.written(whisper_words.words(_moved(reading, found.start), spoken, channel), request.vocabulary)
            for reading in self.model.readings(speech_detection.cut(samples[:, channel], found), request.alternatives)
        )
        alike = (reading for reading in readings if alternatives.alike(sentence, reading))
        return alternatives.segment(sentence, alike, request.alternatives)


class Parts:
    """The progress of work in several consecutive parts."""

    def __init__(self, progress: Progress, parts: int) -> None:
        self._progress = progress
        self._parts = parts
        self._done = 0

    def follow(self, items: Iterable[Item], count: int) -> Iterator[Item]:
        """Yield the items, and report the progress of the whole."""
        self._progress(self._done / self._parts)
        for n, item in enumerate(items, start=1):
            yield item
            self._progress((self._done + n / count) / self._parts)
        self._done += 1
        if not count:
            self._progress(self._done / self._parts)


def load(folder: str = "") -> Whisper:
    """Load the model in a folder, or else the installed weights after checking them.

    Raises:
        EngineNotReady: with the remedy.
    """
    where, name = (
        (_named(Path(folder)), Path(folder).name) if folder else (model_files.find(model_files.TINY_EN), "tiny.en")
    )
    voices = speakers.load()
    cores = os.cpu_count() or 1
    workers = min(cores, _MOST_WORKERS)
    try:
        # One thread for each of several chunks is twice as fast as several threads for one chunk.
        model = WhisperModel(
            str(where), device="cpu", compute_type="int8", cpu_threads=cores // workers, num_workers=workers
        )
    except Exception as error:  # three libraries read the folder and raise various errors
        raise EngineNotReady(
            f"{where} holds no Whisper model that CTranslate2 can load: name another folder."
        ) from error
    logging.getLogger("faster_whisper").setLevel(logging.ERROR)
    return Whisper(f"faster-whisper {name}", SpeechModel(model), voices, SharedThreads(workers))


def _named(folder: Path) -> Path:
    """Return the folder that the user chose if it has the model's files; faster-whisper would download missing ones."""
    for name in _MODEL_FILES:
        if not (folder / name).is_file():
            raise EngineNotReady(f"{folder} has no {name}: name a folder with a Whisper model for CTranslate2.")
    return folder


def _words(found: Iterable[Piece], chunk: Chunk) -> list[Word]:
    """Return a chunk's words, with times from the recording's start."""
    return whisper_words.words(_moved(found, chunk.interval.start), chunk.interval, chunk.channel)


def _moved(found: Iterable[Piece], seconds: float) -> list[Piece]:
    """Add seconds to all times."""
    return [replace(piece, start=piece.start + seconds, end=piece.end + seconds) for piece in found]
