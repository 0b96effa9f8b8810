"""What Transcribe Medical costs: list prices of us-east-1, billed by the second."""

from collections.abc import Iterable
from dataclasses import dataclass

DOLLARS_A_MINUTE = 0.075
LEAST_SECONDS = 15


@dataclass(frozen=True)
class Estimate:
    """How long recordings are and what they will cost; of `unknown` ones only that they cost the minimum at least."""

    recordings: int = 0
    unknown: int = 0
    seconds: float = 0.0
    dollars: float = 0.0

    @property
    def minutes(self) -> float:
        """Of those whose length is known."""
        return self.seconds / 60

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(
            self.recordings + other.recordings,
            self.unknown + other.unknown,
            self.seconds + other.seconds,
            self.dollars + other.dollars,
        )


def dollars(seconds: float) -> float:
    """The price of one recording.

    >>> dollars(3), dollars(600)
    (0.01875, 0.75)
    """
    return max(seconds, LEAST_SECONDS) / 60 * DOLLARS_A_MINUTE


def estimate(lengths: Iterable[float | None]) -> Estimate:
    """The price of recordings of these lengths in seconds, None being unknown.

    >>> estimate([600.0, None])
    Estimate(recordings=2, unknown=1, seconds=600.0, dollars=0.76875)
    """
    total = Estimate()
    for seconds in lengths:
        total += Estimate(1, int(seconds is None), seconds or 0.0, dollars(seconds or 0.0))
    return total
