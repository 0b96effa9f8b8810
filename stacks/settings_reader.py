"""Reads settings from JSON into dataclasses, and checks their values. Each error names the setting and a valid value.

docs/decisions/0008-settings-are-read-without-pydantic.md has the reason for code of our own.
"""

import difflib
import json
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from stacks.subscriptions import EMAIL, InvalidSubscription

Value = TypeVar("Value")

_TYPES = {int: "a whole number", str: "a string", bool: "true or false"}


class InvalidConfig(ValueError):
    """A setting that cannot be deployed. The message names it and a valid value."""


def read(kind: type[Value], given: object, path: str = "") -> Value:
    """A dataclass from a JSON object. Values are never converted: `"30"` is not a number.

    `path` is where the object stands, with a final dot: `retention.`.

    Raises:
        InvalidConfig: an unknown, missing or invalid setting.
    """
    if not isinstance(given, Mapping):
        raise InvalidConfig(f"{path.rstrip('.') or 'it'} must be an object")
    hints = get_type_hints(kind)
    for name in given:
        if name not in hints:
            near = difflib.get_close_matches(name, hints, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(hints)}"
            raise InvalidConfig(f"unknown setting {path}{name}{hint}")
    missing = [each.name for each in fields(kind) if _required(each) and each.name not in given]  # type: ignore[arg-type]
    if missing:
        raise InvalidConfig(f"{path}{missing[0]} is missing")
    values = {name: _value(hints[name], value, f"{path}{name}") for name, value in given.items()}
    try:
        return kind(**values)
    except InvalidSubscription as error:
        raise InvalidConfig(f"{path.rstrip('.')}: {error}") from error


def check_minimum(name: str, number: int, minimum: int) -> None:
    """Raise InvalidConfig for a number below the minimum."""
    if number < minimum:
        raise InvalidConfig(f"{name} must be at least {minimum}")


def check_range(name: str, number: int, minimum: int, maximum: int) -> None:
    """Raise InvalidConfig for a number outside the range. Both bounds are valid."""
    if not minimum <= number <= maximum:
        raise InvalidConfig(f"{name} must be from {minimum} to {maximum}")


def check_pattern(name: str, text: str | None, pattern: str, description: str) -> None:
    """Raise InvalidConfig for a string that does not match as a whole. None is valid."""
    if text is not None and not re.fullmatch(pattern, text, re.ASCII):
        raise InvalidConfig(f"{name} must be {description}")


def check_addresses(name: str, addresses: tuple[str, ...]) -> None:
    """Raise InvalidConfig for an invalid or repeated e-mail address."""
    for address in addresses:
        if not re.fullmatch(EMAIL, address):
            raise InvalidConfig(f"{name}: {address!r} is not an e-mail address")
        if addresses.count(address) > 1:
            raise InvalidConfig(f"{name}: {address!r} is listed twice")


def _required(each: Any) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _value(hint: Any, value: Any, path: str) -> Any:
    """A JSON value as the type of its setting."""
    if is_dataclass(hint):
        return read(hint, value, f"{path}.")  # type: ignore[arg-type]
    if get_origin(hint) is tuple and is_dataclass(get_args(hint)[0]):
        if not isinstance(value, list):
            raise InvalidConfig(f"{path} must be a list of objects")
        return tuple(read(get_args(hint)[0], each, f"{path}[{number}].") for number, each in enumerate(value))
    if get_origin(hint) is tuple:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise InvalidConfig(f"{path} must be a list of strings")
        return tuple(value)
    allowed = get_args(hint) if isinstance(hint, types.UnionType) else (get_origin(hint) or hint,)
    if type(value) not in allowed and not (Mapping in allowed and isinstance(value, Mapping)):
        raise InvalidConfig(f"{path} must be {_TYPES.get(allowed[0], 'an object')}, not {json.dumps(value)}")
    return value
