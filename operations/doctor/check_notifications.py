"""Checks the subscribers of notifications and of alarms."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from operations import deployment as deployments
from operations import queues
from operations.doctor.context import DoctorContext
from operations.doctor.findings import Finding, attention, broken, ok

_TOPICS = {"completion": "CompletionTopicArn", "operations": "OperationsTopicArn"}
_SILENT = {
    "completion": ("Nobody subscribes to the completion topic: nobody is told of transcripts.", "emails.completion"),
    "operations": ("Nobody subscribes to the operations topic: an alarm wakes nobody.", "emails.operations"),
}


def subscriptions(context: DoctorContext) -> Iterator[Finding]:
    """Whether a topic has confirmed subscribers, by protocol only because addresses are personal data."""
    for topic, output in _TOPICS.items():
        pages = context.client("sns").get_paginator("list_subscriptions_by_topic")
        listed = [
            each
            for page in pages.paginate(TopicArn=context.here.outputs[output])
            for each in page["Subscriptions"]
            if each["SubscriptionArn"] != "Deleted"  # SNS lists a deleted subscription for some days
        ]
        pending = Counter(each["Protocol"] for each in listed if not each["SubscriptionArn"].startswith("arn:"))
        for protocol, number in sorted(pending.items()):
            yield attention(
                f"{number} by {protocol} to the {topic} topic: not confirmed, so nothing is sent there.",
                "Confirm the message that AWS sent; SNS's console sends another (Request confirmation).",
            )
        gone = _gone(context, topic, {each["Endpoint"].lower() for each in listed})
        for protocol, number in sorted(gone.items()):
            yield broken(
                f"{number} by {protocol} that the choices name, not subscribed to the {topic} topic: SNS forgets who "
                "does not confirm within two days, and who has unsubscribed; no deployment brings them back.",
                f"`aws sns subscribe --topic-arn {context.here.outputs[output]} --protocol {protocol} "
                "--notification-endpoint …`; or take it out of the choices, deploy, put it back and deploy.",
            )
        if len(listed) > pending.total():
            yield ok(f"{len(listed) - pending.total()} confirmed to the {topic} topic.")
        elif not listed:
            sentence, choice = _SILENT[topic]
            yield attention(sentence, f"Name somebody under {choice}, or subscribe to {context.here.outputs[output]}.")


def _gone(context: DoctorContext, topic: str, there: set[str]) -> Counter[str]:
    """How many of each protocol were chosen and are not there."""
    if context.config is None:
        return Counter()
    chosen = {
        "completion": [(each.protocol, each.endpoint) for each in context.config.subscribers],
        "operations": [("email", address) for address in context.config.emails.operations],
    }
    return Counter(protocol for protocol, endpoint in chosen[topic] if endpoint.lower() not in there)


def dead_letters(context: DoctorContext) -> Iterator[Finding]:
    """Whether the dead-letter queues hold messages."""
    for name in queues.NAMES:
        dead = queues.depth(context.here, name).dead
        if dead:
            yield broken(
                f"{dead} dead letters of the {name} queue: recordings that no retry could bring further.",
                f"`explain` says why; mend the cause, then `python -m operations redrive {name}`.",
            )
        else:
            yield ok(f"The {name} queue has no dead letters.")


def alarms(context: DoctorContext) -> Iterator[Finding]:
    """Whether all deployed alarms exist, none is in ALARM, and each notifies the operations topic."""
    topic, known = context.here.outputs["OperationsTopicArn"], _alarms(context)
    for name, alarm in known.items():
        if alarm is None:
            yield broken(f"The alarm {name} was deleted.", context.restore)
        elif alarm["StateValue"] == "ALARM":
            about = alarm.get("AlarmDescription", "")
            yield broken(f"The alarm {name} is set. {about}".strip(), "See docs/operating.md.")
    there = {name: alarm for name, alarm in known.items() if alarm is not None}
    off = [name for name, alarm in there.items() if not alarm["ActionsEnabled"]]
    if off:
        remedy = f"`aws cloudwatch enable-alarm-actions --alarm-names {' '.join(off)}`."
        yield broken(f"Alarms that are switched off: {', '.join(off)}.", remedy)
    astray = [name for name, alarm in there.items() if topic not in alarm["AlarmActions"]]
    if astray:
        yield broken(f"Alarms that do not tell the operations topic: {', '.join(astray)}.", context.restore)
    if not known:
        yield broken("There are no alarms: nobody will be told when something fails.", context.restore)
    elif all(alarm is not None and alarm["StateValue"] != "ALARM" for alarm in known.values()) and not (off or astray):
        yield ok(f"{len(known)} alarms watch, and none is set.")


def _alarms(context: DoctorContext) -> Mapping[str, Mapping[str, Any] | None]:
    """The alarms that were deployed, each as CloudWatch knows it; None if it does not."""
    deployed = [
        each["PhysicalResourceId"]
        for each in deployments.resources(f"{context.name}-monitoring", context.client)
        if each["ResourceType"] == "AWS::CloudWatch::Alarm"
    ]
    pages = context.client("cloudwatch").get_paginator("describe_alarms")
    there = {
        alarm["AlarmName"]: alarm
        for page in pages.paginate(AlarmNamePrefix=f"{context.name}-", AlarmTypes=["MetricAlarm"])
        for alarm in page["MetricAlarms"]
    }
    return {name: there.get(name) for name in deployed}
