"""Software bills of materials in CycloneDX 1.6, from lock files and metadata: `make sbom`. It needs no network."""

import json
import tomllib
import uuid
from datetime import UTC, datetime
from typing import Any

from tests.supply.licences import COPYLEFT, licensed
from tests.supply.locked import ROOT, Package

FOLDER = ROOT / "build" / "sbom"
# The subject of each bill: the deployed application, and the software that runs, builds and tests it on a laptop.
BILLS = {"deployed": "stethoscript", "local": "stethoscript-local"}
_ALGORITHMS = {"sha256": "SHA-256", "sha512": "SHA-512"}


def bill(what: str, packages: list[tuple[Package, str]], *, made: datetime) -> dict[str, Any]:
    """The bill of materials of one part, created at this time."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = f"pkg:generic/{BILLS[what]}@{project['version']}"
    subject = {
        "type": "application",
        "bom-ref": ours,
        "name": BILLS[what],
        "version": project["version"],
        "licenses": [{"license": {"id": "MIT"}}],
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {"timestamp": made.isoformat(timespec="seconds"), "component": subject},
        "components": [_component(package, licence) for package, licence in packages],
        "dependencies": _dependencies(ours, [package for package, _ in packages]),
    }


def _component(package: Package, licence: str) -> dict[str, Any]:
    """A package; pip and npm accept any file that has one of its hashes."""
    single = " " not in licence
    component = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "licenses": [{"license": {"id": licence}} if single else {"expression": licence}],
        "hashes": [{"alg": _ALGORITHMS[algorithm], "content": digest} for algorithm, digest in package.hashes],
    }
    if part := COPYLEFT.get(package.name):
        component["properties"] = [{"name": "stethoscript:contains", "value": f"{part.licence}: {part.part}"}]
    return component


def _dependencies(ours: str, packages: list[Package]) -> list[dict[str, Any]]:
    """The dependencies. Packages from our own lists, and those without a dependent, are our direct dependencies."""
    named = {"-r": ours, **{package.name: package.purl for package in packages}}
    needs: dict[str, set[str]] = {ours: set(), **{package.purl: set() for package in packages}}
    for package in packages:
        needing = {named[name] for name in package.needed_by & named.keys()}
        for each in needing or {ours}:
            needs[each].add(package.purl)
    return [{"ref": ref, "dependsOn": sorted(needed)} for ref, needed in needs.items()]


def main() -> None:
    """Write the bills, one file each."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for what, packages in licensed().items():
        path = FOLDER / f"{BILLS[what]}.cdx.json"
        path.write_text(json.dumps(bill(what, packages, made=datetime.now(UTC)), indent=2) + "\n", encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {len(packages)} packages")


if __name__ == "__main__":
    main()
