"""All that outlives a redeploy: the key, the buckets, the intake queue, the ledger and the topics."""

from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from stacks import access_policies, encryption, nag_suppressions, queues, resource_names
from stacks.config import OLD_VERSION_DAYS, Config
from stacks.subscriptions import Subscribers

# Kept when its stack is deleted or replaces it, not when its very creation fails: so a deployment
# that broke half-way can simply be repeated.
KEEP = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
BY_STATE = "by-state"
WRITE_PROBE = ".write_access_check_file.temp"
"""What Transcribe writes to see whether it may: seen in the output's folder and at the root of the bucket."""
START_SECONDS = 180
"""The start function's time: enough to freeze 2 GB, see COPY_SECONDS there."""


class StorageStack(cdk.Stack):
    """What holds data, and the policies by which people get at it."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, **properties: Any) -> None:
        super().__init__(scope, construct_id, termination_protection=True, **properties)
        self._config = config
        self.key = encryption.key(self, config)
        self._access_logs = self._access_log_bucket()
        self.intake_queue, self.intake_dead_letters = queues.pair(self, config, self.key, "intake", 6 * START_SECONDS)
        self.intake = self._intake_bucket()
        self.work = self._work_bucket()
        self.transcripts = self._transcripts_bucket()
        self.ledger = self._ledger_table()
        self.completion = self._topic("completion")
        self.operations = self._topic("operations")
        for address in config.emails.operations:
            self.operations.add_subscription(EmailSubscription(address))
        if config.emails.operations:
            nag_suppressions.accept(
                self.operations,
                "SNSRedrivePolicy",
                "A mail that does not arrive is no news that is lost: an alarm stands in its state.",
                packs=("Serverless",),
            )
        Subscribers(
            self,
            "Subscribers",
            subscriptions=config.subscribers,
            topic=self.completion,
            name=config.name,
            encrypted=queues.encrypted(self.key),
        )
        self._let_alarms_publish()
        access_policies.policies(self, config, self.key)
        self._keep_policies(self._access_logs, self.intake, self.work, self.transcripts)
        self._make_last(self.ledger)
        self._say("IntakeBucketName", self.intake.bucket_name)
        self._say("TranscriptsBucketName", self.transcripts.bucket_name)
        self._say("WorkBucketName", self.work.bucket_name)
        self._say("CompletionTopicArn", self.completion.topic_arn)
        self._say("OperationsTopicArn", self.operations.topic_arn)
        cdk.CfnOutput(self, "KeyArn", value=self.key.key_arn, export_name=resource_names.key_export(config))
        self._say("LedgerTableName", self.ledger.table_name)

    def _access_log_bucket(self) -> s3.Bucket:
        """Where S3 notes who touched what. S3 writes keys there, so few may read it and not for long."""
        bucket = s3.Bucket(
            self,
            "AccessLogs",
            bucket_name=resource_names.bucket(self._config, "access-logs"),
            encryption=s3.BucketEncryption.S3_MANAGED,  # the only one S3 delivers access logs to
            blocked_encryption_types=[s3.BlockedEncryptionType.SSE_C],
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=KEEP,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(self._config.retention.access_log_days))],
        )
        nag_suppressions.accept(bucket, "S3DefaultEncryptionKMS", "S3 delivers access logs with SSE-S3 alone.")
        nag_suppressions.accept(
            bucket, "S3BucketVersioningEnabled", "S3 writes each log once, and what expires should be gone."
        )
        _one_region(bucket)
        return bucket

    def _bucket(self, construct_id: str, name: str, *, versioned: bool, days: int = 0, rules: Any = ()) -> s3.Bucket:
        lock = self._config.retention.lock_days if versioned else 0
        tidy = s3.LifecycleRule(
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
            object_lock_enabled=versioned or None,  # S3 never switches it off again: what is chosen is the retention
            object_lock_default_retention=s3.ObjectLockRetention.governance(Duration.days(lock)) if lock else None,
            removal_policy=KEEP,
            server_access_logs_bucket=self._access_logs,
            server_access_logs_prefix=f"{name}/",
            lifecycle_rules=[tidy, *rules],
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
                sid="IntakeBucketAnnounces",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.intake_queue.queue_arn],
                conditions={
                    "ArnLike": {"aws:SourceArn": resource_names.bucket_arn(self._config, "intake")},
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                },
            )
        )
        # CloudFormation's own property: CDK's helper would add a function that may reconfigure any bucket.
        resource = cast(s3.CfnBucket, bucket.node.default_child)
        resource.add_property_override(
            "NotificationConfiguration.QueueConfigurations",
            [{"Event": "s3:ObjectCreated:*", "Queue": self.intake_queue.queue_arn}],
        )
        # S3 sends a test message when it is told of the queue, and refuses if it may not.
        resource.node.add_dependency(self.intake_queue.node.find_child("Policy"))
        return bucket

    def _work_bucket(self) -> s3.Bucket:
        """Frozen audio and raw transcripts: unversioned, so that deleting deletes."""
        leftovers = s3.LifecycleRule(prefix="staging/", expiration=Duration.days(7))
        raw = s3.LifecycleRule(prefix="raw/", expiration=Duration.days(30))
        probe = s3.LifecycleRule(prefix=WRITE_PROBE, expiration=Duration.days(1))
        bucket = self._bucket("Work", "work", versioned=False, rules=(leftovers, raw, probe))
        nag_suppressions.accept(
            bucket,
            "S3BucketVersioningEnabled",
            "A working copy that is deleted shall be gone; recordings and documents lie in versioned buckets.",
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

    def _ledger_table(self) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            "Ledger",
            table_name=resource_names.table(self._config),
            partition_key=dynamodb.Attribute(name="recording", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=True,
            time_to_live_attribute="expires",
            removal_policy=KEEP,
        )
        nag_suppressions.accept(
            table,
            "DynamoDBInBackupPlan",
            "It can be brought back to any second of 35 days; longer backups are for the account's own plan.",
        )
        table.add_global_secondary_index(
            index_name=BY_STATE,
            partition_key=dynamodb.Attribute(name="state", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="updated", type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        return table

    def _keep_policies(self, *buckets: s3.Bucket) -> None:
        """Who may not get at what is kept may not do so either once the stack is gone."""
        for bucket in buckets:
            cast(s3.BucketPolicy, bucket.policy).apply_removal_policy(KEEP)

    def _make_last(self, table: dynamodb.Table) -> None:
        """A protected table could not be taken back if something else failed: so nothing else comes after it."""
        table.node.add_dependency(*(each for each in self.node.children if each is not table))

    def _topic(self, name: str) -> sns.Topic:
        return sns.Topic(
            self,
            f"{name.capitalize()}Topic",
            topic_name=f"{self._config.name}-{name}",
            master_key=self.key,
            enforce_ssl=True,
            signature_version="2",  # SHA-256: whoever is told over HTTPS can check who speaks
        )

    def _let_alarms_publish(self) -> None:
        self.operations.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.operations.topic_arn],
                conditions=resource_names.from_ours("cloudwatch", f"alarm:{self._config.name}-*"),
            )
        )

    def _say(self, name: str, value: str) -> None:
        cdk.CfnOutput(self, name, value=value)


def _one_region(bucket: s3.Bucket) -> None:
    nag_suppressions.accept(
        bucket,
        "S3BucketReplicationEnabled",
        "Patients' data stay in the Region they were uploaded to; a second copy elsewhere is the customer's to decide.",
    )
