"""No rule of cdk-nag, the CDK or cfn-lint is broken but where the stacks say why."""

import re

import pytest

from tests.stacks import page, rules
from tests.stacks.deployed import DEPLOYMENTS, ROOT
from tests.stacks.rules import CDK, LINT, LINT_EXCEPTIONS, PACKS, Finding, Review


@pytest.fixture(params=DEPLOYMENTS)
def chosen(request):
    """Each of the deployments that choices make."""
    return request.getfixturevalue(request.param)


def test_every_pack_looks_at_what_is_deployed(chosen):
    assert Review.read(chosen.folder).looked >= set(PACKS)
    assert sum(len(template["Resources"]) for template in chosen.templates.values()) > 50
    assert all(count > 10 for count in rules.applied().values())


def test_no_rule_is_broken_without_a_reason(chosen):
    assert not Review.read(chosen.folder).findings


def test_no_exception_is_made_that_no_rule_needs(chosen):
    assert not Review.read(chosen.folder).needless


def test_cfn_lint_finds_only_what_is_excepted_and_all_of_that(chosen):
    found = {finding.rule for template in chosen.templates.values() for finding in rules.lint(template)}
    assert found == set(LINT_EXCEPTIONS)


def test_the_page_on_security_lists_every_exception_and_no_other(request):
    deployments = [request.getfixturevalue(name) for name in DEPLOYMENTS]
    assert page.exceptions(deployments) in page.PATH.read_text(encoding="utf-8"), page.REMEDY


def test_the_page_on_security_lists_what_a_brought_key_must_allow(deployment):
    assert page.key_statements(deployment) in page.PATH.read_text(encoding="utf-8"), page.REMEDY


def test_every_test_that_the_page_on_security_names_is_there():
    named = set(re.findall(r"`(test_\w+)`", page.PATH.read_text(encoding="utf-8")))
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 20
    assert not [name for name in named if f"def {name}(" not in tests]


def test_the_counts_are_told(deployment, tell):
    review = Review.read(deployment.folder)
    linted = [finding for template in deployment.templates.values() for finding in rules.lint(template)]
    for gate, count in rules.applied().items():
        accepted = [each for each in review.accepted if each.rule.startswith(f"{gate}-")] if gate != LINT else linted
        findings = [each for each in review.findings if each.rule.startswith(f"{gate}-")]
        tell(f"{gate:16} {count:4} rules, {len(findings)} findings, {len(accepted):3} exceptions")
    own = [each for each in review.findings if not each.rule.startswith(tuple(PACKS))]
    tell(f"{CDK:22} rules of its own, {len(own)} findings, 0 exceptions")
    assert review.accepted
    assert Finding("W3005", "JobEnded") in linted
