"""The licence policy is a gate: every package in use must be permitted."""

import doctest
from importlib.metadata import distributions

import pytest
from packaging.licenses import canonicalize_license_expression
from packaging.utils import canonicalize_name

from tests.supply import licences
from tests.supply.licences import COPYLEFT, PATH, PERMISSIVE, REMEDY, permissive
from tests.supply.locked import DEPLOYED, pypi

PACKAGES = licences.licensed()
ALL = [pair for pairs in PACKAGES.values() for pair in pairs]


def test_the_page_matches_the_packages_metadata():
    assert PATH.read_text(encoding="utf-8") == licences.page(), REMEDY


def test_every_package_without_a_permissive_licence_is_listed_with_a_reason():
    strict = {package.name for package, licence in ALL if not permissive(licence)}
    assert strict <= COPYLEFT.keys()


def test_every_listed_package_is_in_use():
    assert COPYLEFT.keys() <= {package.name for package, _ in ALL}


def test_libraries_bundled_in_wheels_are_reviewed():
    bringing = {
        canonicalize_name(package.metadata["Name"])
        for package in distributions()
        for file in package.files or []
        if file.parts[0].endswith(".libs")
    }
    assert bringing <= COPYLEFT.keys()


def test_only_libiconv_has_conditions_among_the_deployed_packages():
    assert COPYLEFT.keys() & {package.name for package in pypi(DEPLOYED)} == {"lxml"}
    assert all(permissive(licence) for _, licence in PACKAGES["deployed"])


def test_every_licence_is_written_as_spdx_writes_it():
    for licence in {*PERMISSIVE, *(licence for _, licence in ALL), *(each.licence for each in COPYLEFT.values())}:
        assert canonicalize_license_expression(licence) == licence


@pytest.mark.parametrize("metadata", ["License: Ask us", "License: BSD", "Classifier: License :: OSI Approved"])
def test_a_package_without_a_licence_in_its_metadata_is_refused_until_it_is_reviewed(tmp_path, metadata):
    folder = tmp_path / "quiet-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: quiet\nVersion: 1.0\n{metadata}\n")
    [package] = distributions(path=[str(tmp_path)])
    with pytest.raises(licences.Unclear, match="quiet does not name its licence"):
        licences.licence("quiet", {"quiet": package})


def test_the_doctest_examples_pass():
    assert doctest.testmod(licences).failed == 0
