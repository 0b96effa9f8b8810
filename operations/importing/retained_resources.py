"""What a destroyed deployment has left in the account, and the templates by which CloudFormation takes it back.

An import takes resources as they are: its template holds them alone, waits for nothing and puts nothing out. All the
rest comes with the deployment after it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.errors import NotFound
from stacks.key_policy import KeyLocation

IDENTIFIERS = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::KMS::Key": "KeyId",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SQS::Queue": "QueueUrl",
}
"""By what CloudFormation knows a resource that is to be imported: the `primaryIdentifier` of its type's schema."""
KEY = "AWS::KMS::Key"
_NAMED_BY = {**IDENTIFIERS, "AWS::SQS::Queue": "QueueName"}

Declared = Mapping[str, Any]


@dataclass(frozen=True)
class Stack:
    """A stack as the CDK has synthesised it, and the role that deploys it, if it names one."""

    name: str
    template: Mapping[str, Any]
    role: str | None = None

    @property
    def retained(self) -> Mapping[str, Declared]:
        """What outlives the stack, by its logical ids."""
        resources = self.template["Resources"].items()
        return {name: each for name, each in resources if each.get("DeletionPolicy", "").startswith("Retain")}

    def called(self, logical_id: str, where: KeyLocation) -> str:
        """The name that a resource bears in the account."""
        declared = self.template["Resources"][logical_id]
        return self._text(declared["Properties"][_NAMED_BY[declared["Type"]]], where)

    def _text(self, value: Any, where: KeyLocation) -> str:
        pseudo = {"AWS::Partition": where.partition, "AWS::AccountId": where.account, "AWS::Region": where.region}
        match value:
            case {"Ref": str(name)}:
                return pseudo.get(name) or self.called(name, where)
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(self._text(part, where) for part in parts)
        return str(value)


@dataclass(frozen=True)
class RetainedStack:
    """What is left of a stack: what identifies each retained resource that is still there, by its logical id."""

    stack: Stack
    there: Mapping[str, str]

    @property
    def gone(self) -> list[str]:
        """Retained resources that no longer exist. The next deployment creates them."""
        return [name for name in self.stack.retained if name not in self.there]

    def resources(self) -> list[dict[str, Any]]:
        """`ResourcesToImport`."""
        return [
            {"LogicalResourceId": name, "ResourceType": kind, "ResourceIdentifier": {IDENTIFIERS[kind]: identifier}}
            for name, identifier in self.there.items()
            for kind in [self.stack.retained[name]["Type"]]
        ]

    def template(self, exports: Mapping[str, str]) -> Mapping[str, Any]:
        """The template of the import; `exports` are those of other stacks, which may be missing as well."""
        kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}  # also when the import is taken back
        declared = {name: self.stack.retained[name] for name in self.there}
        return {
            "Resources": {
                name: {
                    "Type": each["Type"],
                    "Properties": {
                        setting: known
                        for setting, value in each["Properties"].items()
                        for known in self._known(value, exports)
                    },
                    **kept,
                }
                for name, each in declared.items()
            }
        }

    def _known(self, value: Any, exports: Mapping[str, str]) -> list[Any]:
        """A setting, or nothing if it refers to a deleted resource; a list is left those members that do not."""

        def known(inner: Iterable[Any]) -> list[Any]:
            return [each for one in inner for each in self._known(one, exports)]

        match value:
            case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
                return [value] if name in self.there or name.startswith("AWS::") else []
            case {"Fn::ImportValue": str(name)}:
                return [exports[name]] if name in exports else []
            case {"Fn::Join": [separator, list(parts)]}:
                joined = known(parts)
                return [{"Fn::Join": [separator, joined]}] if len(joined) == len(parts) else []
            case dict():
                inner = known(value.values())
                return [dict(zip(value, inner, strict=True))] if len(inner) == len(value) else []
            case list():
                return [kept] if (kept := known(value)) else []
        return [value]


def exports(left: Iterable[RetainedStack], where: KeyLocation) -> dict[str, str]:
    """What stacks will export of keys that are left: nothing else of another stack is spoken of by what stays."""
    return {
        output["Export"]["Name"]: f"arn:{where.partition}:kms:{where.region}:{where.account}:key/{each.there[name]}"
        for each in left
        for output in each.stack.template.get("Outputs", {}).values()
        for name in _exported_key(each.stack, output)
        if name in each.there
    }


def _exported_key(stack: Stack, output: Declared) -> list[str]:
    """The logical id of the key whose ARN an output exports, if it does."""
    match output:
        case {"Export": _, "Value": {"Fn::GetAtt": [str(name), "Arn"]}}:
            return [name] if stack.template["Resources"][name]["Type"] == KEY else []
    return []


def read(folder: Path, name: str, where: KeyLocation) -> list[Stack]:
    """A deployment's stacks that leave something behind, as the CDK has written them into a folder.

    Raises:
        NotFound: it has not.
    """
    try:
        artifacts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
        stacks = [
            _stack(folder, artifact, each["properties"], where)
            for artifact, each in artifacts.items()
            if each["type"] == "aws:cloudformation:stack" and artifact.startswith(f"{name}-")
        ]
    except (OSError, ValueError, KeyError) as error:
        raise NotFound(_unwritten(folder, name)) from error
    if not stacks:
        raise NotFound(_unwritten(folder, name))
    return [stack for stack in stacks if stack.retained]


def _stack(folder: Path, name: str, properties: Mapping[str, Any], where: KeyLocation) -> Stack:
    role = str(properties.get("cloudFormationExecutionRoleArn", ""))
    for placeholder, value in (("Partition", where.partition), ("AccountId", where.account), ("Region", where.region)):
        role = role.replace(f"${{AWS::{placeholder}}}", value)
    template = json.loads((folder / properties["templateFile"]).read_text(encoding="utf-8"))
    return Stack(name, template, role or None)


def _unwritten(folder: Path, name: str) -> str:
    return f"{folder.name} holds no templates of {name}: write them with `make synth`, and choose as it was deployed."
