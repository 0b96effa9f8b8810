"""Ask PyPI for the known vulnerabilities of the locked packages: `make audit`. It needs the network."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import machine
from tests.supply.locked import DEPLOYED, LOCAL, ROOT

LOCK = ROOT / "tests" / "supply" / "requirements.lock"
UNREACHABLE = "PyPI could not be asked about vulnerabilities in {lock}: check the network, then run make audit again."


def main(locks: list[Path]) -> None:
    """Print the vulnerabilities of each lock file's packages, and fail if there are any."""
    try:
        python = machine.environment("audit", LOCK)
    except subprocess.CalledProcessError:
        sys.exit("pip-audit could not be installed: check that PyPI can be reached, then run make audit again.")
    known = 0
    for lock in locks:
        packages = audited(python, lock)
        vulnerable = [line for package in packages for line in findings(package)]
        known += len(vulnerable)
        print(f"{lock.relative_to(ROOT)}: {len(packages)} packages, {len(vulnerable)} known vulnerabilities")
        print("".join(f"  {line}\n" for line in vulnerable), end="")
    sys.exit(1 if known else 0)


def audited(python: Path, lock: Path) -> list[dict[str, Any]]:
    """PyPI's answer for every package that a lock file installs here; exits with a sentence without an answer."""
    options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    command = [str(python), "-m", "pip_audit", *options, "--requirement", str(lock)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    try:
        packages: list[dict[str, Any]] = json.loads(said)["dependencies"]
    except json.JSONDecodeError:
        sys.exit(UNREACHABLE.format(lock=lock.relative_to(ROOT)))
    if unknown := [package["name"] for package in packages if "skip_reason" in package]:
        sys.exit(f"PyPI knows nothing of {', '.join(unknown)}: is a mirror between here and it?")
    return packages


def findings(package: dict[str, Any]) -> list[str]:
    """A line for each vulnerability of a package, with the versions that fix it."""
    return [
        f"{package['name']} {package['version']}: {each['id']}, mended in {', '.join(each['fix_versions']) or 'none'}"
        for each in package["vulns"]
    ]


if __name__ == "__main__":
    main([Path(path).resolve() for path in sys.argv[1:]] or [DEPLOYED, LOCAL, ROOT / "tests/scan/requirements.lock"])
