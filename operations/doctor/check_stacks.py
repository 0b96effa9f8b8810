"""The stacks as CloudFormation has them, and what runs in them."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from adapters.aws_pages import pages
from operations import deployment as deployments
from operations.doctor.context import DoctorContext
from operations.doctor.findings import Finding, attention, broken, ok, unknown
from operations.errors import NotFound, unless_absent
from operations.time_format import clock, span

STACKS = ("storage", "pipeline", "monitoring")
FUNCTIONS = ("start-transcription", "deliver-transcript", "reconcile")
_QUEUES = {"start-transcription": "intake", "deliver-transcript": "completion"}
"""The queue that each function takes from."""
_WELL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
_UNPROTECT = "`aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name {name}`"
_ILL = {
    "ROLLBACK_COMPLETE": (
        "was never made: its creation failed",
        f"Read why in its events. Delete it: {_UNPROTECT}, `aws cloudformation delete-stack --stack-name {{name}}`",
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "is stuck half-way back from an update",
        "Mend what its events name, then `aws cloudformation continue-update-rollback`",
    ),
}
_DRIFT_SECONDS, _DRIFT_PAUSE, _DRIFT_STALE_SECONDS = 300, 3, 30 * 86400
_COMPARE = "`doctor --drift` does it, in a minute."


def deployment(context: DoctorContext) -> Iterator[Finding]:
    """Whether there is one."""
    try:
        found = deployments.find(context.name, context.client)
    except NotFound as nothing:
        if _stack(context, "storage") is None and _left_behind(context):
            yield broken(
                f"{nothing} But a deployment of that name has left its recordings.",
                f"Take them back into it, then deploy: `python -m operations import`, then {context.deploy}",
            )
        else:
            yield attention(str(nothing), f"If it has not been deployed yet, that is next: {context.deploy}")
    else:
        yield ok(f"{found.name} is deployed in account {found.account}.")


def stacks(context: DoctorContext) -> Iterator[Finding]:
    """Whether every stack is there, whole, and not in the middle of something."""
    found = {each: _stack(context, each) for each in STACKS}
    for each, stack in found.items():
        if stack is None:
            yield broken(f"The stack {context.name}-{each} is missing: the deployment is half done.", context.deploy)
        elif stack["StackStatus"] not in _WELL:
            yield _state(context, stack)
    if all(stack is not None and stack["StackStatus"] in _WELL for stack in found.values()):
        yield ok(f"All {len(STACKS)} stacks are complete.")


def drift(context: DoctorContext) -> Iterator[Finding]:
    """Whether CloudFormation's last drift detection found a difference."""
    for each in STACKS:
        if _stack(context, each) is None:
            continue  # the check of the stacks says so
        if context.compare:
            yield from _compare(context, f"{context.name}-{each}")
        yield from _last_seen(context, _stack(context, each) or {})


def functions(context: DoctorContext) -> Iterator[Finding]:
    """Whether every function can run, and may."""
    lambda_ = context.client("lambda")
    for each in FUNCTIONS:
        name = f"{context.name}-{each}"
        found = unless_absent(lambda_.get_function_configuration, FunctionName=name)
        if found is None:
            yield broken(f"The function {name} is missing.", context.restore)
            continue
        reserved = lambda_.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        yield _function(context, name, found, reserved)
        yield from _role(context, name, found["Role"].rpartition("/")[2])


def queues(context: DoctorContext) -> Iterator[Finding]:
    """Whether each queue is handed to its function, and Lambda has no trouble with it."""
    for each, queue in _QUEUES.items():
        name = f"{context.name}-{each}"
        listed = context.client("lambda").get_paginator("list_event_source_mappings").paginate(FunctionName=name)
        mappings = [mapping for page in listed for mapping in page["EventSourceMappings"]]
        ours = [mapping for mapping in mappings if mapping["EventSourceArn"].endswith(f":{context.name}-{queue}")]
        if not ours:
            yield broken(f"Nobody takes from the {queue} queue: messages wait in it.", context.restore)
        elif ours[0]["State"] not in ("Enabled", "Enabling", "Updating", "Creating"):
            remedy = f"`aws lambda update-event-source-mapping --enabled --uuid {ours[0]['UUID']}`."
            yield broken(f"The {queue} queue's way to its function is switched off: messages wait in it.", remedy)
        elif str(ours[0].get("LastProcessingResult", "")).startswith("PROBLEM"):
            yield broken(
                f"Lambda cannot take from the {queue} queue ({ours[0]['LastProcessingResult']}).", context.restore
            )
        else:
            yield ok(f"The {queue} queue goes to {each}.")


def _left_behind(context: DoctorContext) -> bool:
    bucket = f"{context.name}-intake-{context.where.account}-{context.where.region}"
    return (
        unless_absent(context.client("s3").head_bucket, Bucket=bucket, ExpectedBucketOwner=context.where.account)
        is not None
    )


