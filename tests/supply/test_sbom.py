"""The bill of materials lists all locked packages in valid CycloneDX."""

import json
import subprocess
from datetime import UTC, datetime

import pytest

from benchmarks import machine
from tests.supply import audit, licences, sbom
from tests.supply.locked import DEPLOYED, LOCAL, NODE, WEIGHTS, npm, pypi

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BILLS = {what: sbom.bill(what, packages, made=NOW) for what, packages in licences.licensed().items()}
PINNED = {"deployed": [*pypi(DEPLOYED)], "local": [*pypi(LOCAL), *pypi(WEIGHTS), *npm(NODE)]}


@pytest.mark.parametrize("what", BILLS)
def test_the_bill_lists_exactly_the_locked_packages_with_their_hashes(what):
    listed = {each["purl"]: {digest["content"] for digest in each["hashes"]} for each in BILLS[what]["components"]}
    assert listed == {package.purl: {digest for _, digest in package.hashes} for package in PINNED[what]}
    assert all(listed.values())


@pytest.mark.parametrize("what", BILLS)
def test_every_part_has_a_licence_and_its_dependencies(what):
    parts = {each["bom-ref"] for each in BILLS[what]["components"]}
    assert all(each["licenses"] for each in BILLS[what]["components"])
    needs = {each["ref"]: each["dependsOn"] for each in BILLS[what]["dependencies"]}
    assert needs.keys() == parts | {BILLS[what]["metadata"]["component"]["bom-ref"]}
    assert {each for needed in needs.values() for each in needed} == parts


def test_the_deployed_bill_lists_dependencies_and_libraries_inside_wheels():
    needs = {each["ref"].rpartition("@")[0]: each["dependsOn"] for each in BILLS["deployed"]["dependencies"]}
    assert [each.partition("@")[0] for each in needs["pkg:pypi/python-docx"]] == [
        "pkg:pypi/lxml",
        "pkg:pypi/typing-extensions",
    ]
    [lxml] = [each for each in BILLS["deployed"]["components"] if each["name"] == "lxml"]
    assert "libiconv" in lxml["properties"][0]["value"]


@pytest.mark.proof
@pytest.mark.parametrize("what", BILLS)
def test_a_bill_is_valid_by_the_schema_of_cyclonedx(what, tmp_path):
    (tmp_path / "bill.json").write_text(json.dumps(BILLS[what]))
    program = (
        "import pathlib, sys; from cyclonedx.schema import SchemaVersion\n"
        "from cyclonedx.validation.json import JsonStrictValidator\n"
        "print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(pathlib.Path(sys.argv[1]).read_text()))"
    )
    python = machine.environment("audit", audit.LOCK)
    command = [str(python), "-c", program, str(tmp_path / "bill.json")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "None"
