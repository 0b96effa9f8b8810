"""One synthesis for all tests, because tests only read its templates."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.stacks.resolved_templates import DEPLOYMENTS, ROOT, Deployment, Resource, synthesise

EVENTS = ROOT / "tests" / "events"


def _synthesised(name: str, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return synthesise(tmp_path_factory.mktemp(name) / "cdk.out", **DEPLOYMENTS[name])


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The deployment of cdk.json, unchanged."""
    return _synthesised("deployment", tmp_path_factory)


@pytest.fixture(scope="session")
def organised(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The deployment of a customer with their own key, bootstrap and permissions boundary."""
    return _synthesised("organised", tmp_path_factory)


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The deployment that takes the most space, in the Region with the longest name."""
    return replace(_synthesised("crowded", tmp_path_factory), region="ap-southeast-1")


@pytest.fixture(scope="session")
def functions(deployment: Deployment) -> Mapping[str, Resource]:
    """Our functions by their handlers."""
    return {function["Handler"]: function for function in deployment.all("AWS::Lambda::Function")}


@pytest.fixture
def event() -> Any:
    """Read an event as AWS sends it: `event("s3_object_created")`."""
    return lambda name: json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
