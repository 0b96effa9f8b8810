"""What a row of the corpus is, and what may become of it."""

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
    """Told and noted as REJECTED with this class; nothing is paid for."""
    return f"REJECTED ({reason})"


def failed(reason: str) -> str:
    """Told and noted as FAILED with this class; Transcribe's own output is kept."""
    return f"FAILED ({reason})"


@dataclass(frozen=True)
class Item:
    """One bad (or odd) input.

    `why` stands where the outcome is a decision of ours, `owed` where it is not so yet: what is to be mended.
    """

    id: str
    what: str
    given: Any
    expected: str
    why: str = ""
    owed: str = ""
