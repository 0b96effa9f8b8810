"""`import`: after a destroyed deployment, complete or partial, and with a CloudFormation that refuses."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from typer.testing import CliRunner

from operations.__main__ import app
from operations.errors import Refused
from operations.importing import Importer
from operations.importing.retained_resources import RetainedStack, Stack
from tests.client_errors import refusal
from tests.functions.fakes import ACCOUNT
from tests.operations.fake_account import Service

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1f2e"
ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-exec-${AWS::AccountId}-${AWS::Region}"
UNDER_KEY = {"Fn::GetAtt": ["Key", "Arn"]}
ELSEWHERE = {"Fn::ImportValue": "clinic-key-arn"}
OUTPUTS = {"KeyArn": {"Value": UNDER_KEY, "Export": {"Name": "clinic-key-arn"}}, "Name": {"Value": "clinic"}}
BUCKET = {"Fn::Join": ["", ["clinic-intake-", {"Ref": "AWS::AccountId"}, "-", {"Ref": "AWS::Region"}]]}
STACKS = {
    "clinic-storage": {
        "Key": ("AWS::KMS::Key", {}),
        "Queue": ("AWS::SQS::Queue", {"QueueName": "clinic-intake", "KmsMasterKeyId": UNDER_KEY}),
        "Bucket": ("AWS::S3::Bucket", {"BucketName": BUCKET, "NotificationConfiguration": {"Queue": {"Ref": "Queue"}}}),
        "Policy": ("AWS::S3::BucketPolicy", {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {}}),
        "Table": ("AWS::DynamoDB::Table", {"TableName": "clinic-ledger"}),
        "Topic": ("AWS::SNS::Topic", {"TopicName": "clinic-completion"}),
    },
    "clinic-pipeline": {
        "Logs": ("AWS::Logs::LogGroup", {"LogGroupName": "/aws/lambda/clinic-reconcile", "KmsKeyId": ELSEWHERE}),
    },
    "clinic-monitoring": {"Alarm": ("AWS::CloudWatch::Alarm", {})},
}


def synthesised(folder: Path) -> Path:
    """The stacks as the CDK writes them."""
    artifacts: dict[str, Any] = {"Tree": {"type": "cdk:tree"}}
    for stack, resources in STACKS.items():
        declared = {
            name: {
                "Type": kind,
                "Properties": properties,
                "DependsOn": ["Topic"],
                **({} if name in ("Topic", "Alarm") else {"DeletionPolicy": "RetainExceptOnCreate"}),
            }
            for name, (kind, properties) in resources.items()
        }
        template = {"Resources": declared, "Outputs": OUTPUTS if stack == "clinic-storage" else {}}
        (folder / f"{stack}.json").write_text(json.dumps(template), encoding="utf-8")
        properties = {"templateFile": f"{stack}.json", "cloudFormationExecutionRoleArn": ROLE}
        artifacts[stack] = {"type": "aws:cloudformation:stack", "properties": properties}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    return folder


@dataclass
class CloudFormation:
    """Keeps stacks, and treats change sets as the test says."""

    stacks: dict[str, str] = field(default_factory=dict)
    proposed: dict[str, dict[str, Any]] = field(default_factory=dict)
    refuses: Exception | None = None
    change_set: dict[str, Any] = field(
        default_factory=lambda: {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE"}
    )
    ends: str = "IMPORT_COMPLETE"
    stopped: bool = False
    protected: set[str] = field(default_factory=lambda: {"clinic-storage"})
    holds: str = "DELETE_COMPLETE"
    """The states of the resources of a stack whose import was rolled back."""

    def get_paginator(self, call: str) -> Any:
        listed = {"list_stack_resources": self._resources, "describe_stack_events": self._events}
        return SimpleNamespace(paginate=listed[call])

    def _resources(self, StackName: str) -> Any:  # noqa: N803
        assert StackName in self.stacks
        yield {"StackResourceSummaries": [{"LogicalResourceId": "Topic", "ResourceStatus": "DELETE_COMPLETE"}]}
        yield {"StackResourceSummaries": [{"LogicalResourceId": "Table", "ResourceStatus": self.holds}]}

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        if StackName not in self.stacks:
            raise refusal("ValidationError")
        return {"Stacks": [{"StackName": StackName, "StackStatus": self.stacks[StackName]}]}

    def update_termination_protection(self, StackName: str, EnableTerminationProtection: bool) -> None:  # noqa: N803
        assert not EnableTerminationProtection
        self.protected.discard(StackName)

    def delete_stack(self, StackName: str, RoleARN: str) -> None:  # noqa: N803
        assert StackName not in self.protected
        assert RoleARN == f"arn:aws:iam::{ACCOUNT}:role/cdk-exec-{ACCOUNT}-us-east-1"
        del self.stacks[StackName]

    def create_change_set(self, StackName: str, **asked: Any) -> None:  # noqa: N803
        assert StackName not in self.stacks
        if self.refuses:
            raise self.refuses
        self.stacks[StackName], self.proposed[StackName] = "REVIEW_IN_PROGRESS", asked

    def describe_change_set(self, StackName: str, ChangeSetName: str) -> Any:  # noqa: N803
        assert ChangeSetName == self.proposed[StackName]["ChangeSetName"]
        if self.stopped:
            raise KeyboardInterrupt
        return self.change_set

    def execute_change_set(self, StackName: str, ChangeSetName: str) -> None:  # noqa: N803
        assert ChangeSetName == self.proposed[StackName]["ChangeSetName"]
        self.stacks[StackName] = self.ends

    def _events(self, StackName: str) -> Any:  # noqa: N803
        why = {"ResourceStatus": "IMPORT_FAILED", "ResourceStatusReason": f"a table of {StackName} is on fire"}
        later = {"ResourceStatus": "IMPORT_FAILED", "ResourceStatusReason": "Resource import cancelled"}
        yield {"StackEvents": [{"ResourceStatus": "IMPORT_ROLLBACK_COMPLETE"}, later]}
        yield {"StackEvents": [why]}


class Account:
    """An account in which a deployment was destroyed and all retained resources remain."""

    def __init__(self, folder: Path) -> None:
        self.folder = synthesised(folder)
        self.cloudformation = CloudFormation()
        encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"KMSMasterKeyID": KEY}}]}
        self.services: dict[str, Any] = {
            "sts": Service({"get_caller_identity": {"Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/me"}}),
            "s3": Service(
                {
                    "head_bucket": {},
                    "get_bucket_policy": {"Policy": "{}"},
                    "get_bucket_encryption": {"ServerSideEncryptionConfiguration": encryption},
                }
            ),
            "sqs": Service({"get_queue_url": lambda **asked: {"QueueUrl": f"https://sqs/{asked['QueueName']}"}}),
            "dynamodb": Service({"describe_table": {"Table": {"SSEDescription": {"KMSMasterKeyArn": KEY}}}}),
            "logs": Service(
                {"describe_log_groups": lambda **asked: {"logGroups": [{"logGroupName": asked["logGroupNamePrefix"]}]}}
            ),
            "kms": Service({"describe_key": {"KeyMetadata": {"KeyId": "1f2e", "KeyState": "Enabled"}}}),
            "cloudformation": self.cloudformation,
        }

    def answers(self, service: str, call: str, answer: Any) -> None:
        self.services[service].answers[call] = answer

    def lose(self, *resources: str) -> None:
        for service, call, answer in (each for resource in resources for each in GONE[resource]):
            self.answers(service, call, answer)

    def run(self, *options: str, code: int = 0, agreed: str = "") -> str:
        command = ["import", "--name", "clinic", "--app", str(self.folder), *options]
        ended = CliRunner().invoke(app, command, obj=lambda service: self.services[service], input=agreed)
        assert ended.exit_code == code, ended.output
        return " ".join((ended.stdout if "--json" in options and not code else ended.output).split())

    def taken(self, stack: str) -> dict[str, Any]:
        """The imported resources of a stack, each with its template and its identifier."""
        asked = self.cloudformation.proposed[stack]
        template = json.loads(asked["TemplateBody"])["Resources"]
        return {
            each["LogicalResourceId"]: (
                template.pop(each["LogicalResourceId"])["Properties"],
                each["ResourceIdentifier"],
            )
            for each in asked["ResourcesToImport"]
        } | template


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


GONE = {
    "Queue": [("sqs", "get_queue_url", refusal("AWS.SimpleQueueService.NonExistentQueue"))],
    "Policy": [("s3", "get_bucket_policy", refusal("NoSuchBucketPolicy"))],
    "Bucket": [("s3", "head_bucket", refusal("404")), ("s3", "get_bucket_policy", refusal("NoSuchBucket"))],
    "Table": [("dynamodb", "describe_table", refusal("ResourceNotFoundException"))],
    "Logs": [("logs", "describe_log_groups", {"logGroups": [{"logGroupName": "/aws/lambda/clinic-reconciled"}]})],
    "Key": [("kms", "describe_key", refusal("NotFoundException"))],
}


def test_all_remaining_resources_are_shown_and_imported_after_confirmation(account):
    said = account.run(agreed="y\n")
    assert (
        "clinic-storage: resources taken back: 5 clinic-pipeline: resources taken back: 1 Next: `make deploy`" in said
    )
    name = f"clinic-intake-{ACCOUNT}-us-east-1"
    assert name in said
    assert account.taken("clinic-storage") == {
        "Queue": (STACKS["clinic-storage"]["Queue"][1], {"QueueUrl": "https://sqs/clinic-intake"}),
        "Bucket": (STACKS["clinic-storage"]["Bucket"][1], {"BucketName": name}),
        "Policy": (STACKS["clinic-storage"]["Policy"][1], {"Bucket": name}),
        "Table": ({"TableName": "clinic-ledger"}, {"TableName": "clinic-ledger"}),
        "Key": ({}, {"KeyId": "1f2e"}),
    }
    group = "/aws/lambda/clinic-reconcile"
    assert account.taken("clinic-pipeline") == {
        "Logs": ({"LogGroupName": group, "KmsKeyId": KEY}, {"LogGroupName": group})
    }
    assert {asked["ChangeSetType"] for asked in account.cloudformation.proposed.values()} == {"IMPORT"}


def test_without_confirmation_nothing_is_imported(account):
    assert "Nothing was taken back." in account.run(agreed="n\n", code=1)
    assert "add --yes" in account.run("--json", code=2)
    assert not account.cloudformation.stacks


def test_the_json_report_lists_imported_and_missing_resources(account):
    account.lose("Policy")
    storage, pipeline = json.loads(account.run("--yes", "--json"))["stacks"]
    assert (storage["stack"], storage["gone"]) == ("clinic-storage", ["Policy"])
    assert pipeline["imported"][0]["ResourceIdentifier"] == {"LogGroupName": "/aws/lambda/clinic-reconcile"}


def test_existing_stacks_are_left_alone(account):
    account.cloudformation.stacks = {"clinic-storage": "UPDATE_COMPLETE", "clinic-pipeline": "IMPORT_COMPLETE"}
    assert "Nothing is to be taken back" in account.run()
    assert not account.cloudformation.proposed


def test_a_destroyed_pipeline_is_imported_with_the_same_key(account):
    account.cloudformation.stacks = {"clinic-storage": "UPDATE_COMPLETE"}
    account.run("--yes")
    assert account.cloudformation.proposed.keys() == {"clinic-pipeline"}
    assert account.taken("clinic-pipeline")["Logs"][0]["KmsKeyId"] == KEY


def test_import_says_that_nothing_remains(account):
    account.lose(*GONE)
    assert "Nothing is left of clinic-storage and clinic-pipeline" in account.run()
    assert not account.cloudformation.stacks


@pytest.mark.parametrize("gone", GONE)
def test_missing_resources_are_listed_and_removed_from_the_templates(account, gone):
    account.lose(gone)
    answer = json.loads(account.run("--yes", "--json"))["stacks"]
    taken = {name: each for stack in account.cloudformation.proposed for name, each in account.taken(stack).items()}
    lost = {gone, "Policy"} if gone == "Bucket" else {gone}
    assert taken.keys() == {"Key", "Queue", "Bucket", "Policy", "Table", "Logs"} - lost
    assert {name for stack in answer for name in stack["gone"]} == lost - {"Logs"}
    assert f'"{gone}"' not in json.dumps([properties for properties, _ in taken.values()])


def test_missing_resources_are_shown_before_the_confirmation(account):
    account.lose("Queue")
    assert "AWS::SQS::Queue is gone: the next deployment makes it anew" in account.run(agreed="n\n", code=1)


def test_without_the_table_the_key_is_found_by_a_bucket(account):
    account.lose("Table")
    account.run("--yes")
    assert account.taken("clinic-storage")["Key"][1] == {"KeyId": "1f2e"}


@pytest.mark.parametrize("state", ["PendingDeletion", "Disabled"])
def test_an_unusable_key_must_be_restored_first(account, state):
    account.answers("kms", "describe_key", {"KeyMetadata": {"KeyId": "1f2e", "KeyState": state}})
    assert f"The key 1f2e is {state}" in account.run("--yes", code=1)
    assert not account.cloudformation.stacks


@pytest.mark.parametrize("status", ["DELETE_FAILED", "UPDATE_IN_PROGRESS", "ROLLBACK_FAILED"])
def test_a_stack_in_an_intermediate_state_is_left_alone(account, status):
    account.cloudformation.stacks = {"clinic-storage": status}
    assert f"clinic-storage is {status}: bring that to its end first" in account.run("--yes", code=1)
    assert account.cloudformation.stacks == {"clinic-storage": status}


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_the_remains_of_a_failed_stack_are_deleted(account, status):
    account.cloudformation.stacks = {"clinic-storage": status}
    account.run("--yes")
    assert set(account.cloudformation.stacks.values()) == {"IMPORT_COMPLETE"}


def test_a_concurrently_created_stack_is_not_deleted(account):
    def ledger(**_asked: Any) -> Any:
        account.cloudformation.stacks["clinic-storage"] = "CREATE_COMPLETE"
        return {"Table": {}}

    account.answers("dynamodb", "describe_table", ledger)
    assert "has come up meanwhile (CREATE_COMPLETE)" in account.run("--yes", code=1)
    assert account.cloudformation.stacks == {"clinic-storage": "CREATE_COMPLETE"}


def test_a_failed_change_set_prints_cloudformation_s_reason(account):
    failed = {"Status": "FAILED", "ExecutionStatus": "UNAVAILABLE", "StatusReason": "clinic-ledger is in another stack"}
    account.cloudformation.change_set = failed
    assert "cannot take clinic-storage back: clinic-ledger is in another stack" in account.run("--yes", code=1)
    assert "clinic-pipeline" not in account.cloudformation.stacks


def test_a_refused_template_prints_cloudformation_s_reason(account):
    account.cloudformation.refuses = refusal("ValidationError", "Role cdk-exec is invalid")
    assert "cannot take clinic-storage back: Role cdk-exec is invalid" in account.run("--yes", code=1)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"])
def test_a_rolled_back_import_names_the_first_failure_and_can_be_repeated(account, status):
    account.cloudformation.ends = status
    said = account.run("--yes", code=1)
    assert f"nothing back into clinic-storage ({status}): a table of clinic-storage is on fire" in said
    account.cloudformation.ends = "IMPORT_COMPLETE"
    account.run("--yes")
    assert set(account.cloudformation.stacks.values()) == {"IMPORT_COMPLETE"}


@pytest.mark.parametrize("call", ["create_change_set", "execute_change_set", "delete_stack"])
def test_an_import_with_a_lost_answer_can_be_repeated(account, monkeypatch, call):
    far = account.cloudformation
    far.stacks = {"clinic-storage": "ROLLBACK_COMPLETE"}
    done = getattr(far, call)

    def lost(**asked: Any) -> None:
        done(**asked)
        raise ReadTimeoutError(endpoint_url="https://cloudformation")

    with monkeypatch.context() as patch:
        patch.setattr(far, call, lost)
        assert account.run("--yes", code=4)
    account.run("--yes")
    assert far.stacks == dict.fromkeys(("clinic-storage", "clinic-pipeline"), "IMPORT_COMPLETE")


def test_a_stack_with_resources_after_a_rolled_back_import_counts_as_existing(account):
    account.cloudformation.stacks = dict.fromkeys(("clinic-storage", "clinic-pipeline"), "IMPORT_ROLLBACK_COMPLETE")
    account.cloudformation.holds = "UPDATE_COMPLETE"
    assert "the stacks are there" in account.run("--yes")


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [("s3", "head_bucket", "403"), ("logs", "describe_log_groups", "AccessDeniedException")],
)
def test_a_missing_read_permission_is_reported_and_nothing_is_imported(account, service, call, code):
    account.answers(service, call, refusal(code))
    assert "AWS does not let you call" in account.run("--yes", code=4)
    assert not account.cloudformation.stacks


def test_a_missing_change_set_permission_is_reported(account):
    account.cloudformation.refuses = refusal("AccessDenied")
    assert "AWS does not let you call" in account.run("--yes", code=4)


def test_an_interrupted_import_continues_when_repeated(account):
    account.cloudformation.stopped = True
    assert "Stopped" in account.run("--yes", code=1)
    account.cloudformation.stopped = False
    account.run("--yes")
    assert set(account.cloudformation.stacks.values()) == {"IMPORT_COMPLETE"}


def test_without_templates_it_prints_how_to_make_them(account, tmp_path):
    assert "write them with `make synth`" in account.run("--app", str(tmp_path / "none"), code=3)
    assert "holds no templates of ward" in account.run("--name", "ward", code=3)


def test_import_waits_for_the_end_with_a_limit():
    seen = iter(["REVIEW_IN_PROGRESS", "IMPORT_IN_PROGRESS", "IMPORT_COMPLETE"])
    far = CloudFormation()
    left = RetainedStack(Stack("clinic-storage", {"Resources": {}}), {})

    def happen(_seconds: float) -> None:
        far.stacks["clinic-storage"] = next(seen)

    far.ends = "REVIEW_IN_PROGRESS"
    Importer(lambda _service: far, pause=happen).take(left, {})
    far.stacks.clear()
    with pytest.raises(Refused, match="in half an hour"):
        Importer(lambda _service: far, pause=lambda _seconds: None).take(left, {})
