"""Builds the functions' zip without Docker: our code and the wheels for Lambda's platform.

`python -m stacks.packaging RUNTIME ARCHITECTURE …` downloads the wheels in advance, so that synth needs no network.
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
"""Minor version of glibc in Lambda's image: Amazon Linux 2 has 2.26, Amazon Linux 2023 has 2.34 (Lambda developer
guide, "Lambda runtimes"). A wheel for an older version runs on a newer one."""
_GLIBC_NEWEST, _GLIBC_OLDEST = 34, 17
_NOT_CODE = shutil.ignore_patterns("__pycache__", "requirements*", "bin")


@cache
def folder(functions: Functions) -> str:
    """The path of a folder with everything that a function imports, except the packages of Lambda's runtime.

    Each process has its own folder, because another process may run synth at the same time. It is deleted when the
    process ends; by then the CDK has copied it.
    """
    unpacked = wheels(functions)
    packed = tempfile.mkdtemp(prefix=f"{_platform(functions)}-", dir=BUILD)
    atexit.register(shutil.rmtree, packed, ignore_errors=True)
    shutil.copytree(SOURCE, packed, ignore=_NOT_CODE, dirs_exist_ok=True)
    shutil.copytree(unpacked, packed, ignore=_NOT_CODE, dirs_exist_ok=True)
    return packed


def wheels(functions: Functions) -> Path:
    """The folder of the locked packages, unpacked for the platform. It is made once per content of the lock file."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    done = BUILD / f"wheels-{_platform(functions)}-{digest}"
    if not done.exists():
        partial = done.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        _install(functions, partial)
        partial.rename(done)
    return done


def _platform(functions: Functions) -> str:
    """The platform as part of a folder's name. It has no dots, because the CDK would read a dot as a file extension."""
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
    result = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    sys.stderr.write(result.stderr)
    if result.returncode:
        sys.exit(_why_not_fetched(functions, result.stderr))


def _why_not_fetched(functions: Functions, stderr: str) -> str:
    """The cause of pip's error, and what to do: either a package has no wheel for the runtime, or the network failed.

    pip prints "from versions: none" in both cases. If it cannot reach the index, it prints a connection error first.
    """
    unreachable = re.search(r"connection|timed out|resolution|proxy|certificate|\b40[347]\b", stderr, re.IGNORECASE)
    missing = re.search(r"No matching distribution found for (\S+)", stderr)
    if missing and not unreachable:
        return (
            f"{missing[1]} has no wheel for {functions.runtime} on {functions.architecture}: set another "
            "functions.runtime (docs/deploying.md)."
        )
    return "The functions' packages could not be downloaded: check the network and pip's index, then try again."


def _platforms(functions: Functions) -> list[str]:
    """The wheel tags that the platform accepts, newest first."""
    machine, newest = _MACHINES[functions.architecture], _GLIBC.get(functions.runtime, _GLIBC_NEWEST)
    return [f"manylinux_2_{minor}_{machine}" for minor in range(newest, _GLIBC_OLDEST - 1, -1)] + [
        f"manylinux2014_{machine}"
    ]


if __name__ == "__main__":
    for runtime, architecture in list(pairwise(sys.argv[1:]))[::2]:
        wheels(Functions(runtime, architecture))
