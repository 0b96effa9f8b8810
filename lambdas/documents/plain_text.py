"""Writes plain text: a line with time and speaker, then the words."""

from collections.abc import Callable

from documents.recording_info import RecordingInfo
from stethoscript.transcript import Transcript, Turn

NO_SPEECH = "(no speech)"
_ROLES = {"spk": "Speaker", "ch": "Channel"}


def write(transcript: Transcript, info: RecordingInfo) -> bytes:
    """The text in UTF-8. A recording without speech gives a sentence, not an empty file."""
    return paragraphs(transcript, info, lambda turn: turn.text).encode()


def paragraphs(transcript: Transcript, info: RecordingInfo, spoken: Callable[[Turn], str]) -> str:
    """A warning about a cut-off recording, the turns with their text by `spoken`, then the notes in parentheses."""
    warning = [f"WARNING: {info.incomplete}"] if info.incomplete else []
    turns = [f"{_begin(turn)}\n{spoken(turn)}" for turn in transcript.turns()]
    length = [f"Length of the audio: {info.length}."] if info.length else []
    notes = [f"({note})" for note in (*transcript.notes, *length)]
    return "\n\n".join([*warning, *(turns or [NO_SPEECH]), *notes]) + "\n"


def clock(seconds: float | None) -> str:
    """Seconds from the beginning of the recording as text.

    >>> clock(3725.9), clock(None)
    ('1:02:05', '?')
    """
    if seconds is None:
        return "?"
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}"


def speaker(label: str | None) -> str:
    """A speaker's label for people, who count from one.

    >>> speaker("spk_0"), speaker("ch_1"), speaker(None)
    ('Speaker 1', 'Channel 2', '')
    """
    kind, _, number = (label or "").partition("_")
    return f"{_ROLES[kind]} {int(number) + 1}" if kind in _ROLES and number.isdecimal() else label or ""


def _begin(turn: Turn) -> str:
    return f"[{clock(turn.start)}] {speaker(turn.speaker)}".rstrip()
