"""Many seeds on all processors, each process on one, because alternating threads run much faster there."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from tests.simulation import run_seed
from tests.simulation.planted_bugs import PLANTED


def failures(seeds: range) -> dict[int, tuple[str, ...]]:
    """The violated invariants, by seed."""
    return {seed: broken for seed, broken in zip(seeds, _spread(broken_by, seeds, 10), strict=True) if broken}


def broken_by(seed: int) -> tuple[str, ...]:
    """The violated invariants of one seed."""
    return run_seed.run(seed).broken


def shown(names: Iterable[str]) -> frozenset[str]:
    """The planted bugs that some seed shows."""
    names = list(names)
    return frozenset(name for name, found in zip(names, _spread(is_shown, names, 1), strict=True) if found)


def is_shown(name: str) -> bool:
    """Whether a seed shows this bug within its limit."""
    bug = PLANTED[name]
    with pytest.MonkeyPatch.context() as patch:
        bug.plant(patch)
        return any(run_seed.run(seed, bug.numbers).broken for seed in range(bug.within))


def _spread(work: Callable[[Any], Any], items: Iterable[Any], at_once: int) -> list[Any]:
    context = get_context("spawn")
    processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
    free = context.SimpleQueue()
    for processor in processors:
        free.put(processor)
    with ProcessPoolExecutor(len(processors), mp_context=context, initializer=_settle, initargs=(free,)) as pool:
        return list(pool.map(work, items, chunksize=at_once))


def _settle(free: Any) -> None:
    """Stay on a processor that no other process of the pool uses."""
    processor = free.get()
    if processor is not None:
        os.sched_setaffinity(0, {processor})
