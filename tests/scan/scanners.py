"""The scanners: their input, and their findings in one form."""

import json
import platform
import re
import subprocess
import tarfile
import venv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stacks.resolved_templates import ROOT, Deployment

ENVIRONMENT = ROOT / "build" / "scan"
_LOCK = ROOT / "tests" / "scan" / "requirements.lock"
_SYSTEMS = {"Linux": "ubuntu", "Darwin": "macos"}
_PROCESSORS = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}


@dataclass(frozen=True, order=True)
class Finding:
    """A broken rule and the resource: `CKV_AWS_117` at `ReconcileFunction`."""

    rule: str
    at: str


@dataclass(frozen=True)
class Report:
    """The number of checks of a scanner, and its findings."""

    looked: str
    findings: frozenset[Finding]


def install() -> None:
    """Install the scanners' environment, unless it matches the lock file."""
    done = ENVIRONMENT / "installed"
    if done.exists() and done.read_text(encoding="utf-8") == _LOCK.read_text(encoding="utf-8"):
        return
    print("Installing the scanners (about 300 MB unpacked) …", flush=True)
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    subprocess.run([*pip, "-r", str(_LOCK)], check=True)
    [archive] = ENVIRONMENT.glob("lib/python*/site-packages/cdklabs/cdk_validator_cfnguard/_jsii/*.tgz")
    with tarfile.open(archive) as files:
        files.extractall(ENVIRONMENT / "guard", filter="data")
    done.write_text(_LOCK.read_text(encoding="utf-8"), encoding="utf-8")


def checkov(deployment: Deployment) -> Report:
    """Checkov's policies for CloudFormation, without any network request."""
    options = ["--framework", "cloudformation", "--compact", "--skip-download", "--output", "json"]
    said = json.loads(_said(ENVIRONMENT / "bin" / "checkov", *options, "--directory", str(_templates(deployment))))
    checks = said["results"]
    rules = {check["check_id"] for found in ("passed_checks", "failed_checks") for check in checks[found]}
    findings = (
        Finding(check["check_id"], _name(check["resource"].partition(".")[2])) for check in checks["failed_checks"]
    )
    return Report(f"{len(rules)} rules over {said['summary']['resource_count']} resources", frozenset(findings))


def parliament(deployment: Deployment) -> Report:
    """The grammar of IAM, and which actions, resources and conditions fit together."""
    policies = deployment.all("AWS::IAM::ManagedPolicy")
    folder = deployment.folder / "policies"
    folder.mkdir(exist_ok=True)
    for policy in policies:
        document = json.dumps(policy["PolicyDocument"])
        (folder / f"{_name(policy.id)}.json").write_text(document, encoding="utf-8")
    said = _said(ENVIRONMENT / "bin" / "parliament", "--directory", str(folder), "--json")
    found = map(json.loads, said.splitlines())
    findings = (Finding(each["issue"], Path(each["location"]["filepath"]).stem) for each in found)
    statements = sum(len(policy["PolicyDocument"]["Statement"]) for policy in policies)
    return Report(f"{statements} statements of {len(policies)} policies", frozenset(findings))


def control_tower(deployment: Deployment) -> Report:
    """AWS Control Tower's proactive controls as Guard rules, applied by cfn-guard."""
    guard = ENVIRONMENT / "guard" / "package"
    command = guard / "bin" / _SYSTEMS[platform.system()] / _PROCESSORS[platform.machine().lower()] / "cfn-guard"
    rules = guard / "rules" / "control-tower" / "cfn-guard"
    options = ["--structured", "--output-format", "json", "--show-summary", "none"]
    files = json.loads(
        _said(command, "validate", "--rules", str(rules), "--data", str(_templates(deployment)), *options)
    )
    applied = {name for file in files for name in file["compliant"]}
    broken = [rule["Rule"] for file in files for rule in file["not_compliant"]]
    findings = (finding for rule in broken for finding in _broken(rule))
    applied |= {rule["name"] for rule in broken}
    known = len(list(rules.rglob("*.guard")))
    return Report(f"{len(applied)} of {known} rules have something to say", frozenset(findings))


SCANNERS: Mapping[str, Callable[[Deployment], Report]] = {
    "checkov": checkov,
    "parliament": parliament,
    "Control Tower": control_tower,
}


def _broken(rule: Mapping[str, Any]) -> Iterator[Finding]:
    """A control's number and the resources that break it, anywhere in the report."""
    written = json.dumps(rule)
    control = re.search(r"\[(CT\.[A-Z0-9.]+)\]", written)
    for resource in set(re.findall(r'"/Resources/(\w+)', written)):
        yield Finding(control[1] if control else rule["name"], _name(resource))


def _templates(deployment: Deployment) -> Path:
    """A folder with the templates, each with its imports resolved, because scanners do not follow them."""
    folder = deployment.folder / "templates"
    folder.mkdir(exist_ok=True)
    for stack, template in deployment.templates.items():
        alone = json.dumps(deployment.standing_alone(template, stack))
        (folder / f"{stack}.template.json").write_text(alone, encoding="utf-8")
    return folder


def _name(logical_id: str) -> str:
    """A logical id without the CDK's digest."""
    return re.sub(r"[0-9A-F]{8}$", "", logical_id)


def _said(command: Path, *arguments: str) -> str:
    """A scanner's output. Findings are no failure of the scanner, and an empty output is one."""
    done = subprocess.run([str(command), *arguments], capture_output=True, text=True, check=False)
    if done.stderr and not done.stdout and done.returncode:
        raise RuntimeError(f"{command.name}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout
