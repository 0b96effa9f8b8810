"""The ledger's table: one row for each recording."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks import nag_suppressions, resource_names
from stacks.config import Config

BY_STATE = "by-state"
"""The index that counts and lists rows by state."""


def create(scope: Construct, config: Config, key: kms.IKey) -> dynamodb.Table:
    """The table, with point-in-time recovery and deletion protection."""
    table = dynamodb.Table(
        scope,
        "Ledger",
        table_name=resource_names.table(config),
        partition_key=dynamodb.Attribute(name="recording", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=True,
        time_to_live_attribute="expires",
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    nag_suppressions.suppress(
        table,
        "DynamoDBInBackupPlan",
        "Point-in-time recovery restores any second of the last 35 days. Longer backups are the account's decision.",
    )
    table.add_global_secondary_index(
        index_name=BY_STATE,
        partition_key=dynamodb.Attribute(name="state", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="updated", type=dynamodb.AttributeType.NUMBER),
        projection_type=dynamodb.ProjectionType.KEYS_ONLY,
    )
    return table
