"""What moves a recording on: the three functions, the completion queue and the signals that fill it."""

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import Aws
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks import encryption, nag_suppressions, permissions, queues, resource_names
from stacks.config import Config
from stacks.permissions import Right, allow
from stacks.python_function import PythonFunction, Size
from stacks.storage import BY_STATE, START_SECONDS, WRITE_PROBE
from stacks.vocabularies import Vocabularies
from stethoscript import notifications
from stethoscript.ledger_row import State

_DELIVER_SECONDS = 120
_DELIVER_MEGABYTES = 1536
"""Half as much again as the worst transcript that is read at all; four hours of speech take a tenth."""
_RECONCILE_SECONDS = 120
SIGNALS = ("transcript-written", "job-ended")
"""The rules whose events say that a job has ended."""
BATCH = 1
"""Messages that a function takes at once. A crash or a timeout after several deferrals would duplicate each deferred
message and count a receive of all the others; and one that waits would keep the others waiting."""


class PipelineStack(cdk.Stack):
    """Start, deliver and reconcile, with exactly the rights each needs where it meets the storage."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        **properties: Any,
    ) -> None:
        super().__init__(scope, construct_id, **properties)
        self._config = config
        self._key = encryption.exported(self, config)
        self._completion_queue, self._completion_dead_letters = queues.pair(
            self, config, self._key, "completion", 6 * _DELIVER_SECONDS
        )
        self._vocabularies = Vocabularies(self, "Vocabularies", config=config)
        self._start_transcription()
        self._deliver_transcript()
        self._reconciler = self._reconcile()
        self._signal_completion()
        self._run_on_schedule()

    def _start_transcription(self) -> None:
        config = self._config
        intake_queue = resource_names.queue_arn(config, "intake")
        intake_objects, work_objects = self._objects("intake"), self._objects("work")
        function = PythonFunction(
            self,
            "start_transcription",
            config=config,
            key=self._key,
            size=Size(seconds=START_SECONDS, megabytes=256),
            environment={
                **self._common(),
                "INTAKE_BUCKET": resource_names.bucket(config, "intake"),
                "WORK_BUCKET": resource_names.bucket(config, "work"),
                "TRANSCRIPTS_BUCKET": resource_names.bucket(config, "transcripts"),
                "KEY_ARN": self._key.key_arn,
                "INTAKE_QUEUE_URL": resource_names.queue_url(config, "intake"),
                "COMPLETION_QUEUE_URL": self._completion_queue.queue_url,
                "COMPLETION_TOPIC_ARN": resource_names.topic_arn(config, "completion"),
                "PROFILES": json.dumps(config.profiles, sort_keys=True),
                "VOCABULARIES": json.dumps(self._vocabularies.names),
                "CONCURRENT_JOBS": str(config.quotas.concurrent_jobs),
                "RETRY_DELAY_SECONDS": str(config.retry_delay_seconds),
                "JOB_POLL_SECONDS": str(config.job_poll_seconds),
                "ROW_DAYS": str(config.retention.row_days),
            },
            statements=[
                _receive(intake_queue),
                allow(
                    "Deferred",
                    ["sqs:SendMessage"],
                    [intake_queue, self._completion_queue.queue_arn],
                ),
                allow(
                    "ReadUpload",
                    ["s3:GetObject", "s3:GetObjectVersion"],
                    [f"{intake_objects}/*"],
                    because="Uploaders name their recordings, and what lies under no profile's prefix is told to them.",
                ),
                # Without it S3 answers 403 for an upload that is gone, as it does for one that is forbidden.
                allow("TellGoneFromForbidden", ["s3:ListBucket"], [self._objects("intake")]),
                self._see_deletions(),
                # Not bound to a prefix: Transcribe is documented to list its input bucket, with these rights.
                allow("FindFrozen", ["s3:ListBucket"], [self._objects("work")]),
                # Transcribe reads the media and writes its output with the rights of whoever starts the job.
                allow(
                    "Freeze",
                    ["s3:PutObject", "s3:GetObject"],
                    [f"{work_objects}/staging/*"],
                    because="A frozen copy for each recording.",
                ),
                allow(
                    "WriteRawTranscript",
                    ["s3:PutObject"],
                    [f"{work_objects}/raw/*", f"{work_objects}/{WRITE_PROBE}"],
                    because="A raw transcript for each job, and Transcribe's write probe beside them.",
                ),
                allow(
                    "StartJob",
                    ["transcribe:StartMedicalTranscriptionJob"],
                    ["*"],
                    because="The action takes no ARN; bucket, key and name of the output are bound by conditions.",
                    StringEquals={
                        "transcribe:OutputBucketName": resource_names.bucket(config, "work"),
                        "transcribe:OutputEncryptionKMSKeyId": self._key.key_arn,
                    },
                    StringLike={"transcribe:OutputKey": f"raw/{config.name}-*"},
                ),
                allow(
                    "TagJob",
                    ["transcribe:TagResource"],
                    ["*"],
                    because="AWS asks for it where a job is started with tags; no ARN, but the tag itself binds it.",
                    StringEquals={"aws:RequestTag/application": config.name},
                ),
                self._read_job(),
                allow(
                    "EncryptOutput",
                    [
                        "kms:Encrypt",
                        "kms:ReEncryptFrom",
                        "kms:ReEncryptTo",
                        "kms:DescribeKey",
                        "kms:GenerateDataKeyWithoutPlaintext",
                    ],
                    [self._key.key_arn],
                ),
                *self._enter_and_count_rows(),
                *self._telling_rights(State.REJECTED),
            ],
        )
        function.function.node.add_dependency(self._vocabularies)
        function.takes_from(intake_queue, batch=BATCH, at_once=config.quotas.start_concurrency)

    def _deliver_transcript(self) -> None:
        config = self._config
        work_objects = self._objects("work")
        function = PythonFunction(
            self,
            "deliver_transcript",
            config=config,
            key=self._key,
            size=Size(seconds=_DELIVER_SECONDS, megabytes=_DELIVER_MEGABYTES),
            environment={
                **self._common(),
                "WORK_BUCKET": resource_names.bucket(config, "work"),
                "TRANSCRIPTS_BUCKET": resource_names.bucket(config, "transcripts"),
                "COMPLETION_QUEUE_URL": self._completion_queue.queue_url,
                "COMPLETION_TOPIC_ARN": resource_names.topic_arn(config, "completion"),
                "DOCUMENTS": json.dumps(config.documents_of(), sort_keys=True),
                "LAYOUT": config.layout,
                "RETRY_DELAY_SECONDS": str(config.retry_delay_seconds),
            },
            statements=[
                _receive(self._completion_queue.queue_arn),
                allow("LookAgain", ["sqs:SendMessage"], [self._completion_queue.queue_arn]),
                self._read_job(),
                allow(
                    "ReadRawTranscript",
                    ["s3:GetObject"],
                    [f"{work_objects}/raw/*"],
                    because="A raw transcript for each job.",
                ),
                allow(
                    "TellGoneFromForbidden",
                    ["s3:ListBucket"],
                    [self._objects("work")],
                ),
                self._see_deletions(),
                allow(
                    "Deliver",
                    ["s3:PutObject"],
                    [f"{self._objects('transcripts')}/*"],
                    because="A folder of documents for each recording.",
                ),
                allow(
                    "TidyUp",
                    ["s3:DeleteObject"],
                    [f"{work_objects}/staging/*", f"{work_objects}/raw/*"],
                    because="A frozen copy for each recording, and a raw transcript that is not to be delivered.",
                ),
                allow("Ledger", ["dynamodb:GetItem", "dynamodb:UpdateItem"], [resource_names.table_arn(config)]),
                *self._telling_rights(State.DELIVERED, State.FAILED),
            ],
        )
        function.takes_from(self._completion_queue.queue_arn, batch=BATCH, at_once=config.quotas.deliver_concurrency)

    def _reconcile(self) -> PythonFunction:
        config = self._config
        made = PythonFunction(
            self,
            "reconcile",
            config=config,
            key=self._key,
            size=Size(seconds=_RECONCILE_SECONDS, megabytes=256),
            environment={
                **self._common(),
                "INTAKE_BUCKET": resource_names.bucket(config, "intake"),
                "INTAKE_QUEUE_URL": resource_names.queue_url(config, "intake"),
                "COMPLETION_QUEUE_URL": self._completion_queue.queue_url,
                "GRACE_SECONDS": str(config.reconcile.grace_seconds),
                "SWEEP_PAGES": str(config.reconcile.sweep_pages),
                "SWEEP_SECONDS": str(60 * config.reconcile.sweep_minutes),
                "ROW_DAYS": str(config.retention.row_days),
            },
            statements=[
                allow("ListUploads", ["s3:ListBucketVersions"], [self._objects("intake")]),
                self._read_job(),
                allow(
                    "BringBack",
                    ["sqs:SendMessage"],
                    [resource_names.queue_arn(config, "intake"), self._completion_queue.queue_arn],
                ),
                allow("SeeBacklog", ["sqs:GetQueueAttributes"], [resource_names.queue_arn(config, "intake")]),
                *self._enter_and_count_rows(),
                allow("LedgerInBatches", ["dynamodb:BatchGetItem"], [resource_names.table_arn(config)]),
            ],
            traced=False,
        )
        nag_suppressions.accept(
            made.function,
            "LambdaTracing",
            "It runs 8,760 times a month, mostly to find nothing: a trace of each would cost more than all its runs.",
            packs=("Serverless",),
        )
        # A run that fails is made up for by the next: repeated at once it would only fail, and count, three times.
        once = lambda_.CfnEventInvokeConfig(
            self,
            "ReconcileInvocations",
            function_name=made.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=0,
            maximum_event_age_in_seconds=300,
        )
        nag_suppressions.accept(
            once,
            "LambdaAsyncFailureDestination",
            "The next run does what a lost one would have done, and an alarm counts runs.",
            packs=("Serverless",),
        )
        return made

    def _common(self) -> dict[str, str]:
        return {
            "DEPLOYMENT": self._config.name,
            "ACCOUNT": Aws.ACCOUNT_ID,
            "LEDGER_TABLE": resource_names.table(self._config),
        }

    def _objects(self, bucket: str) -> str:
        """A bucket's ARN by name, as policies that speak of its objects write it: one can read what they say."""
        return resource_names.bucket_arn(self._config, bucket)

    def _read_job(self) -> Right:
        jobs = "medical-transcription-job"
        arn = f"arn:{Aws.PARTITION}:transcribe:{Aws.REGION}:{Aws.ACCOUNT_ID}:{jobs}/{self._config.name}-*"
        return allow("ReadJob", ["transcribe:GetMedicalTranscriptionJob"], [arn], because="A job for each recording.")

    def _see_deletions(self) -> Right:
        """A delete marker leaves the upload readable: only the list of its versions shows it."""
        return allow("SeeDeletions", ["s3:ListBucketVersions"], [self._objects("intake")])

    def _enter_and_count_rows(self) -> list[Right]:
        table = resource_names.table_arn(self._config)
        return [
            allow("Ledger", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], [table]),
            allow("LedgerByState", ["dynamodb:Query"], [f"{table}/index/{BY_STATE}"]),
        ]

    def _telling_rights(self, *ends: State) -> list[Right]:
        """On the account's own bus only, as ourselves and of these ends alone: who routes our events can trust them."""
        bus = f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:event-bus/default"
        ours: dict[str, dict[str, Any]] = {
            "ForAllValues:StringEquals": {
                "events:source": notifications.SOURCE,
                "events:detail-type": [notifications.detail_type(end) for end in ends],
            },
            "Null": {"events:source": "false", "events:detail-type": "false"},  # "for all" holds of none
        }
        return [
            allow("Tell", ["sns:Publish"], [resource_names.topic_arn(self._config, "completion")]),
            Right("TellBus", ["events:PutEvents"], [bus], ours, because=None),
        ]

    def _signal_completion(self) -> None:
        """Two rules into the completion queue; the third signal is the reconciler.

        The transcript itself is the signal AWS guarantees. AWS documents no job event for medical
        jobs: should it send one, of whatever detail type, the second rule takes it.
        """
        config = self._config
        ours = [{"prefix": f"{config.name}-"}]
        written, ended = SIGNALS
        patterns = {
            written: {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [resource_names.bucket(config, "work")]},
                    "object": {"key": [{"wildcard": f"raw/{config.name}-*.json"}]},
                },
            },
            ended: {
                "source": ["aws.transcribe"],
                "detail": {
                    "$or": [
                        {"MedicalTranscriptionJobName": ours},
                        {"TranscriptionJobName": ours},
                        {"JobName": ours},
                    ]
                },
            },
        }
        queue = self._completion_queue.queue_arn
        dead_letters = self._completion_dead_letters.queue_arn
        target = events.CfnRule.TargetProperty(
            id="completion-queue",
            arn=queue,
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=dead_letters),
            retry_policy=events.CfnRule.RetryPolicyProperty(
                maximum_retry_attempts=185, maximum_event_age_in_seconds=24 * 3600
            ),
        )
        for name, pattern in patterns.items():
            rule = events.CfnRule(
                self,
                "".join(part.capitalize() for part in name.split("-")),
                name=f"{config.name}-{name}",
                event_pattern=pattern,
                targets=[target],
            )
            rule.node.add_dependency(self._completion_queue, self._completion_dead_letters)
        for receiver in (self._completion_queue, self._completion_dead_letters):
            receiver.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="RulesSend",
                    principals=[iam.ServicePrincipal("events.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[receiver.queue_arn],
                    conditions=resource_names.from_ours("events", f"rule/{config.name}-*"),
                )
            )

    def _run_on_schedule(self) -> None:
        minutes = self._config.reconcile.every_minutes
        reconcile = self._reconciler.function.function_arn
        role = iam.Role(
            self,
            "SchedulerRole",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions=resource_names.from_ours("scheduler", "schedule-group/default")
            ),
        )
        # No key: the scheduler encrypts payloads alone, and this schedule has none.
        allowed = [allow("Run", ["lambda:InvokeFunction"], [reconcile])]
        policy = permissions.policy(self, "SchedulerRights", allowed, roles=[role])
        scheduler.CfnSchedule(
            self,
            "Schedule",
            name=f"{self._config.name}-reconcile",
            schedule_expression=f"rate({minutes} minute{'s' if minutes > 1 else ''})",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=reconcile,
                role_arn=role.role_arn,
                # No dead letters: the next run does what a lost one would have done, and an alarm counts runs.
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=2, maximum_event_age_in_seconds=300
                ),
            ),
        ).node.add_dependency(policy)


def _receive(queue_arn: str) -> Right:
    return allow("Receive", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [queue_arn])
