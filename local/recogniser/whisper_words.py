"""Convert Whisper's output to words: joined, separated from their punctuation, and in order of time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from local.recogniser.requests_and_results import PUNCTUATION, Word, split_punctuation
from local.recogniser.speech_intervals import Interval

# Quotation marks, brackets and dashes around a word are not part of it.
_WRAPPING = '"“”‘()[]{}♪♫…–—'  # noqa: RUF001 - these are the marks meant
_SHORTEST_SECONDS = 0.1


@dataclass(frozen=True)
class Piece:
    """A part of Whisper's text with its times. It begins with a blank if it begins a word."""

    text: str
    start: float
    end: float
    confidence: float


def words(pieces: Iterable[Piece], within: Interval, channel: int = 0) -> list[Word]:
    """Return the words that the pieces form, with times inside `within`."""
    found: list[Word] = []
    for piece in joined(pieces):
        text, punctuation = split_punctuation(piece.text.strip().strip(_WRAPPING))
        text = bare(text)
        if text:
            confidence = round(min(max(piece.confidence, 0.0), 1.0), 4)
            found.append(Word(text, piece.start, piece.end, confidence, punctuation, channel=channel))
        elif punctuation and found and not found[-1].punctuation:
            found[-1] = replace(found[-1], punctuation=punctuation)
    return list(in_time(found, within))


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Join the pieces of a word: "62", "-year", "-old". The lowest confidence of the pieces counts."""
    whole: list[Piece] = []
    for piece in pieces:
        if whole and piece.text and not piece.text[0].isspace():
            first = whole[-1]
            confidence = min(first.confidence, piece.confidence)
            whole[-1] = Piece(first.text + piece.text, first.start, piece.end, confidence)
        else:
            whole.append(piece)
    return whole


def bare(text: str) -> str:
    """Remove the marks around a word.

    >>> bare("(daily)"), bare("-known"), bare("-2.5"), bare("A-"), bare("--")
    ('daily', 'known', '-2.5', 'A-', '')
    """
    text = text.strip(_WRAPPING)
    while text.startswith("-") and not text[1:2].isdigit():
        text = text[1:].lstrip(_WRAPPING)
    return text if any(letter not in PUNCTUATION + "'" for letter in text) else ""


def in_time(words: Iterable[Word], within: Interval) -> Iterator[Word]:
    """Limit times to `within`, and let each word begin after the end of the word before.

    A word to which Whisper gives no time gets up to 0.1 s of the pause before it.
    """
    now = within.start
    for word in words:
        start = min(max(word.start, now), within.end)
        end = min(max(word.end, start), within.end)
        start = max(now, min(start, end - _SHORTEST_SECONDS))
        now = end
        yield replace(word, start=round(start, 3), end=round(end, 3))
