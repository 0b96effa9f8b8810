"""SNS: messages and subscriptions that AWS refuses.

Sources: "Publish", "Subscribe" and "SetSubscriptionAttributes" in the SNS API reference; "Amazon SNS message
attributes" and "Filter policy constraints" in the SNS developer guide.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from ministack.services import sns

from local.cloud.gaps.table import Answer, Workarounds

Parameters = Mapping[str, Any]
LONGEST_SUBJECT = 100
PROTOCOLS = {"http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"}
SUBSCRIPTION_ATTRIBUTES = {
    *("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"),
    "SubscriptionRoleArn",
}
MOST_FILTERED, MOST_COMBINATIONS = 5, 150
"""The most keys of a filter policy, and the highest product of their numbers of values."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ATTRIBUTE_NAME = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_ATTRIBUTE_TYPE = re.compile(r"(String|String\.Array|Number|Binary)(\.[A-Za-z0-9_.-]+)?")
_OPERATORS = {"prefix", "suffix", "anything-but", "equals-ignore-case", "cidr", "numeric", "exists", "wildcard"}
_sent: ContextVar[Parameters] = ContextVar("sent")
"""The parameters of a request, with the empty ones that MiniStack drops."""


def messages_are_checked() -> None:
    """Without it, SNS publishes any subject, attribute and structure."""
    _remember_empty_parameters()
    publish = sns._publish

    def published(params: Parameters) -> Answer:
        problem = next(_problems(_sent.get(params)), None)
        if problem:
            refused: Answer = sns._error(problem[0], problem[1], 400)
            return refused
        answer: Answer = publish(params)
        return answer

    sns._publish = published


def _remember_empty_parameters() -> None:
    handle = sns.handle_request

    async def handled(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Answer:
        _sent.set({**query_params, **parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True)})
        answer: Answer = await handle(method, path, headers, body, query_params)
        return answer

    sns.handle_request = handled


def _problems(sent: Parameters) -> Iterator[tuple[str, str]]:
    """Yield the code and message of each error that AWS finds in a message."""
    subject, message = sns._p(sent, "Subject", None), sns._p(sent, "Message")
    if subject is not None and (not subject or len(subject) > LONGEST_SUBJECT or _CONTROL.search(subject)):
        yield "InvalidParameter", "Invalid parameter: Subject"
    if not message:
        yield "InvalidParameter", "Invalid parameter: Empty message"
    structure = sns._p(sent, "MessageStructure", None)
    if structure == "json":
        yield from _structure_problems(message)
    elif structure is not None:
        yield "InvalidParameter", "Invalid parameter: MessageStructure"
    yield from _attribute_problems(sent)


def _structure_problems(message: str) -> Iterator[tuple[str, str]]:
    try:
        parts = json.loads(message)
    except ValueError:
        parts = None
    if not isinstance(parts, dict):
        yield "InvalidParameter", "Invalid parameter: Message Structure - JSON message body failed to parse"
    elif not isinstance(parts.get("default"), str):
        yield "InvalidParameter", "Invalid parameter: Message Structure - No default entry in JSON message body"


def _attribute_problems(sent: Parameters) -> Iterator[tuple[str, str]]:
    number = 1
    while (name := sns._p(sent, f"MessageAttributes.entry.{number}.Name", None)) is not None:
        prefix = f"MessageAttributes.entry.{number}.Value"
        kind = sns._p(sent, f"{prefix}.DataType")
        value = sns._p(sent, f"{prefix}.{'Binary' if kind.startswith('Binary') else 'String'}Value")
        if not _ATTRIBUTE_NAME.fullmatch(name):
            yield "ParameterValueInvalid", "Invalid message attribute name: it must be of letters, digits and _ - ."
        elif not _ATTRIBUTE_TYPE.fullmatch(kind):
            reason = "has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and"
            yield "ParameterValueInvalid", f"The message attribute '{name}' {reason} String."
        elif not value:
            yield "ParameterValueInvalid", f"The message attribute '{name}' must contain non-empty message attribute"
        number += 1


def only_texts_are_delivered() -> None:
    """Without it, a part of a JSON message that is not text fails the delivery; AWS ignores such a part."""
    resolve = sns._resolve_message_for_protocol

    def resolved(message: str, message_structure: str, protocol: str) -> str:
        found = resolve(message, message_structure, protocol)
        return found if isinstance(found, str) else str(json.loads(message)["default"])

    sns._resolve_message_for_protocol = resolved


