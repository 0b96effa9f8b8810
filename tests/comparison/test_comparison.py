"""The local cloud and moto answer as AWS documents, case by case, except where the case names a difference."""

from collections.abc import Iterator
from functools import cache

import pytest

from local.cloud.cloud_process import running
from tests.comparison.case import Case
from tests.comparison.cases import CASES
from tests.comparison.side import Client, compared, in_moto

SIDES = ("local", "moto")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A separate cloud, because the cases leave resources in it."""
    with running(state=tmp_path_factory.mktemp("compared") / "state", engine="scripted") as cloud:
        yield cache(cloud.client)


@pytest.fixture(scope="module")
def moto() -> Iterator[Client]:
    with in_moto() as client:
        yield client


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_answers_match_aws_s_documentation(case: Case, side: str, request: pytest.FixtureRequest):
    found, listed = compared(case, request.getfixturevalue(side)), getattr(case, side)
    if listed:
        assert found, f"{side} answers as AWS now: take the difference out of the case"
    else:
        assert not found, f"{side} is not as {case.documented} says: {'; '.join(found)}"
