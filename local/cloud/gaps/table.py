"""The shapes of the tables of workarounds, and of MiniStack's answers."""

from collections.abc import Callable
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""
Parameters = tuple[str, ...]
Touched = dict[tuple[Any, str], Parameters | None]
"""What a workaround touches: where, under which name, and, for a function, with which parameters."""
Workarounds = dict[Callable[[], None], Touched]
