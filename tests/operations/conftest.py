"""The clinic of the unit tests: the tool's commands are many, and take longer than a unit test may."""

from tests.unit.conftest import _far_ends, _no_sockets, clinic

__all__ = ["_far_ends", "_no_sockets", "clinic"]
