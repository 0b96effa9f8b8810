"""One cloud for all tests that need one: scripted ears, a state of its own, every completion told twice."""

from collections.abc import Iterator

import pytest

from local.cloud.running import Cloud, running


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state = tmp_path_factory.mktemp("cloud") / "state"
    with running(state=state, engine="scripted", completion_events="doubled") as running_cloud:
        yield running_cloud
