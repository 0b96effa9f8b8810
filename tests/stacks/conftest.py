"""One synthesis for all tests: reading its templates costs nothing."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.stacks.deployed import ROOT, Deployment, Resource, synthesise

EVENTS = ROOT / "tests" / "events"
BROUGHT_KEY = "arn:aws:kms:us-east-1:111122223333:key/1f2e3d4c-0000-4000-8000-0123456789ab"


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """What cdk.json deploys as it stands."""
    return synthesise(tmp_path_factory.mktemp("synthesis") / "cdk.out")


@pytest.fixture(scope="session")
def organised(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """What a customer deploys whose organisation has its own ways."""
    return synthesise(
        tmp_path_factory.mktemp("synthesis") / "cdk.out",
        name="clinic",
        key_arn=BROUGHT_KEY,
        bootstrap_qualifier="acme",
        permissions_boundary="team/boundary",
        emails={"completion": ["records@clinic.example", "ward@clinic.example"], "operations": ["it@clinic.example"]},
        retention={"audio_days": 90, "transcript_days": 3650, "log_days": 731, "access_log_days": 30},
        quotas={"jobs_at_once": 500, "start_functions": 3, "deliver_functions": 7},
        reconcile={"every_minutes": 1},
        budget={"monthly_dollars": 800, "emails": ["finance@clinic.example"]},
    )


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """What takes the most room: the longest name, the longest region and as many profiles as are let through."""
    profiles = {f"dictations-of-the-department-of-general-medicine-{number:02}/": {} for number in range(40)}
    crowded = synthesise(tmp_path_factory.mktemp("synthesis") / "cdk.out", name="a" * 23, profiles=profiles)
    return Deployment(crowded.templates, region="ap-southeast-1")


@pytest.fixture(scope="session")
def functions(deployment: Deployment) -> Mapping[str, Resource]:
    """Our functions by their handlers."""
    return {function["Handler"]: function for function in deployment.all("AWS::Lambda::Function")}


@pytest.fixture
def event() -> Any:
    """Reads what AWS sends: `event("s3_object_created")`."""
    return lambda name: json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
