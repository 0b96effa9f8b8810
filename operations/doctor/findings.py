"""The result of a check: its health, one sentence, and the remedy."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Health(StrEnum):
    """How well something is."""

    OK = "ok"
    ATTENTION = "attention"
    """It works, and somebody should look."""
    BROKEN = "broken"
    """Recordings wait or will wait, a notification is missing, or a protection is off."""
    UNKNOWN = "cannot tell"


@dataclass(frozen=True)
class Finding:
    """One sentence about one thing; `evidence` is what the remedy needs, such as a policy's statement."""

    health: Health
    sentence: str
    remedy: str = ""
    evidence: Any = None


def ok(sentence: str) -> Finding:
    """All is well."""
    return Finding(Health.OK, sentence)


def attention(sentence: str, remedy: str) -> Finding:
    """It works, and somebody should look."""
    return Finding(Health.ATTENTION, sentence, remedy)


def broken(sentence: str, remedy: str, evidence: Any = None) -> Finding:
    """It does not work."""
    return Finding(Health.BROKEN, sentence, remedy, evidence)


def unknown(sentence: str, remedy: str = "") -> Finding:
    """The check cannot decide."""
    return Finding(Health.UNKNOWN, sentence, remedy)
