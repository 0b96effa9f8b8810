"""Packs the functions' zip without Docker: our code and the wheels of the platform it will run on.

`python -m stacks.packaging RUNTIME ARCHITECTURE …` fetches wheels ahead of time, so that synthesising
needs no network.
"""

import atexit
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from itertools import pairwise
from pathlib import Path

from stacks.config import Functions

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "lambdas"
BUILD = ROOT / "build" / "functions"
LOCK = SOURCE / "requirements.lock"
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_GLIBC = {"python3.11": 26}
"""The C library's minor version of Lambda's image: Amazon Linux 2 has 2.26, Amazon Linux 2023 has 2.34 (Lambda guide,
"Lambda runtimes"). A wheel for an older one runs on a newer one."""
_GLIBC_NEWEST, _GLIBC_OLDEST = 34, 17
_NOT_CODE = shutil.ignore_patterns("__pycache__", "requirements*", "bin")


@cache
def folder(functions: Functions) -> str:
    """The path of a folder that holds all a function imports, but for what Lambda's runtime brings.

    It is this process's own, and gone when the process ends: the CDK copies it, and another process
    may be synthesising at the same time.
    """
    fetched = wheels(functions)
    packed = tempfile.mkdtemp(prefix=f"{_platform(functions)}-", dir=BUILD)
    atexit.register(shutil.rmtree, packed, ignore_errors=True)
    shutil.copytree(SOURCE, packed, ignore=_NOT_CODE, dirs_exist_ok=True)
    shutil.copytree(fetched, packed, ignore=_NOT_CODE, dirs_exist_ok=True)
    return packed


def wheels(functions: Functions) -> Path:
    """The locked packages, unpacked for the platform; installed once per content of the lock file."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    done = BUILD / f"wheels-{_platform(functions)}-{digest}"
    if not done.exists():
        partial = done.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        _install(functions, partial)
        partial.rename(done)
    return done


def _platform(functions: Functions) -> str:
    """A folder's name for it; without dots, which the CDK would take for a file's extension."""
    return f"{functions.runtime}-{functions.architecture}".replace(".", "")


def _install(functions: Functions, target: Path) -> None:
    print(
        f"Fetching the functions' packages for {functions.runtime} on {functions.architecture} …",
        file=sys.stderr,
    )
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--require-hashes",
        "--only-binary=:all:", "--python-version", functions.runtime.removeprefix("python"),
        *(f"--platform={platform}" for platform in _platforms(functions)),
        "--target", str(target), "--requirement", str(LOCK),
    ]  # fmt: skip
    ended = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    sys.stderr.write(ended.stderr)
    if ended.returncode:
        sys.exit(_why_not_fetched(functions, ended.stderr))


def _why_not_fetched(functions: Functions, said: str) -> str:
    """What to do about pip's error: a package that is not built for a runtime is no fault of the network's.

    pip says "from versions: none" both of a package it cannot reach and of one that has no such wheel; only where it
    cannot reach the index does it say so before.
    """
    unreachable = re.search(r"connection|timed out|resolution|proxy|certificate|\b40[347]\b", said, re.IGNORECASE)
    missing = re.search(r"No matching distribution found for (\S+)", said)
    if missing and not unreachable:
        return (
            f"{missing[1]} is not built for {functions.runtime} on {functions.architecture}: choose another "
            "functions.runtime (docs/deploying.md)."
        )
    return "The functions' packages could not be fetched: check the network and pip's index, then try again."


def _platforms(functions: Functions) -> list[str]:
    """The tags of wheels that run there, the newest first."""
    machine, newest = _MACHINES[functions.architecture], _GLIBC.get(functions.runtime, _GLIBC_NEWEST)
    return [f"manylinux_2_{minor}_{machine}" for minor in range(newest, _GLIBC_OLDEST - 1, -1)] + [
        f"manylinux2014_{machine}"
    ]


if __name__ == "__main__":
    for runtime, architecture in list(pairwise(sys.argv[1:]))[::2]:
        wheels(Functions(runtime, architecture))
