"""The operator's tool calls these other services."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.comparison.case import ABSENT, ANY, Call, call, case

TEMPLATE = '{"Parameters": {"Any": {"Type": "String"}}, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'
KEPT = TEMPLATE.replace('"AWS::SQS::Queue"', '"AWS::SQS::Queue", "DeletionPolicy": "Retain"')
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
GONE = "ResourceNotFoundException"
NEEDS_MORE = "It needs packages that we do not install."


def statistics(**more: Any) -> Call:
    """The points of an hour."""
    usual = {"Namespace": "Case", "MetricName": "Count", "Statistics": ["Sum"], "Period": 60}
    return call("cloudwatch.get_metric_statistics",
                **{**usual, "StartTime": NOW - timedelta(hours=1), "EndTime": NOW, **more})  # fmt: skip


def alarm(**more: Any) -> Call:
    """An alarm."""
    usual = {
        "AlarmName": "@name", "Namespace": "Case", "MetricName": "Count", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
    }  # fmt: skip
    return call("cloudwatch.put_metric_alarm", **{**usual, **more})


def state(value: str, name: str = "@alarm") -> Call:
    """A state set by hand."""
    return call("cloudwatch.set_alarm_state", AlarmName=name, StateValue=value, StateReason="a case")


def changed(**more: Any) -> Call:
    """A change set that makes a stack, with all parameters that the CDK sends."""
    usual = {
        "StackName": "@name", "ChangeSetName": "cdk-deploy-change-set", "ChangeSetType": "CREATE",
        "TemplateBody": TEMPLATE, "Description": "CDK Changeset", "ClientToken": "token",
        "ImportExistingResources": False, "IncludeNestedStacks": True, "RoleARN": "@role arn",
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"], "Tags": [{"Key": "a", "Value": "b"}],
        "Parameters": [{"ParameterKey": "Any", "ParameterValue": "b"}], "DeploymentConfig": {"Mode": "EXPRESS"},
        **more,
    }  # fmt: skip
    return call(
        "cloudformation.create_change_set", **{name: value for name, value in usual.items() if value is not None}
    )


CASES = (
    # --- CloudWatch ---
    case("alarms of a prefix", call("cloudwatch.describe_alarms", AlarmNamePrefix="@alarm",
         AlarmTypes=["MetricAlarm"]),
         members={"MetricAlarms.0.AlarmName": "@alarm", "#MetricAlarms": 1}),
    case("alarms by name", call("cloudwatch.describe_alarms", AlarmNames=["@alarm"]),
         members={"MetricAlarms.0.StateValue": ANY}),
    case("an alarm's state is set", state("ALARM"), call("cloudwatch.describe_alarms", AlarmNames=["@alarm"]),
         members={"MetricAlarms.0.StateValue": "ALARM"}),
    case("an alarm's unknown state", state("RINGING"), status=400, code="ValidationError",
         source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html"),
    case("a missing alarm", state("OK", "@name"), status=404, code="ResourceNotFound"),
    case("an alarm's period", alarm(Period=61), status=400, code="InvalidParameterValue", moto="It accepts any."),
    case("statistics of a queue", statistics(Dimensions=[{"Name": "QueueName", "Value": "none"}]),
         members={"Datapoints": []}),
    case("statistics", statistics(), members={"Label": "Count"}),
    case("statistics' period", statistics(Period=61), status=400, code="InvalidParameterValue",
         moto="It accepts any."),
    case("more than 1,440 points", statistics(StartTime=NOW - timedelta(hours=25)),
         status=400, code="InvalidParameterCombination", moto="Its code is another, for another limit."),
    # --- KMS ---
    case("a key", call("kms.describe_key", KeyId="@key"),
         members={"KeyMetadata.Arn": "@key", "KeyMetadata.KeyState": "Enabled", "KeyMetadata.Enabled": True}),
    case("a missing key", call("kms.describe_key", KeyId="11111111-2222-3333-4444-555555555555"),
         status=400, code="NotFoundException"),
    case("a key's policy", call("kms.get_key_policy", KeyId="@key", PolicyName="default"), members={"Policy": ANY}),
    case("a key's policy of another name", call("kms.get_key_policy", KeyId="@key", PolicyName="other"),
         status=400, code="NotFoundException"),
    case("no rotation", call("kms.get_key_rotation_status", KeyId="@key"), members={"KeyRotationEnabled": False}),
    # --- IAM, STS ---
    case("policies of a role", call("iam.list_attached_role_policies", RoleName="@role"),
         members={"AttachedPolicies": [], "IsTruncated": False}),
    case("a missing role", call("iam.list_attached_role_policies", RoleName="@name"), status=404, code="NoSuchEntity"),
    case("who asks", call("sts.get_caller_identity"), members={"Account": "@account", "Arn": ANY, "UserId": ANY}),
    case("a role is taken", call("sts.assume_role", RoleArn="@role arn", RoleSessionName="case"),
         members={"Credentials.SessionToken": ANY, "AssumedRoleUser.AssumedRoleId": ANY}),
    # --- SSM ---
    case("a missing parameter", call("ssm.get_parameter", Name="/none"), status=400, code="ParameterNotFound"),
    case("a parameter", call("ssm.put_parameter", Name="@name", Value="7", Type="String"),
         call("ssm.get_parameter", Name="@name"), members={"Parameter.Value": "7"}),
    case("a parameter's text", call("ssm.put_parameter", Name="@name", Value="7", Type="SecureString"),
         call("ssm.get_parameter", Name="@name", WithDecryption=True), members={"Parameter.Value": "7"}),
    # --- Lambda ---
    case("no reserved concurrency", call("lambda.get_function_concurrency", FunctionName="@function"),
         members={"ReservedConcurrentExecutions": ABSENT}),
    case("a missing function", call("lambda.get_function_concurrency", FunctionName="@name"), status=404, code=GONE),
    case("a function's settings", call("lambda.get_function_configuration", FunctionName="@function"),
         members={"Handler": "index.handler", "CodeSha256": ANY}),
    case("no event source mappings", call("lambda.list_event_source_mappings", FunctionName="@function"),
         members={"EventSourceMappings": []}),
    # --- Scheduler ---
    case("a missing schedule", call("scheduler.get_schedule", Name="@name"), status=404, code=GONE),
    # --- CloudFormation ---
    case("a stack", call("cloudformation.describe_stacks", StackName="@stack"),
         members={"Stacks.0.StackName": ANY, "Stacks.0.StackStatus": "CREATE_COMPLETE",
                  "Stacks.0.Outputs.0.OutputValue": "1"},
         moto=NEEDS_MORE),
    case("a missing stack", call("cloudformation.describe_stacks", StackName="@name"),
         status=400, code="ValidationError",
         moto=NEEDS_MORE),
    case("a stack's resources", call("cloudformation.list_stack_resources", StackName="@stack"),
         members={"StackResourceSummaries.0.ResourceType": "AWS::SQS::Queue"},
         moto=NEEDS_MORE),
    case("a change set is made, as the CDK does", changed(), call("cloudformation.describe_change_set",
         ChangeSetName="@0.Id", StackName="@name", IncludePropertyValues=True),
         members={"StackName": "@name", "Status": ANY}, moto=NEEDS_MORE),
    case("a change set of a template in a bucket", changed(TemplateBody=None, TemplateURL="@template url"),
         members={"Id": ANY, "StackId": ANY}, moto=NEEDS_MORE),
    case("a change set of a stack that exists keeps a parameter", changed(StackName="@stack", ChangeSetType="UPDATE",
         TemplateBody=None, TemplateURL="@template url",
         Parameters=[{"ParameterKey": "Any", "UsePreviousValue": True}]), members={"StackId": ANY}, moto=NEEDS_MORE),
    case("a change set is deleted", changed(), call("cloudformation.delete_change_set", ChangeSetName="@0.Id",
         StackName="@name"), moto=NEEDS_MORE),
    case("a change set that takes back what a destroyed stack left", changed(ChangeSetType="IMPORT", Tags=None,
         TemplateBody=KEPT, ResourcesToImport=[
         {"ResourceType": "AWS::SQS::Queue", "LogicalResourceId": "Queue", "ResourceIdentifier": {"QueueUrl": "@queue"}}
         ]), members={"Id": ANY, "StackId": ANY}, moto=NEEDS_MORE),
    case("a missing change set is not made real", call("cloudformation.execute_change_set", ChangeSetName="none",
         StackName="@name", ClientRequestToken="token"), status=404, code="ChangeSetNotFound", moto=NEEDS_MORE),
    case("a missing stack is deleted", call("cloudformation.delete_stack", StackName="@name",
         ClientRequestToken="token"), moto=NEEDS_MORE),
    case("a stack's protection is taken off", call("cloudformation.update_termination_protection", StackName="@stack",
         EnableTerminationProtection=False), members={"StackId": ANY}, moto=NEEDS_MORE),
    case("what happened to a stack", call("cloudformation.describe_stack_events", StackName="@stack"),
         members={"StackEvents.0.StackName": ANY}, moto=NEEDS_MORE),
    case("a page of a stack's events that no token leads to", call("cloudformation.describe_stack_events",
         StackName="@stack", NextToken="none"), status=400, code="ValidationError", moto=NEEDS_MORE),
    case("a stack's resources in detail", call("cloudformation.describe_stack_resources", StackName="@stack"),
         members={"StackResources.0.LogicalResourceId": "Queue"}, moto=NEEDS_MORE),
    case("a stack's template", call("cloudformation.get_template", StackName="@stack", TemplateStage="Original"),
         members={"TemplateBody": ANY}, moto=NEEDS_MORE),
    case("drift of a stack", call("cloudformation.detect_stack_drift", StackName="@stack"),
         call("cloudformation.describe_stack_drift_detection_status",
              StackDriftDetectionId="@0.StackDriftDetectionId"),
         members={"DetectionStatus": ANY, "StackDriftStatus": "IN_SYNC"}, moto=NEEDS_MORE),
    case("drift of a stack's resources", call("cloudformation.detect_stack_drift", StackName="@stack"),
         call("cloudformation.describe_stack_resource_drifts", StackName="@stack",
              StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]),
         members={"StackResourceDrifts": []}, moto=NEEDS_MORE),
)  # fmt: skip
