"""The functions that process a recording, the completion queue, and the signals that fill it."""

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import Aws
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks import completion_signals, encryption, nag_suppressions, queues, reconcile_schedule, resource_names
from stacks.config import Config
from stacks.function_permissions import FunctionPermissions
from stacks.python_function import PythonFunction, Size
from stacks.vocabularies import Vocabularies
from stethoscript.jobs import START_TIMEOUT_SECONDS

_DELIVER_SECONDS = 120
_DELIVER_MEGABYTES = 1536
"""1.5 times the need of the largest transcript that is accepted. Four hours of speech need a tenth of it."""
_RECONCILE_SECONDS = 120
BATCH = 1
"""Messages per invocation. With more, a crash or timeout after several deferrals would duplicate each deferred message
and count a receive for all others; and one message that waits would delay the others."""


class PipelineStack(cdk.Stack):
    """The start, deliver and reconcile functions, each with its own permissions."""

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
        self._key = encryption.imported_key(self, config)
        self._completion_queue, dead_letters = queues.with_dead_letters(
            self, config, self._key, "completion", 6 * _DELIVER_SECONDS
        )
        self._permissions = FunctionPermissions(config, self._key.key_arn, self._completion_queue.queue_arn)
        self._start_transcription()
        self._deliver_transcript()
        reconciler = self._reconcile()
        completion_signals.add(self, config, self._completion_queue, dead_letters)
        reconcile_schedule.add(self, config, reconciler)

    def _start_transcription(self) -> None:
        config = self._config
        vocabularies = Vocabularies(self, "Vocabularies", config=config)
        start = PythonFunction(
            self,
            "start_transcription",
            config=config,
            key=self._key,
            size=Size(seconds=START_TIMEOUT_SECONDS, megabytes=256),
            environment={
                **self._common(),
                "INTAKE_BUCKET": resource_names.bucket(config, "intake"),
                "WORK_BUCKET": resource_names.bucket(config, "work"),
                "TRANSCRIPTS_BUCKET": resource_names.bucket(config, "transcripts"),
                "KEY_ARN": self._key.key_arn,
                "INTAKE_QUEUE_URL": resource_names.queue_url(config, "intake"),
                "COMPLETION_TOPIC_ARN": resource_names.topic_arn(config, "completion"),
                "PROFILES": json.dumps(config.profiles, sort_keys=True),
                "VOCABULARIES": json.dumps(vocabularies.names),
                "CONCURRENT_JOBS": str(config.quotas.concurrent_jobs),
                "RETRY_DELAY_SECONDS": str(config.retry_delay_seconds),
                "JOB_POLL_SECONDS": str(config.job_poll_seconds),
                "ROW_DAYS": str(config.retention.row_days),
            },
            statements=self._permissions.start_transcription(),
        )
        start.function.node.add_dependency(vocabularies)
        start.consume(
            resource_names.queue_arn(config, "intake"), batch=BATCH, concurrency=config.quotas.start_concurrency
        )

    def _deliver_transcript(self) -> None:
        config = self._config
        deliver = PythonFunction(
            self,
            "deliver_transcript",
            config=config,
            key=self._key,
            size=Size(seconds=_DELIVER_SECONDS, megabytes=_DELIVER_MEGABYTES),
            environment={
                **self._common(),
                "WORK_BUCKET": resource_names.bucket(config, "work"),
                "TRANSCRIPTS_BUCKET": resource_names.bucket(config, "transcripts"),
                "COMPLETION_TOPIC_ARN": resource_names.topic_arn(config, "completion"),
                "DOCUMENTS": json.dumps(config.documents_of(), sort_keys=True),
                "LAYOUT": config.layout,
                "RETRY_DELAY_SECONDS": str(config.retry_delay_seconds),
            },
            statements=self._permissions.deliver_transcript(),
        )
        deliver.consume(self._completion_queue.queue_arn, batch=BATCH, concurrency=config.quotas.deliver_concurrency)

    def _reconcile(self) -> lambda_.IFunction:
        config = self._config
        reconciler = PythonFunction(
            self,
            "reconcile",
            config=config,
            key=self._key,
            size=Size(seconds=_RECONCILE_SECONDS, megabytes=256),
            environment={
                **self._common(),
                "INTAKE_BUCKET": resource_names.bucket(config, "intake"),
                "INTAKE_QUEUE_URL": resource_names.queue_url(config, "intake"),
                "GRACE_SECONDS": str(config.reconcile.grace_seconds),
                "SWEEP_PAGES": str(config.reconcile.sweep_pages),
                "SWEEP_SECONDS": str(60 * config.reconcile.sweep_minutes),
                "ROW_DAYS": str(config.retention.row_days),
            },
            statements=self._permissions.reconcile(),
            traced=False,
        )
        nag_suppressions.suppress(
            reconciler.function,
            "LambdaTracing",
            "It runs 8,760 times a month and mostly finds nothing. Tracing would cost more than all its runs.",
            packs=("Serverless",),
        )
        return reconciler.function

    def _common(self) -> dict[str, str]:
        """Environment variables of all three functions."""
        return {
            "DEPLOYMENT": self._config.name,
            "ACCOUNT": Aws.ACCOUNT_ID,
            "LEDGER_TABLE": resource_names.table(self._config),
            "COMPLETION_QUEUE_URL": self._completion_queue.queue_url,
        }
