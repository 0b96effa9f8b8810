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

from stacks import nag_suppressions, packaging, permissions, resource_names
from stacks.config import Config
from stacks.permissions import Right, allow

_TRACE = allow(
    "Trace",
    ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    ["*"],
    because="X-Ray's actions take no ARN.",
)


@dataclass(frozen=True)
class Size:
    """How long a function may run and how much memory, and so CPU, it gets."""

    seconds: int
    megabytes: int


class PythonFunction(Construct):
    """A function of `lambdas/` with a role that holds the given rights and nothing else."""

    def __init__(
        self,
        scope: Construct,
        module: str,
        *,
        config: Config,
        key: kms.IKey,
        size: Size,
        environment: Mapping[str, str],
        statements: list[Right],
        traced: bool = True,
    ) -> None:
        super().__init__(scope, "".join(part.capitalize() for part in module.split("_")))
        name = resource_names.function(config, module)
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{name}",
            encryption_key=key,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        cast(logs.CfnLogGroup, log_group.node.default_child).retention_in_days = config.retention.log_days
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        policy = permissions.policy(
            self,
            "Rights",
            [
                *statements,
                allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [key.key_arn]),
                allow(
                    "WriteLogs",
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    [resource_names.arn("logs", f"log-group:/aws/lambda/{name}:*")],
                    because="The function's own log group; Lambda names the streams in it.",
                ),
                *([_TRACE] if traced else []),
            ],
            roles=[role],
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            runtime=lambda_.Runtime(config.functions.runtime, lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.custom(config.functions.architecture),
            handler=f"{module}.handler",
            code=lambda_.Code.from_asset(packaging.folder(config.functions)),
            role=role.without_policy_updates(),
            timeout=Duration.seconds(size.seconds),
            memory_size=size.megabytes,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE if traced else None,
            environment_encryption=key,
            environment={"POWERTOOLS_SERVICE_NAME": module, "LOG_LEVEL": "INFO", **environment},
        )
        self._allow_loops()
        self.function.node.add_dependency(policy)
        _accept(self.function)

    def _allow_loops(self) -> None:
        """Functions that put messages off send to the queue that feeds them: that is no runaway loop.

        Only commercial Regions watch for those (https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html).
        """
        stack = cdk.Stack.of(self)
        watched = stack.node.try_find_child("Commercial") or cdk.CfnCondition(
            stack, "Commercial", expression=cdk.Fn.condition_equals(Aws.PARTITION, "aws")
        )
        allowed = cdk.Fn.condition_if(
            cast(cdk.CfnCondition, watched).logical_id, lambda_.RecursiveLoop.ALLOW.value.title(), Aws.NO_VALUE
        )
        cast(lambda_.CfnFunction, self.function.node.default_child).recursive_loop = cdk.Token.as_string(allowed)

    def takes_from(self, queue_arn: str, *, batch: int, at_once: int) -> None:
        """Have Lambda hand the queue's messages to the function, answered per message."""
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Messages",
            event_source_arn=queue_arn,
            function_name=self.function.function_arn,
            batch_size=batch,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(maximum_concurrency=at_once),
        )
        mapping.node.add_dependency(self)
        nag_suppressions.accept(
            mapping,
            "LambdaEventSourceMappingDestination",
            "Lambda takes none for a queue, which has dead letters of its own.",
            packs=("Serverless",),
        )


def _accept(function: lambda_.Function) -> None:
    """What the packs would have of every function, and ours are better without."""
    nag_suppressions.accept(
        function,
        "LambdaInsideVPC",
        "Nothing connects to a function, and it calls AWS alone: a VPC would be one more thing to guard.",
    )
    nag_suppressions.accept(
        function,
        "LambdaConcurrency",
        "MaximumConcurrency bounds what queues invoke, a schedule the rest; a new account has ten executions in all, "
        "so that reserving some would fail the deployment.",
    )
    nag_suppressions.accept(
        function,
        "LambdaDLQ",
        "For asynchronous calls alone: queues have dead letters, and a lost run of the reconciler is made up by the "
        "next, its absence by an alarm.",
        packs=(*nag_suppressions.CONTROLS, "Serverless"),
    )
