"""The installed packages are the locked ones, byte for byte."""

import json
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.supply.locked import DEPLOYED, INSTALLER, LOCAL, NODE, ROOT, WEIGHTS, npm, pypi

PINNED_IN = {  # the lock file for each list
    "requirements.txt": LOCAL,
    "local/requirements.txt": LOCAL,
    "operations/requirements.txt": LOCAL,
    "tests/requirements.txt": LOCAL,
    "lambdas/requirements.txt": DEPLOYED,
    "tests/scan/requirements.txt": ROOT / "tests" / "scan" / "requirements.lock",
    "tests/supply/requirements.txt": ROOT / "tests" / "supply" / "requirements.lock",
}
LOCKS = sorted({*PINNED_IN.values(), *ROOT.glob("benchmarks/requirements*.txt"), WEIGHTS, INSTALLER})


def called(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("lock", LOCKS, ids=called)
def test_every_locked_package_is_pinned_and_has_hashes(lock):
    packages = list(pypi(lock))
    assert packages
    for package in packages:
        assert package.hashes, package.name
        assert {algorithm for algorithm, _ in package.hashes} == {"sha256"}


@pytest.mark.parametrize("lock", [*LOCKS, NODE], ids=called)
def test_no_lock_file_names_a_registry(lock):
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "resolved" not in text
    assert not re.findall(r"^\s*--?(?:index|extra|find|trusted|i |e |f )\S*", text, re.MULTILINE)


def test_every_package_of_npm_has_its_hash():
    packages = json.loads(NODE.read_text(encoding="utf-8"))["packages"]
    assert len(list(npm(NODE))) == len(packages) - 1
    for package in npm(NODE):
        [(algorithm, digest)] = package.hashes
        assert (algorithm, len(digest)) == ("sha512", 128)


def wanted(path):
    lines = (line.partition("#")[0].strip() for line in (ROOT / path).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


@pytest.mark.parametrize("path", PINNED_IN)
def test_every_requested_package_is_pinned_and_locked_in_that_version(path):
    locked = {package.name: package.version for package in pypi(PINNED_IN[path])}
    for requirement in wanted(path):
        assert str(requirement.specifier) == f"=={locked[canonicalize_name(requirement.name)]}"


def test_every_list_of_packages_has_a_lock_file():
    asked = {path for pattern in ("", "[!.]*/", "tests/*/") for path in ROOT.glob(f"{pattern}requirements*.txt")}
    assert {called(path) for path in asked - set(LOCKS)} == set(PINNED_IN)


SDK = {"boto3", "botocore", "s3transfer"}
"""What functions may carry in a newer version than the local cloud needs (docs/deploying.md)."""


def test_deployed_packages_are_tested_in_the_same_version():
    locally = {(package.name, package.version) for package in pypi(LOCAL)}
    assert {(package.name, package.version) for package in pypi(DEPLOYED) if package.name not in SDK} <= locally


def test_a_package_locked_without_a_hash_is_detected(tmp_path):
    (tmp_path / "a.lock").write_text("# made by hand\nlxml==6.1.3\n    # via\n    #   -r some/list.txt\n    #   docx\n")
    [package] = pypi(tmp_path / "a.lock")
    assert (package.purl, package.hashes, package.needed_by) == ("pkg:pypi/lxml@6.1.3", (), {"-r", "docx"})


@pytest.mark.parametrize("line", ["lxml", "lxml>=6", "lxml>=6,<7", "lxml @ https://example.org/lxml.whl"])
def test_a_package_that_is_not_pinned_is_refused(tmp_path, line):
    (tmp_path / "a.lock").write_text(f"{line}\n")
    with pytest.raises(ValueError, match="lxml is not pinned"):
        list(pypi(tmp_path / "a.lock"))
