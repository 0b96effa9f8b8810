"""The clinic that the functions work for."""

from collections import Counter

import pytest

from adapters import telemetry
from tests.functions.deployment_harness import pipeline
from tests.functions.fakes import _far_ends

__all__ = ["_far_ends", "pipeline"]


@pytest.fixture
def counted(monkeypatch):
    """What this test's functions count."""
    counter = Counter()
    monkeypatch.setattr(telemetry, "_counted", counter)
    return counter
