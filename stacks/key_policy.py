"""The key's policy as plain data: for the stack that creates a key, and for `doctor`, which checks an existing one."""

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
"""The actions that IAM policies of functions, people and deployers need on the key."""

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class KeyLocation:
    """The partition, account and Region of the resources in the statements: pseudo parameters in a template."""

    partition: str
    account: str
    region: str


@dataclass(frozen=True)
class RequiredStatement:
    """A statement that a key's policy must have, and what fails without it."""

    statement: Statement
    consequence: str


def full_policy(name: str, where: KeyLocation) -> list[Statement]:
    """The whole policy of a key that is created for this deployment."""
    account = _statement("Account", {"AWS": _root(where)}, ["kms:*"])
    no_outsiders = {"BoolIfExists": {"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"}}
    grants = _statement("GrantsForServicesOnly", {"AWS": "*"}, ["kms:CreateGrant"], no_outsiders)
    return [account, {**grants, "Effect": "Deny"}, *(need.statement for need in _services(name, where))]


def required_statements(name: str, where: KeyLocation) -> list[RequiredStatement]:
    """The statements that the policy of an existing key must have."""
    account, for_services = {"AWS": _root(where)}, {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        RequiredStatement(_statement("Account", account, _BY_POLICIES), "no IAM policy can allow the use of the key"),
        RequiredStatement(
            _statement("AccountGrants", account, ["kms:CreateGrant"], for_services),
            "DynamoDB cannot encrypt the ledger and Lambda cannot encrypt settings, so the deployment fails",
        ),
        *_services(name, where),
    ]


def _services(name: str, where: KeyLocation) -> list[RequiredStatement]:
    def only_for(service: str, resource: str) -> Statement:
        """Conditions on a service's principal: only for this account's resource of that name."""
        arn = f"arn:{where.partition}:{service}:{where.region}:{where.account}:{resource}"
        return {"StringEquals": {"aws:SourceAccount": where.account}, "ArnLike": {"aws:SourceArn": arn}}

    intake = f"arn:{where.partition}:s3:::{name}-intake-{where.account}-{where.region}"
    completion = f"arn:{where.partition}:sns:{where.region}:{where.account}:{name}-completion"
    log_groups = f"arn:{where.partition}:logs:{where.region}:{where.account}:log-group:/aws/lambda/{name}-*"
    of_intake = {"StringEquals": {"aws:SourceAccount": where.account}, "ArnLike": {"aws:SourceArn": intake}}
    of_log_groups = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}}
    return [
        RequiredStatement(
            _service("IntakeToQueue", "s3.amazonaws.com", _USE, of_intake),
            "S3 cannot send the events of uploads, and refuses the deployment",
        ),
        RequiredStatement(
            _service("RulesToQueue", "events.amazonaws.com", _USE, only_for("events", f"rule/{name}-*")),
            "EventBridge cannot signal the end of a job, and only the reconciler finds it",
        ),
        RequiredStatement(
            _service("AlarmsToTopic", "cloudwatch.amazonaws.com", _USE, only_for("cloudwatch", f"alarm:{name}-*")),
            "alarms cannot notify the operations topic",
        ),
        RequiredStatement(
            _service("UndeliveredToQueue", "sns.amazonaws.com", _USE, {"ArnLike": {"aws:SourceArn": completion}}),
            "notifications that a subscriber did not receive are lost, because their dead-letter queue refuses them",
        ),
        RequiredStatement(
            _service("Logs", f"logs.{where.region}.amazonaws.com", _LOG, of_log_groups),
            "CloudWatch refuses the functions' log groups, so the deployment fails",
        ),
    ]


def _service(sid: str, principal: str, actions: list[str], conditions: Statement) -> Statement:
    return _statement(sid, {"Service": principal}, actions, conditions)


def _statement(
    sid: str, principal: Mapping[str, str], actions: list[str], conditions: Statement | None = None
) -> dict[str, Any]:
    """A statement of a key's policy, where the resource `*` means this key."""
    allowed = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"}
    return {**allowed, **({"Condition": conditions} if conditions else {})}


def _root(where: KeyLocation) -> str:
    """The account's root principal. A key's policy that allows it lets IAM policies allow the key's use."""
    return f"arn:{where.partition}:iam::{where.account}:root"
