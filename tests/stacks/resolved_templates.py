"""The deployed resources, with every reference resolved to its text in one account."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from app import stethoscript
from tests.stacks import third_party_rules
from tests.stacks.policy_evaluator import texts

ROOT = Path(__file__).parents[2]
ACCOUNT = "111122223333"
BROUGHT_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1f2e3d4c-0000-4000-8000-0123456789ab"
DEPLOYMENTS: Mapping[str, Mapping[str, Any]] = {
    "deployment": {},
    "organised": {
        "name": "clinic",
        "key_arn": BROUGHT_KEY,
        "transcript_readers": [f"arn:aws:iam::{ACCOUNT}:role/ward/reader-*"],
        "readers_hear_audio": True,
        "bootstrap_qualifier": "acme",
        "permissions_boundary": "team/boundary",
        "emails": {
            "completion": ["records@clinic.example", "ward@clinic.example"],
            "operations": ["it@clinic.example"],
        },
        "retention": {
            "audio_days": 90,
            "transcript_days": 3650,
            "log_days": 731,
            "access_log_days": 30,
            "lock_days": 30,
        },
        "profiles": {"dictation/": {}, "letters/": {"documents": []}},
        "documents": ["txt", "masked.txt"],
        "layout": "mirrored",
        "subscriptions": [
            {
                "protocol": "sqs",
                "endpoint": f"arn:aws:sqs:us-east-1:{ACCOUNT}:archive",
                "filter": {"status": ["FAILED", "REJECTED"], "profile": ["dictation", "none"]},
                "raw": True,
            },
            {"protocol": "https", "endpoint": "https://ward.example/news/s3cret", "filter": {"confidence": ["low"]}},
            {"protocol": "lambda", "endpoint": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:index"},
        ],
        "quotas": {"concurrent_jobs": 500, "start_concurrency": 3, "deliver_concurrency": 7},
        "reconcile": {"every_minutes": 1},
        "budget": {"monthly_dollars": 800, "emails": ["finance@clinic.example"]},
    },
    "crowded": {
        "name": "a" * 23,
        "profiles": {f"dictations-of-the-department-of-general-medic-{number:02}/": {} for number in range(40)},
    },
}
"""The three configurations of the tests.

The one in cdk.json, a customer's with their own key and bootstrap, and the largest: the longest name and the maximum of
profiles.
"""

# The results of Ref and GetAtt Arn for each kind of resource, from its properties and its logical id.
_AT = "{region}:" + ACCOUNT
_PHYSICAL = {
    "AWS::S3::Bucket": ("{BucketName}", "arn:aws:s3:::{BucketName}"),
    "AWS::SQS::Queue": (
        f"https://sqs.{{region}}.amazonaws.com/{ACCOUNT}/{{QueueName}}",
        f"arn:aws:sqs:{_AT}:{{QueueName}}",
    ),
    "AWS::SNS::Topic": (f"arn:aws:sns:{_AT}:{{TopicName}}",) * 2,
    "AWS::DynamoDB::Table": ("{TableName}", f"arn:aws:dynamodb:{_AT}:table/{{TableName}}"),
    "AWS::Lambda::Function": ("{FunctionName}", f"arn:aws:lambda:{_AT}:function:{{FunctionName}}"),
    "AWS::Logs::LogGroup": ("{LogGroupName}", f"arn:aws:logs:{_AT}:log-group:{{LogGroupName}}:*"),
    "AWS::CloudWatch::Alarm": ("{AlarmName}", f"arn:aws:cloudwatch:{_AT}:alarm:{{AlarmName}}"),
    "AWS::KMS::Key": ("{id}", f"arn:aws:kms:{_AT}:key/{{id}}"),
    "AWS::IAM::Role": ("{id}", f"arn:aws:iam::{ACCOUNT}:role/{{id}}"),
    "AWS::IAM::ManagedPolicy": (f"arn:aws:iam::{ACCOUNT}:policy/{{id}}",) * 2,
}


class NotDeployed(AssertionError):
    """A resource that a test needs is missing or ambiguous: the deployment's fault, not the test's."""


@dataclass(frozen=True)
class Resource:
    """A resource in CloudFormation's form, with its properties resolved."""

    id: str
    declared: Mapping[str, Any]
    properties: Mapping[str, Any]
    arn: str | None

    def __getitem__(self, name: str) -> Any:
        if name not in self.properties:
            raise NotDeployed(f"{self.id} has no {name}")
        return self.properties[name]


