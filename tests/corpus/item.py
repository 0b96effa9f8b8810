"""The rows of the corpus and their possible outcomes."""

from dataclasses import dataclass
from typing import Any

OK = "OK"
"""A job is started, a transcript delivered, a choice accepted."""
IGNORED = "IGNORED"
"""Acknowledged, and nothing is done."""
REFUSED = "REFUSED AT SYNTH"
"""`cdk synth` ends with a sentence that names the choice."""
RETRY = "RETRY"
"""Put back into the queue with a delay; counts as no failure."""
DEAD_LETTER = "DEAD LETTER"
"""Back to the queue; after five receives in the dead-letter queue, with an alarm. No other message suffers."""
SAFE = "SAFE"
"""Delivered, and inert in every document."""


def rejected(reason: str) -> str:
    """Notified and stored as REJECTED with this reason; no job is started."""
    return f"REJECTED ({reason})"


def failed(reason: str) -> str:
    """Notified and stored as FAILED with this reason; Transcribe's own output is kept."""
    return f"FAILED ({reason})"


@dataclass(frozen=True)
class Item:
    """One bad (or unusual) input.

    `why` gives the reason where we decided the outcome.
    `owed` names the defect to repair, if the outcome is not correct yet.
    """

    id: str
    what: str
    given: Any
    expected: str
    why: str = ""
    owed: str = ""
