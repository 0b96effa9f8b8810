"""The start time of a function, beside boto3 and the clients it uses: a cold start in Lambda.

It runs the folder that is zipped, with the host's Python. Compiled files cannot be written there, as in Lambda.
"""

import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT
from stacks import packaging
from stacks.config import Functions

FUNCTIONS = ("start_transcription", "deliver_transcript", "reconcile")
_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def measured(pairs: int) -> list[dict[str, Any]]:
    """Each function's medians, of runs that alternate with those of the floor."""
    folder = packaging.folder(
        Functions(f"python{sys.version_info.major}.{sys.version_info.minor}", _ARCHITECTURES[os.uname().machine])
    )
    return [_function(name, Path(folder), pairs) for name in FUNCTIONS]


def _function(name: str, folder: Path, pairs: int) -> dict[str, Any]:
    services = re.findall(r'\bclient\("(\w+)"', (ROOT / "lambdas" / f"{name}.py").read_text(encoding="utf-8"))
    clients = f"for service in {services}: client(service)"
    floor = f"from boto3 import client\n{clients}"
    ours = f"import {name}\nfrom clients import client\n{clients}"
    runs = [(_run(floor, folder), _run(ours, folder)) for _ in range(pairs)]
    return {"function": name, "clients": services, **dict(_medians(runs))}


def _run(code: str, folder: Path) -> tuple[float, float]:
    """Wall and processor seconds of a fresh Python."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=_ENVIRONMENT, check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _medians(runs: list[tuple[tuple[float, float], tuple[float, float]]]) -> Iterator[tuple[str, float]]:
    for place, clock in enumerate(("wall", "cpu")):
        yield f"floor_{clock}", round(statistics.median(floor[place] for floor, _ in runs), 4)
        yield f"ours_{clock}", round(statistics.median(ours[place] for _, ours in runs), 4)
        yield f"ratio_{clock}", round(statistics.median(ours[place] / floor[place] for floor, ours in runs), 3)
