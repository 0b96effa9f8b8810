"""Read the operation and the parameters of an SDK's request, in every protocol, with botocore's models."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

Query = Mapping[str, list[str]]


def described(  # noqa: PLR0917  # MiniStack's order of a request's parts
    service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Query
) -> tuple[str, set[str]] | None:
    """Return the operation, such as `s3.head_object`, and the paths of the request's parameters.

    Return None if no operation has this method and path.
    """
    model = _model(service)
    name = headers.get("x-amz-target", "").rpartition(".")[2]
    if name:
        operation, given = model.operation_model(name), json.loads(body or b"{}")
    elif model.metadata["protocol"] == "query":
        form = {**query, **parse_qs(body.decode(), keep_blank_values=True)}
        operation = model.operation_model(form["Action"][0])
        given = _of_form(operation.input_shape, form, "") if operation.input_shape else {}
    else:
        found = _routed(model, method, path, headers, query)
        if found is None:
            return None
        operation, given = found
        if "json" in headers.get("content-type", "") and body:
            given = {**given, **json.loads(body)}
    return f"{service}.{xform_name(operation.name)}", paths(operation, given)


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def paths(operation: OperationModel, given: Mapping[str, Any]) -> set[str]:
    """Return the paths of parameters, such as `Delete.Objects[].Key`; `{}` means any key of a map."""
    shape = operation.input_shape
    return set(_paths(shape, given, "", ())) if shape else set()


def _paths(shape: Shape, value: Any, path: str, above: tuple[str, ...]) -> Iterator[str]:
    if shape.name in above:  # DynamoDB's values are recursive
        return
    above = (*above, shape.name)
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name in value.keys() & shape.members.keys():
            inner = f"{path}.{name}".lstrip(".")
            yield inner
            yield from _paths(shape.members[name], value[name], inner, above)
    elif isinstance(shape, ListShape) and isinstance(value, list | tuple):
        for each in value:
            yield from _paths(shape.member, each, f"{path}[]", above)
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for each in value.values():
            yield from _paths(shape.value, each, f"{path}{{}}", above)


def _of_form(shape: Shape, form: Query, prefix: str) -> Any:
    """Convert a form's fields, such as `Attributes.entry.1.key`, to parameters."""
    if isinstance(shape, StructureShape):
        names = {name: f"{prefix}.{name}".lstrip(".") for name in shape.members}
        given = {name: at for name, at in names.items() if any(f"{field}.".startswith(f"{at}.") for field in form)}
        return {name: _of_form(shape.members[name], form, at) for name, at in given.items()}
    if isinstance(shape, ListShape | MapShape):
        step = "member" if isinstance(shape, ListShape) else "entry"
        ends = sorted({field[: found.end()] for field in form if (found := _numbered(prefix, step).match(field))})
        if isinstance(shape, ListShape):
            return [_of_form(shape.member, form, end) for end in ends]
        value = shape.value.serialization.get("name", "value") if hasattr(shape, "serialization") else "value"
        return {end: _of_form(shape.value, form, _value_of(form, end, value)) for end in ends}
    return form.get(prefix)


@cache
def _numbered(prefix: str, step: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(prefix)}\.{step}\.\d+")


def _value_of(form: Query, end: str, value: str) -> str:
    """Return the field of a map's value: SNS uses `Value` for message attributes and `value` for others."""
    return next((at for at in (f"{end}.{value}", f"{end}.Value") if any(f.startswith(at) for f in form)), end)


def _routed(
    model: ServiceModel, method: str, path: str, headers: Mapping[str, str], query: Query
) -> tuple[OperationModel, dict[str, Any]] | None:
    """Return the operation with this method and path, and the parameters in the path, query and headers."""
    found: list[tuple[int, OperationModel, dict[str, Any]]] = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        pattern, fixed = _address(operation.http["requestUri"])
        match = pattern.fullmatch(path) if operation.http["method"] == method else None
        if match is None or operation.deprecated or not fixed <= query.keys():
            continue
        given = {**match.groupdict(), **_located(operation, headers, query)}
        required = operation.input_shape.required_members if operation.input_shape else []
        located = {each for each in required if _members(operation)[each].serialization.get("location")}
        if located <= given.keys():
            found.append((len(fixed) + len(located), operation, given))
    best = max(found, key=lambda each: each[0], default=None)
    return best and best[1:]


@cache
def _address(uri: str) -> tuple[re.Pattern[str], frozenset[str]]:
    path, _, query = uri.partition("?")
    parts = [(each[1:-1].rstrip("+"), each.endswith("+}")) if each[0] == "{" else each for each in _split(path)]
    pattern = "".join(re.escape(p) if isinstance(p, str) else f"(?P<{p[0]}>{'.+' if p[1] else '[^/]+'})" for p in parts)
    fixed = (each.partition("=")[0] for each in query.split("&") if each)
    return re.compile(rf"{pattern}/?", re.DOTALL), frozenset(each for each in fixed if each != "x-id")


def _split(path: str) -> list[str]:
    return [each for each in re.split(r"(\{[^}]+\})", path) if each]


def _members(operation: OperationModel) -> Mapping[str, Shape]:
    return operation.input_shape.members if operation.input_shape else {}


def _located(operation: OperationModel, headers: Mapping[str, str], query: Query) -> dict[str, Any]:
    """Return the parameters in the headers and the query."""
    given: dict[str, Any] = {}
    for name, shape in _members(operation).items():
        where = shape.serialization.get("location")
        at = shape.serialization.get("name", name)
        if where == "header" and at.lower() in headers:
            given[name] = headers[at.lower()]
        elif where == "headers" and (found := {h: v for h, v in headers.items() if h.startswith(at.lower())}):
            given[name] = found
        elif where == "querystring" and at in query:
            given[name] = query[at]
    return given
