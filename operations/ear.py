"""A queue of our own that hears what both topics tell, for as long as it is needed and no longer."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations.deployment import Deployment
from operations.interruption import undisturbed

_TOPICS = ("CompletionTopicArn", "OperationsTopicArn")
_KEPT_SECONDS = 3600
"""How long a message waits to be heard."""
_WAIT_SECONDS = 2
_GONE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


@dataclass
class Ear:
    """What was heard so far: notifications and alarms, as JSON."""

    sqs: Any
    url: str
    heard: list[Mapping[str, Any]] = field(default_factory=list)

    def listen(self) -> None:
        """Take what has come, waiting a moment for the first."""
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT_SECONDS)
        for message in answer.get("Messages", []):
            self.heard.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def of(self, member: str, value: str) -> list[Mapping[str, Any]]:
        """What was heard that says this."""
        return [told for told in self.heard if told.get(member) == value]


@contextmanager
def listening(deployment: Deployment, name: str) -> Iterator[Ear]:
    """An ear of this name, gone when the block ends, however it does.

    It hears everything, and keeps what is asked for: notifications carry no patient data.
    """
    try:
        yield _ear(deployment, name)
    except BaseException:
        with undisturbed(), suppress(ClientError, BotoCoreError):  # what went wrong first is what must be told
            remove(deployment, name)
        raise
    with undisturbed():
        remove(deployment, name)


def remove(deployment: Deployment, name: str) -> None:
    """Take an ear away, whether or not it was whole: what is asked for may be there though its answer got lost."""
    sqs, sns, arn = deployment.client("sqs"), deployment.client("sns"), _arn(deployment, name)
    for topic in _TOPICS:
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=deployment.outputs[topic])
        for subscription in (each for page in pages for each in page["Subscriptions"]):
            if subscription["Endpoint"] == arn:
                sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    if url := _url(deployment, name):
        sqs.delete_queue(QueueUrl=url)


def older(deployment: Deployment, prefix: str, before: float) -> list[str]:
    """Names of ears that were made before then: somebody left them behind."""
    sqs, names = deployment.client("sqs"), []
    for url in sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", []):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["CreatedTimestamp"])["Attributes"]
        if float(attributes["CreatedTimestamp"]) < before:
            names.append(url.rpartition("/")[2])
    return names


def _ear(deployment: Deployment, name: str) -> Ear:
    sqs, sns = deployment.client("sqs"), deployment.client("sns")
    arn, topics = _arn(deployment, name), [deployment.outputs[topic] for topic in _TOPICS]
    attributes = {"Policy": _policy(arn, topics), "MessageRetentionPeriod": str(_KEPT_SECONDS)}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    for topic in topics:
        sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )  # fmt: skip
    return Ear(sqs, url)


def _url(deployment: Deployment, name: str) -> str | None:
    try:
        url: str = deployment.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        return None
    return url


def _arn(deployment: Deployment, name: str) -> str:
    """The queue's ARN, known before it exists: the topics' own, but for service and name."""
    _, partition, _, region, account, _ = deployment.outputs["CompletionTopicArn"].split(":")
    return f"arn:{partition}:sqs:{region}:{account}:{name}"


def _policy(arn: str, topics: list[str]) -> str:
    told = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    bound = {"Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topics}}}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**told, **bound}]})
