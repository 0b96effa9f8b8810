"""Accepted findings of the scanners: the resources, and the reasons."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """A rule's findings at some resources, `Subscribers*undelivered`, and the reason why they are accepted."""

    scanner: str
    rule: str
    at: tuple[str, ...]
    reason: str


_FUNCTIONS = ("StartTranscriptionFunction", "DeliverTranscriptFunction", "ReconcileFunction")
_NO_LOG_OF_LOGS = "A bucket of logs that logs itself never ends."
_UNVERSIONED = "S3 writes each log once; a working copy that is deleted shall be gone."
_VPC = "Nothing connects to a function, and it calls AWS alone: a VPC would be one more thing to guard."
_DEAD_LETTERS = (
    "For asynchronous calls alone: queues have dead letters of their own, a lost run of the reconciler an alarm."
)
_CONCURRENCY = "MaximumConcurrency bounds what queues invoke; a new account has no executions to reserve."

EXCEPTIONS = (
    Accepted("checkov", "CKV_AWS_18", ("AccessLogs",), _NO_LOG_OF_LOGS),
    Accepted("checkov", "CKV_AWS_21", ("AccessLogs", "Work"), _UNVERSIONED),
    Accepted("checkov", "CKV_AWS_115", _FUNCTIONS, _CONCURRENCY),
    Accepted("checkov", "CKV_AWS_116", _FUNCTIONS, _DEAD_LETTERS),
    Accepted("checkov", "CKV_AWS_117", _FUNCTIONS, _VPC),
    Accepted("Control Tower", "CT.LAMBDA.PR.3", _FUNCTIONS, _VPC),
    Accepted("Control Tower", "CT.S3.PR.2", ("AccessLogs",), _NO_LOG_OF_LOGS),
    Accepted("Control Tower", "CT.S3.PR.4", ("AccessLogs", "Transcripts"), "Nobody waits for what is written there."),
    Accepted(
        "Control Tower",
        "CT.S3.PR.9",
        ("AccessLogs", "Work"),
        "Logs expire, and a working copy that is deleted shall be gone.",
    ),
    Accepted("Control Tower", "CT.S3.PR.10", ("AccessLogs",), "S3 delivers access logs with SSE-S3 alone."),
    Accepted(
        "Control Tower",
        "CT.SQS.PR.1",
        ("Subscribers*undelivered",),
        "They hold the dead letters of subscriptions, which are no queues that could be named.",
    ),
    Accepted("Control Tower", "CT.S3.PR.11", ("AccessLogs", "Work"), _UNVERSIONED),
)
