"""The clinic of the functions' tests, which the tool looks after."""

from tests.functions.deployment_harness import pipeline
from tests.functions.fakes import _far_ends

__all__ = ["_far_ends", "pipeline"]
