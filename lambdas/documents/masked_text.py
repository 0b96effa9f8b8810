"""Plain text with the kind of each identified passage in its place.

A convenience for looking over a shoulder, and no more: what Transcribe Medical did not identify is still there.
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
    """Only where identification was on: else nothing would be replaced, and the name would promise it."""
    return transcript.identified or info.job_settings.identification


def write(transcript: Transcript, info: RecordingInfo) -> bytes:
    """UTF-8, and a warning first.

    Raises:
        ValueError: identification was on, but what it found is missing.
    """
    if not transcript.identified:
        raise ValueError("nothing says what to mask")
    return f"{WARNING}\n\n{plain_text.paragraphs(transcript, info, _spoken)}".encode()


def _spoken(turn: Turn) -> str:
    """Each word once, but for those identified: of one kind, they share a pair of brackets."""
    said: list[str] = []
    for category, group in groupby(turn.words, key=attrgetter("category")):
        words = list(group)
        if category:
            said.append(f"[{category.upper()}]{words[-1].punctuation}")
        else:
            said += (word.text + word.punctuation for word in words)
    return " ".join(said)
