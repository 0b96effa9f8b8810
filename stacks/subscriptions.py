"""Subscriptions to the completion topic: the setting, its checks, and its resources in AWS."""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks import nag_suppressions
from stethoscript import notifications

EMAIL = r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+"
_ARN = r"arn:aws[a-z-]*:{service}:[a-z0-9-]+:\d{{12}}:"
_ENDPOINTS: Mapping[str, tuple[str, str]] = {
    "email": (EMAIL, "an e-mail address"),
    "email-json": (EMAIL, "an e-mail address"),
    "sqs": (_ARN.format(service="sqs") + r"[\w-]{1,80}", "the ARN of a queue, but not of a FIFO queue"),
    "lambda": (_ARN.format(service="lambda") + r"function:[\w-]{1,64}(:[\w$-]{1,128})?", "a function's ARN"),
    "https": (
        r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[!-~]*)?",
        "an address that begins with https:// and contains no user name",
    ),
}
"""Pattern of an endpoint, and its description, by protocol. No user or password: the template is readable."""
_RAW = ("sqs",)
"""Protocols that may use raw delivery. HTTPS may not, because raw messages have no signature."""
_MAX_NAMES, _MAX_COMBINATIONS = 5, 150
"""Limits of a filter policy (SNS developer guide, "Filter policy constraints")."""
_HTTPS = {
    "healthyRetryPolicy": {"minDelayTarget": 60, "maxDelayTarget": 60, "numRetries": 55},
    "requestPolicy": {"headerContentType": "application/json"},
}
"""Retry once a minute for SNS's maximum of an hour. Then SNS sends the message to the dead-letter queue."""


class InvalidSubscription(ValueError):
    """A subscription that SNS would refuse, or that would receive nothing. The message names a valid value."""


@dataclass(frozen=True)
class Subscription:
    """An endpoint, which receives the notifications that match the filter.

    `filter` has the accepted values of each attribute. An empty filter accepts every notification.
    """

    protocol: str
    endpoint: str
    filter: Mapping[str, Any] = field(default_factory=dict)
    raw: bool = False

    def __post_init__(self) -> None:
        if self.protocol not in _ENDPOINTS:
            raise InvalidSubscription(f"protocol must be one of {', '.join(_ENDPOINTS)}")
        pattern, description = _ENDPOINTS[self.protocol]
        if not re.fullmatch(pattern, self.endpoint, re.ASCII):
            raise InvalidSubscription(f"endpoint must be {description}")
        if self.raw and self.protocol not in _RAW:
            raise InvalidSubscription(f"raw is for {' and '.join(_RAW)} only")
        for name, values in self.filter.items():
            _check_filter(name, values)
        if len(self.filter) > _MAX_NAMES:
            raise InvalidSubscription(f"filter: SNS filters by at most {_MAX_NAMES} attributes")
        if math.prod(map(len, self.filter.values())) > _MAX_COMBINATIONS:
            raise InvalidSubscription(f"filter: SNS accepts at most {_MAX_COMBINATIONS} combinations of values")
        _check_combinations(self.filter)

    def check_profiles(self, names: Iterable[str]) -> None:
        """Check that every profile in the filter exists.

        Raises:
            InvalidSubscription: one does not.
        """
        known = (*names, notifications.NONE)
        for name in self.filter.get("profile", ()):
            if name not in known:
                raise InvalidSubscription(f"filter.profile: there is no profile {name!r}; known: {', '.join(known)}")

    @property
    def id(self) -> str:
        """A name that depends on protocol and endpoint, so that the order of subscriptions does not matter."""
        return hashlib.sha256(f"{self.protocol} {self.endpoint}".encode()).hexdigest()[:8]

    @property
    def public_endpoint(self) -> str:
        """The endpoint as alarms show it. For HTTPS that is only the host, because the path may hold a secret."""
        return self.endpoint.split("/")[2] if self.protocol == "https" else self.endpoint


def _check_filter(name: str, values: object) -> None:
    if name not in notifications.VALUES:
        raise InvalidSubscription(f"filter: unknown attribute {name}; known: {', '.join(notifications.VALUES)}")
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise InvalidSubscription(f"filter.{name} must be a list of one or more strings")
    known = notifications.VALUES[name]
    for value in values:
        if known and value not in known:
            raise InvalidSubscription(f"filter.{name}: {value!r} never occurs; known: {', '.join(known)}")


def _check_combinations(filters: Mapping[str, list[str]]) -> None:
    """Check that for each value some possible notification matches the whole filter."""
    matching = [
        end
        for end in notifications.ENDS
        if all(set(filters[name]) & set(end.get(name, filters[name])) for name in filters)
    ]
    for name, values in filters.items():
        for value in values:
            if not any(value in end.get(name, values) for end in matching):
                raise InvalidSubscription(f"filter.{name}: {value!r} never occurs together with the rest of the filter")


class Subscribers(Construct):
    """The subscriptions of a topic, each with a dead-letter queue.

    CloudFormation deletes the queue with its subscription, because a later subscription of the same endpoint needs the
    queue's name. Its messages are not the only copy: the ledger holds the same facts.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        subscriptions: Iterable[Subscription],
        topic: sns.Topic,
        name: str,
        queue_properties: Mapping[str, Any],
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        for subscription in subscriptions:
            dead_letters = self._dead_letters(f"{subscription.id}-undelivered", name, queue_properties)
            self._subscribe(subscription, dead_letters)

    def _dead_letters(self, construct_id: str, name: str, properties: Mapping[str, Any]) -> sqs.Queue:
        queue = sqs.Queue(
            self, construct_id, queue_name=f"{name}-{construct_id}", retention_period=Duration.days(14), **properties
        )
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TopicSendsUndelivered",
                principals=[iam.ServicePrincipal("sns.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnLike": {"aws:SourceArn": self._topic.topic_arn}},
            )
        )
        for rule, pack in (("SQS3", "AwsSolutions"), ("SQSRedrivePolicy", "Serverless")):
            nag_suppressions.suppress(
                queue, rule, "It is itself the dead-letter queue of a subscription.", packs=(pack,)
            )
        return queue

    def _subscribe(self, subscription: Subscription, dead_letters: sqs.Queue) -> None:
        sns.CfnSubscription(
            self,
            subscription.id,
            topic_arn=self._topic.topic_arn,
            protocol=subscription.protocol,
            endpoint=subscription.endpoint,
            filter_policy=dict(subscription.filter) or None,
            raw_message_delivery=subscription.raw or None,
            redrive_policy={"deadLetterTargetArn": dead_letters.queue_arn},
            delivery_policy=_HTTPS if subscription.protocol == "https" else None,
        ).node.add_dependency(dead_letters)
