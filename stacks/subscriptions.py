"""Who is told of a recording's end: subscriptions as they are chosen, and what they become in AWS."""

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
    "https": (r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[!-~]*)?", "an address that begins with https:// and names no user"),
}
"""What an endpoint looks like, by protocol. A user's name and password would stand in the template for all to read."""
_RAW = ("sqs",)
"""Protocols whose messages may come without SNS's envelope: over HTTPS they would come without its signature."""
_MOST_NAMES, _MOST_COMBINATIONS = 5, 150
"""Of a filter policy (SNS developer guide, "Filter policy constraints")."""
_HTTPS = {
    "healthyRetryPolicy": {"minDelayTarget": 60, "maxDelayTarget": 60, "numRetries": 55},
    "requestPolicy": {"headerContentType": "application/json"},
}
"""Once a minute for as long as SNS allows, which is an hour; after that the message is a dead letter."""


class InvalidSubscription(ValueError):
    """A subscription that cannot be made, or would never be told anything; says what would do."""


@dataclass(frozen=True)
class Subscription:
    """Whoever is at the endpoint hears of the recordings that pass the filter: all, if there is none.

    The filter has names of attributes, and of each the values that pass.
    """

    protocol: str
    endpoint: str
    filter: Mapping[str, Any] = field(default_factory=dict)
    raw: bool = False

    def __post_init__(self) -> None:
        if self.protocol not in _ENDPOINTS:
            raise InvalidSubscription(f"protocol must be one of {', '.join(_ENDPOINTS)}")
        pattern, meant = _ENDPOINTS[self.protocol]
        if not re.fullmatch(pattern, self.endpoint, re.ASCII):
            raise InvalidSubscription(f"endpoint must be {meant}")
        if self.raw and self.protocol not in _RAW:
            raise InvalidSubscription(f"raw is for {' and '.join(_RAW)} only")
        for name, values in self.filter.items():
            _check_filter(name, values)
        if len(self.filter) > _MOST_NAMES:
            raise InvalidSubscription(f"filter: SNS filters by at most {_MOST_NAMES} attributes")
        if math.prod(map(len, self.filter.values())) > _MOST_COMBINATIONS:
            raise InvalidSubscription(f"filter: SNS takes at most {_MOST_COMBINATIONS} combinations of values")
        _check_together(self.filter)

    def check_profiles(self, names: Iterable[str]) -> None:
        """See to it that the profiles of the filter exist.

        Raises:
            BadSubscription: one does not.
        """
        known = (*names, notifications.NONE)
        for name in self.filter.get("profile", ()):
            if name not in known:
                raise InvalidSubscription(f"filter.profile: there is no profile {name!r}; known: {', '.join(known)}")

    @property
    def id(self) -> str:
        """A name that stays the same wherever among the choices it stands."""
        return hashlib.sha256(f"{self.protocol} {self.endpoint}".encode()).hexdigest()[:8]

    @property
    def whom(self) -> str:
        """The endpoint as alarms name it: of an address its host alone, as its path may hold a secret."""
        return self.endpoint.split("/")[2] if self.protocol == "https" else self.endpoint


def _check_filter(name: str, values: object) -> None:
    if name not in notifications.VALUES:
        raise InvalidSubscription(f"filter: unknown attribute {name}; known: {', '.join(notifications.VALUES)}")
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise InvalidSubscription(f"filter.{name} must be a list of one or more texts")
    known = notifications.VALUES[name]
    for value in values:
        if known and value not in known:
            raise InvalidSubscription(f"filter.{name}: {value!r} never comes; known: {', '.join(known)}")


def _check_together(filters: Mapping[str, list[str]]) -> None:
    """See to it that each value passes with some end of a recording that the rest of the filter lets pass."""
    passing = [
        end
        for end in notifications.ENDS
        if all(set(filters[name]) & set(end.get(name, filters[name])) for name in filters)
    ]
    for name, values in filters.items():
        for value in values:
            if not any(value in end.get(name, values) for end in passing):
                raise InvalidSubscription(f"filter.{name}: {value!r} never comes with the rest of the filter")


class Subscribers(Construct):
    """The subscriptions of a topic, each with a queue for what its endpoint did not take.

    That queue goes with the subscription: the news in it can be had elsewhere, and its name is needed again.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        subscriptions: Iterable[Subscription],
        topic: sns.Topic,
        name: str,
        encrypted: Mapping[str, Any],
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        for each in subscriptions:
            self._subscribe(each, self._dead_letters(f"{each.id}-undelivered", name, encrypted))

    def _dead_letters(self, construct_id: str, name: str, encrypted: Mapping[str, Any]) -> sqs.Queue:
        queue = sqs.Queue(
            self, construct_id, queue_name=f"{name}-{construct_id}", retention_period=Duration.days(14), **encrypted
        )
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TopicLeavesUndelivered",
                principals=[iam.ServicePrincipal("sns.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnLike": {"aws:SourceArn": self._topic.topic_arn}},
            )
        )
        for rule, pack in (("SQS3", "AwsSolutions"), ("SQSRedrivePolicy", "Serverless")):
            nag_suppressions.accept(queue, rule, "It holds a subscription's dead letters.", packs=(pack,))
        return queue

    def _subscribe(self, each: Subscription, dead: sqs.Queue) -> None:
        sns.CfnSubscription(
            self,
            each.id,
            topic_arn=self._topic.topic_arn,
            protocol=each.protocol,
            endpoint=each.endpoint,
            filter_policy=dict(each.filter) or None,
            raw_message_delivery=each.raw or None,
            redrive_policy={"deadLetterTargetArn": dead.queue_arn},
            delivery_policy=_HTTPS if each.protocol == "https" else None,
        ).node.add_dependency(dead)
