"""Checks upload events, job events, the reconciler and vocabularies."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from operations.doctor import resource_policies
from operations.doctor.context import DoctorContext
from operations.doctor.findings import Finding, broken, ok, unknown
from operations.time_format import span
from stethoscript import aws_errors
from stethoscript.aws_errors import ErrorKind

_RULES = ("transcript-written", "job-ended")
_SENDERS = {"S3": "s3.amazonaws.com", "EventBridge": "events.amazonaws.com"}
_RECONCILED = "reconciled"
_LEAST_SILENCE = 15 * 60
"""Seconds without a run of the reconciler that say nothing yet."""


def intake(context: DoctorContext) -> Iterator[Finding]:
    """Whether S3 sends every upload to the intake queue and has permission."""
    here = context.here
    queue = _arn(context, "sqs", f"{context.name}-intake")
    told = context.client("s3").get_bucket_notification_configuration(
        Bucket=here.intake, ExpectedBucketOwner=here.account
    )
    ours = [each for each in told.get("QueueConfigurations", []) if each["QueueArn"] == queue]
    if not ours:
        yield broken("S3 tells nobody of uploads: the intake bucket's notifications are gone.", context.restore)
    elif not any("s3:ObjectCreated:*" in each["Events"] and not each.get("Filter") for each in ours):
        yield broken("S3 tells of some uploads only: the intake bucket's notifications were narrowed.", context.restore)
    else:
        yield _sender(context, "intake", "S3", f"arn:{context.where.partition}:s3:::{here.intake}")


def signals(context: DoctorContext) -> Iterator[Finding]:
    """Whether the end of a job is signalled at once, and not only found by the reconciler."""
    work = context.client("s3").get_bucket_notification_configuration(Bucket=context.here.work)
    if "EventBridgeConfiguration" not in work:
        yield broken(
            "The work bucket tells EventBridge nothing: only the reconciler learns of ended jobs.", context.restore
        )
    for rule in (f"{context.name}-{each}" for each in _RULES):
        yield from _rule(context, rule)
    yield _sender(context, "completion", "EventBridge", _arn(context, "events", f"rule/{context.name}-job-ended"))


def vocabularies(context: DoctorContext) -> Iterator[Finding]:
    """Whether those that the profiles name are ready: jobs that ask for another are refused."""
    function = context.client("lambda").get_function_configuration(FunctionName=f"{context.name}-start-transcription")
    if "Variables" not in function["Environment"]:  # AWS returns them only with kms:Decrypt
        yield unknown("Which vocabularies the profiles name cannot be seen: that needs kms:Decrypt on the key.")
        return
    named = json.loads(function["Environment"]["Variables"].get("VOCABULARIES", "{}")).values()
    if not named:
        yield ok("No profile names a medical vocabulary.")
    for name in named:
        try:
            found = context.client("transcribe").get_medical_vocabulary(VocabularyName=name)
        except ClientError as error:
            if aws_errors.fault(error) is not ErrorKind.ABSENT and "NotFound" not in error.response["Error"]["Code"]:
                raise
            yield broken(f"The medical vocabulary {name} is gone: recordings wait for it.", context.restore)
            continue
        if found["VocabularyState"] == "READY":
            yield ok(f"The medical vocabulary {name} is ready.")
        else:
            yield broken(f"The medical vocabulary {name} is {found['VocabularyState']}.", "Change its table, deploy.")


def reconciler(context: DoctorContext) -> Iterator[Finding]:
    """Whether it is due to run, and did so lately, to its end."""
    name = f"{context.name}-reconcile"
    try:
        schedule = context.client("scheduler").get_schedule(Name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        yield broken("The reconciler has no schedule: what signals miss is not found.", context.restore)
        return
    if schedule["State"] != "ENABLED":
        yield broken("The reconciler's schedule is switched off: what signals miss is not found.", context.restore)
        return
    yield _ran(context, 60 * int(re.sub(r"\D", "", schedule["ScheduleExpression"]) or 1))


def _ran(context: DoctorContext, every: int) -> Finding:
    silence = max(_LEAST_SILENCE, 3 * every)
    began = int(context.now()) - silence
    pages = context.client("logs").get_paginator("filter_log_events")
    ran = [
        event["timestamp"] / 1000
        for page in pages.paginate(
            logGroupName=context.here.log_group("reconcile"),
            startTime=began * 1000,
            filterPattern=f'{{ $.message = "{_RECONCILED}" }}',
        )
        for event in page["events"]
        if f'"{_RECONCILED}"' in event["message"]
    ]
    if ran:
        return ok(f"The reconciler ran {span(context.now() - max(ran))} ago.")
    (stack,) = context.client("cloudformation").describe_stacks(StackName=f"{context.name}-pipeline")["Stacks"]
    if datetime.now(UTC).timestamp() - stack["CreationTime"].timestamp() < silence:
        return unknown("The reconciler has not run yet.", "Look again in a few minutes.")
    return broken(
        f"The reconciler has not come to an end for {span(silence)}.",
        f"Its log says why: {context.here.log_group('reconcile')}.",
    )


def _rule(context: DoctorContext, name: str) -> Iterator[Finding]:
    events = context.client("events")
    try:
        state = events.describe_rule(Name=name)["State"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        state = "missing"
    if state != "ENABLED":
        yield broken(f"The rule {name} is {state.lower()}: its signal does not come.", context.restore)
        return
    listed = events.get_paginator("list_targets_by_rule").paginate(Rule=name)
    targets = [target["Arn"] for page in listed for target in page["Targets"]]
    if _arn(context, "sqs", f"{context.name}-completion") in targets:
        yield ok(f"The rule {name} signals ended jobs.")
    else:
        yield broken(f"The rule {name} does not go to the completion queue.", context.restore)


def _sender(context: DoctorContext, queue: str, who: str, source: str) -> Finding:
    """Whether the queue's policy lets a service send to it, on behalf of a resource of ours."""
    attributes = context.client("sqs").get_queue_attributes(
        QueueUrl=context.here.queue(queue), AttributeNames=["Policy"]
    )
    wanted: dict[str, Any] = {
        "Principal": {"Service": _SENDERS[who]},
        "Action": "sqs:SendMessage",
        "Condition": {
            "ArnLike": {"aws:SourceArn": source},
            "StringEquals": {"aws:SourceAccount": context.where.account},
        },
    }
    allowed = resource_policies.allows(
        resource_policies.read(attributes.get("Attributes", {}).get("Policy", "{}")), wanted
    )
    if allowed is None:
        return unknown(
            f"Whether {who} may send to the {queue} queue depends on what a statement of its policy denies.",
            context.restore,
        )
    if not allowed:
        return broken(f"{who} may not send to the {queue} queue: its policy was changed.", context.restore)
    return ok(f"{who} may send to the {queue} queue.")


def _arn(context: DoctorContext, service: str, resource: str) -> str:
    return f"arn:{context.where.partition}:{service}:{context.where.region}:{context.where.account}:{resource}"
