"""Bad weather on request: what may go wrong at AWS, at given probabilities, the same from the same seed.

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

# Requests a second that AWS allows an account by default.
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
"""The one text that the service's model has for its limits: whoever takes it for the file's fault is found out."""
BROKEN = "There was an internal error. Check the error message, correct the issue, and try your request again."


class InvalidFaultRates(ValueError):
    """A forecast nobody could mean; says which part and what would do."""


@dataclass(frozen=True)
class FaultRates:
    """How often what happens; by default nothing does but AWS's own quota of jobs at once.

    Rates are requests a second by operation. `operations` are those that fail and are refused: all, if none is named.
    Lost and doubled are the signs that a job has ended: its event, and S3's of its transcript.
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
                raise InvalidFaultRates(f"{name} is a probability, from 0 to 1")
        if self.lost_events + self.doubled_events > 1:
            raise InvalidFaultRates("lost_events and doubled_events are more than 1 together")
        if self.concurrent_jobs < 1 or self.slow_seconds < 0 or any(rate <= 0 for rate in self.rates.values()):
            raise InvalidFaultRates("concurrent_jobs, slow_seconds and rates cannot be negative or none at all")
        for name in (*self.operations, *self.rates):
            if name not in AWS_RATES:
                raise InvalidFaultRates(f"there is no operation {name}; there are {', '.join(AWS_RATES)}")

    @classmethod
    def read(cls, text: str) -> "FaultRates":
        """Read `key=value,…`, or the JSON file of this name.

        >>> FaultRates.read("fails_after=0.5,rates=TagResource:3,seed=1").rates
        {'TagResource': 3.0}

        Raises:
            BadForecast: there is no such weather.
        """
        if "=" not in text and text:
            return cls.of(_from_file(Path(text)))
        pairs = (part.partition("=") for part in filter(None, text.split(",")))
        return cls.of({name.strip(): value.strip() for name, _equals, value in pairs})

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "FaultRates":
        """Make a forecast of plain values, each a text or what JSON has for it."""
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
    """So many requests may still come; each second fills in the rate again."""

    left: float
    at: float


class FaultInjection:
    """One run's weather, as its forecast says."""

    def __init__(self, fault_rates: FaultRates | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.fault_rates = fault_rates or FaultRates()
        self._clock = clock
        self._dice = random.Random(self.fault_rates.seed)  # noqa: S311  # weather, not secrets
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def strike(self, operation: str, caller: Caller) -> None:
        """Refuse a request before anything comes of it, if it is that bad."""
        if self._too_fast(operation, caller) or self._happens(operation, self.fault_rates.limit_exceeded):
            raise Refused("LimitExceededException", RATE)
        if self._happens(operation, self.fault_rates.fails_before):
            raise Refused("InternalFailureException", BROKEN, 500)

    def lose(self, operation: str) -> None:
        """Fail a request whose effect stays, if it is that bad."""
        if self._happens(operation, self.fault_rates.fails_after):
            raise Refused("InternalFailureException", BROKEN, 500)

    def delay(self, job: str) -> float:
        """How many seconds this job takes longer; the same job always takes the same."""
        return self.fault_rates.slow_seconds if self._own_dice(job, "delay") < self.fault_rates.slow_jobs else 0.0

    def tellings(self, job: str, event: str) -> int:
        """How often one event of this job is told: once, not at all, or twice."""
        thrown = self._own_dice(job, event)
        if thrown < self.fault_rates.lost_events:
            return 0
        return 2 if thrown < self.fault_rates.lost_events + self.fault_rates.doubled_events else 1

    def _happens(self, operation: str, probability: float) -> bool:
        interrupt = not self.fault_rates.operations or operation in self.fault_rates.operations
        return interrupt and self._dice.random() < probability

    def _own_dice(self, job: str, what: str) -> float:
        return random.Random(f"{self.fault_rates.seed} {what} {job}").random()  # noqa: S311  # weather, not secrets

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
