"""One of our Lambda functions: its role, permissions, log group and package."""

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
from stacks.permissions import Permission, allow

_TRACE = allow(
    "Trace",
    ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    ["*"],
    because="The actions of X-Ray take no ARN.",
)


@dataclass(frozen=True)
class Size:
    """A function's timeout and its memory. Lambda gives CPU in proportion to memory."""

    seconds: int
    megabytes: int


class PythonFunction(Construct):
    """A function of `lambdas/`, with a role that holds the given permissions and those that every function needs."""

    def __init__(
        self,
        scope: Construct,
        module: str,
        *,
        config: Config,
        key: kms.IKey,
        size: Size,
        environment: Mapping[str, str],
        statements: list[Permission],
        traced: bool = True,
    ) -> None:
        super().__init__(scope, "".join(part.capitalize() for part in module.split("_")))
        name = resource_names.function(config, module)
        log_group = self._log_group(name, key, config.retention.log_days)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        common = [*_common_permissions(name, key), *([_TRACE] if traced else [])]
        policy = permissions.policy(self, "Rights", [*statements, *common], roles=[role])
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
        _suppress(self.function)

    def _log_group(self, name: str, key: kms.IKey, days: int) -> logs.LogGroup:
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{name}",
            encryption_key=key,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        cast(logs.CfnLogGroup, log_group.node.default_child).retention_in_days = days
        return log_group

    def _allow_loops(self) -> None:
        """Turn off Lambda's detection of recursive loops, because a deferral sends to the function's own queue.

        Only commercial Regions detect loops (https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html).
        """
        stack = cdk.Stack.of(self)
        commercial = stack.node.try_find_child("Commercial") or cdk.CfnCondition(
            stack, "Commercial", expression=cdk.Fn.condition_equals(Aws.PARTITION, "aws")
        )
        allowed = cdk.Fn.condition_if(
            cast(cdk.CfnCondition, commercial).logical_id, lambda_.RecursiveLoop.ALLOW.value.title(), Aws.NO_VALUE
        )
        cast(lambda_.CfnFunction, self.function.node.default_child).recursive_loop = cdk.Token.as_string(allowed)

    def consume(self, queue_arn: str, *, batch: int, concurrency: int) -> None:
        """Invoke the function with the queue's messages: at most `batch` per invocation, which fail one by one."""
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Messages",
            event_source_arn=queue_arn,
            function_name=self.function.function_arn,
            batch_size=batch,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(maximum_concurrency=concurrency),
        )
        mapping.node.add_dependency(self)
        nag_suppressions.suppress(
            mapping,
            "LambdaEventSourceMappingDestination",
            "Lambda accepts none for a queue. The queue has its own dead-letter queue.",
            packs=("Serverless",),
        )


def _common_permissions(name: str, key: kms.IKey) -> list[Permission]:
    """The permissions that every function needs."""
    return [
        allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [key.key_arn]),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [resource_names.arn("logs", f"log-group:/aws/lambda/{name}:*")],
            because="The function's own log group. Lambda names the streams in it.",
        ),
    ]


def _suppress(function: lambda_.Function) -> None:
    """Suppress the findings that every function has."""
    nag_suppressions.suppress(
        function,
        "LambdaInsideVPC",
        "Nothing connects to a function, and it calls only AWS. A VPC would add a network to secure.",
    )
    nag_suppressions.suppress(
        function,
        "LambdaConcurrency",
        "MaximumConcurrency limits the invocations by queues, and the schedule starts one at a time. A new account has "
        "ten concurrent executions in all, so a reservation would fail the deployment.",
    )
    nag_suppressions.suppress(
        function,
        "LambdaDLQ",
        "It applies only to asynchronous calls. Queues have dead-letter queues. The next run of the reconciler does "
        "the work of a lost run, and an alarm reports missing runs.",
        packs=(*nag_suppressions.CONTROLS, "Serverless"),
    )
