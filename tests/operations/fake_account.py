"""A fake account that tests can inspect and break, service by service: each call has one answer or one error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any


@dataclass
class Service:
    """A service whose calls are answered from a table. An unknown call fails the test."""

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
