"""The SDK's client of one invocation: calls take time, and faults are injected here."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Protocol

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from tests.client_errors import refusal
from tests.simulation.fakes.errors import NotImplementedHere

SECONDS = {"s3": 0.03, "sqs": 0.012, "dynamodb": 0.006, "transcribe": 0.08, "sns": 0.025, "events": 0.02}
"""The approximate time of a call."""
LONGER = {"start_medical_transcription_job": 0.15}
"""The times of other calls."""
CONNECT_TIMEOUT = 5.0
_THROTTLED = {
    "s3": refusal("SlowDown", status=503),
    "sqs": refusal("RequestThrottled", status=403),
    "dynamodb": refusal("ProvisionedThroughputExceededException"),
    "transcribe": refusal("LimitExceededException"),
    "sns": refusal("Throttling"),
    "events": refusal("ThrottlingException"),
}
_BROKEN = {
    "s3": refusal("InternalError", status=500),
    "sqs": refusal("InternalError", status=500),
    "dynamodb": refusal("InternalServerError", status=500),
    "transcribe": refusal("InternalFailureException", status=500),
    "sns": refusal("InternalError", status=500),
    "events": refusal("InternalException", status=500),
}
_FORBIDDEN = {
    "s3": refusal("AccessDenied", status=403),
    "sqs": refusal("KMS.AccessDeniedException"),
    "dynamodb": refusal("AccessDeniedException"),
    "transcribe": refusal("AccessDeniedException"),
    "sns": refusal("KMS.AccessDeniedException"),
    "events": refusal("AccessDeniedException"),
}
_RETRIED = {
    "SlowDown", "RequestThrottled", "ProvisionedThroughputExceededException", "LimitExceededException", "Throttling",
    "ThrottlingException", "InternalError", "InternalException", "InternalServerError", "InternalFailureException",
}  # fmt: skip


class Caller(Protocol):
    """The calling invocation."""

    def spend(self, seconds: float) -> None:
        """Let time pass. The invocation may end here."""

    def die(self, why: str) -> None:
        """End here and now."""


class Client:
    """A service as one invocation sees it. Everything that the fake does not implement is refused."""

    def __init__(self, service: str, fake: Any, caller: Any, attempts: int, patience: float) -> None:
        self._service = service
        self._fake = fake
        self._caller = caller
        self._attempts = attempts
        self._patience = patience

    def __getattr__(self, name: str) -> Callable[..., Any]:
        effect = getattr(self._fake, name, None)
        if effect is None:
            raise NotImplementedHere(f"{self._service}.{name}")
        seconds = LONGER.get(name, SECONDS[self._service])
        if name == "copy_object":
            seconds = self._caller.world.faults.copy_seconds

        def call(**arguments: Any) -> Any:
            for attempt in range(1, self._attempts + 1):
                try:
                    return self._once(name, effect, arguments, seconds)
                except (ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError) as error:
                    if attempt == self._attempts or not _worth_repeating(error):
                        raise
                    self._caller.spend(self._caller.random() * min(2 ** (attempt - 1), 20))
            raise AssertionError

        self.__dict__[name] = call
        return call

    def get_paginator(self, name: str) -> Any:
        """All pages of a listing, with one call for each."""
        onward = {"KeyMarker": "NextKeyMarker", "VersionIdMarker": "NextVersionIdMarker"}

        def paginate(**asked: Any) -> Iterator[Any]:
            while True:
                page = getattr(self, name)(**asked)
                yield page
                if not page["IsTruncated"]:
                    return
                asked |= {marker: page[following] for marker, following in onward.items()}

        return SimpleNamespace(paginate=paginate)

    def _once(self, name: str, effect: Callable[..., Any], arguments: dict[str, Any], seconds: float) -> Any:
        caller = self._caller
        caller.spend(seconds * (0.6 + 0.8 * caller.random()))
        world = caller.world
        world.calls[self._service, name] += 1
        outage = world.faults.outage(self._service, world.time.now)
        if outage:
            caller.note(f"{self._service}.{name}", arguments, f"outage: {outage}")
            self._meet(outage)
        fate = world.faults.of_call()
        if fate in ("dies before", "refused", "odd error"):
            caller.note(f"{self._service}.{name}", arguments, fate)
            if fate == "dies before":
                caller.die("died before a call")
            raise (_BROKEN[self._service] if fate == "refused" else _unexpected(arguments))
        try:
            answer = effect(**arguments)
        except ClientError as error:
            caller.note(f"{self._service}.{name}", arguments, error.response["Error"]["Code"])
            raise
        except TypeError as error:
            raise NotImplementedHere(f"{self._service}.{name}({', '.join(arguments)})") from error
        caller.note(f"{self._service}.{name}", arguments, fate)
        if fate == "dies after":
            caller.die("died after a call")
        if fate == "answer lost":
            caller.spend(self._patience if caller.random() < 0.1 else 0.5)
            raise ConnectionClosedError(endpoint_url="https://far.end")
        return answer

    def _meet(self, outage: str) -> None:
        if outage == "silent":
            self._caller.spend(self._patience)
            raise ReadTimeoutError(endpoint_url="https://far.end")
        if outage == "refusing":
            self._caller.spend(self._caller.random() * CONNECT_TIMEOUT)
            raise EndpointConnectionError(endpoint_url="https://far.end")
        raise (_THROTTLED if outage == "throttling" else _FORBIDDEN)[self._service]


def _worth_repeating(error: Exception) -> bool:
    return not isinstance(error, ClientError) or error.response["Error"]["Code"] in _RETRIED


def _unexpected(arguments: dict[str, Any]) -> ClientError:
    """An error without a known code. Its message quotes all arguments, including patient data."""
    return refusal("SomethingNew", f"cannot do this with {arguments}")
