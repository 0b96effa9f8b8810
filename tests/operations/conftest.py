"""The simulated deployment of the function tests, which the operator's tool manages."""

from tests.functions.deployment_harness import pipeline
from tests.functions.fakes import _fake_clients

__all__ = ["_fake_clients", "pipeline"]
