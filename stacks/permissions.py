"""Permissions: what a policy allows, with the reason for each wildcard."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks import nag_suppressions


@dataclass(frozen=True)
class Permission:
    """An Allow statement. `because` gives the reason for its wildcards; it is None if there are none."""

    sid: str
    actions: list[str]
    resources: list[str]
    conditions: Mapping[str, Mapping[str, Any]]
    because: str | None

    def __post_init__(self) -> None:
        if any(self.wildcards) is (self.because is None):
            raise ValueError(f"{self.sid}: give `because` for a permission with a wildcard, and for no other")

    @property
    def wildcards(self) -> Iterator[str]:
        """The actions and resources that hold a wildcard, as cdk-nag names them: `Resource::*`."""
        for element, values in (("Action", self.actions), ("Resource", self.resources)):
            yield from (f"{element}::{value}" for value in values if "*" in value)

    def statement(self) -> iam.PolicyStatement:
        """The CDK's form of the statement."""
        conditions = self.conditions or None
        return iam.PolicyStatement(sid=self.sid, actions=self.actions, resources=self.resources, conditions=conditions)


def allow(
    sid: str, actions: list[str], resources: list[str], *, because: str | None = None, **conditions: Mapping[str, Any]
) -> Permission:
    """A permission: `allow("Notify", ["sns:Publish"], [topic], StringEquals={…})`.

    Raises:
        ValueError: a wildcard has no reason, or a reason has no wildcard.
    """
    return Permission(sid, actions, resources, conditions, because)


def policy(scope: Construct, construct_id: str, rights: list[Permission], **properties: Any) -> iam.ManagedPolicy:
    """A managed policy with these permissions. It suppresses cdk-nag's finding on each wildcard with its reason."""
    statements = [right.statement() for right in rights]
    managed_policy = iam.ManagedPolicy(scope, construct_id, statements=statements, **properties)
    for right in rights:
        for wildcard in right.wildcards:
            finding = f"IAM5[{_flat(cdk.Stack.of(scope).resolve(wildcard))}]"
            nag_suppressions.suppress(managed_policy, finding, f"{right.sid}: {right.because}", packs=("AwsSolutions",))
    return managed_policy


def _flat(resolved: Any) -> str:
    """A template value as text, with references in angle brackets: cdk-nag names its findings so."""
    match resolved:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_flat(part) for part in parts)
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case _:
            return str(resolved)
