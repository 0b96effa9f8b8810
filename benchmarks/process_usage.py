"""The usage of a process and its children, sampled from /proc: Linux only."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_EVERY_SECONDS = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE = 1_000_000
_REFERENCE_MEGABYTES = 400


@dataclass
class Usage:
    """Wall and processor seconds of a block, and its peak resident memory in MB."""

    wall: float = 0.0
    cpu: float = 0.0
    peak_megabytes: float = 0.0


@contextmanager
def watched(pid: int) -> Iterator[Usage]:
    """Measure a process with all its children during the block."""
    usage, ended = Usage(), threading.Event()

    def sample() -> None:
        while not ended.is_set():
            usage.peak_megabytes = max(usage.peak_megabytes, _resident(pid))
            ended.wait(_EVERY_SECONDS)

    began, spent = time.monotonic(), _processor_seconds(pid)
    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield usage
    finally:
        ended.set()
        sampler.join()
        usage.wall, usage.cpu = time.monotonic() - began, _processor_seconds(pid) - spent


@contextmanager
def spent() -> Iterator[Usage]:
    """Measure this process during the block, with its peak memory since its start."""
    usage, began, processor = Usage(), time.perf_counter(), time.process_time()
    yield usage
    usage.wall, usage.cpu = time.perf_counter() - began, time.process_time() - processor
    kilobytes = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    usage.peak_megabytes = int(kilobytes.split()[1]) * 1024 / _MEGABYTE


def reference_seconds() -> float:
    """The seconds of a fixed load on every processor. A higher value means that other processes are running."""
    block = bytes(_MEGABYTE)

    def load(_: int) -> None:
        digest = hashlib.sha256()
        for _block in range(_REFERENCE_MEGABYTES):
            digest.update(block)

    began = time.monotonic()
    processors = os.cpu_count() or 1
    with ThreadPoolExecutor(processors) as threads:
        list(threads.map(load, range(processors)))
    return time.monotonic() - began


def _family(pid: int) -> list[int]:
    """A process and all its running descendants."""
    family = [pid]
    for one in family:
        for listed in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                family += map(int, listed.read_text().split())
            except OSError:
                continue
    return family


def _resident(pid: int) -> float:
    pages = 0
    for one in _family(pid):
        try:
            pages += int(Path(f"/proc/{one}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return pages * _PAGE / _MEGABYTE


def _processor_seconds(pid: int) -> float:
    """A process's own seconds and those of its ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS
