"""Third-party rules over the deployed resources: cdk-nag's packs, the CDK's own rules, cfn-lint's."""

import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
from cfnlint.config import ConfigMixIn
from cfnlint.runner import Runner

PACKS = {
    "AwsSolutions": (cdk_nag.AwsSolutionsChecks, "aws-solutions"),
    "HIPAA.Security": (cdk_nag.HIPAASecurityChecks, "hipaa-security"),
    "NIST.800.53.R5": (cdk_nag.NIST80053R5Checks, "nist-800-53-r5"),
    "Serverless": (cdk_nag.ServerlessChecks, "serverless"),
}
"""cdk-nag's packs by their names in reports, each with the file of its rules."""
CDK = "CloudFormation Validate"
"""The name in reports for the CDK's own rules.

The report does not name their rules and has no exceptions. So only a planted fault that they alone find shows that they
run.
"""
LINT = "cfn-lint"
LINT_EXCEPTIONS = {"W3005": "The CDK writes down every dependency of a construct, even where a reference implies it."}


@dataclass(frozen=True, order=True)
class Finding:
    """A broken rule and the resource: `HIPAA.Security-LambdaDLQ` at `clinic-pipeline/Reconcile/Function/Resource`."""

    rule: str
    where: str


@dataclass(frozen=True, order=True)
class Accepted:
    """An accepted finding, and the construct that accepts it."""

    rule: str
    where: str
    at: str
    reason: str


@dataclass(frozen=True)
class Review:
    """The result of the packs and the CDK for one synthesis."""

    looked: frozenset[str]
    broken_off: frozenset[str]
    """Packs, and rules of packs, that raised an error."""
    findings: frozenset[Finding]
    accepted: frozenset[Accepted]
    exceptions: frozenset[Finding]
    needed: frozenset[Finding]
    """The exceptions that suppress findings."""

    @classmethod
    def read(cls, folder: Path) -> "Review":
        """The review in a synthesis's folder."""
        written = json.loads((folder / "validation-report.json").read_text(encoding="utf-8"))
        plugins = [each for each in written["pluginReports"] if not _only_warns(each)]
        let_through = [each for plugin in plugins for each in plugin.get("suppressedViolations", ())]
        return cls(
            looked=frozenset(plugin["pluginName"] for plugin in plugins),
            broken_off=frozenset(what for plugin in plugins for what in _aborted(plugin)),
            findings=frozenset(found for plugin in plugins for found in _findings(plugin["violations"])),
            accepted=frozenset(
                Accepted(found.rule, found.where, each["acknowledgedAt"], each["reason"])
                for each in let_through
                for found in _findings([each])
            ),
            exceptions=frozenset(_exceptions(folder)),
            needed=frozenset(Finding(each["acknowledgedId"], f"/{each['acknowledgedAt']}") for each in let_through),
        )


def gate(rule: str) -> str:
    """The owner of a rule: the CDK's own rules have no name before their number."""
    return next((pack for pack in PACKS if rule.startswith(f"{pack}-")), CDK)


def synthesise(app: cdk.App) -> None:
    """Synthesise an app under the packs' rules, which write their findings into its folder."""
    cdk.Validations.of(app).add_plugins(*(checks() for checks, _ in PACKS.values()))
    try:
        app.synth()
    except RuntimeError as refused:  # the rules' own tests read the findings; other tests can still read the templates
        if "ValidationFailed" not in str(refused):
            raise


def _only_warns(plugin: Mapping[str, Any]) -> bool:
    """Whether these are only the stacks' own warnings to the operator, and no errors."""
    return plugin["pluginName"] == "Construct Annotations" and plugin["conclusion"] == "success"


def _aborted(plugin: Mapping[str, Any]) -> Iterator[str]:
    if "error" in plugin.get("metadata", {}):
        yield plugin["pluginName"]
    for violation in (*plugin["violations"], *plugin.get("suppressedViolations", ())):
        if _raised(violation):
            yield violation["ruleName"]


def _raised(violation: Mapping[str, Any]) -> bool:
    """Whether a rule of cdk-nag raised an error, which it reports like a finding."""
    return str(violation["description"]).startswith("Rule threw an error")


def _findings(violations: list[Mapping[str, Any]]) -> Iterator[Finding]:
    for violation in violations:
        for construct in violation["violatingConstructs"] if not _raised(violation) else ():
            yield Finding(violation["ruleName"], construct["constructPath"])


def _exceptions(folder: Path) -> Iterator[Finding]:
    """Every exception of a construct."""
    for path in folder.glob("*.metadata.json"):
        for construct, entries in json.loads(path.read_text(encoding="utf-8")).items():
            for entry in entries:
                if entry["type"] == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY:
                    yield from (Finding(rule, construct) for rule in entry["data"])


def lint(template: Mapping[str, Any]) -> frozenset[Finding]:
    """The findings of cfn-lint in a template: rule ids, and the logical ids of the resources."""
    found = _linter().validate_template(json.loads(json.dumps(template)))
    return frozenset(Finding(match.rule.id, str([*(getattr(match, "path", None) or ()), "", ""][1])) for match in found)


@cache
def _linter() -> Runner:
    return Runner(ConfigMixIn(regions=["us-east-1"]))


@cache
def applied() -> Mapping[str, int]:
    """The number of rules of each gate."""
    archive = next(Path(str(resources.files("cdk_nag"))).glob("_jsii/*.tgz"))
    counted = {}
    with tarfile.open(archive) as files:
        for pack, (_, file) in PACKS.items():
            source = files.extractfile(f"package/lib/packs/{file}.js")
            counted[pack] = len(re.findall(rb"this\.applyRule\(", source.read() if source else b""))
    linter = _linter()
    return {
        **counted,
        CDK: len(cdk.CloudFormationValidatePlugin().rule_ids),
        LINT: sum(linter.rules.is_rule_enabled(rule, linter.config) for rule in linter.rules),
    }
