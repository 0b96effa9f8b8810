"""A queue and the one for its dead letters."""

from typing import Any, cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks import nag_suppressions, resource_names
from stacks.config import Config

MOST_RECEIVES = 5
"""Receives after which a message is a dead letter: waiting for Transcribe does not count as one."""


def pair(
    scope: Construct, config: Config, key: kms.IKey, name: str, visibility_seconds: int
) -> tuple[sqs.Queue, sqs.Queue]:
    """A queue and the one for its dead letters, which keeps them as long as SQS can.

    A dead letter's age counts from its first sending, so the queue itself keeps half of that.
    """
    common: dict[str, Any] = {**encrypted(key), "removal_policy": RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE}
    dead = sqs.Queue(
        scope,
        f"{name.capitalize()}DeadLetters",
        queue_name=f"{config.name}-{name}-dead-letters",
        retention_period=Duration.days(14),
        **common,
    )
    nag_suppressions.accept(
        dead, "SQSRedrivePolicy", "Dead letters have nowhere to go but back.", packs=("Serverless",)
    )
    # By its name and not by reference: queue and dead-letter queue would wait for each other.
    cast(sqs.CfnQueue, dead.node.default_child).redrive_allow_policy = {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [resource_names.queue_arn(config, name)],
    }
    queue = sqs.Queue(
        scope,
        f"{name.capitalize()}Queue",
        queue_name=f"{config.name}-{name}",
        visibility_timeout=Duration.seconds(visibility_seconds),
        retention_period=Duration.days(7),
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=MOST_RECEIVES),
        **common,
    )
    return queue, dead


def encrypted(key: kms.IKey) -> dict[str, Any]:
    """What every queue has in common."""
    return {
        "encryption": sqs.QueueEncryption.KMS,
        "encryption_master_key": key,
        "data_key_reuse": Duration.hours(1),
        "enforce_ssl": True,
    }
