"""The resources that hold data: the key, the buckets, the intake queue, the ledger and the topics."""

from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from stacks import access_policies, encryption, ledger_table, nag_suppressions, queues, resource_names
from stacks.config import OLD_VERSION_DAYS, Config
from stacks.subscriptions import Subscribers
from stethoscript.jobs import START_TIMEOUT_SECONDS, WRITE_PROBE

# CloudFormation keeps the resource when it deletes the stack or replaces the resource. It deletes the resource when its
# creation fails, so that a failed first deployment can be repeated.
KEEP = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


class StorageStack(cdk.Stack):
    """The resources that hold data, and the policies for people who use them."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, **properties: Any) -> None:
        super().__init__(scope, construct_id, termination_protection=True, **properties)
        self._config = config
        self.key = encryption.key(self, config)
        self._access_logs = self._access_log_bucket()
        self.intake_queue, self.intake_dead_letters = queues.with_dead_letters(
            self, config, self.key, "intake", 6 * START_TIMEOUT_SECONDS
        )
        self.intake = self._intake_bucket()
        self.work = self._work_bucket()
        self.transcripts = self._transcripts_bucket()
        self.ledger = ledger_table.create(self, config, self.key)
        self.completion = self._topic("completion")
        self.operations = self._operations_topic()
        Subscribers(
            self,
            "Subscribers",
            subscriptions=config.subscribers,
            topic=self.completion,
            name=config.name,
            queue_properties=queues.encryption_properties(self.key),
        )
        access_policies.policies(self, config, self.key)
        self._keep_policies(self._access_logs, self.intake, self.work, self.transcripts)
        self._create_last(self.ledger)
        self._outputs()

    def _access_log_bucket(self) -> s3.Bucket:
        """The bucket for S3's access logs. They contain object keys, so few people may read them and they expire."""
        bucket = s3.Bucket(
            self,
            "AccessLogs",
            bucket_name=resource_names.bucket(self._config, "access-logs"),
            encryption=s3.BucketEncryption.S3_MANAGED,  # S3 delivers access logs to no other
            blocked_encryption_types=[s3.BlockedEncryptionType.SSE_C],
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=KEEP,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(self._config.retention.access_log_days))],
        )
        nag_suppressions.suppress(
            bucket, "S3DefaultEncryptionKMS", "S3 delivers access logs only to buckets with SSE-S3."
        )
        nag_suppressions.suppress(
            bucket, "S3BucketVersioningEnabled", "S3 writes each log once, and expiry must delete it."
        )
        _one_region(bucket)
        return bucket

    def _bucket(self, construct_id: str, name: str, *, versioned: bool, days: int = 0, rules: Any = ()) -> s3.Bucket:
        lock = self._config.retention.lock_days if versioned else 0
        cleanup = s3.LifecycleRule(
            abort_incomplete_multipart_upload_after=Duration.days(7),
            expiration=Duration.days(days) if days else None,
            noncurrent_version_expiration=Duration.days(OLD_VERSION_DAYS) if versioned else None,
        )
        bucket = s3.Bucket(
            self,
            construct_id,
            bucket_name=resource_names.bucket(self._config, name),
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            blocked_encryption_types=[s3.BlockedEncryptionType.SSE_C],
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=versioned,
            object_lock_enabled=versioned or None,  # cannot be turned off again; `lock_days` sets the default retention
            object_lock_default_retention=s3.ObjectLockRetention.governance(Duration.days(lock)) if lock else None,
            removal_policy=KEEP,
            server_access_logs_bucket=self._access_logs,
            server_access_logs_prefix=f"{name}/",
            lifecycle_rules=[cleanup, *rules],
        )
        if versioned and not lock:
            cast(
                s3.CfnBucket, bucket.node.default_child
            ).object_lock_configuration = s3.CfnBucket.ObjectLockConfigurationProperty(object_lock_enabled="Enabled")
        _one_region(bucket)
        return bucket

    def _intake_bucket(self) -> s3.Bucket:
        bucket = self._bucket("Intake", "intake", versioned=True, days=self._config.retention.audio_days)
        encryption.refuse_other_keys(bucket, self.key)
        self.intake_queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="IntakeBucketNotifies",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.intake_queue.queue_arn],
                conditions={
                    "ArnLike": {"aws:SourceArn": resource_names.bucket_arn(self._config, "intake")},
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                },
            )
        )
        # The plain property, because the CDK's helper would add a function that may configure any bucket.
        resource = cast(s3.CfnBucket, bucket.node.default_child)
        resource.add_property_override(
            "NotificationConfiguration.QueueConfigurations",
            [{"Event": "s3:ObjectCreated:*", "Queue": self.intake_queue.queue_arn}],
        )
        # S3 sends a test message when the notification is configured, and refuses the configuration if that fails.
        resource.node.add_dependency(self.intake_queue.node.find_child("Policy"))
        return bucket

    def _work_bucket(self) -> s3.Bucket:
        """Staged audio and raw transcripts. It has no versions, so that a deletion removes the data."""
        staging = s3.LifecycleRule(prefix="staging/", expiration=Duration.days(7))
        raw = s3.LifecycleRule(prefix="raw/", expiration=Duration.days(30))
        probe = s3.LifecycleRule(prefix=WRITE_PROBE, expiration=Duration.days(1))
        bucket = self._bucket("Work", "work", versioned=False, rules=(staging, raw, probe))
        nag_suppressions.suppress(
            bucket,
            "S3BucketVersioningEnabled",
            "A deletion must remove a working copy. The buckets of recordings and documents have versions.",
        )
        cast(s3.CfnBucket, bucket.node.default_child).add_property_override(
            "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True
        )
        return bucket

    def _transcripts_bucket(self) -> s3.Bucket:
        bucket = self._bucket("Transcripts", "transcripts", versioned=True, days=self._config.retention.transcript_days)
        encryption.refuse_other_keys(bucket, self.key)
        if self._config.transcript_readers:
            access_policies.refuse_other_readers(bucket, self._config.transcript_readers)
        return bucket

    def _keep_policies(self, *buckets: s3.Bucket) -> None:
        """Keep the bucket policies after the stack is deleted."""
        for bucket in buckets:
            cast(s3.BucketPolicy, bucket.policy).apply_removal_policy(KEEP)

    def _create_last(self, table: dynamodb.Table) -> None:
        """Create the table after everything else, because a rollback cannot delete a protected table."""
        table.node.add_dependency(*(each for each in self.node.children if each is not table))

    def _topic(self, name: str) -> sns.Topic:
        return sns.Topic(
            self,
            f"{name.capitalize()}Topic",
            topic_name=f"{self._config.name}-{name}",
            master_key=self.key,
            enforce_ssl=True,
            signature_version="2",  # SHA-256; HTTPS subscribers verify signatures
        )

    def _operations_topic(self) -> sns.Topic:
        topic = self._topic("operations")
        for address in self._config.emails.operations:
            topic.add_subscription(EmailSubscription(address))
        if self._config.emails.operations:
            nag_suppressions.suppress(
                topic,
                "SNSRedrivePolicy",
                "A lost e-mail loses no information: the alarm keeps its state.",
                packs=("Serverless",),
            )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions=resource_names.only_for("cloudwatch", f"alarm:{self._config.name}-*"),
            )
        )
        return topic

    def _outputs(self) -> None:
        outputs = {
            "IntakeBucketName": self.intake.bucket_name,
            "TranscriptsBucketName": self.transcripts.bucket_name,
            "WorkBucketName": self.work.bucket_name,
            "CompletionTopicArn": self.completion.topic_arn,
            "OperationsTopicArn": self.operations.topic_arn,
            "LedgerTableName": self.ledger.table_name,
        }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)
        cdk.CfnOutput(self, "KeyArn", value=self.key.key_arn, export_name=resource_names.key_export(self._config))


def _one_region(bucket: s3.Bucket) -> None:
    nag_suppressions.suppress(
        bucket,
        "S3BucketReplicationEnabled",
        "Patient data stay in the Region of their upload. A copy in another Region is the customer's decision.",
    )
