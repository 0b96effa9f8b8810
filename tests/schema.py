"""Judges a value by a JSON Schema. Knows the keywords that our schemas use, and fails loudly at any other."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_SAYS_NOTHING = {"$schema", "$id", "title", "description", "examples", "then", "else"}


def mistakes(schema: Schema, value: Any, path: str = "it") -> Iterator[str]:
    """What is wrong with a value, each as a sentence; nothing if the schema holds."""
    for keyword, wanted in schema.items():
        if keyword not in _SAYS_NOTHING:
            yield from _KEYWORDS[keyword](wanted, value, path, schema)


def _holds(schema: Schema, value: Any) -> bool:
    return not list(mistakes(schema, value))


def _unless(right: bool, what: str, path: str) -> Iterator[str]:
    if not right:
        yield f"{path} {what}"


def _type(wanted: Any, value: Any, path: str, _schema: Schema) -> Iterator[str]:
    kinds = [wanted] if isinstance(wanted, str) else wanted
    yield from _unless(any(_TYPES[kind](value) for kind in kinds), f"is not {' or '.join(kinds)}", path)


def _required(wanted: Any, value: Any, path: str, _schema: Schema) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{path} lacks {name}" for name in wanted if name not in value)


def _properties(wanted: Any, value: Any, path: str, _schema: Schema) -> Iterator[str]:
    if isinstance(value, dict):
        for name in wanted.keys() & value.keys():
            yield from mistakes(wanted[name], value[name], f"{path}.{name}")


def _additional(wanted: Any, value: Any, path: str, schema: Schema) -> Iterator[str]:
    if wanted is False and isinstance(value, dict):
        yield from (f"{path} has {name}" for name in value.keys() - schema["properties"].keys())


def _items(wanted: Any, value: Any, path: str, _schema: Schema) -> Iterator[str]:
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from mistakes(wanted, each, f"{path}[{number}]")


def _if(wanted: Any, value: Any, path: str, schema: Schema) -> Iterator[str]:
    yield from mistakes(schema.get("then" if _holds(wanted, value) else "else", {}), value, path)


_KEYWORDS: Mapping[str, Callable[[Any, Any, str, Schema], Iterator[str]]] = {
    "type": _type,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "if": _if,
    "enum": lambda wanted, value, path, _: _unless(value in wanted, "is none of the enum", path),
    "const": lambda wanted, value, path, _: _unless(value == wanted, "is not the constant", path),
    "not": lambda wanted, value, path, _: _unless(not _holds(wanted, value), "is what it may not be", path),
    "pattern": lambda wanted, value, path, _: _unless(
        not isinstance(value, str) or re.search(wanted, value) is not None, "is not of the pattern", path
    ),
    "minLength": lambda wanted, value, path, _: _unless(
        not isinstance(value, str) or len(value) >= wanted, "is too short", path
    ),
    "minimum": lambda wanted, value, path, _: _unless(
        not isinstance(value, (int, float)) or value >= wanted, "is too small", path
    ),
}
