"""Options of the whole test suite, and the one cloud that tests share."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local.cloud.cloud_process import Cloud, running
from tests.comparison import recording

# The CDK's library runs the first node on the path: ours, beside this Python.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


# A busy machine is no failure of ours, so nothing has a deadline.
for profile, examples in {"everyday": 30, "proof": 500}.items():
    settings.register_profile(
        profile, max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )

WITHOUT_SOCKETS = {"unit", "functions", "operations", "corpus"}
"""Folders whose tests must not use the network."""
SUMMARY_LINES = pytest.StashKey[list[str]]()


@pytest.fixture
def summary_line(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line after the tests, for counts of a run that passed."""
    return request.config.stash.setdefault(SUMMARY_LINES, []).append


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A scripted recogniser, its own state, every completion event doubled, every IAM evaluation recorded."""
    folder = tmp_path_factory.mktemp("cloud")
    with running(
        state=folder / "state",
        engine="scripted",
        completion_events="doubled",
        calls=folder / "calls.jsonl",
        requests=folder / "requests.jsonl",
    ) as running_cloud:
        recording.CLOUDS.append(running_cloud)
        yield running_cloud


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash.get(SUMMARY_LINES, []):
        terminalreporter.section("what was counted")
        terminalreporter.write_line("\n".join(lines))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--prove", action="store_true", help="run the heavy proofs as well")
    parser.addoption(
        "--target",
        choices=["local", "aws"],
        default="local",
        help="where the end-to-end test runs; aws takes your credentials, region and deployed stacks, and costs cents",
    )


def pytest_configure(config: pytest.Config) -> None:
    recording.install()
    config.addinivalue_line("markers", "proof: a heavy proof, run by `make prove`")
    config.addinivalue_line("markers", "needs_cloud: uses the local cloud; every test with that fixture has this mark")
    config.addinivalue_line("markers", "afterwards: looks at what all other tests did, so it runs after them")
    settings.load_profile("proof" if config.getoption("--prove") else "everyday")


def pytest_collection_finish() -> None:
    """Exclude imported objects from garbage collection, because they stay to the end."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "afterwards" in item.keywords)
    for item in items:
        if "cloud" in getattr(item, "fixturenames", ()):
            item.add_marker("needs_cloud")
        if item.path.relative_to(Path(__file__).parent).parts[0] in WITHOUT_SOCKETS:
            item.add_marker("disable_socket")
    if config.getoption("--prove"):
        return
    skip = pytest.mark.skip(reason="a heavy proof: run `make prove`")
    for item in items:
        if "proof" in item.keywords:
            item.add_marker(skip)