@dataclass(frozen=True)
class Deployment:
    """The templates of one synthesis, for one Region and account."""

    templates: Mapping[str, Mapping[str, Any]]
    folder: Path
    region: str = "us-east-1"
    _resources: dict[str, list[Resource]] = field(default_factory=dict, init=False, repr=False)

    def all(self, kind: str) -> list[Resource]:
        """Every resource of a kind, `AWS::S3::Bucket`, in all stacks."""
        if kind not in self._resources:
            found = [(stack, name) for stack, name, declared in self._declared() if declared["Type"] == kind]
            self._resources[kind] = [self._resource(*each) for each in found]
        return self._resources[kind]

    def one(self, kind: str, **properties: str) -> Resource:
        """The only resource of a kind that has these properties."""
        return only(
            each
            for each in self.all(kind)
            if all(each.properties.get(name) == value for name, value in properties.items())
        )

    def bucket(self, name: str) -> Resource:
        """The bucket with this short name, `intake`."""
        return only(each for each in self.all("AWS::S3::Bucket") if f"-{name}-{ACCOUNT}" in each["BucketName"])

    def queue(self, name: str) -> Resource:
        """The queue with this short name, `intake` or `intake-dead-letters`."""
        return only(each for each in self.all("AWS::SQS::Queue") if each["QueueName"].partition("-")[2] == name)

    def topic(self, name: str) -> Resource:
        """The topic with this short name, `completion`."""
        return only(each for each in self.all("AWS::SNS::Topic") if each["TopicName"].partition("-")[2] == name)

    def statements(self, policy: str, target: Resource) -> list[dict[str, Any]]:
        """All statements of the resource policies, of a kind such as `AWS::SQS::QueuePolicy`, on a resource."""
        member = {
            "AWS::SQS::QueuePolicy": "Queues",
            "AWS::SNS::TopicPolicy": "Topics",
            "AWS::S3::BucketPolicy": "Bucket",
        }
        name = self._physical(target.id, target.declared, 0)
        return [
            statement
            for each in self.all(policy)
            if name in texts(each[member[policy]])
            for statement in each["PolicyDocument"]["Statement"]
        ]

    def rights(self, role_arn: str) -> list[dict[str, Any]]:
        """All statements of a role's managed policies."""
        role = role_arn.rpartition("/")[2]
        return [
            statement
            for each in self.all("AWS::IAM::ManagedPolicy")
            if role in each.properties.get("Roles", ())
            for statement in each["PolicyDocument"]["Statement"]
        ]

    def standing_alone(self, value: Any, stack: str) -> Any:
        """A part of a template with its imports from other stacks resolved."""
        match value:
            case {"Fn::ImportValue": _}:
                return self._resolved(value, stack)
            case dict():
                return {name: self.standing_alone(inner, stack) for name, inner in value.items()}
            case list():
                return [self.standing_alone(inner, stack) for inner in value]
        return value

    def _declared(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        for stack, template in self.templates.items():
            for name, declared in template["Resources"].items():
                yield stack, name, declared

    def _resource(self, stack: str, name: str) -> Resource:
        declared = self.templates[stack]["Resources"][name]
        properties = self._resolved(declared.get("Properties", {}), stack)
        resolved = {**declared, "Properties": properties}
        arn = self._physical(name, resolved, 1) if declared["Type"] in _PHYSICAL else None
        return Resource(name, resolved, properties, arn)

    def _physical(self, name: str, declared: Mapping[str, Any], which: int) -> str:
        text = _PHYSICAL[declared["Type"]][which]
        return text.format(id=name, region=self.region, **declared.get("Properties", {}))

    def _resolved(self, value: Any, stack: str) -> Any:
        match value:
            case {"Ref": name}:
                resolved = self._referred(name, stack)
            case {"Fn::GetAtt": [name, "Arn"]}:
                resolved = self._resource(stack, name).arn
            case {"Fn::GetAtt": [name, attribute]}:
                resolved = self._resource(stack, name)[attribute]
            case {"Fn::ImportValue": name}:
                resolved = self._exported(name)
            case {"Fn::If": [condition, there, otherwise]}:
                one, other = self.templates[stack]["Conditions"][condition]["Fn::Equals"]
                holds = self._resolved(one, stack) == self._resolved(other, stack)
                resolved = self._resolved(there if holds else otherwise, stack)
            case {"Fn::Join": [separator, parts]}:
                resolved = separator.join(self._resolved(part, stack) for part in parts)
            case {"Fn::Sub": text}:
                resolved = text.replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", self.region)
            case dict():
                resolved = {name: self._resolved(inner, stack) for name, inner in value.items()}
            case list():
                resolved = [self._resolved(inner, stack) for inner in value]
            case _:
                resolved = value
        return resolved

    def _exported(self, name: str) -> str:
        [(stack, value)] = [
            (stack, output["Value"])
            for stack, template in self.templates.items()
            for output in template.get("Outputs", {}).values()
            if output.get("Export", {}).get("Name") == name
        ]
        return str(self._resolved(value, stack))

    def _referred(self, name: str, stack: str) -> str:
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        return self._physical(name, self._resource(stack, name).declared, 0)


def only(found: Iterable[Resource]) -> Resource:
    """The only element of these."""
    match list(found):
        case [one]:
            return one
        case them:
            raise NotDeployed(f"{len(them)} are deployed where one is looked for")


def empty_app(folder: Path, **changed: Any) -> cdk.App:
    """An app with cdk.json's feature flags and configuration, and these changes."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    context["stethoscript"] |= changed
    return cdk.App(context=context, outdir=str(folder))


def synthesise(folder: Path, **changed: Any) -> Deployment:
    """Our app's templates, with cdk.json's configuration and these changes, checked by the rule packs."""
    app = empty_app(folder, **changed)
    stethoscript(app)
    third_party_rules.synthesise(app)
    written = sorted(folder.glob("*.template.json"))
    templates = {path.name.partition(".")[0]: json.loads(path.read_text(encoding="utf-8")) for path in written}
    return Deployment(templates, folder)
