"""The simulated deployment that the function tests use."""

from collections import Counter

import pytest

from adapters import telemetry
from tests.functions.deployment_harness import pipeline
from tests.functions.fakes import _fake_clients

__all__ = ["_fake_clients", "pipeline"]


@pytest.fixture
def counted(monkeypatch):
    """The metrics that the functions count in this test."""
    counter = Counter()
    monkeypatch.setattr(telemetry, "_counted", counter)
    return counter
