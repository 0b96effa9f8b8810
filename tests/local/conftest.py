"""One cloud for all tests that need one: scripted ears, a state of its own, every completion told twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud.running import Cloud, running


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the cloud notes what IAM is asked."""
    return tmp_path_factory.mktemp("asked") / "calls.jsonl"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory, asked: Path) -> Iterator[Cloud]:
    state = tmp_path_factory.mktemp("cloud") / "state"
    with running(state=state, engine="scripted", completion_events="doubled", calls=asked) as running_cloud:
        yield running_cloud
