"""What of a stack that was destroyed still exists in the account, and what identifies it there."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.aws_pages import pages
from operations.deployment import Client
from operations.errors import Refused, unless_absent
from operations.importing.retained_resources import KEY, RetainedStack, Stack
from stacks.key_policy import KeyLocation

Find = Callable[[Client, str], str | None]


def left(client: Client, stack: Stack, where: KeyLocation) -> RetainedStack:
    """What is left of a stack.

    Raises:
        Refused: its key is, and cannot be used.
    """
    there: dict[str, str] = {}
    for name, declared in stack.retained.items():
        find = _FIND.get(declared["Type"])
        if find and (identifier := unless_absent(find, client=client, name=stack.called(name, where))):
            there[name] = identifier
    for name, declared in stack.retained.items():
        if declared["Type"] == KEY and (identifier := _key(client, stack, there)):
            there[name] = identifier
    return RetainedStack(stack, there)


def _bucket(client: Client, name: str) -> str:
    client("s3").head_bucket(Bucket=name)
    return name


def _bucket_policy(client: Client, name: str) -> str:
    client("s3").get_bucket_policy(Bucket=name)
    return name


def _queue(client: Client, name: str) -> str:
    return str(client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def _table(client: Client, name: str) -> str:
    client("dynamodb").describe_table(TableName=name)
    return name


def _log_group(client: Client, name: str) -> str | None:
    begin_so = pages(client("logs"), "describe_log_groups", logGroupNamePrefix=name)
    return name if any(each["logGroupName"] == name for page in begin_so for each in page["logGroups"]) else None


_FIND: Mapping[str, Find] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::SQS::Queue": _queue,
}
"""How what has a name is found by it."""


def _key_of_table(client: Client, name: str) -> str | None:
    found: Mapping[str, str] = client("dynamodb").describe_table(TableName=name)["Table"].get("SSEDescription", {})
    return found.get("KMSMasterKeyArn")


def _key_of_bucket(client: Client, name: str) -> str | None:
    (rule,) = client("s3").get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    key: str | None = rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")
    return key


_LIES_UNDER: Mapping[str, Find] = {"AWS::DynamoDB::Table": _key_of_table, "AWS::S3::Bucket": _key_of_bucket}
"""A key has no name, and its alias goes with the stack: it is the one that data lie under."""


def _key(client: Client, stack: Stack, there: Mapping[str, str]) -> str | None:
    asked = [(_LIES_UNDER.get(stack.retained[name]["Type"]), identifier) for name, identifier in there.items()]
    keys = (find(client, identifier) for find, identifier in asked if find)
    named = next((key for key in keys if key), None)
    found: str | None = unless_absent(_usable, client=client, name=named) if named else None
    return found


def _usable(client: Client, name: str) -> str:
    key: Mapping[str, Any] = client("kms").describe_key(KeyId=name)["KeyMetadata"]
    if key["KeyState"] != "Enabled":
        raise Refused(
            f"The key {key['KeyId']} is {key['KeyState']}, and without it nothing can be read: bring it back "
            "(`aws kms cancel-key-deletion`, `aws kms enable-key`), then run this again."
        )
    return str(key["KeyId"])
