"""One synthesis for all tests: reading its templates costs nothing."""

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
    """What cdk.json deploys as it stands."""
    return _synthesised("deployment", tmp_path_factory)


@pytest.fixture(scope="session")
def organised(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """What a customer deploys whose organisation has its own ways."""
    return _synthesised("organised", tmp_path_factory)


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """What takes the most room, in the Region with the longest name."""
    return replace(_synthesised("crowded", tmp_path_factory), region="ap-southeast-1")


@pytest.fixture(scope="session")
def functions(deployment: Deployment) -> Mapping[str, Resource]:
    """Our functions by their handlers."""
    return {function["Handler"]: function for function in deployment.all("AWS::Lambda::Function")}


@pytest.fixture
def event() -> Any:
    """Reads what AWS sends: `event("s3_object_created")`."""
    return lambda name: json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
