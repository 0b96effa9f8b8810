"""SNS."""

import json
from typing import Any

from tests.comparison.case import ABSENT, ANY, Call, call, case

GUIDE = "https://docs.aws.amazon.com/sns/latest/dg"
ATTRIBUTES = f"{GUIDE}/sns-message-attributes.html"
POLICIES = f"{GUIDE}/subscription-filter-policy-constraints.html"
BAD, WRONG = "InvalidParameter", "ParameterValueInvalid"
TOPIC = {"TopicArn": "@topic"}
PROTOCOL = "It checks neither protocol nor address."


def published(**more: Any) -> Call:
    """A message."""
    return call("sns.publish", **{"TopicArn": "@topic", "Message": "hello", **more})


def subscribed(**more: Any) -> Call:
    """A queue's subscription."""
    usual = {"TopicArn": "@topic", "Protocol": "sqs", "Endpoint": "@queue arn", "ReturnSubscriptionArn": True}
    return call("sns.subscribe", **{**usual, **more})


def text(value: Any, kind: str = "String") -> dict[str, Any]:
    """The attribute `a`."""
    return {"a": {"DataType": kind, "StringValue": value}}


CASES = (
    # --- publish ---
    case("a message is published", published(Subject="Transcript ready", MessageAttributes=text("b")),
         members={"MessageId": ANY}),
    case("a text for each protocol", published(MessageStructure="json",
         Message=json.dumps({"default": "a", "email": "b"})), members={"MessageId": ANY}),
    case("a structure that is not JSON", published(MessageStructure="json", Message="{"), status=400, code=BAD,
         moto="It accepts it."),
    case("a structure that is no object", published(MessageStructure="json", Message="[]"), status=400, code=BAD,
         moto="Its own error, which is no answer."),
    case("a structure without default", published(MessageStructure="json", Message='{"email": "b"}'),
         status=400, code=BAD,
         moto="It accepts it."),
    case("a default that is no text", published(MessageStructure="json", Message='{"default": {}}'),
         status=400, code=BAD, moto="It accepts it."),
    case("another structure", published(MessageStructure="xml"), status=400, code=BAD),
    case("a subject of 100 characters", published(Subject="s" * 100), members={"MessageId": ANY},
         source="https://docs.aws.amazon.com/sns/latest/dg/sns-publishing.html"),
    case("a subject of 101 characters", published(Subject="s" * 101), status=400, code=BAD),
    case("a subject in UTF-8", published(Subject="Müller 🩺"), members={"MessageId": ANY}),
    case("a subject with a line break", published(Subject="a\nb"), status=400, code=BAD, moto="It accepts it."),
    case("a subject with a control character", published(Subject="a\x7fb"), status=400, code=BAD,
         moto="It accepts it."),
    case("an empty subject", published(Subject=""), status=400, code=BAD, moto="It accepts it."),
    case("an empty message", published(Message=""), status=400, code=BAD, moto="It accepts it."),
    case("a message above 256 KB", published(Message="m" * 262_145), status=400, code=BAD),
    case("an attribute of no known type", published(MessageAttributes=text("b", "Text")), status=400, code=WRONG,
         source=ATTRIBUTES, moto="Its code is InvalidParameterValue, which botocore's model does not know."),
    case("an attribute of a type of one's own", published(MessageAttributes=text("b", "String.uuid")),
         members={"MessageId": ANY}, source=ATTRIBUTES),
    case("an empty attribute", published(MessageAttributes=text("")), status=400, code=WRONG, source=ATTRIBUTES,
         moto="Its code is InvalidParameterValue, which botocore's model does not know."),
    case("an attribute's name", published(MessageAttributes={"a b": {"DataType": "String", "StringValue": "c"}}),
         status=400, code=WRONG, source=ATTRIBUTES, moto="It accepts any name."),
    case("a missing topic", published(TopicArn="arn:aws:sns:us-east-1:000000000000:none"), status=404, code="NotFound"),
    # --- subscribe ---
    case("a queue is subscribed", subscribed(Attributes={"RawMessageDelivery": "true", "FilterPolicy": '{"a": ["b"]}',
         "FilterPolicyScope": "MessageAttributes"}), members={"SubscriptionArn": ANY}),
    case("the same subscription again", subscribed(), subscribed(), members={"SubscriptionArn": "@0.SubscriptionArn"}),
    case("the same subscription with other attributes", subscribed(),
         subscribed(Attributes={"RawMessageDelivery": "true"}), status=400, code=BAD, moto="It accepts them."),
    case("an unknown protocol", subscribed(Protocol="fax"), status=400, code=BAD, moto=PROTOCOL),
    case("an address that is none", subscribed(Protocol="email", Endpoint="nobody"), status=400, code=BAD,
         moto=PROTOCOL),
    case("an address of another protocol", subscribed(Protocol="https", Endpoint="http://a.example"),
         status=400, code=BAD, moto=PROTOCOL),
    case("an e-mail subscription waits for its confirmation",
         subscribed(Protocol="email", Endpoint="a@b.example", ReturnSubscriptionArn=False),
         members={"SubscriptionArn": "pending confirmation"},
         local="An e-mail subscription counts as confirmed at once.",
         moto="An e-mail subscription counts as confirmed at once."),
    case("a filter that is not JSON", subscribed(Attributes={"FilterPolicy": "{"}), status=400, code=BAD,
         moto="Its own error, which is no answer."),
    case("a filter's value that is no list", subscribed(Attributes={"FilterPolicy": '{"a": "b"}'}),
         status=400, code=BAD),
    case("a filter's unknown operator", subscribed(Attributes={"FilterPolicy": '{"a": [{"like": "b"}]}'}),
         status=400, code=BAD),
    case("a filter of six keys", subscribed(Attributes={"FilterPolicy": json.dumps({key: ["b"] for key in "abcdef"})}),
         status=400, code=BAD, source=POLICIES),
    case("a filter of 151 combinations",
         subscribed(Attributes={"FilterPolicy": json.dumps({"a": [str(each) for each in range(151)]})}),
         status=400, code=BAD, source=POLICIES),
    case("a redrive policy without a queue", subscribed(Attributes={"RedrivePolicy": "{}"}), status=400, code=BAD,
         moto="It accepts any."),
    case("a filter is changed", subscribed(), call("sns.set_subscription_attributes", AttributeName="FilterPolicy",
         SubscriptionArn="@0.SubscriptionArn", AttributeValue='{"a": ["b"]}')),
    case("a broken filter is not set", subscribed(), call("sns.set_subscription_attributes",
         SubscriptionArn="@0.SubscriptionArn", AttributeName="FilterPolicy", AttributeValue="[]"),
         status=400, code=BAD, moto="It accepts it."),
    case("subscriptions of a topic are listed", subscribed(), call("sns.list_subscriptions_by_topic", **TOPIC),
         members={"Subscriptions.0.SubscriptionArn": "@0.SubscriptionArn", "Subscriptions.0.Protocol": "sqs",
                  "NextToken": ABSENT}),
    case("no subscriptions of a missing topic", call("sns.list_subscriptions_by_topic",
         TopicArn="arn:aws:sns:us-east-1:000000000000:none"), status=404, code="NotFound"),
    case("attributes of a subscription", subscribed(), call("sns.get_subscription_attributes",
         SubscriptionArn="@0.SubscriptionArn"), members={"Attributes.Protocol": "sqs"}),
    case("a subscription ends", subscribed(), call("sns.unsubscribe", SubscriptionArn="@0.SubscriptionArn")),
    case("a topic is told", call("sns.get_topic_attributes", **TOPIC), members={"Attributes.TopicArn": "@topic"}),
    case("a missing topic is not told", call("sns.get_topic_attributes",
         TopicArn="arn:aws:sns:us-east-1:000000000000:none"), status=404, code="NotFound"),
)  # fmt: skip
