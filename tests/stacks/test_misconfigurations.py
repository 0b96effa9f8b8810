"""Tests of the gates: each planted misconfiguration is caught by one of them."""

import copy
import json
from collections import Counter

import aws_cdk as cdk
import pytest
from aws_cdk import cloudformation_include

from tests.stacks import own_rules, third_party_rules
from tests.stacks.misconfigurations import PLANTED
from tests.stacks.resolved_templates import Deployment, empty_app
from tests.stacks.third_party_rules import CDK, LINT, PACKS, Review

OWN = "own tests"


@pytest.fixture(scope="module")
def included(deployment, tmp_path_factory):
    """The findings of packs and the CDK in one template alone. Each template is read once."""
    known = {}

    def included(templates, stack):
        parts = {part: templates[stack][part] for part in ("Conditions", "Resources") if part in templates[stack]}
        template = json.dumps(deployment.standing_alone(parts, stack))
        if template not in known:
            folder = tmp_path_factory.mktemp("included")
            (folder / "template.json").write_text(template, encoding="utf-8")
            app = empty_app(folder / "cdk.out")
            stands = cdk.Stack(app, stack)
            cloudformation_include.CfnInclude(stands, "Included", template_file=str(folder / "template.json"))
            third_party_rules.synthesise(app)
            known[template] = Review.read(folder / "cdk.out").findings
        return known[template]

    return included


@pytest.fixture(scope="module")
def caught_by(deployment, included):
    """The first gate with a finding in the templates, and the finding's name."""

    def caught_by(templates):
        changed = [stack for stack, template in templates.items() if template != deployment.templates[stack]]
        assert changed, "nothing was planted"
        for stack in changed:
            for finding in sorted(included(templates, stack) - included(deployment.templates, stack)):
                return third_party_rules.gate(finding.rule), finding.rule
        if broken := own_rules.broken(Deployment(templates, deployment.folder)):
            return OWN, broken
        for stack in changed:
            for finding in third_party_rules.lint(templates[stack]) - third_party_rules.lint(
                deployment.templates[stack]
            ):
                return LINT, finding.rule
        return None, None

    return caught_by


def test_every_planted_misconfiguration_is_caught(deployment, caught_by, summary_line):
    caught = {}
    for name, plant in PLANTED.items():
        templates = copy.deepcopy(dict(deployment.templates))
        plant(templates)
        caught[name] = caught_by(templates)
    for name, (gate, by) in caught.items():
        summary_line(f"{name:55} {gate}: {by}")
    first = Counter(gate for gate, _ in caught.values())
    summary_line(f"{len(caught)} misconfigurations planted; first seen by: {dict(first)}")
    assert not [name for name, (gate, _) in caught.items() if gate is None]
    assert first.keys() == {*PACKS, CDK, OWN, LINT}, "a gate that sees nothing first may not look at all"


def test_nothing_is_caught_where_nothing_is_planted(deployment):
    assert own_rules.broken(deployment) is None
