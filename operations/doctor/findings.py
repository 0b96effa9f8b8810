"""What a check finds: how well something is, in one sentence, and what helps."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Health(StrEnum):
    """How well something is."""

    OK = "ok"
    ATTENTION = "attention"
    """It works, and somebody should look."""
    BROKEN = "broken"
    """Recordings wait or will, somebody is not told, or a promise of safety is not kept."""
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
    """Nobody can say from here."""
    return Finding(Health.UNKNOWN, sentence, remedy)
