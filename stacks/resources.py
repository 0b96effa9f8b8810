"""The resources that people's permissions are for, by name: plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stethoscript import notifications
from stethoscript.ledger_row import State

_INTAKE = "arn:{partition}:s3:::{name}-intake-{account}-{region}"
_WORK = "arn:{partition}:s3:::{name}-work-{account}-{region}"
_TRANSCRIPTS = "arn:{partition}:s3:::{name}-transcripts-{account}-{region}"
_ACCESS_LOGS = "arn:{partition}:s3:::{name}-access-logs-{account}-{region}"
_SMOKE = "Stethoscript smoke test *"


def _arn(service: str, resource: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}"


@dataclass(frozen=True)
class Resource:
    """What a permission is for: in words, by ARN, and why an ARN has a wildcard."""

    words: str
    arns: tuple[str, ...]
    because: str | None = None
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


_ERASED: Mapping[str, Mapping[str, Any]] = {
    "ForAllValues:StringEquals": {
        "events:source": notifications.SOURCE,
        "events:detail-type": [notifications.detail_type(State.ERASED)],
    },
    "Null": {"events:source": "false", "events:detail-type": "false"},
}
_PER_RECORDING = "One for each recording."
RESOURCES: Mapping[str, Resource] = {
    "StorageStack": Resource(
        "the storage stack", (_arn("cloudformation", "stack/{name}-storage/*"),), "CloudFormation adds an id."
    ),
    "Stacks": Resource("the stacks", (_arn("cloudformation", "stack/{name}-*/*"),), "Three stacks, each with an id."),
    "Ledger": Resource("the ledger", (_arn("dynamodb", "table/{name}-ledger"),)),
    "LedgerIndex": Resource("the ledger's index", (_arn("dynamodb", "table/{name}-ledger/index/by-state"),)),
    "Intake": Resource("the intake bucket", (_INTAKE,)),
    "Work": Resource("the work bucket", (_WORK,)),
    "Transcripts": Resource("the transcripts bucket", (_TRANSCRIPTS,)),
    "AccessLogs": Resource("the access log bucket", (_ACCESS_LOGS,)),
    "Uploads": Resource("the profiles' uploads", (f"{_INTAKE}/{{profile}}*",), "Uploaders choose the names."),
    "Recordings": Resource("recordings", (f"{_INTAKE}/*",), _PER_RECORDING),
    "SmokeUploads": Resource("uploads of `smoke`", (f"{_INTAKE}/*/{_SMOKE}",), "A token for each run."),
    "Documents": Resource("documents", (f"{_TRANSCRIPTS}/*",), "Readers read all; for fewer, write your own policy."),
    "RawTranscripts": Resource("raw transcripts", (f"{_WORK}/raw/*",), _PER_RECORDING),
    "WorkingCopies": Resource("working copies", (f"{_WORK}/staging/*", f"{_WORK}/raw/*"), _PER_RECORDING),
    "Queues": Resource(
        "the queues and their dead-letter queues",
        (
            _arn("sqs", "{name}-intake"),
            _arn("sqs", "{name}-intake-dead-letters"),
            _arn("sqs", "{name}-completion"),
            _arn("sqs", "{name}-completion-dead-letters"),
        ),
    ),
    "IntakeQueue": Resource("the intake queue", (_arn("sqs", "{name}-intake"),)),
    "CompletionQueue": Resource("the completion queue", (_arn("sqs", "{name}-completion"),)),
    "DeadLetters": Resource(
        "the dead-letter queues",
        (_arn("sqs", "{name}-intake-dead-letters"), _arn("sqs", "{name}-completion-dead-letters")),
    ),
    "SmokeQueue": Resource("`<name>-smoke-*`", (_arn("sqs", "{name}-smoke-*"),), "A token for each run."),
    "Completion": Resource("the completion topic", (_arn("sns", "{name}-completion"),)),
    "Topics": Resource("both topics", (_arn("sns", "{name}-completion"), _arn("sns", "{name}-operations"))),
    "Bus": Resource("the default event bus", (_arn("events", "event-bus/default"),), conditions=_ERASED),
    "Jobs": Resource(
        "the jobs", (_arn("transcribe", "medical-transcription-job/{name}-*"),), "A job for each recording."
    ),
    "Vocabularies": Resource(
        "the vocabularies", (_arn("transcribe", "medical-vocabulary/{name}-*"),), "A digest of the table ends the name."
    ),
    "Functions": Resource("the functions", (_arn("lambda", "function:{name}-*"),), "Three functions."),
    "Logs": Resource(
        "the functions' logs", (_arn("logs", "log-group:/aws/lambda/{name}-*"),), "A log group for each function."
    ),
    "LogGroups": Resource("log groups", (_arn("logs", "log-group:*"),), "AWS lists log groups or does not."),
    "Alarms": Resource("the alarms", (_arn("cloudwatch", "alarm:{name}-*"),), "An alarm for each metric."),
    "Rules": Resource(
        "the rules",
        (_arn("events", "rule/{name}-transcript-written"), _arn("events", "rule/{name}-job-ended")),
    ),
    "Schedule": Resource("the schedule", (_arn("scheduler", "schedule/default/{name}-reconcile"),)),
    "Roles": Resource(
        "the functions' roles", ("arn:{partition}:iam::{account}:role/{name}-pipeline-*",), "CDK ends the names."
    ),
    "Key": Resource("the key", ("{key}",)),
    "Account": Resource("`*`", ("*",), "The actions take no ARN, or AWS lists everything of the account."),
    "Deploying": Resource("the account, before a deployment", ("*",), "Of the account, for who deploys."),
}
