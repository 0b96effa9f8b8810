"""The calls of AWS that our code makes during other tests: each operation, and each parameter by its path.

Calls are recorded in the SDK, in this process, and by the local cloud, which also sees the CDK. The functions' calls
are recorded over moto and in the simulation.
"""

# ruff: noqa: SLF001  # nothing public says what every client is asked, nor who asks

import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import botocore.client
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from local.cloud.cloud_process import Cloud
from local.cloud.sdk_requests import paths

ROOT = Path(__file__).parents[2]
OURS = ("lambdas", "operations")
CDK_AGENTS = ("aws-cdk", "aws-sdk-js")
"""The CDK's user agent. Other callers are tests, and functions that moto also sees."""


class Sent(NamedTuple):
    """One parameter of an operation, such as `Delete.Objects[].Key`; the path is empty for the operation itself."""

    operation: str
    path: str

    def __str__(self) -> str:
        return f"{self.operation}({self.path})"


SENT: set[Sent] = set()
"""The requests in this run of the tests."""
CLOUDS: list[Cloud] = []
"""The local clouds that record their requests."""


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def operation(name: str) -> OperationModel:
    """The operation of a name such as `s3.head_object`."""
    service, _, method = name.partition(".")
    described = _model(service)
    [found] = [each for each in described.operation_names if xform_name(each) == method]
    return described.operation_model(found)


def sent(name: str, parameters: Mapping[str, Any]) -> set[Sent]:
    """An operation and its parameters."""
    return {Sent(name, path) for path in ("", *paths(operation(name), parameters))}


def note(name: str, parameters: Mapping[str, Any]) -> None:
    """Record a call if our code makes it."""
    if _by_us():
        SENT.update(sent(name, parameters))


def of_the_cdk(requests: Iterable[Mapping[str, Any]]) -> set[Sent]:
    """The CDK's calls, from all requests that a local cloud recorded."""
    return {
        Sent(each["operation"], path)
        for each in requests
        if any(agent in each["by"] for agent in CDK_AGENTS)
        for path in ("", *each["parameters"])
    }


def install() -> None:
    """Record the calls of every SDK client in this process."""
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
