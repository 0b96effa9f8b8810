"""An account that one can look into and break, service by service: each call has one answer, or an error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any


@dataclass
class Service:
    """A service whose calls are answered from a table; a call that is not in it fails the test that makes it."""

    answers: dict[str, Any]
    meta: Any = field(
        default_factory=lambda: SimpleNamespace(region_name="us-east-1", endpoint_url="https://a.amazonaws.com")
    )

    def __getattr__(self, call: str) -> Callable[..., Any]:
        return lambda **asked: _answered(self.answers[call], asked)

    def get_paginator(self, call: str) -> Any:
        return SimpleNamespace(paginate=lambda **asked: [_answered(self.answers[call], asked)])


def _answered(answer: Any, asked: Mapping[str, Any]) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return _answered(answer(**asked), {}) if callable(answer) else answer
