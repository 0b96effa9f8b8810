"""Writes plain text with a category in place of each identified passage of protected health information.

This is not de-identification, because Transcribe Medical can miss passages.
"""

from itertools import groupby
from operator import attrgetter

from documents import plain_text
from documents.recording_info import RecordingInfo
from stethoscript.transcript import Transcript, Turn

WARNING = """\
THIS IS NOT DE-IDENTIFICATION. What Transcribe Medical identified as protected health information is replaced by its
kind in brackets; what it missed is still here."""


def applies(transcript: Transcript, info: RecordingInfo) -> bool:
    """Whether identification was on. Without it no word would be replaced, and the file name would be misleading."""
    return transcript.identified or info.job_settings.identification


def write(transcript: Transcript, info: RecordingInfo) -> bytes:
    """The text in UTF-8, with a warning first.

    Raises:
        ValueError: identification was on, but its result is missing.
    """
    if not transcript.identified:
        raise ValueError("nothing says what to mask")
    return f"{WARNING}\n\n{plain_text.paragraphs(transcript, info, _spoken)}".encode()


def _spoken(turn: Turn) -> str:
    """The turn's text. Adjacent identified words of one category become one pair of brackets."""
    said: list[str] = []
    for category, group in groupby(turn.words, key=attrgetter("category")):
        words = list(group)
        if category:
            said.append(f"[{category.upper()}]{words[-1].punctuation}")
        else:
            said += (word.text + word.punctuation for word in words)
    return " ".join(said)
