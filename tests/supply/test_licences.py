"""Everything that is used may be used: the policy on licences, as a gate."""

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


def test_the_page_is_what_the_packages_say():
    assert PATH.read_text(encoding="utf-8") == licences.page(), REMEDY


def test_whatever_is_not_permissive_is_named_with_the_reason_why_it_may_stay():
    strict = {package.name for package, licence in ALL if not permissive(licence)}
    assert strict <= COPYLEFT.keys()


def test_no_package_is_named_that_is_not_used():
    assert COPYLEFT.keys() <= {package.name for package, _ in ALL}


def test_libraries_that_a_wheel_brings_along_have_been_looked_at():
    bringing = {
        canonicalize_name(package.metadata["Name"])
        for package in distributions()
        for file in package.files or []
        if file.parts[0].endswith(".libs")
    }
    assert bringing <= COPYLEFT.keys()


def test_of_what_is_deployed_libiconv_alone_has_conditions():
    assert COPYLEFT.keys() & {package.name for package in pypi(DEPLOYED)} == {"lxml"}
    assert all(permissive(licence) for _, licence in PACKAGES["deployed"])


def test_every_licence_is_written_as_spdx_writes_it():
    for licence in {*PERMISSIVE, *(licence for _, licence in ALL), *(each.licence for each in COPYLEFT.values())}:
        assert canonicalize_license_expression(licence) == licence


@pytest.mark.parametrize("metadata", ["License: Ask us", "License: BSD", "Classifier: License :: OSI Approved"])
def test_a_package_that_does_not_say_its_licence_is_refused_until_somebody_reads_it(tmp_path, metadata):
    folder = tmp_path / "quiet-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: quiet\nVersion: 1.0\n{metadata}\n")
    [package] = distributions(path=[str(tmp_path)])
    with pytest.raises(licences.Unclear, match="quiet does not name its licence"):
        licences.licence("quiet", {"quiet": package})


def test_the_examples_are_true():
    assert doctest.testmod(licences).failed == 0
