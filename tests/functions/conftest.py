"""The clinic that the functions work for."""

from tests.functions.clinic import clinic
from tests.functions.far_ends import _far_ends

__all__ = ["_far_ends", "clinic"]
