"""The tests of this folder, applied to any deployment, including a misconfigured one."""

import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from tests.stacks import test_costs, test_inventory, test_partitions, test_security, test_wiring
from tests.stacks.resolved_templates import Deployment

_MODULES = (test_security, test_wiring, test_inventory, test_costs, test_partitions)
_GIVEN: dict[str, Callable[[Deployment], Any]] = {
    "deployment": lambda deployment: deployment,
    "functions": lambda deployment: {each["Handler"]: each for each in deployment.all("AWS::Lambda::Function")},
    "key": lambda deployment: deployment.one("AWS::KMS::Key").arn,
}
"""The fixtures that a deployment can supply."""


def broken(deployment: Deployment) -> str | None:
    """The first broken promise of the folder, as the test's name."""
    given = {name: make(deployment) for name, make in _GIVEN.items()}
    for test, wanted, cases in _tests():
        for case in cases:
            try:
                test(**{name: given[name] for name in wanted}, **case)
            except AssertionError:  # any other error is a fault of the test, so it does not count
                return test.__name__.removeprefix("test_").replace("_", " ")
    return None


def _tests() -> Iterator[tuple[Callable[..., None], set[str], list[dict[str, Any]]]]:
    """Tests that need only a deployment, with their fixtures and cases."""
    for module in _MODULES:
        for name, test in vars(module).items():
            if name.startswith("test_"):
                cases = list(_cases(test))
                wanted = set(inspect.signature(test).parameters) - cases[0].keys()
                if wanted <= _GIVEN.keys():
                    yield test, wanted, cases


def _cases(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """Every combination of a test's parameters."""
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    for values in itertools.product(*(mark.args[1] for mark in marks)):
        case: dict[str, Any] = {}
        for mark, value in zip(marks, values, strict=True):
            names = [mark.args[0]] if isinstance(mark.args[0], str) else list(mark.args[0])
            case |= dict(zip(names, [value] if len(names) == 1 else value, strict=True))
        yield case
