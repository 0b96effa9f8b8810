"""The clinic that the functions work for."""

from collections import Counter

import pytest

import telemetry
from tests.functions.clinic import clinic
from tests.functions.far_ends import _far_ends

__all__ = ["_far_ends", "clinic"]


@pytest.fixture
def counted(monkeypatch):
    """What this test's functions count."""
    counter = Counter()
    monkeypatch.setattr(telemetry, "_counted", counter)
    return counter
