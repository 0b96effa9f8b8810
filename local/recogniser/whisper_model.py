"""Whisper for one piece of audio at a time. Several threads may use it at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from numpy.typing import NDArray

from local.recogniser.phonetics import letters
from local.recogniser.whisper_words import Piece

Sound = NDArray[np.float32]

# Ten in place of the usual five: a third slower, and less dependent on rounding.
_BEAMS = 10
# Words that Whisper invents for noise have a lower mean probability than any real sentence.
_LEAST_CONFIDENCE = 0.15
# Whisper's probability of no speech: at most 0.3 in all measured speech, at least 0.6 in babble and synthetic
# vowels. Repetitive text is dropped at a lower one.
_NO_SPEECH = 0.55
_NO_SPEECH_REPETITIVE = 0.35
# Text with this compression ratio is repetitive. A repetition penalty may avoid that.
_REPETITIVE = 2.4
_REPETITION_PENALTY = 1.2
# Most hypotheses differ only in punctuation, so more are generated than requested.
_HYPOTHESES_FOR_EACH = 3
_MOST_HYPOTHESES = 20
_MOST_TOKENS = 200
_FEW_TOKENS = 20


@dataclass(frozen=True)
class SpeechModel:
    """A loaded model."""

    model: WhisperModel

    def transcribe(self, sound: Sound) -> list[Piece]:
        """Return the text of at most 28 s of audio, with times from its start."""
        segments = self._segments(sound)
        if any(segment.compression_ratio > _REPETITIVE for segment in segments):
            again = self._segments(sound, repetition_penalty=_REPETITION_PENALTY)
            segments = min(segments, again, key=lambda tried: max((s.compression_ratio for s in tried), default=0.0))
        return _pieces(segments)

    def transcribe_with_hints(self, sound: Sound, before: Sequence[Piece], hints: str) -> list[Piece]:
        """Return the text, with `hints` as likely words. `before` is the result without hints; it limits the length."""
        # Whisper may repeat hints without end if the audio does not contain them.
        longest = self.tokens("".join(piece.text for piece in before)) * 3 // 2 + _FEW_TOKENS
        return _pieces(self._segments(sound, hotwords=hints, max_new_tokens=min(longest, _MOST_TOKENS)))

    def _segments(self, sound: Sound, **options: Any) -> list[Any]:
        segments, _ = self.model.transcribe(
            sound,
            language="en",
            beam_size=_BEAMS,
            temperature=0.0,  # deterministic: the same recording gives the same words
            word_timestamps=True,
            condition_on_previous_text=False,
            **options,
        )
        return list(segments)

    def readings(self, sound: Sound, wanted: int) -> Iterator[list[Piece]]:
        """Yield different texts for the same audio, the likeliest first, each with times from its start."""
        features = self.model.feature_extractor(sound)
        frames = features.shape[-1] - 1
        encoded = self.model.encode(pad_or_trim(features[:, :frames]))
        tokenizer = self._tokenizer()
        hypotheses = min(wanted * _HYPOTHESES_FOR_EACH, _MOST_HYPOTHESES)
        (result,) = self.model.model.generate(
            encoded,
            [self.model.get_prompt(tokenizer, [], without_timestamps=True)],
            beam_size=max(hypotheses, _BEAMS),
            num_hypotheses=hypotheses,
            max_length=_MOST_TOKENS,
            suppress_tokens=get_suppressed_tokens(tokenizer, (-1,)),
        )
        known: set[str] = set()
        for tokens in result.sequences_ids:
            text = [token for token in tokens if token < tokenizer.eot]
            letters_only = letters(tokenizer.decode(text))
            if not letters_only or letters_only in known:
                continue
            known.add(letters_only)
            aligned: Any = self.model.find_alignment(tokenizer, [text], encoded, frames)  # type: ignore[list-item]
            yield [Piece(w["word"], float(w["start"]), float(w["end"]), float(w["probability"])) for w in aligned[0]]

    def tokens(self, text: str) -> int:
        """Return the number of a text's tokens."""
        return len(self._tokenizer().encode(f" {text}"))

    def _tokenizer(self) -> Tokenizer:
        return Tokenizer(self.model.hf_tokenizer, self.model.model.is_multilingual, task="transcribe", language="en")


def _is_speech(segment: Any) -> bool:
    words = segment.words or ()
    limit = _NO_SPEECH if segment.compression_ratio <= _REPETITIVE else _NO_SPEECH_REPETITIVE
    return bool(
        segment.no_speech_prob < limit and sum(word.probability for word in words) >= _LEAST_CONFIDENCE * len(words)
    )


def _pieces(segments: Iterable[Any]) -> list[Piece]:
    return [
        Piece(word.word, float(word.start), float(word.end), float(word.probability))
        for segment in segments
        if _is_speech(segment)
        for word in segment.words or ()
    ]
