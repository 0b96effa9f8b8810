"""Hundreds of simulated deployments with injected faults:

every recording ends once, is charged once and is notified.
"""

import pytest

from tests.simulation import run_seed, run_seeds
from tests.simulation.planted_bugs import PLANTED

SEEDS = 150
EVERYDAY = 40
"""Bugs that this number of seeds shows are searched for in every run, and the others in proofs."""


def test_every_invariant_holds_whatever_faults_occur():
    failing = run_seeds.failures(range(SEEDS))
    if failing:
        seed = min(failing)
        broken = "; ".join(failing[seed])
        story = run_seed.run(seed).story(most=200)
        pytest.fail(f"{story}\n{len(failing)} of {SEEDS} seeds; make simulate SEED={seed} shows all of: {broken}")


def test_a_seed_replays_exactly():
    first, again = run_seed.run(11), run_seed.run(11)
    assert first.trace == again.trace


@pytest.fixture(scope="module")
def shown(request):
    """The requested bugs that are found. They are searched for in parallel."""
    asking = [
        test for test in request.session.items if "shown" in test.fixturenames and not test.get_closest_marker("skip")
    ]
    return run_seeds.shown(test.callspec.params["name"] for test in asking)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.proof] * (bug.within > EVERYDAY)) for name, bug in PLANTED.items()],
)
def test_a_planted_bug_is_found(name, shown):
    assert name in shown, f"not within {PLANTED[name].within} seeds"