def subscriptions_are_checked() -> None:
    """Without it, SNS accepts any protocol, address and policy, and a second subscription with other attributes."""
    subscribe, change = sns._subscribe, sns._set_subscription_attributes

    def subscribed(params: Parameters) -> Answer:
        attributes = _attributes(params)
        problem = next(_subscription_problems(params, attributes), None)
        answer: Answer = sns._error("InvalidParameter", problem, 400) if problem else subscribe(params)
        return answer

    def changed(params: Parameters) -> Answer:
        attributes = {sns._p(params, "AttributeName"): sns._p(params, "AttributeValue")}
        problem = next(_policy_problems(attributes), None)
        answer: Answer = sns._error("InvalidParameter", problem, 400) if problem else change(params)
        return answer

    sns._subscribe, sns._set_subscription_attributes = subscribed, changed


def _attributes(params: Parameters) -> dict[str, str]:
    found, number = {}, 1
    while key := sns._p(params, f"Attributes.entry.{number}.key"):
        found[key] = sns._p(params, f"Attributes.entry.{number}.value")
        number += 1
    return found


def _subscription_problems(params: Parameters, attributes: Mapping[str, str]) -> Iterator[str]:
    topic = sns._topic_by_arn_any_scope(sns._p(params, "TopicArn"))
    protocol, endpoint = sns._p(params, "Protocol"), sns._p(params, "Endpoint")
    if protocol not in PROTOCOLS:
        yield f"Invalid parameter: Amazon SNS does not support this protocol string: {protocol}"
    if protocol.startswith("email") and not re.fullmatch(r"[^@\s]+@[^@\s]+", endpoint):
        yield "Invalid parameter: Email address"
    if protocol in ("http", "https") and not endpoint.startswith(f"{protocol}://"):
        yield "Invalid parameter: Endpoint must match the specified protocol"
    for name in attributes.keys() - SUBSCRIPTION_ATTRIBUTES:
        yield f"Invalid parameter: Attributes Reason: Unknown attribute {name}"
    yield from _policy_problems(attributes)
    for found in (topic or {"subscriptions": []})["subscriptions"]:
        same = (found["protocol"], found["endpoint"]) == (protocol, endpoint)
        if same and any(found["attributes"].get(name) != value for name, value in attributes.items()):
            yield "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"


def _policy_problems(attributes: Mapping[str, str]) -> Iterator[str]:
    for name, check in _CHECKS.items():
        if text := attributes.get(name):
            try:
                policy = json.loads(text)
            except ValueError:
                policy = None
            if not isinstance(policy, dict):
                yield f"Invalid parameter: {name}: failed to parse JSON."
            elif problem := next(check(policy), None):
                yield f"Invalid parameter: {name}: {problem}"


def _filter_problems(policy: Mapping[str, Any]) -> Iterator[str]:
    values = list(_filter_values(policy))
    combinations = 1
    for rules in values:
        if not isinstance(rules, list) or not rules:
            yield "Match value must be String, number, true, false, or null"
            return
        combinations *= len(rules)
        for rule in rules:
            if isinstance(rule, dict) and not rule.keys() <= _OPERATORS:
                yield f"Unrecognized match type {next(iter(rule))}"
            if isinstance(rule, list):
                yield "Match value must be String, number, true, false, or null"
    if len(values) > MOST_FILTERED:
        yield f"Filter policy can not have more than {MOST_FILTERED} keys"
    if combinations > MOST_COMBINATIONS:
        yield "Filter policy is too complex"


def _filter_values(policy: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the rules of each key, including nested objects (filters of the body) and alternatives."""
    for key, rules in policy.items():
        if isinstance(rules, dict):
            yield from _filter_values(rules)
        elif key == "$or" and isinstance(rules, list):
            yield from (value for each in rules if isinstance(each, dict) for value in _filter_values(each))
        else:
            yield rules


def _redrive_problems(policy: Mapping[str, Any]) -> Iterator[str]:
    if not re.fullmatch(r"arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:.+", str(policy.get("deadLetterTargetArn", ""))):
        yield "deadLetterTargetArn is an invalid arn"


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    "FilterPolicy": _filter_problems,
    "RedrivePolicy": _redrive_problems,
}

_PARAMETER = {(sns, "_p"): ("params", "key", "default"), (sns, "_error"): ("code", "message", "status")}

WORKAROUNDS: Workarounds = {
    messages_are_checked: {
        **_PARAMETER,
        (sns, "_publish"): ("params",),
        (sns, "handle_request"): ("method", "path", "headers", "body", "query_params"),
    },
    only_texts_are_delivered: {
        (sns, "_resolve_message_for_protocol"): ("message", "message_structure", "protocol"),
    },
    subscriptions_are_checked: {
        **_PARAMETER,
        (sns, "_subscribe"): ("params",),
        (sns, "_set_subscription_attributes"): ("params",),
        (sns, "_topic_by_arn_any_scope"): ("topic_arn",),
    },
}
