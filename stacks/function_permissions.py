"""The permissions of each function, one table per function.

`python_function.py` adds those that every function has: the key, its logs and its traces.
"""

from dataclasses import dataclass
from typing import Any

from stacks import resource_names
from stacks.config import Config
from stacks.ledger_table import BY_STATE
from stacks.permissions import Permission, allow
from stethoscript import notifications
from stethoscript.jobs import WRITE_PROBE
from stethoscript.ledger_row import State


@dataclass(frozen=True)
class FunctionPermissions:
    """The tables of one deployment. `key` and `completion_queue` are ARNs."""

    config: Config
    key: str
    completion_queue: str

    def start_transcription(self) -> list[Permission]:
        """What the start function may do."""
        intake_queue = resource_names.queue_arn(self.config, "intake")
        return [
            _receive(intake_queue),
            allow("Defer", ["sqs:SendMessage"], [intake_queue, self.completion_queue]),
            *self._read_uploads(),
            *self._stage(),
            *self._start_jobs(),
            self._read_job(),
            *self._claim_and_count_rows(),
            *self._notify(State.REJECTED),
        ]

    def deliver_transcript(self) -> list[Permission]:
        """What the deliver function may do."""
        work, work_objects = self._bucket("work"), f"{self._bucket('work')}/"
        return [
            _receive(self.completion_queue),
            allow("Defer", ["sqs:SendMessage"], [self.completion_queue]),
            self._read_job(),
            allow(
                "ReadRawTranscript",
                ["s3:GetObject"],
                [f"{work_objects}raw/*"],
                because="One raw transcript for each job.",
            ),
            _detect_missing(work),
            self._detect_deletions(),
            allow(
                "Deliver",
                ["s3:PutObject"],
                [f"{self._bucket('transcripts')}/*"],
                because="One folder of documents for each recording.",
            ),
            allow(
                "CleanUp",
                ["s3:DeleteObject"],
                [f"{work_objects}staging/*", f"{work_objects}raw/*"],
                because="One staged copy for each recording, and raw transcripts that must not be delivered.",
            ),
            allow("Ledger", ["dynamodb:GetItem", "dynamodb:UpdateItem"], [self._table]),
            *self._notify(State.DELIVERED, State.FAILED),
        ]

    def reconcile(self) -> list[Permission]:
        """What the reconciler may do."""
        intake_queue = resource_names.queue_arn(self.config, "intake")
        return [
            allow("ListUploads", ["s3:ListBucketVersions"], [self._bucket("intake")]),
            self._read_job(),
            allow("Recover", ["sqs:SendMessage"], [intake_queue, self.completion_queue]),
            allow("ReadBacklog", ["sqs:GetQueueAttributes"], [intake_queue]),
            *self._claim_and_count_rows(),
            allow("LedgerInBatches", ["dynamodb:BatchGetItem"], [self._table]),
        ]

    def _read_uploads(self) -> list[Permission]:
        return [
            allow(
                "ReadUpload",
                ["s3:GetObject", "s3:GetObjectVersion"],
                [f"{self._bucket('intake')}/*"],
                because="Uploaders name their recordings. "
                "The function also reads uploads under no profile's prefix, to notify their uploader.",
            ),
            _detect_missing(self._bucket("intake")),
            self._detect_deletions(),
        ]

    def _stage(self) -> list[Permission]:
        """Transcribe reads the staged copy and writes its output with the permissions of the caller."""
        work = self._bucket("work")
        return [
            # Without a prefix condition: AWS documents that Transcribe lists its input bucket with these permissions.
            allow("ListStaging", ["s3:ListBucket"], [work]),
            allow(
                "Stage",
                ["s3:PutObject", "s3:GetObject"],
                [f"{work}/staging/*"],
                because="One staged copy for each recording.",
            ),
            allow(
                "WriteRawTranscript",
                ["s3:PutObject"],
                [f"{work}/raw/*", f"{work}/{WRITE_PROBE}"],
                because="One raw transcript for each job, and Transcribe's write probe in the same folder.",
            ),
        ]

    def _start_jobs(self) -> list[Permission]:
        return [
            allow(
                "StartJob",
                ["transcribe:StartMedicalTranscriptionJob"],
                ["*"],
                because="The action takes no ARN. Conditions limit bucket, key and name of the output.",
                StringEquals={
                    "transcribe:OutputBucketName": resource_names.bucket(self.config, "work"),
                    "transcribe:OutputEncryptionKMSKeyId": self.key,
                },
                StringLike={"transcribe:OutputKey": f"raw/{self.config.name}-*"},
            ),
            allow(
                "TagJob",
                ["transcribe:TagResource"],
                ["*"],
                because="AWS requires it to start a job with tags. It takes no ARN, but a condition limits the tag.",
                StringEquals={"aws:RequestTag/application": self.config.name},
            ),
            allow(
                "EncryptOutput",
                [
                    "kms:Encrypt",
                    "kms:ReEncryptFrom",
                    "kms:ReEncryptTo",
                    "kms:DescribeKey",
                    "kms:GenerateDataKeyWithoutPlaintext",
                ],
                [self.key],
            ),
        ]

    def _read_job(self) -> Permission:
        jobs = resource_names.arn("transcribe", f"medical-transcription-job/{self.config.name}-*")
        return allow(
            "ReadJob", ["transcribe:GetMedicalTranscriptionJob"], [jobs], because="One job for each recording."
        )

    def _detect_deletions(self) -> Permission:
        """A delete marker leaves the upload's version readable: only the list of versions shows the marker."""
        return allow("DetectDeletions", ["s3:ListBucketVersions"], [self._bucket("intake")])

    def _claim_and_count_rows(self) -> list[Permission]:
        return [
            allow("Ledger", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], [self._table]),
            allow("LedgerByState", ["dynamodb:Query"], [f"{self._table}/index/{BY_STATE}"]),
        ]

    def _notify(self, *ends: State) -> list[Permission]:
        """Publish on the topic and on the account's default bus.

        Conditions limit source and detail type, so that receivers of our events can trust both.
        """
        conditions: dict[str, dict[str, Any]] = {
            "ForAllValues:StringEquals": {
                "events:source": notifications.SOURCE,
                "events:detail-type": [notifications.detail_type(end) for end in ends],
            },
            # ForAllValues is true for a missing key, so the keys must be there.
            "Null": {"events:source": "false", "events:detail-type": "false"},
        }
        bus = resource_names.arn("events", "event-bus/default")
        return [
            allow("Notify", ["sns:Publish"], [resource_names.topic_arn(self.config, "completion")]),
            Permission("NotifyBus", ["events:PutEvents"], [bus], conditions, because=None),
        ]

    @property
    def _table(self) -> str:
        return resource_names.table_arn(self.config)

    def _bucket(self, name: str) -> str:
        return resource_names.bucket_arn(self.config, name)


def _receive(queue: str) -> Permission:
    return allow("Receive", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [queue])


def _detect_missing(bucket: str) -> Permission:
    """Without ListBucket S3 answers 403 for a missing object, as for a forbidden one."""
    return allow("DetectMissing", ["s3:ListBucket"], [bucket])