def _role(context: DoctorContext, function: str, role: str) -> Iterator[Finding]:
    """Whether what a function runs as is there, and holds a policy."""
    iam = context.client("iam")
    try:
        listed = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
        held = [policy for page in listed for policy in page["AttachedPolicies"]]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        yield broken(f"The role of {function} is gone: it cannot run.", context.restore)
        return
    if not held:
        yield broken(f"The role of {function} has lost its policy: all it does is refused.", context.restore)


def _stack(context: DoctorContext, name: str) -> Mapping[str, Any] | None:
    return deployments.stack(f"{context.name}-{name}", context.client)


def _state(context: DoctorContext, stack: Mapping[str, Any]) -> Finding:
    name, status = stack["StackName"], stack["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        return attention(f"The stack {name} is being changed ({status}).", "Wait, and look again.")
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return attention(
            f"The last update of {name} failed and was taken back; it runs as before.",
            f"Mend what its events name (`aws cloudformation describe-stack-events`), then {context.deploy}",
        )
    what, remedy = _ILL.get(status, (f"is {status}", "Look at its events in the CloudFormation console"))
    return broken(f"The stack {name} {what}.", f"{remedy.format(name=name)}, then {context.deploy}")


def _compare(context: DoctorContext, name: str) -> Iterator[Finding]:
    """Run drift detection, which changes no resource; return the reason if it fails."""
    cloudformation = context.client("cloudformation")
    try:
        asked = cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        yield unknown(f"CloudFormation does not compare {name} just now: it is being changed.", "Look again later.")
        return
    until = context.now() + _DRIFT_SECONDS
    while context.now() < until:
        found = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=asked)
        if found["DetectionStatus"] == "DETECTION_COMPLETE":
            return
        if found["DetectionStatus"] == "DETECTION_FAILED":
            why = found.get("DetectionStatusReason", "no reason given")
            yield unknown(f"CloudFormation could not compare all of {name}: {why}.", "Look at what it names by hand.")
            return
        context.pause(_DRIFT_PAUSE)
    yield unknown(f"CloudFormation has compared {name} for {span(_DRIFT_SECONDS)} without an end.", "Look again later.")


def _last_seen(context: DoctorContext, stack: Mapping[str, Any]) -> Iterator[Finding]:
    name, seen = stack["StackName"], stack.get("DriftInformation", {})
    status, at = seen.get("StackDriftStatus"), seen.get("LastCheckTimestamp")
    if status == "DRIFTED":
        yield from _drifted(context, name)
    elif status != "IN_SYNC" or at is None:
        yield unknown(f"{name} was never compared with its template.", _COMPARE)
    elif at < stack.get("LastUpdatedTime", at):
        yield unknown(f"{name} was last compared before it was changed.", _COMPARE)
    elif context.now() - at.timestamp() > _DRIFT_STALE_SECONDS:
        yield unknown(f"{name} was last compared {span(context.now() - at.timestamp())} ago.", _COMPARE)
    else:
        yield ok(f"{name} was as deployed at {clock(at.timestamp())}.")


def _drifted(context: DoctorContext, name: str) -> Iterator[Finding]:
    listed = pages(
        context.client("cloudformation"), "describe_stack_resource_drifts", StackName=name,
        StackResourceDriftStatusFilters=["MODIFIED", "DELETED"],
    )  # fmt: skip
    for each in (drift for page in listed for drift in page["StackResourceDrifts"]):
        what = f"{each['ResourceType']} {each['LogicalResourceId']} of {name}"
        if each["StackResourceDriftStatus"] == "DELETED":
            yield broken(f"{what} was deleted by hand.", context.restore)
        else:
            paths = ", ".join(difference["PropertyPath"] for difference in each.get("PropertyDifferences", []))
            yield attention(f"{what} was changed by hand: {paths}.", f"{context.restore} Or choose it so, and deploy.")


def _function(context: DoctorContext, name: str, found: Mapping[str, Any], reserved: int | None) -> Finding:
    if reserved == 0:
        remedy = f"`aws lambda delete-function-concurrency --function-name {name}`."
        return broken(f"The function {name} is stopped: its reserved concurrency is 0.", remedy)
    if found.get("State", "Active") == "Failed":
        why = found.get("StateReasonCode", "no reason given")
        return broken(f"The function {name} cannot run ({why}).", "Look at its key, role and log group, and deploy.")
    if found.get("LastUpdateStatus") == "Failed":
        why = found.get("LastUpdateStatusReasonCode", "no reason given")
        return broken(f"The last update of the function {name} failed ({why}).", f"Deploy again: {context.deploy}")
    return ok(f"{name} can run" + (f", at most {reserved} at once." if reserved else "."))
