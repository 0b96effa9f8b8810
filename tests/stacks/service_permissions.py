"""Permissions that AWS uses on behalf of a function, without a call by the function; each with its source.

None is narrowed before a run in a real account has shown that it is unnecessary.
"""

from dataclasses import dataclass

_FUNCTIONS = ("start_transcription", "deliver_transcript", "reconcile")
_TRANSCRIBE = "https://docs.aws.amazon.com/transcribe/latest/dg/security_iam_id-based-policy-examples.html"
_S3_KMS = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html"


@dataclass(frozen=True)
class Exercised:
    """A statement's actions, the service that uses them, and the source."""

    roles: tuple[str, ...]
    sid: str
    actions: tuple[str, ...]
    by: str
    source: str


EXERCISED = (
    Exercised(
        ("start_transcription", "deliver_transcript"),
        "Receive",
        ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        "Lambda's pollers, which hand the queue's messages to the function",
        "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
    ),
    Exercised(
        ("start_transcription",),
        "ReadUpload",
        ("s3:GetObject",),
        "S3, which reads what it is told to copy",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html",
    ),
    Exercised(
        ("start_transcription",),
        "DetectMissing",
        ("s3:ListBucket",),
        "S3, which else answers 403 for an object or version that is not there",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html",
    ),
    Exercised(
        ("deliver_transcript",),
        "DetectMissing",
        ("s3:ListBucket",),
        "S3, which else answers 403 for a transcript that is not there",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html",
    ),
    Exercised(
        ("start_transcription",),
        "Stage",
        ("s3:GetObject",),
        "Transcribe, which reads the recording with the rights of whoever starts the job",
        _TRANSCRIBE,
    ),
    Exercised(
        ("start_transcription",),
        "WriteRawTranscript",
        ("s3:PutObject",),
        "Transcribe, which writes its probe and the transcript with the same rights",
        _TRANSCRIBE,
    ),
    Exercised(
        ("start_transcription",),
        "TagJob",
        ("transcribe:TagResource",),
        "Transcribe, which tags the job that is started",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazontranscribe.html",
    ),
    Exercised(
        ("start_transcription",),
        "EncryptOutput",
        (
            "kms:Encrypt",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
            "kms:DescribeKey",
            "kms:GenerateDataKeyWithoutPlaintext",
        ),
        "Transcribe and S3, which encrypt the transcript; which of them is called is not documented",
        "https://docs.aws.amazon.com/transcribe/latest/dg/encryption-context.html",
    ),
    Exercised(
        _FUNCTIONS,
        "UseKey",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        "S3, SQS and SNS for what they store, Lambda for the function's settings",
        _S3_KMS,
    ),
    Exercised(
        _FUNCTIONS,
        "WriteLogs",
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        "Lambda, which writes down what the function prints",
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
    ),
    Exercised(
        ("start_transcription", "deliver_transcript"),
        "Trace",
        ("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
        "Lambda's active tracing",
        "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
    ),
    Exercised(
        ("schedule",),
        "Run",
        ("lambda:InvokeFunction",),
        "EventBridge Scheduler, at every run",
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html",
    ),
)
