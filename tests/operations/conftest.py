"""The clinic of the functions' tests, which the tool looks after."""

from tests.functions.clinic import clinic
from tests.functions.far_ends import _far_ends

__all__ = ["_far_ends", "clinic"]
