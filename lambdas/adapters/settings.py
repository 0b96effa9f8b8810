"""Reads a function's settings from its environment, and names every missing variable."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

Settings = TypeVar("Settings")


class Missing(LookupError):
    """The environment lacks variables that the function reads."""


def read_settings(settings: type[Settings], environment: Mapping[str, str]) -> Settings:
    """A settings dataclass from variables of the same names in capitals. Fields are strings or integers.

    Raises:
        Missing: the message names every missing variable.
    """
    types: dict[str, type] = {each.name: each.type for each in fields(settings)}  # type: ignore[arg-type, misc]
    missing = [name.upper() for name in types if name.upper() not in environment]
    if missing:
        raise Missing(f"{settings.__name__} needs {', '.join(missing)}")
    given: dict[str, Any] = {name: kind(environment[name.upper()]) for name, kind in types.items()}
    return settings(**given)
