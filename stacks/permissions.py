"""Rights: what a policy allows, and why wherever that is more than can be named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks import nag_suppressions


@dataclass(frozen=True)
class Right:
    """A statement that allows something; `because` is for whoever wonders at its wildcards."""

    sid: str
    actions: list[str]
    resources: list[str]
    conditions: Mapping[str, Mapping[str, Any]]
    because: str | None

    def __post_init__(self) -> None:
        if any(self.wildcards) is (self.because is None):
            raise ValueError(f"{self.sid}: a right with a wildcard says why, by `because`, and no other does")

    @property
    def wildcards(self) -> Iterator[str]:
        """What of the statement holds a wildcard, as rules name it: `Resource::*`."""
        for member, values in (("Action", self.actions), ("Resource", self.resources)):
            yield from (f"{member}::{value}" for value in values if "*" in value)

    def statement(self) -> iam.PolicyStatement:
        """The statement as a policy holds it."""
        conditions = self.conditions or None
        return iam.PolicyStatement(sid=self.sid, actions=self.actions, resources=self.resources, conditions=conditions)


def allow(
    sid: str, actions: list[str], resources: list[str], *, because: str | None = None, **conditions: Mapping[str, Any]
) -> Right:
    """A right: `allow("Tell", ["sns:Publish"], [topic], StringEquals={…})`."""
    return Right(sid, actions, resources, conditions, because)


def policy(scope: Construct, construct_id: str, rights: list[Right], **properties: Any) -> iam.ManagedPolicy:
    """A managed policy that holds these rights, and whose wildcards are accepted for the reasons they give."""
    statements = [right.statement() for right in rights]
    made = iam.ManagedPolicy(scope, construct_id, statements=statements, **properties)
    for right in rights:
        for wildcard in right.wildcards:
            finding = f"IAM5[{_flat(cdk.Stack.of(scope).resolve(wildcard))}]"
            nag_suppressions.accept(made, finding, f"{right.sid}: {right.because}", packs=("AwsSolutions",))
    return made


def _flat(resolved: Any) -> str:
    """A template's text with its references in angle brackets, as cdk-nag writes it into a finding's name."""
    match resolved:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_flat(part) for part in parts)
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case _:
            return str(resolved)
