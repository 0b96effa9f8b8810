"""Inject faults of AWS with given probabilities; the same seed gives the same faults.

`limit_exceeded=0.1,fails_after=0.05,seed=7` on the command line, or the same as a JSON object in a file.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.request_validation import Refused

# AWS's default quotas in requests a second for an account.
AWS_RATES: Mapping[str, float] = MappingProxyType(
    {
        "StartMedicalTranscriptionJob": 25,
        "GetMedicalTranscriptionJob": 30,
        "ListMedicalTranscriptionJobs": 5,
        "DeleteMedicalTranscriptionJob": 5,
        "CreateMedicalVocabulary": 10,
        "UpdateMedicalVocabulary": 10,
        "GetMedicalVocabulary": 20,
        "ListMedicalVocabularies": 5,
        "DeleteMedicalVocabulary": 5,
        "TagResource": 10,
        "UntagResource": 10,
        "ListTagsForResource": 50,
    }
)
CONCURRENT_JOBS = 250

RATE = (
    "You've either sent too many requests or your input file is too long. Wait before retrying your request, or use a "
    "smaller file and try your request again."
)
"""The only text in the service's model for exceeded limits. It does not mean that the file is too long."""
INTERNAL_FAILURE = (
    "There was an internal error. Check the error message, correct the issue, and try your request again."
)


class InvalidFaultRates(ValueError):
    """Invalid fault rates; the message names the part and the valid values."""


@dataclass(frozen=True)
class FaultRates:
    """Probabilities of faults. The default has no faults, only AWS's quota of concurrent jobs.

    `rates` are requests a second by operation. `operations` are those that fail; empty means all. `lost_events` and
    `doubled_events` concern the events of a finished job: its own event, and S3's event of its transcript.
    """

    seed: int = 0
    concurrent_jobs: int = CONCURRENT_JOBS
    rates: Mapping[str, float] = field(default_factory=dict)
    operations: tuple[str, ...] = ()
    limit_exceeded: float = 0.0
    fails_before: float = 0.0
    fails_after: float = 0.0
    slow_jobs: float = 0.0
    slow_seconds: float = 5.0
    lost_events: float = 0.0
    doubled_events: float = 0.0

    def __post_init__(self) -> None:
        for name in ("limit_exceeded", "fails_before", "fails_after", "slow_jobs", "lost_events", "doubled_events"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidFaultRates(f"{name} must be a probability, from 0 to 1")
        if self.lost_events + self.doubled_events > 1:
            raise InvalidFaultRates("the sum of lost_events and doubled_events must be at most 1")
        if self.concurrent_jobs < 1 or self.slow_seconds < 0 or any(rate <= 0 for rate in self.rates.values()):
            raise InvalidFaultRates("concurrent_jobs and rates must be positive, slow_seconds must not be negative")
        for name in (*self.operations, *self.rates):
            if name not in AWS_RATES:
                raise InvalidFaultRates(f"there is no operation {name}; there are {', '.join(AWS_RATES)}")

    @classmethod
    def read(cls, text: str) -> "FaultRates":
        """Read `key=value,…`, or a JSON file by its path.

        >>> FaultRates.read("fails_after=0.5,rates=TagResource:3,seed=1").rates
        {'TagResource': 3.0}

        Raises:
            InvalidFaultRates: an unknown name or an invalid value.
        """
        if "=" not in text and text:
            return cls.of(_from_file(Path(text)))
        pairs = (part.partition("=") for part in filter(None, text.split(",")))
        return cls.of({name.strip(): value.strip() for name, _equals, value in pairs})

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "FaultRates":
        """Read fault rates from values that are text or JSON values."""
        kinds = {each.name: type(each.default) for each in fields(cls)}
        if unknown := set(given) - set(kinds):
            raise InvalidFaultRates(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(kinds)}")
        return cls(**{name: _value(name, value, kinds[name]) for name, value in given.items()})


def _from_file(path: Path) -> Mapping[str, Any]:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidFaultRates(f"{path} cannot be read: {error}") from error
    if not isinstance(given, dict):
        raise InvalidFaultRates(f"{path} does not hold an object")
    return given


def _value(name: str, value: Any, kind: type) -> Any:
    try:
        if name == "operations":
            return tuple(value.split("+") if isinstance(value, str) else value)
        if name == "rates":
            return _rates(value)
        return kind(value)
    except (ValueError, TypeError) as error:
        raise InvalidFaultRates(f"{name} cannot be {value!r}") from error


def _rates(value: Any) -> Mapping[str, float]:
    if value == "aws":
        return AWS_RATES
    if isinstance(value, str):
        value = dict(part.split(":") for part in value.split("+"))
    return {operation: float(rate) for operation, rate in value.items()}


@dataclass
class _Bucket:
    """A token bucket: the requests left, and the time of the last update in seconds."""

    left: float
    at: float


class FaultInjection:
    """The faults of one run of the cloud."""

    def __init__(self, fault_rates: FaultRates | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.fault_rates = fault_rates or FaultRates()
        self._clock = clock
        self._random = random.Random(self.fault_rates.seed)  # noqa: S311  # faults, not secrets
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def before_operation(self, operation: str, caller: Caller) -> None:
        """Raise Refused before the request has an effect, if a fault applies."""
        if self._too_fast(operation, caller) or self._applies(operation, self.fault_rates.limit_exceeded):
            raise Refused("LimitExceededException", RATE)
        if self._applies(operation, self.fault_rates.fails_before):
            raise Refused("InternalFailureException", INTERNAL_FAILURE, 500)

    def after_operation(self, operation: str) -> None:
        """Raise Refused after the request has its effect, if a fault applies."""
        if self._applies(operation, self.fault_rates.fails_after):
            raise Refused("InternalFailureException", INTERNAL_FAILURE, 500)

    def delay(self, job: str) -> float:
        """Return the delay of a job in seconds; the same for every call."""
        return self.fault_rates.slow_seconds if self._fraction_for(job, "delay") < self.fault_rates.slow_jobs else 0.0

    def copies(self, job: str, event: str) -> int:
        """Return how many times to send an event of a job: 0, 1 or 2."""
        fraction = self._fraction_for(job, event)
        if fraction < self.fault_rates.lost_events:
            return 0
        return 2 if fraction < self.fault_rates.lost_events + self.fault_rates.doubled_events else 1

    def _applies(self, operation: str, probability: float) -> bool:
        concerns = not self.fault_rates.operations or operation in self.fault_rates.operations
        return concerns and self._random.random() < probability

    def _fraction_for(self, job: str, what: str) -> float:
        return random.Random(f"{self.fault_rates.seed} {what} {job}").random()  # noqa: S311  # faults, not secrets

    def _too_fast(self, operation: str, caller: Caller) -> bool:
        rate = self.fault_rates.rates.get(operation)
        if rate is None:
            return False
        now, most = self._clock(), max(1.0, rate)
        bucket = self._buckets.setdefault((caller.account, caller.region, operation), _Bucket(most, now))
        bucket.left = min(most, bucket.left + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.left < 1:
            return True
        bucket.left -= 1
        return False
