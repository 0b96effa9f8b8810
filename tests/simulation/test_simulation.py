"""Hundreds of worlds where everything goes wrong: nothing is lost, mixed up, paid for twice or told to nobody."""

import os

import pytest

from tests.simulation import many, trial
from tests.simulation.planted import PLANTED

SEEDS = 300


def test_nothing_is_broken_whatever_goes_wrong():
    failing = many.failures(range(SEEDS))
    if failing:
        seed = min(failing)
        broken = "; ".join(failing[seed])
        story = trial.run(seed).story(most=200)
        pytest.fail(f"{story}\n{len(failing)} of {SEEDS} seeds; make simulate SEED={seed} shows all of: {broken}")


def test_a_seed_replays_exactly():
    first, again = trial.run(11), trial.run(11)
    assert first.trace == again.trace


@pytest.fixture
def _one_processor():
    """Threads that take turns do so far faster on one processor."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    yield
    os.sched_setaffinity(0, allowed)


@pytest.mark.usefixtures("_one_processor")
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found(name, monkeypatch):
    bug = PLANTED[name]
    bug.plant(monkeypatch)
    assert any(trial.run(seed, bug.numbers).broken for seed in range(bug.within)), f"not within {bug.within} seeds"
