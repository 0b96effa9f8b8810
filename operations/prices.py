"""What AWS charges: list prices of us-east-1, all in one table, with the day on which they were looked up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

READ = date(2026, 9, 19)
"""Most were read on others' pages: look at https://calculator.aws before a decision hangs on one."""
LEAST_SECONDS = 15
"""Transcribe charges by the second, and for so many at least."""


@dataclass(frozen=True)
class Price:
    """So many dollars for so many of a unit."""

    dollars: float
    per: int
    unit: str

    def of(self, quantity: float) -> float:
        """What so much costs.

        >>> Price(0.4, 1_000_000, "requests").of(2_500_000)
        1.0
        """
        return quantity / self.per * self.dollars


_MILLION = 1_000_000

PRICES: Mapping[str, Price] = {
    "Transcribe Medical": Price(0.075, 1, "minutes"),
    "Lambda requests": Price(0.20, _MILLION, "requests"),
    "Lambda time": Price(0.0000133334, 1, "GB-seconds"),
    "S3 writes": Price(0.005, 1000, "requests"),
    "S3 reads": Price(0.0004, 1000, "requests"),
    "S3 storage": Price(0.023, 1, "GB-months"),
    "SQS": Price(0.40, _MILLION, "requests"),
    "EventBridge": Price(1.00, _MILLION, "events"),
    "EventBridge Scheduler": Price(1.00, _MILLION, "invocations"),
    "DynamoDB writes": Price(0.625, _MILLION, "request units"),
    "DynamoDB reads": Price(0.125, _MILLION, "request units"),
    "KMS key": Price(1.00, 1, "keys"),
    "KMS requests": Price(0.03, 10_000, "requests"),
    "SNS": Price(0.50, _MILLION, "messages"),
    "SNS e-mail": Price(2.00, 100_000, "messages"),
    "CloudWatch logs": Price(0.50, 1, "GB"),
    "CloudWatch metrics": Price(0.30, 1, "metrics"),
    "CloudWatch alarms": Price(0.10, 1, "alarms"),
    "CloudWatch dashboard": Price(3.00, 1, "dashboards"),
    "X-Ray": Price(5.00, _MILLION, "traces"),
}

DOLLARS_A_MINUTE = PRICES["Transcribe Medical"].dollars


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
