"""The audit reports known vulnerabilities, and fails without an answer. PyPI's answers are scripted."""

import json

import pytest

from tests.supply import audit
from tests.supply.locked import DEPLOYED

FOUND = {"id": "GHSA-0000-0000-0000", "fix_versions": ["6.2"], "aliases": [], "description": ""}


@pytest.fixture
def saying(tmp_path):
    """Make an interpreter that prints this text for any command."""

    def script(said):
        (tmp_path / "said").write_text(said)
        (tmp_path / "python").write_text(f'#!/bin/sh\nexec cat "{tmp_path / "said"}"\n')
        (tmp_path / "python").chmod(0o700)
        return tmp_path / "python"

    return script


def test_a_known_vulnerability_is_reported_with_the_fixed_versions(saying):
    said = {"dependencies": [{"name": "lxml", "version": "6.1.3", "vulns": [FOUND]}], "fixes": []}
    [package] = audit.audited(saying(json.dumps(said)), DEPLOYED)
    assert audit.findings(package) == ["lxml 6.1.3: GHSA-0000-0000-0000, mended in 6.2"]


def test_without_a_network_the_audit_fails_with_one_sentence(saying):
    with pytest.raises(SystemExit, match=r"^PyPI could not be asked .* lambdas/requirements.lock: check the network"):
        audit.audited(saying(""), DEPLOYED)


def test_a_package_without_an_answer_does_not_pass(saying):
    said = {"dependencies": [{"name": "lxml", "skip_reason": "Dependency not found on PyPI"}], "fixes": []}
    with pytest.raises(SystemExit, match=r"^PyPI knows nothing of lxml: is a mirror between"):
        audit.audited(saying(json.dumps(said)), DEPLOYED)
