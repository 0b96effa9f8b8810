"""A temporary queue that receives the messages of both topics."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from operations.deployment import Deployment
from operations.errors import AWS_ERRORS, unless_absent
from operations.interruption import undisturbed

_TOPICS = ("CompletionTopicArn", "OperationsTopicArn")
_KEPT_SECONDS = 3600
"""Retention of a message in seconds."""
_WAIT_SECONDS = 2


@dataclass
class NotificationProbe:
    """The received notifications and alarms, as JSON."""

    sqs: Any
    url: str
    heard: list[Mapping[str, Any]] = field(default_factory=list)

    def listen(self) -> None:
        """Take what has come, waiting a moment for the first."""
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT_SECONDS)
        for message in answer.get("Messages", []):
            self.heard.extend(_told(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def of(self, member: str, value: str) -> list[Mapping[str, Any]]:
        """The received messages with these values."""
        return [told for told in self.heard if told.get(member) == value]


@contextmanager
def listening(deployment: Deployment, name: str) -> Iterator[NotificationProbe]:
    """A probe queue of this name; the end of the block always deletes it.

    It receives every message, because notifications carry no patient data.
    """
    subscribed: list[str] = []
    try:
        yield _ear(deployment, name, subscribed)
    except BaseException:
        with undisturbed(), suppress(*AWS_ERRORS):  # report the first error, not one of the cleanup
            remove(deployment, name, subscribed)
        raise
    with undisturbed():
        remove(deployment, name, subscribed)


def remove(deployment: Deployment, name: str, subscribed: Iterable[str] = ()) -> None:
    """Delete a probe queue and its subscriptions, even if its creation failed halfway.

    What is asked for may be there though its answer got lost, so it is looked up; and a lookup may not show yet what
    has just been made, so what is known to be subscribed need not be found.
    """
    endpoint = _arn(deployment, name)
    found = {arn for heard_by, arn in _subscriptions(deployment) if heard_by == endpoint}
    for arn in {*subscribed, *found}:
        unless_absent(deployment.client("sns").unsubscribe, SubscriptionArn=arn)
    if url := _url(deployment, name):
        deployment.client("sqs").delete_queue(QueueUrl=url)


def _told(body: str) -> Iterator[Mapping[str, Any]]:
    """The content of a message; others that tell the operations topic something need not do so in JSON."""
    with suppress(ValueError):
        told = json.loads(body)
        if isinstance(told, Mapping):
            yield told


def _subscriptions(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """The endpoint and ARN of each subscription of both topics."""
    for topic in _TOPICS:
        pages = deployment.client("sns").get_paginator("list_subscriptions_by_topic")
        for page in pages.paginate(TopicArn=deployment.outputs[topic]):
            yield from ((each["Endpoint"], each["SubscriptionArn"]) for each in page["Subscriptions"])


def _ear(deployment: Deployment, name: str, subscribed: list[str]) -> NotificationProbe:
    """A new queue, subscribed to both topics; each subscription is noted as soon as it is known."""
    sqs, sns = deployment.client("sqs"), deployment.client("sns")
    arn, topics = _arn(deployment, name), [deployment.outputs[topic] for topic in _TOPICS]
    attributes = {"Policy": _policy(arn, topics), "MessageRetentionPeriod": str(_KEPT_SECONDS)}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    for topic in topics:
        made = sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )  # fmt: skip
        subscribed.append(made["SubscriptionArn"])
    return NotificationProbe(sqs, url)


def _url(deployment: Deployment, name: str) -> str | None:
    found = unless_absent(deployment.client("sqs").get_queue_url, QueueName=name)
    return found["QueueUrl"] if found else None


def _arn(deployment: Deployment, name: str) -> str:
    """The queue's ARN, known before it exists: the topics' own, but for service and name."""
    _, partition, _, region, account, _ = deployment.outputs["CompletionTopicArn"].split(":")
    return f"arn:{partition}:sqs:{region}:{account}:{name}"


def _policy(arn: str, topics: list[str]) -> str:
    told = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    bound = {"Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topics}}}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**told, **bound}]})
