"""Plain text with the kind of each identified passage in its place.

A convenience for looking over a shoulder, and no more: what Transcribe Medical did not identify is still there.
"""

from itertools import groupby
from operator import attrgetter

from documents import text
from documents.facts import Facts
from stethoscript.transcript import Transcript, Turn

WARNING = """\
THIS IS NOT DE-IDENTIFICATION. What Transcribe Medical identified as protected health information is replaced by its
kind in brackets; what it missed is still here."""


def applies(transcript: Transcript, facts: Facts) -> bool:
    """Only where identification was on: else nothing would be replaced, and the name would promise it."""
    return transcript.identified or facts.recipe.identification


def write(transcript: Transcript, facts: Facts) -> bytes:
    """UTF-8, and a warning first.

    Raises:
        ValueError: identification was on, but what it found is missing.
    """
    if not transcript.identified:
        raise ValueError("nothing says what to mask")
    return f"{WARNING}\n\n{text.paragraphs(transcript, facts, _spoken)}".encode()


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
