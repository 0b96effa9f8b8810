"""The statements of the managed policies for people and their programs: plain data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from operations import access_policies
from operations.access_policies import Policy
from stacks.key_policy import KeyLocation
from stacks.resources import RESOURCES


@dataclass(frozen=True)
class Statement:
    """One statement of a policy."""

    sid: str
    actions: list[str]
    resources: list[str]
    conditions: Mapping[str, Mapping[str, Any]]
    because: str | None


def statements(policy: Policy, name: str, where: KeyLocation, key: str, profiles: Sequence[str]) -> list[Statement]:
    """A policy's statements for one deployment: one for each resource, and those for the key."""
    actions: dict[str, set[str]] = {}
    for on, action in access_policies.held(policy):
        actions.setdefault(on, set()).add(action)
    if "Stacks" in actions:
        _drop(actions, "StorageStack", actions["Stacks"])
    given = {"name": name, "partition": where.partition, "account": where.account, "region": where.region, "key": key}

    def arns(on: str) -> list[str]:
        prefixes = profiles if on == "Uploads" else ("",)
        return [arn.format(**given, profile=prefix) for arn in RESOURCES[on].arns for prefix in prefixes]

    made = [
        Statement(on, sorted(actions[on]), arns(on), RESOURCES[on].conditions, RESOURCES[on].because)
        for on in RESOURCES
        if on in actions
    ]
    return made + list(_key_use(actions, arns, where.region, key))


def _drop(actions: dict[str, set[str]], on: str, elsewhere: set[str]) -> None:
    """Leave out what another resource's statement allows too."""
    actions[on] = actions.get(on, set()) - elsewhere
    if not actions[on]:
        del actions[on]


_DECRYPT, _BOTH = ("kms:Decrypt",), ("kms:Decrypt", "kms:GenerateDataKey")
KEY_USE: Mapping[str, tuple[str, ...]] = {
    "s3:PutObject": _BOTH,
    "s3:GetObject": _DECRYPT,
    "s3:GetObjectVersion": _DECRYPT,
    "dynamodb:BatchGetItem": _DECRYPT,
    "dynamodb:GetItem": _DECRYPT,
    "dynamodb:Query": _DECRYPT,
    "dynamodb:Scan": _DECRYPT,
    "dynamodb:PutItem": _BOTH,
    "dynamodb:UpdateItem": _BOTH,
    "sqs:ReceiveMessage": _DECRYPT,
    "sqs:SendMessage": _BOTH,
    "sqs:StartMessageMoveTask": _BOTH,
    "sns:Publish": _BOTH,
    "lambda:GetFunctionConfiguration": _DECRYPT,
}
"""What a service asks KMS with the caller's own permissions."""


def _key_use(
    actions: Mapping[str, set[str]], arns: Callable[[str], list[str]], region: str, key: str
) -> Iterator[Statement]:
    """Use of the key through the services alone; through S3, for the buckets alone: a bucket key's context is one."""
    through: dict[str, set[str]] = {}
    buckets: dict[str, None] = {}
    for on, some in actions.items():
        for action in some & KEY_USE.keys():
            service = action.partition(":")[0]
            through.setdefault(service, set()).update(KEY_USE[action])
            if service == "s3":
                buckets.update(dict.fromkeys(arn.partition("/")[0] for arn in arns(on)))
    if of_s3 := through.pop("s3", None):
        context = [pattern for bucket in sorted(buckets) for pattern in (bucket, f"{bucket}/*")]
        conditions: dict[str, dict[str, Any]] = {
            "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": context},
        }
        yield Statement("KeyThroughS3", sorted(of_s3), [key], conditions, None)
    if through:
        services = [f"{service}.{region}.amazonaws.com" for service in sorted(through)]
        yield Statement(
            "KeyThroughServices",
            sorted(set().union(*through.values())),
            [key],
            {"StringEquals": {"kms:ViaService": services}},
            None,
        )
