"""Writes the words: as markup for people, and as numbers for the script."""

from collections.abc import Iterator, Sequence

from documents import plain_text
from documents.reader import escaping
from documents.reader.speakers import Speakers
from stethoscript import confidence
from stethoscript.confidence import Band
from stethoscript.transcript import Transcript, Turn, Word

PARAGRAPH, LONGEST = 60, 120
"""A long turn becomes paragraphs: at a sentence end after the first number of words, at once after the second."""
LINE = 68
SCREEN = 40
"""The characters of a line, and the lines of a screen. A browser lays out only visible screens. One screen for each
paragraph takes ten times as long to scroll; no screens take five times as long to open."""
_MARKS = {Band.MEDIUM: ("u", ()), Band.LOW: ("u", ("very",))}
"""The element and the class of a word with a low confidence."""
_SILENCE = (
    '<p class="silence">No speech was recognised in this recording, so there is nothing to read. '
    "If somebody does speak in it, you will have to listen.</p>"
)


def turns(transcript: Transcript, speakers: Speakers) -> str:
    """The turns as paragraphs, grouped in screens."""
    return "\n".join(_screens(_paragraphs(transcript.turns(), speakers))) or _SILENCE


def data(transcript: Transcript, file: str) -> str:
    """Times in hundredths of a second, each start relative to the previous one; confidence in percent."""
    words = transcript.words
    return escaping.data(
        {
            "file": file,
            "starts": list(_steps([_hundredths(word.start) for word in words])),
            "lengths": [_length(word) for word in words],
            "sure": [None if word.confidence is None else round(word.confidence * 100) for word in words],
            "stretches": [
                [_hundredths(stretch.start), _hundredths(stretch.end), stretch.readings]
                for stretch in transcript.alternatives
            ],
        }
    )


def _screens(paragraphs: Iterator[tuple[int, str]]) -> Iterator[str]:
    screen: list[str] = []
    height = 0
    for lines, paragraph in paragraphs:
        screen.append(paragraph)
        height += lines
        if height >= SCREEN:
            yield _screen(screen)
            screen, height = [], 0
    if screen:
        yield _screen(screen)


def _screen(paragraphs: Sequence[str]) -> str:
    return '<div class="screen">\n' + "\n".join(paragraphs) + "\n</div>"


def _paragraphs(spoken: Iterator[Turn], speakers: Speakers) -> Iterator[tuple[int, str]]:
    """Each paragraph with its number of lines, one of them empty, and whether the same speaker continues."""
    number, before = 0, ""
    for turn in spoken:
        speaker = speakers.style(turn.speaker)
        place = " again" if speaker == before else ""
        for words in _parts(turn.words):
            characters = sum(len(word.text) + 1 for word in words)
            yield 2 + characters // LINE, _paragraph(words, number, speakers, place)
            number, place = number + len(words), " more"
        before = speaker


def _parts(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    begin = 0
    for end, word in enumerate(words, start=1):
        enough = end - begin >= PARAGRAPH and word.punctuation.endswith((".", "?", "!"))
        if enough or end - begin >= LONGEST or end == len(words):
            yield words[begin:end]
            begin = end


def _paragraph(words: Sequence[Word], number: int, speakers: Speakers, place: str) -> str:
    who = words[0].speaker
    start = next((word.start for word in words if word.start is not None), None)
    head = f"<time>{plain_text.clock(start)}</time>"
    if place != " more":
        head = f"<h3>{speakers.heading(who)}{head}</h3>"
    spoken = " ".join(_written(words))
    return f'<div class="turn{speakers.style(who)}{place}">{head}<p data-w="{number}">{spoken}</p></div>'


def _written(words: Sequence[Word]) -> Iterator[str]:
    """Each word as an element, followed by its punctuation."""
    before = None
    for word in words:
        element, marks = _MARKS.get(confidence.level(word.confidence), ("span", ()))
        attributes = "".join(_attributes(word, marks, first=word.category != before))
        yield f"<{element}{attributes}>{escaping.text(word.text)}</{element}>{escaping.text(word.punctuation)}"
        before = word.category


def _attributes(word: Word, marks: tuple[str, ...], *, first: bool) -> Iterator[str]:
    if word.start is None:
        marks = (*marks, "untimed")
    if word.category:
        marks = (*marks, "phi", "first") if first else (*marks, "phi")
        yield f' data-phi="{escaping.text(word.category)}"'
    if marks:
        yield f' class="{" ".join(marks)}"'


def _length(word: Word) -> int | None:
    return 0 if word.start is None or word.end is None else _hundredths(word.end - word.start)


def _hundredths(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 100)


def _steps(starts: Sequence[int | None]) -> Iterator[int | None]:
    before = 0
    for start in starts:
        yield None if start is None else start - before
        before = before if start is None else start
