# ruff: noqa: T201 - a command talks to people
"""Run many seeds, or replay one: `python -m tests.simulation --seeds 2000`, `python -m tests.simulation --seed 17`."""

import argparse
import sys
import time

from tests.simulation import run_seed, run_seeds


def main() -> int:
    """Return 1 if any seed fails, otherwise 0."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="replay this one and print its trace")
    asked = parser.parse_args()
    if asked.seed is not None:
        return _replay(asked.seed)
    begun = time.perf_counter()
    failing = run_seeds.failures(range(asked.first, asked.first + asked.seeds))
    for seed, broken in sorted(failing.items()):
        print(f"seed {seed}: {'; '.join(broken)}")
    print(f"{asked.seeds} seeds in {time.perf_counter() - begun:.1f} s, {len(failing)} failing")
    if failing:
        print(f"see what happened: make simulate SEED={min(failing)}")
    return bool(failing)


def _replay(seed: int) -> int:
    outcome = run_seed.run(seed)
    print(outcome.story())
    print("\n".join(outcome.broken) or "nothing was broken")
    return bool(outcome.broken)


if __name__ == "__main__":
    sys.exit(main())
