"""What our code sends to AWS while other tests run: each operation, and each parameter by its path.

Calls are recorded where the SDK makes them, where a test's fake takes them, and by the local cloud, which also sees
the functions in it and the CDK.
"""

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import botocore.client
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

ROOT = Path(__file__).parents[2]
OURS = ("lambdas", "operations")


class Sent(NamedTuple):
    """One parameter of an operation, such as `Delete.Objects[].Key`; the path is empty for the operation itself."""

    operation: str
    path: str

    def __str__(self) -> str:
        return f"{self.operation}({self.path})"


SENT: set[Sent] = set()
"""What was sent in this run of the tests."""


@cache
def model(service: str) -> ServiceModel:
    """The service as botocore describes it."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def operation(name: str) -> OperationModel:
    """The operation of a name such as `s3.head_object`."""
    service, _, method = name.partition(".")
    described = model(service)
    [found] = [each for each in described.operation_names if xform_name(each) == method]
    return described.operation_model(found)


def sent(name: str, parameters: Mapping[str, Any]) -> set[Sent]:
    """An operation and its parameters."""
    shape = operation(name).input_shape
    paths = _paths(shape, parameters, "", ()) if shape else ()
    return {Sent(name, path) for path in ("", *paths)}


def _paths(shape: Shape, value: Any, path: str, above: tuple[str, ...]) -> Iterator[str]:
    if shape.name in above:  # DynamoDB's values hold values
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


def note(name: str, parameters: Mapping[str, Any]) -> None:
    """Record a call, if our code makes it."""
    if _by_us():
        SENT.update(sent(name, parameters))


def install() -> None:
    """Record what every client of the SDK in this process is asked."""
    make = botocore.client.BaseClient._make_api_call

    def noting(self: Any, operation_name: str, api_params: Mapping[str, Any]) -> Any:
        note(f"{self.meta.service_model.service_name}.{xform_name(operation_name)}", api_params)
        return make(self, operation_name, api_params)

    botocore.client.BaseClient._make_api_call = noting  # type: ignore[method-assign]


def _by_us() -> bool:
    """Whether our code calls, and not a test."""
    frame = sys._getframe()
    while frame := frame.f_back:
        caller = _folder(frame.f_code.co_filename)
        if caller in OURS:
            return True
        if caller == "tests" and Path(frame.f_code.co_filename).name.startswith("test_"):
            return False
    return False


@cache
def _folder(file: str) -> str:
    path = Path(file)
    return path.relative_to(ROOT).parts[0] if path.is_relative_to(ROOT) and ".venv" not in path.parts else ""
