"""Our Python function, once: its role, rights, log group and package."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import aws_cdk as cdk
from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks import packaging
from stacks.choices import Choices


def allow(sid: str, actions: list[str], resources: list[str], **conditions: Mapping[str, str]) -> iam.PolicyStatement:
    """A statement of a policy: `allow("Tell", ["sns:Publish"], [topic], StringEquals={…})`."""
    return iam.PolicyStatement(sid=sid, actions=actions, resources=resources, conditions=conditions or None)


@dataclass(frozen=True)
class Size:
    """How long a function may run and how much memory, and so CPU, it gets."""

    seconds: int
    megabytes: int


class PythonFunction(Construct):
    """A function of `lambdas/` with a role that holds the given statements and nothing else."""

    def __init__(
        self,
        scope: Construct,
        module: str,
        *,
        choices: Choices,
        key: kms.IKey,
        size: Size,
        environment: Mapping[str, str],
        statements: list[iam.PolicyStatement],
    ) -> None:
        super().__init__(scope, "".join(part.capitalize() for part in module.split("_")))
        name = f"{choices.name}-{module.replace('_', '-')}"
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{name}",
            encryption_key=key,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        cast(logs.CfnLogGroup, log_group.node.default_child).retention_in_days = choices.retention.log_days
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        rights = iam.ManagedPolicy(
            self,
            "Rights",
            roles=[role],
            statements=[
                *statements,
                allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [key.key_arn]),
                allow(
                    "WriteLogs",
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    [f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:/aws/lambda/{name}:*"],
                ),
                allow("Trace", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),  # takes no ARN
            ],
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            runtime=lambda_.Runtime(choices.functions.runtime, lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.custom(choices.functions.architecture),
            handler=f"{module}.handler",
            code=lambda_.Code.from_asset(packaging.folder(choices.functions)),
            role=role.without_policy_updates(),
            timeout=Duration.seconds(size.seconds),
            memory_size=size.megabytes,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            environment_encryption=key,
            environment={"POWERTOOLS_SERVICE_NAME": module, "LOG_LEVEL": "INFO", **environment},
            # Functions that put messages off send to the queue that feeds them: that is no runaway loop.
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
        )
        self.function.node.add_dependency(rights)

    def takes_from(self, queue_arn: str, *, batch: int, at_once: int) -> None:
        """Have Lambda hand the queue's messages to the function, answered per message."""
        lambda_.CfnEventSourceMapping(
            self,
            "Messages",
            event_source_arn=queue_arn,
            function_name=self.function.function_arn,
            batch_size=batch,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(maximum_concurrency=at_once),
        ).node.add_dependency(self)
