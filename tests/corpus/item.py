"""The rows of the corpus and their possible outcomes."""

from dataclasses import dataclass
from typing import Any

OK = "OK"
"""A job is started, a transcript is delivered, or a configuration is accepted."""
IGNORED = "IGNORED"
"""Acknowledged without any action."""
REFUSED = "REFUSED AT SYNTH"
"""`cdk synth` ends with a sentence that names the setting."""
RETRY = "RETRY"
"""Sent to the queue again with a delay; does not count as a failure."""
DEAD_LETTER = "DEAD LETTER"
"""Retried, and after five receives moved to the dead-letter queue, with an alarm. No other message is affected."""
SAFE = "SAFE"
"""Delivered, as plain text in every document."""


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
