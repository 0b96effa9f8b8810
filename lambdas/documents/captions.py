"""Writes captions for the audio: WebVTT and SubRip.

A cue has at most two lines of 42 characters and seven seconds, unless a single word exceeds that.
"""

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import NamedTuple

from documents import plain_text
from documents.recording_info import RecordingInfo
from stethoscript import audio_notes
from stethoscript.transcript import Transcript, Word

MOST_CHARACTERS = 42
MOST_LINES = 2
MOST_SECONDS = 7.0
PAUSE = 1.0
"""Seconds of silence after which a new cue begins."""
LEAST = 1000
"""The shortest cue in milliseconds, unless the next one begins earlier."""
_INVISIBLE = "\u2060"
"""The word joiner. SubRip has no escape, and players interpret `<` and `{` as tags. No word of the model holds one."""


@dataclass
class Cue:
    """The words shown together. `introduced` is set if the speaker changes. Times are None until a word has one."""

    speaker: str
    introduced: bool
    lines: list[str] = field(default_factory=list)
    start: float | None = None
    end: float | None = None

    def takes(self, word: Word) -> bool:
        """Whether the word fits into the cue. A word without a time always fits."""
        if word.start is None or self.start is None or self.end is None:
            return True
        return not (
            (len(self.lines) >= MOST_LINES and (self._wraps(word) or self.lines[-1].endswith((".", "?", "!"))))
            or (word.end or word.start) - self.start > MOST_SECONDS
            or word.start - self.end > PAUSE
        )

    def add(self, word: Word) -> None:
        """Append a word, on a new line if necessary."""
        if not self.lines or self._wraps(word):
            self.lines.append(word.text + word.punctuation)
        else:
            self.lines[-1] += f" {word.text}{word.punctuation}"
        if self.start is None:
            self.start = word.start
        self.end = max((each for each in (self.end, word.start, word.end) if each is not None), default=None)

    def _wraps(self, word: Word) -> bool:
        taken = len(self.lines[-1]) + (len(self.speaker) + 2 if self.introduced and len(self.lines) == 1 else 0)
        return taken + 1 + len(word.text) + len(word.punctuation) > MOST_CHARACTERS


class Shown(NamedTuple):
    """A cue with its times in milliseconds. It never begins before the previous cue, and always has a length."""

    begin: int
    end: int
    cue: Cue


def shown(transcript: Transcript) -> Iterator[Shown]:
    """The captions in order. They overlap only if voices overlap."""
    cues = list(_cues(transcript))
    begins = list(_begins(cues))
    for cue, begin, following in zip_longest(cues, begins, begins[1:]):
        lasting = begin + LEAST if following is None else min(begin + LEAST, following)
        yield Shown(begin, max(_milliseconds(cue.end), lasting, begin + 1), cue)


def vtt(transcript: Transcript, info: RecordingInfo) -> bytes:
    """WebVTT (https://www.w3.org/TR/webvtt1/); notes, which players hide, name missing data."""
    length = [f"Length of the audio: {info.length}."] if info.length else []
    about = (*audio_notes.notes(info.audio, len(transcript.words)), *transcript.notes, *length)
    notes = [f"NOTE {note}" for note in about]
    cues = (
        f"{_clock(begin, '.')} --> {_clock(end, '.')}\n{_voice(cue.speaker)}{_escaped(cue.lines)}"
        for begin, end, cue in shown(transcript)
    )
    return ("\n\n".join(["WEBVTT", *notes, *cues]) + "\n").encode()


def srt(transcript: Transcript, _info: RecordingInfo) -> bytes:
    """SubRip: numbered cues, with the speaker's name at each change.

    Without speech one cue says so, because ffmpeg and other tools refuse a file without a cue.
    """
    silence = Shown(0, LEAST, Cue("", introduced=False, lines=[plain_text.NO_SPEECH]))
    captions = shown(transcript) if transcript.words else [silence]
    cues = (
        f"{number}\n{_clock(begin, ',')} --> {_clock(end, ',')}\n{_introduction(cue)}{_joined(cue.lines)}\n\n"
        for number, (begin, end, cue) in enumerate(captions, start=1)
    )
    return "".join(cues).encode()


def _cues(transcript: Transcript) -> Iterator[Cue]:
    before = ""
    for turn in transcript.turns():
        name = plain_text.speaker(turn.speaker)
        cue = Cue(name, introduced=name not in ("", before))
        for word in turn.words:
            if not cue.takes(word):
                yield cue
                cue = Cue(name, introduced=False)
            cue.add(word)
        yield cue
        before = name


def _begins(cues: Iterable[Cue]) -> Iterator[int]:
    """The start of each cue. A cue without a time begins at the end of the previous one."""
    begin = end = 0
    for cue in cues:
        begin = max(begin, end if cue.start is None else _milliseconds(cue.start))
        end = max(begin, _milliseconds(cue.end))
        yield begin


def _milliseconds(seconds: float | None) -> int:
    return round((seconds or 0.0) * 1000)


def _clock(milliseconds: int, point: str) -> str:
    """A time in milliseconds as text. Hours have two digits, because strict players refuse fewer.

    >>> _clock(3_725_009, ",")
    '01:02:05,009'
    """
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{rest:03}"


def _voice(speaker: str) -> str:
    return f"<v {html.escape(speaker, quote=False)}>" if speaker else ""


def _escaped(lines: Iterable[str]) -> str:
    return html.escape("\n".join(lines), quote=False)


def _introduction(cue: Cue) -> str:
    """The speaker at a change. Elsewhere, a mark keeps a word with a colon from looking like a speaker."""
    if cue.introduced:
        return f"{_joined([cue.speaker])}: "
    return _INVISIBLE if ":" in cue.lines[0] else ""


def _joined(lines: Iterable[str]) -> str:
    r"""Lines that no player interprets as tags or times.

    >>> _joined(["<b>", "-->"]) == "<\u2060b>\n--\u2060>"
    True
    """
    written = "\n".join(lines).replace("-->", f"--{_INVISIBLE}>")
    return written.replace("<", f"<{_INVISIBLE}").replace("{", "{" + _INVISIBLE)
