"""The content of the lock files: pinned packages with their hashes and their dependents."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DEPLOYED = ROOT / "lambdas" / "requirements.lock"
LOCAL = ROOT / "requirements.lock"
WEIGHTS = ROOT / "local" / "models.txt"
INSTALLER = ROOT / "local" / "uv.txt"
NODE = ROOT / "package-lock.json"


@dataclass(frozen=True)
class Package:
    """One version of a package in a lock file.

    Hashes are pairs of algorithm and hexadecimal digest. A dependent `-r` is one of our own lists.
    """

    kind: str
    name: str
    version: str
    hashes: tuple[tuple[str, str], ...]
    needed_by: frozenset[str] = frozenset()
    licence: str = ""

    @property
    def purl(self) -> str:
        """The package's URL, its unique name: `pkg:pypi/lxml@6.1.3`."""
        return f"pkg:{self.kind}/{self.name}@{self.version}"


def pypi(lock: Path) -> Iterator[Package]:
    """The packages of a lock file of pip's."""
    for entry in _entries(lock.read_text(encoding="utf-8")):
        requirement = Requirement(re.split(r"\s+(?:\\\n|--hash=|# )", entry)[0].strip())
        pins = list(requirement.specifier)
        if [pin.operator for pin in pins] != ["=="]:
            raise ValueError(f"{requirement.name} is not pinned")
        hashes = re.findall(r"--hash=(\w+):([0-9a-f]+)", entry)
        needed_by = re.findall(r"^ +# (?:via|  ) *(-r|\S+$)", entry, re.MULTILINE)
        yield Package(
            "pypi", canonicalize_name(requirement.name), pins[0].version, tuple(sorted(hashes)), frozenset(needed_by)
        )


def npm(lock: Path) -> Iterator[Package]:
    """The packages of a lock file of npm's."""
    for path, package in json.loads(lock.read_text(encoding="utf-8"))["packages"].items():
        if path:
            algorithm, _, digest = package["integrity"].partition("-")
            name = path.rpartition("node_modules/")[2]
            hashes = ((algorithm, b64decode(digest).hex()),)
            yield Package("npm", name, package["version"], hashes, licence=package["license"])


def _entries(text: str) -> list[str]:
    """A lock file's entries, each with its lines. The file's own comments are not entries."""
    return [entry for entry in re.split(r"^(?=\S)", text, flags=re.MULTILINE) if entry and not entry.startswith("#")]
