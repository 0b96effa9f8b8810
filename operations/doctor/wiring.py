"""What makes a recording move: announcements, signals, the reconciler, vocabularies."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from operations.doctor import policies
from operations.doctor.findings import Finding, broken, ok, unknown
from operations.doctor.site import Site
from operations.times import span
from stethoscript import faults
from stethoscript.faults import Fault

_RULES = ("transcript-written", "job-ended")
_SENDERS = {"S3": "s3.amazonaws.com", "EventBridge": "events.amazonaws.com"}
_RECONCILED = "reconciled"
_LEAST_SILENCE = 15 * 60
"""Seconds without a run of the reconciler that say nothing yet."""


def intake(site: Site) -> Iterator[Finding]:
    """Whether S3 tells the intake queue of every upload, and may."""
    here = site.here
    queue = _arn(site, "sqs", f"{site.name}-intake")
    told = site.client("s3").get_bucket_notification_configuration(Bucket=here.intake, ExpectedBucketOwner=here.account)
    ours = [each for each in told.get("QueueConfigurations", []) if each["QueueArn"] == queue]
    if not ours:
        yield broken("S3 tells nobody of uploads: the intake bucket's notifications are gone.", site.restore)
    elif not any("s3:ObjectCreated:*" in each["Events"] and not each.get("Filter") for each in ours):
        yield broken("S3 tells of some uploads only: the intake bucket's notifications were narrowed.", site.restore)
    else:
        yield _sender(site, "intake", "S3", f"arn:{site.where.partition}:s3:::{here.intake}")


def signals(site: Site) -> Iterator[Finding]:
    """Whether the end of a job is signalled at once, and not only found by the reconciler."""
    work = site.client("s3").get_bucket_notification_configuration(Bucket=site.here.work)
    if "EventBridgeConfiguration" not in work:
        yield broken(
            "The work bucket tells EventBridge nothing: only the reconciler learns of ended jobs.", site.restore
        )
    for rule in (f"{site.name}-{each}" for each in _RULES):
        yield from _rule(site, rule)
    yield _sender(site, "completion", "EventBridge", _arn(site, "events", f"rule/{site.name}-job-ended"))


def vocabularies(site: Site) -> Iterator[Finding]:
    """Whether those that the profiles name are ready: jobs that ask for another are refused."""
    function = site.client("lambda").get_function_configuration(FunctionName=f"{site.name}-start-transcription")
    if "Variables" not in function["Environment"]:  # AWS tells what is encrypted only to who may use the key
        yield unknown("Which vocabularies the profiles name cannot be seen: that needs kms:Decrypt on the key.")
        return
    named = json.loads(function["Environment"]["Variables"].get("VOCABULARIES", "{}")).values()
    if not named:
        yield ok("No profile names a medical vocabulary.")
    for name in named:
        try:
            found = site.client("transcribe").get_medical_vocabulary(VocabularyName=name)
        except ClientError as error:
            if faults.fault(error) is not Fault.ABSENT and "NotFound" not in error.response["Error"]["Code"]:
                raise
            yield broken(f"The medical vocabulary {name} is gone: recordings wait for it.", site.restore)
            continue
        if found["VocabularyState"] == "READY":
            yield ok(f"The medical vocabulary {name} is ready.")
        else:
            yield broken(f"The medical vocabulary {name} is {found['VocabularyState']}.", "Change its table, deploy.")


def reconciler(site: Site) -> Iterator[Finding]:
    """Whether it is due to run, and did so lately, to its end."""
    name = f"{site.name}-reconcile"
    try:
        schedule = site.client("scheduler").get_schedule(Name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        yield broken("The reconciler has no schedule: what signals miss is not found.", site.restore)
        return
    if schedule["State"] != "ENABLED":
        yield broken("The reconciler's schedule is switched off: what signals miss is not found.", site.restore)
        return
    yield _ran(site, 60 * int(re.sub(r"\D", "", schedule["ScheduleExpression"]) or 1))


def _ran(site: Site, every: int) -> Finding:
    silence = max(_LEAST_SILENCE, 3 * every)
    began = int(site.now()) - silence
    pages = site.client("logs").get_paginator("filter_log_events")
    ran = [
        event["timestamp"] / 1000
        for page in pages.paginate(
            logGroupName=site.here.log_group("reconcile"),
            startTime=began * 1000,
            filterPattern=f'{{ $.message = "{_RECONCILED}" }}',
        )
        for event in page["events"]
        if f'"{_RECONCILED}"' in event["message"]
    ]
    if ran:
        return ok(f"The reconciler ran {span(site.now() - max(ran))} ago.")
    (stack,) = site.client("cloudformation").describe_stacks(StackName=f"{site.name}-pipeline")["Stacks"]
    if datetime.now(UTC).timestamp() - stack["CreationTime"].timestamp() < silence:
        return unknown("The reconciler has not run yet.", "Look again in a few minutes.")
    return broken(
        f"The reconciler has not come to an end for {span(silence)}.",
        f"Its log says why: {site.here.log_group('reconcile')}.",
    )


def _rule(site: Site, name: str) -> Iterator[Finding]:
    events = site.client("events")
    try:
        state = events.describe_rule(Name=name)["State"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        state = "missing"
    if state != "ENABLED":
        yield broken(f"The rule {name} is {state.lower()}: its signal does not come.", site.restore)
        return
    targets = [target["Arn"] for target in events.list_targets_by_rule(Rule=name)["Targets"]]
    if _arn(site, "sqs", f"{site.name}-completion") in targets:
        yield ok(f"The rule {name} signals ended jobs.")
    else:
        yield broken(f"The rule {name} does not go to the completion queue.", site.restore)


def _sender(site: Site, queue: str, who: str, source: str) -> Finding:
    """Whether the queue's policy lets a service send to it, on behalf of a resource of ours."""
    attributes = site.client("sqs").get_queue_attributes(QueueUrl=site.here.queue(queue), AttributeNames=["Policy"])
    wanted: dict[str, Any] = {
        "Principal": {"Service": _SENDERS[who]},
        "Action": "sqs:SendMessage",
        "Condition": {
            "ArnLike": {"aws:SourceArn": source},
            "StringEquals": {"aws:SourceAccount": site.where.account},
        },
    }
    allowed = policies.allows(policies.read(attributes.get("Attributes", {}).get("Policy", "{}")), wanted)
    if allowed is None:
        return unknown(
            f"Whether {who} may send to the {queue} queue depends on what a statement of its policy denies.",
            site.restore,
        )
    if not allowed:
        return broken(f"{who} may not send to the {queue} queue: its policy was changed.", site.restore)
    return ok(f"{who} may send to the {queue} queue.")


def _arn(site: Site, service: str, resource: str) -> str:
    return f"arn:{site.where.partition}:{service}:{site.where.region}:{site.where.account}:{resource}"
