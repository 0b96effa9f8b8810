"""The local cloud and moto answer as AWS documents, case by case, but where the case says otherwise."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.cloud.environment import REGION
from tests.comparison.case import Case
from tests.comparison.cases import CASES
from tests.comparison.side import Client, judged

SIDES = ("local", "moto")


@pytest.fixture(scope="module")
def local(cloud: Any) -> Client:
    return cache(cloud.client)


@pytest.fixture(scope="module")
def moto() -> Iterator[Client]:
    session = boto3.Session("testing", "testing", region_name=REGION)
    with mock_aws():
        yield cache(session.client)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_answers_are_aws_s(case: Case, side: str, request: pytest.FixtureRequest):
    found, listed = judged(case, request.getfixturevalue(side)), getattr(case, side)
    if listed:
        assert found, f"{side} answers as AWS now: take the difference out of the case"
    else:
        assert not found, f"{side} is not as {case.documented} says: {'; '.join(found)}"
