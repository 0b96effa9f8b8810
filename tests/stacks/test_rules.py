"""The stacks break no rule of cdk-nag, the CDK or cfn-lint without a reason."""

import re

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_lambda

from tests.stacks import generated_docs, third_party_rules
from tests.stacks.resolved_templates import DEPLOYMENTS, ROOT, empty_app
from tests.stacks.third_party_rules import LINT, LINT_EXCEPTIONS, PACKS, Finding, Review


@pytest.fixture(params=DEPLOYMENTS)
def chosen(request):
    """Each of the configured deployments."""
    return request.getfixturevalue(request.param)


def test_every_pack_checks_the_deployment_completely(chosen):
    review = Review.read(chosen.folder)
    assert review.looked >= set(PACKS)
    assert not review.broken_off
    assert sum(len(template["Resources"]) for template in chosen.templates.values()) > 50
    assert all(count > 10 for count in third_party_rules.applied().values())


def test_no_rule_is_broken_without_a_reason(chosen):
    assert not Review.read(chosen.folder).findings


def test_every_exception_is_needed(chosen):
    review = Review.read(chosen.folder)
    assert review.needed
    assert review.exceptions == review.needed


def test_cfn_lint_finds_exactly_the_exceptions(chosen):
    found = {finding.rule for template in chosen.templates.values() for finding in third_party_rules.lint(template)}
    assert found == set(LINT_EXCEPTIONS)


def test_the_page_on_security_lists_exactly_the_exceptions(request):
    deployments = [request.getfixturevalue(name) for name in DEPLOYMENTS]
    assert generated_docs.exceptions(deployments) in generated_docs.PATH.read_text(encoding="utf-8"), (
        generated_docs.REMEDY
    )


def test_the_page_on_security_lists_the_permissions_for_a_customer_key(deployment):
    assert generated_docs.key_statements(deployment) in generated_docs.PATH.read_text(encoding="utf-8"), (
        generated_docs.REMEDY
    )


def test_every_test_on_the_page_on_security_exists():
    named = set(re.findall(r"`(test_\w+)`", generated_docs.PATH.read_text(encoding="utf-8")))
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 20
    assert not [name for name in named if f"def {name}(" not in tests]


def test_the_counts_are_printed(deployment, summary_line):
    review = Review.read(deployment.folder)
    linted = [finding for template in deployment.templates.values() for finding in third_party_rules.lint(template)]
    for gate, count in third_party_rules.applied().items():
        accepted = (
            [each for each in review.accepted if third_party_rules.gate(each.rule) == gate] if gate != LINT else linted
        )
        findings = [each for each in review.findings if third_party_rules.gate(each.rule) == gate]
        summary_line(f"{gate:23} {count:4} rules, {len(findings)} findings, {len(accepted):3} exceptions")
    assert review.accepted
    assert Finding("W3005", "JobEnded") in linted


# Whether a gate checked


@jsii.implements(cdk.IPolicyValidationPlugin)
class Broken:
    """A pack that raises an error."""

    @property
    def name(self):
        return "Broken"

    def validate(self, _context):
        raise RuntimeError


def a_pack_raises(app, _stack):
    cdk.Validations.of(app).add_plugins(Broken())


def a_rule_raises(_app, stack):
    runtime = cdk.CfnParameter(stack, "Runtime").value_as_string
    aws_lambda.CfnFunction(stack, "Function", code={"zipFile": "a"}, role="a", runtime=runtime)


@pytest.mark.parametrize(("plant", "expected"), [(a_pack_raises, "Broken"), (a_rule_raises, "AwsSolutions-L1")])
def test_an_aborted_rule_is_reported_and_is_no_finding(tmp_path, plant, expected):
    app = empty_app(tmp_path)
    plant(app, cdk.Stack(app, "stethoscript-planted"))
    third_party_rules.synthesise(app)
    review = Review.read(tmp_path)
    assert expected in review.broken_off
    assert expected not in {finding.rule for finding in review.findings}


def test_an_error_from_the_stacks_is_a_finding(tmp_path):
    app = empty_app(tmp_path)
    cdk.Annotations.of(cdk.Stack(app, "stethoscript-planted")).add_error("this cannot be")
    third_party_rules.synthesise(app)
    assert {finding.where for finding in Review.read(tmp_path).findings} == {"stethoscript-planted"}
