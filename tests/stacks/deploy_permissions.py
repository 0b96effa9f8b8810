"""The policies for the deploying role, made from CloudFormation's schemas of the deployed resources.

Each kind's schema lists the actions of its handlers. A managed policy holds 6,144 characters, so there are two.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.stacks.resolved_templates import ROOT, Deployment

FOLDER = ROOT / "docs" / "rights"
REMEDY = "docs/rights says something else: run `make pages`"
MOST_CHARACTERS = 6144
"""The limit of a managed policy, without white space."""
_OURS = "arn:<partition>:{}:<region>:<account>:{}<name>-*"
_SCOPES: Mapping[str, tuple[str, ...]] = {
    "dynamodb": (_OURS.format("dynamodb", "table/"),),
    "events": (_OURS.format("events", "rule/"),),
    "iam": ("arn:<partition>:iam::<account>:role/<name>-*", "arn:<partition>:iam::<account>:policy/<name>-*"),
    "s3": ("arn:<partition>:s3:::<name>-*",),
    "scheduler": (_OURS.format("scheduler", "schedule/default/"),),
    "sns": (_OURS.format("sns", ""),),
    "sqs": (_OURS.format("sqs", ""),),
}
"""Services with only actions on names that begin with the deployment's. The others need `*` for some."""
_FILES: Mapping[str, tuple[str, ...]] = {
    "deploy-storage.json": ("dynamodb", "kms", "s3", "sns", "sqs"),
    "deploy-functions.json": (
        "budgets", "cloudwatch", "events", "iam", "lambda", "logs", "scheduler", "transcribe",
    ),
}  # fmt: skip
_NOT_OURS = re.compile(
    r"Kinesis|Import|Replica|ContributorInsights|ResourcePolicy|Metadata|Abac|Cors|CORS|Website|Accelerate|Analytics"
    r"|Inventory|IntelligentTiering|MetricsConf|CodeSigning|Scaling|Capacity|Layer|RuntimeAlias|RuntimeManagement"
    r"|DataProtection|IndexPolic|Bearer|LogDelivery|GroupPolicy|UserPolicy|ServiceLinked|ObjectAcl"
)
"""Actions for settings that we do not use. Handlers read these settings in any case."""
_READS = re.compile(r":(Get|List|Describe|View)")
_DATA = re.compile(r"dynamodb:\w*(Item|Query|Scan)$|s3:(Get|Delete)Object(Version)?$|logs:PutLogEvents$")
"""The data in tables, buckets and logs, which a deployment does not need."""
_ASSETS = {
    "Sid": "Assets",
    "Effect": "Allow",
    "Action": ["s3:GetObject", "ssm:GetParameters"],
    "Resource": [
        "arn:<partition>:s3:::cdk-<qualifier>-assets-<account>-<region>/*",
        "arn:<partition>:ssm:<region>:<account>:parameter/cdk-bootstrap/<qualifier>/version",
    ],
}
"""The CDK's uploads (the code and the vocabularies' tables), and the bootstrap version, which templates check."""


def policies(deployments: Iterable[Deployment]) -> Mapping[str, str]:
    """The policies' files: all actions of CloudFormation to create, change and delete these deployments."""
    kinds = {
        resource["Type"]
        for deployment in deployments
        for template in deployment.templates.values()
        for resource in template["Resources"].values()
    } | {"AWS::Transcribe::MedicalVocabulary"}
    actions = {action for kind in kinds for action in needed(kind)}
    return {name: _written(_statements(name, services, actions)) for name, services in _FILES.items()}


def needed(kind: str) -> Iterator[str]:
    """The actions of a kind's handlers, limited to the services of our resources."""
    schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    called = [each for name, each in schema["handlers"].items() if name != "list"]
    for each in (*called, schema.get("tagging") or {}):
        for action in each.get("permissions", ()):
            service = action.partition(":")[0]
            ours = _READS.search(action) or not _NOT_OURS.search(action)
            if ours and action.lower() in _known() and not _DATA.search(action) and _file_of(service):
                yield action


def _statements(file: str, services: tuple[str, ...], actions: set[str]) -> list[Mapping[str, Any]]:
    made: list[Mapping[str, Any]] = [
        {
            "Sid": service.capitalize(),
            "Effect": "Allow",
            "Action": sorted(action for action in actions if action.startswith(f"{service}:")),
            "Resource": list(_SCOPES.get(service, ("*",))),
        }
        for service in services
    ]
    return [*made, _ASSETS] if file == "deploy-functions.json" else made


def _file_of(service: str) -> bool:
    return any(service in services for services in _FILES.values())


def _written(statements: list[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) + "\n"


@cache
def _known() -> frozenset[str]:
    """Every action of IAM, as cfn-lint lists them, because schemas list some that do not exist."""
    listed = resources.files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json")
    services = json.loads(listed.read_text(encoding="utf-8"))
    return frozenset(f"{service}:{action}" for service, each in services.items() for action in each.get("Actions", ()))


def write(deployments: Iterable[Deployment], folder: Path = FOLDER) -> None:
    """Write the files."""
    folder.mkdir(exist_ok=True)
    for name, written in policies(deployments).items():
        (folder / name).write_text(written, encoding="utf-8")
