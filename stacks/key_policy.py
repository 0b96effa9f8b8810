"""Who may use the key: plain data, for the stack that makes one and for whoever judges one that is brought."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_USE = ["kms:Decrypt", "kms:GenerateDataKey"]
_LOG = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
_BY_POLICIES = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]
"""What the policies of functions and people, and whoever deploys, use the key for."""

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Where:
    """The account and Region whose resources the statements name; in a template, what stands for them."""

    partition: str
    account: str
    region: str


@dataclass(frozen=True)
class Need:
    """A statement that a key must have, and what does not work without it."""

    statement: Statement
    without: str


def ours(name: str, where: Where) -> list[Statement]:
    """The whole policy of a key that is made for this deployment alone."""
    account = _statement("Account", {"AWS": _root(where)}, ["kms:*"])
    no_outsiders = {"BoolIfExists": {"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"}}
    grants = _statement("GrantsForServicesOnly", {"AWS": "*"}, ["kms:CreateGrant"], no_outsiders)
    return [account, {**grants, "Effect": "Deny"}, *(need.statement for need in _services(name, where))]


def needed(name: str, where: Where) -> list[Need]:
    """What the policy of a key that is brought must allow."""
    account, for_services = {"AWS": _root(where)}, {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        Need(_statement("Account", account, _BY_POLICIES), "no IAM policy can give anybody the use of the key"),
        Need(
            _statement("AccountGrants", account, ["kms:CreateGrant"], for_services),
            "DynamoDB cannot keep the ledger nor Lambda its settings under it, and the deployment fails",
        ),
        *_services(name, where),
    ]


def _services(name: str, where: Where) -> list[Need]:
    def ours(service: str, resource: str) -> Statement:
        """Conditions on a service's principal: only on behalf of this account's resource of that name."""
        arn = f"arn:{where.partition}:{service}:{where.region}:{where.account}:{resource}"
        return {"StringEquals": {"aws:SourceAccount": where.account}, "ArnLike": {"aws:SourceArn": arn}}

    intake = f"arn:{where.partition}:s3:::{name}-intake-{where.account}-{where.region}"
    completion = f"arn:{where.partition}:sns:{where.region}:{where.account}:{name}-completion"
    log_groups = f"arn:{where.partition}:logs:{where.region}:{where.account}:log-group:/aws/lambda/{name}-*"
    of_intake = {"StringEquals": {"aws:SourceAccount": where.account}, "ArnLike": {"aws:SourceArn": intake}}
    of_log_groups = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}}
    return [
        Need(
            _service("IntakeToQueue", "s3.amazonaws.com", _USE, of_intake),
            "S3 cannot announce uploads, and refuses the deployment",
        ),
        Need(
            _service("RulesToQueue", "events.amazonaws.com", _USE, ours("events", f"rule/{name}-*")),
            "EventBridge cannot say that a job has ended, and only the reconciler finds out",
        ),
        Need(
            _service("AlarmsToTopic", "cloudwatch.amazonaws.com", _USE, ours("cloudwatch", f"alarm:{name}-*")),
            "alarms reach nobody",
        ),
        Need(
            _service("UndeliveredToQueue", "sns.amazonaws.com", _USE, {"ArnLike": {"aws:SourceArn": completion}}),
            "news that a subscriber could not be told is lost, and not kept for it",
        ),
        Need(
            _service("Logs", f"logs.{where.region}.amazonaws.com", _LOG, of_log_groups),
            "CloudWatch refuses the functions' log groups, and with them the deployment",
        ),
    ]


def _service(sid: str, principal: str, actions: list[str], conditions: Statement) -> Statement:
    return _statement(sid, {"Service": principal}, actions, conditions)


def _statement(
    sid: str, principal: Mapping[str, str], actions: list[str], conditions: Statement | None = None
) -> dict[str, Any]:
    """In a key's policy, the resource `*` is this key."""
    allowed = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"}
    return {**allowed, **({"Condition": conditions} if conditions else {})}


def _root(where: Where) -> str:
    """The account itself, by which a key's policy lets IAM policies decide."""
    return f"arn:{where.partition}:iam::{where.account}:root"
