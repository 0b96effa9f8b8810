"""A queue with its dead-letter queue."""

from typing import Any, cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks import nag_suppressions, resource_names
from stacks.config import Config

MAX_RECEIVES = 5
"""Receives after which a message goes to the dead-letter queue. A deferral does not count as a receive."""


def with_dead_letters(
    scope: Construct, config: Config, key: kms.IKey, name: str, visibility_seconds: int
) -> tuple[sqs.Queue, sqs.Queue]:
    """A queue that keeps messages for 7 days, and its dead-letter queue, which keeps them for SQS's maximum of 14 days.

    SQS counts a dead letter's age from its first sending, so a message has at least 7 days left in the second queue.
    """
    common: dict[str, Any] = {**encryption_properties(key), "removal_policy": RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE}
    dead_letters = sqs.Queue(
        scope,
        f"{name.capitalize()}DeadLetters",
        queue_name=f"{config.name}-{name}-dead-letters",
        retention_period=Duration.days(14),
        **common,
    )
    nag_suppressions.suppress(
        dead_letters, "SQSRedrivePolicy", "It is itself the dead-letter queue.", packs=("Serverless",)
    )
    # By name, because references would make queue and dead-letter queue depend on each other.
    cast(sqs.CfnQueue, dead_letters.node.default_child).redrive_allow_policy = {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [resource_names.queue_arn(config, name)],
    }
    queue = sqs.Queue(
        scope,
        f"{name.capitalize()}Queue",
        queue_name=f"{config.name}-{name}",
        visibility_timeout=Duration.seconds(visibility_seconds),
        retention_period=Duration.days(7),
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=MAX_RECEIVES),
        **common,
    )
    return queue, dead_letters


def encryption_properties(key: kms.IKey) -> dict[str, Any]:
    """The properties that every queue has in common."""
    return {
        "encryption": sqs.QueueEncryption.KMS,
        "encryption_master_key": key,
        "data_key_reuse": Duration.hours(1),
        "enforce_ssl": True,
    }
