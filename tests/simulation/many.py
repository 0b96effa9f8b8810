"""Many seeds on all processors."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.simulation import trial


def failures(seeds: range) -> dict[int, tuple[str, ...]]:
    """What was broken, by seed; every processor takes its share."""
    processors: list[int | None] = [None]
    if hasattr(os, "sched_getaffinity"):
        processors = sorted(os.sched_getaffinity(0))
    shares = [seeds[index :: len(processors)] for index in range(len(processors))]
    with ProcessPoolExecutor(len(processors), mp_context=get_context("spawn")) as pool:
        found = list(pool.map(share, shares, processors))
    return {seed: broken for each in found for seed, broken in each.items()}


def share(seeds: range, processor: int | None) -> dict[int, tuple[str, ...]]:
    """What was broken in some seeds, all run on one processor: threads that take turns do so far faster there."""
    if processor is not None:
        os.sched_setaffinity(0, {processor})
    return {seed: broken for seed in seeds if (broken := trial.run(seed).broken)}
