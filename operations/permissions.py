"""What each command of `operations` may call: plain data.

The managed policies (`access_policies`), the table in docs/operating.md and the sentence of a command that lacks a
permission are made of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """Actions on a resource. Without an optional one a command shows less; `when` names the option that needs it."""

    on: str
    actions: tuple[str, ...]
    optional: bool = False
    when: str = ""


def _need(on: str, *actions: str, optional: bool = False, when: str = "") -> Need:
    return Need(on, actions, optional, when)


_FOUND = _need("StorageStack", "cloudformation:DescribeStacks")
_SETTINGS = _need("Functions", "lambda:GetFunctionConfiguration", optional=True)
_ANNOUNCE = (_need("IntakeQueue", "sqs:GetQueueUrl", "sqs:SendMessage"),)
_RECORDING = (
    _FOUND,
    _need("Ledger", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:BatchGetItem"),
    _need("Intake", "s3:ListBucketVersions"),
    _need("Recordings", "s3:GetObjectVersion", optional=True, when="correlation ids of uploads that wait"),
)
_UPLOAD = _need("Uploads", "s3:PutObject", "s3:AbortMultipartUpload")
_OVERVIEW = (
    _FOUND,
    _need("LedgerIndex", "dynamodb:Query"),
    _need("Ledger", "dynamodb:BatchGetItem"),
    _need("Queues", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
    _need("Account", "transcribe:ListMedicalTranscriptionJobs"),
    _SETTINGS,
    _need("Account", "cloudwatch:GetMetricStatistics", optional=True),
)
_PIPELINE = (
    _need("Stacks", "cloudformation:DescribeStacks", "cloudformation:ListStackResources", optional=True),
    _need("Key", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", optional=True),
    _need("Functions", "lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency", optional=True),
    _need("Account", "lambda:ListEventSourceMappings", "cloudwatch:DescribeAlarms", optional=True),
    _need("Roles", "iam:ListAttachedRolePolicies", optional=True),
    _need("Intake", "s3:GetBucketNotification", optional=True),
    _need("Work", "s3:GetBucketNotification", optional=True),
    _need("Queues", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", optional=True),
    _need("Rules", "events:DescribeRule", "events:ListTargetsByRule", optional=True),
    _need("Schedule", "scheduler:GetSchedule", optional=True),
    _need("Logs", "logs:FilterLogEvents", optional=True),
    _need("Vocabularies", "transcribe:GetMedicalVocabulary", optional=True),
)
"""What `doctor` needs to look at what brings recordings further."""
_KEPT = (
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
)
_DELETE = ("s3:DeleteObject", "s3:DeleteObjectVersion")
_ERASURE = (
    _need("Ledger", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    _need(
        "Intake",
        "s3:ListBucketVersions",
        "s3:ListBucketMultipartUploads",
        "s3:GetBucketObjectLockConfiguration",
    ),
    _need("Work", "s3:ListBucketVersions", "s3:GetBucketObjectLockConfiguration"),
    _need("Transcripts", "s3:ListBucketVersions", "s3:GetBucketObjectLockConfiguration"),
    _need("WorkingCopies", *_DELETE),
    _need("Documents", "s3:GetObjectLegalHold", "s3:GetObjectRetention", *_DELETE),
    _need("Jobs", "transcribe:GetMedicalTranscriptionJob", "transcribe:DeleteMedicalTranscriptionJob"),
    _need("DeadLetters", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
    _need("Completion", "sns:Publish"),
    _need("Bus", "events:PutEvents"),
    _need("Intake", "s3:GetBucketLogging", optional=True),
    _need("AccessLogs", "s3:GetLifecycleConfiguration", optional=True),
    _need("Ledger", "dynamodb:DescribeContinuousBackups", optional=True),
    _need("LogGroups", "logs:DescribeLogGroups", optional=True),
)
_ERASE_UPLOADS = ("s3:GetObjectLegalHold", "s3:GetObjectRetention", *_DELETE, "s3:AbortMultipartUpload")

COMMANDS: Mapping[str, tuple[Need, ...]] = {
    "upload": (_FOUND, _UPLOAD, _SETTINGS, _need("Ledger", "dynamodb:BatchGetItem", when="--wait")),
    "status": _OVERVIEW,
    "list": (*_OVERVIEW, _need("Intake", "s3:ListBucketVersions", when="while messages wait")),
    "watch": _OVERVIEW,
    "explain": (
        *_RECORDING,
        *_OVERVIEW,
        _need("Jobs", "transcribe:GetMedicalTranscriptionJob"),
        _need("DeadLetters", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"),
        _need("Transcripts", "s3:ListBucket", optional=True),
        *_PIPELINE,
    ),
    "open": (
        _FOUND,
        _need("Ledger", "dynamodb:GetItem"),
        _need("Documents", "s3:GetObject"),
        _need("Recordings", "s3:GetObjectVersion", optional=True),
        _need("Ledger", "dynamodb:Scan", when="by another name than the job's"),
    ),
    "retry": (*_RECORDING, _need("Ledger", "dynamodb:UpdateItem"), *_ANNOUNCE),
    "cancel": (*_RECORDING, _need("Ledger", "dynamodb:PutItem", "dynamodb:UpdateItem"), *_ANNOUNCE),
    "redrive": (
        _FOUND,
        _need("Queues", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
        _need(
            "DeadLetters",
            "sqs:StartMessageMoveTask",
            "sqs:ListMessageMoveTasks",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
        ),
        _need("IntakeQueue", "sqs:SendMessage"),
        _need("CompletionQueue", "sqs:SendMessage"),
    ),
    "backfill": (
        _FOUND,
        _need("Intake", "s3:ListBucketVersions"),
        _need("Ledger", "dynamodb:BatchGetItem"),
        _SETTINGS,
        _need("Recordings", "s3:GetObjectVersion", optional=True),
        _need("Ledger", "dynamodb:GetItem", "dynamodb:PutItem", when="--go"),
        _need("IntakeQueue", "sqs:GetQueueUrl", "sqs:SendMessage", when="--go"),
    ),
    "erase": (*_RECORDING, *_ERASURE, _need("Recordings", *_ERASE_UPLOADS)),
    "doctor": (
        *_PIPELINE,
        _need("Account", "transcribe:ListMedicalTranscriptionJobs", optional=True),
        _need("Intake", *_KEPT, optional=True),
        _need("Work", *_KEPT[1:], optional=True),
        _need("Transcripts", *_KEPT, optional=True),
        _need("Topics", "sns:ListSubscriptionsByTopic", optional=True),
        _need("Ledger", "dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups", optional=True),
        _need("Stacks", "cloudformation:DescribeStackResourceDrifts", optional=True),
        _need(
            "Deploying",
            "cloudformation:DetectStackDrift",
            "cloudformation:DescribeStackDriftDetectionStatus",
            "ce:ListCostAllocationTags",
            "iam:SimulatePrincipalPolicy",
            "lambda:GetAccountSettings",
            "organizations:DescribeEffectivePolicy",
            "s3:ListBucket",
            "servicequotas:GetAWSDefaultServiceQuota",
            "servicequotas:GetServiceQuota",
            "ssm:GetParameter",
            optional=True,
        ),
    ),
    "smoke": (
        _FOUND,
        _need("SmokeUploads", "s3:PutObject", *_ERASE_UPLOADS),
        _need("Ledger", "dynamodb:BatchGetItem"),
        *_ERASURE,
        _need(
            "SmokeQueue",
            "sqs:CreateQueue",
            "sqs:DeleteQueue",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
        ),
        _need("Topics", "sns:Subscribe", "sns:ListSubscriptionsByTopic"),
        _need("Account", "sns:Unsubscribe"),
        _SETTINGS,
        _need("Account", "sqs:ListQueues", "cloudwatch:GetMetricStatistics", optional=True),
        _need("SmokeQueue", "sqs:GetQueueAttributes", optional=True),
        _need("Account", "cloudwatch:DescribeAlarms", optional=True),
        _need("Alarms", "cloudwatch:SetAlarmState", optional=True),
        _need("Documents", "s3:GetObject", optional=True),
        _need("RawTranscripts", "s3:GetObject", optional=True),
        _need("Work", "s3:ListBucket", optional=True),
        _need("Jobs", "transcribe:ListTagsForResource", optional=True),
    ),
    "estimate": (),
}
"""What each command needs. `import` runs while there are no stacks, so no policy of theirs can allow it."""


_NAMED_OTHERWISE = {
    "CreateMultipartUpload": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "DeleteObject": "s3:DeleteObjectVersion",
    "DeleteObjects": "s3:DeleteObjectVersion",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListObjectsV2": "s3:ListBucket",
    "SendMessageBatch": "sqs:SendMessage",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "UploadPart": "s3:PutObject",
}


def action(operation: str) -> str | None:
    """The IAM action of an operation of AWS's API; None if no command makes such a call.

    >>> action("ListObjectVersions"), action("Scan"), action("RunInstances")
    ('s3:ListBucketVersions', 'dynamodb:Scan', None)
    """
    named = {each.partition(":")[2]: each for needs in COMMANDS.values() for need in needs for each in need.actions}
    return _NAMED_OTHERWISE.get(operation) or named.get(operation)
