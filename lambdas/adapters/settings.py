"""Reads a function's settings from its environment, once, and names everything that is missing."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

Settings = TypeVar("Settings")


class Missing(LookupError):
    """The function was deployed without settings it reads."""


def read_settings(settings: type[Settings], environment: Mapping[str, str]) -> Settings:
    """A settings dataclass from variables of the same names in capitals; text and whole numbers only.

    Raises:
        Missing: names all that are not there.
    """
    wanted: dict[str, type] = {each.name: each.type for each in fields(settings)}  # type: ignore[arg-type, misc]
    missing = [name.upper() for name in wanted if name.upper() not in environment]
    if missing:
        raise Missing(f"{settings.__name__} needs {', '.join(missing)}")
    given: dict[str, Any] = {name: kind(environment[name.upper()]) for name, kind in wanted.items()}
    return settings(**given)
