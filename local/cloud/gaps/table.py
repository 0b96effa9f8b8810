"""The types of the tables of workarounds, and of MiniStack's answers."""

from collections.abc import Callable
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
"""HTTP status, headers, body."""
Parameters = tuple[str, ...]
Touched = dict[tuple[Any, str], Parameters | None]
"""What a workaround changes: module and name, and a function's parameters (None for other objects)."""
Workarounds = dict[Callable[[], None], Touched]
