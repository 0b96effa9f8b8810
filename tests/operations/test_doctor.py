"""`doctor`: a healthy account, and then one defect after the other."""

import json
import re
import sys
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib import resources
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from typer.testing import CliRunner

from operations.__main__ import app
from operations.deployment import ROOT
from operations.doctor import CHECKS, DoctorContext, Health, examine, made, resource_policies
from operations.doctor.check_account import INCOMPLETE, REGIONS
from stacks import key_policy
from stacks.key_policy import KeyLocation
from tests.client_errors import refusal
from tests.operations.fake_account import Service

ACCOUNT = "123456789012"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
BUCKETS = {name: f"clinic-{name}-{ACCOUNT}-us-east-1" for name in ("intake", "work", "transcripts")}
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:clinic-"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:clinic-"
OUTPUTS = {
    "IntakeBucketName": BUCKETS["intake"], "WorkBucketName": BUCKETS["work"],
    "TranscriptsBucketName": BUCKETS["transcripts"], "CompletionTopicArn": f"{TOPIC}completion",
    "OperationsTopicArn": f"{TOPIC}operations", "KeyArn": KEY, "LedgerTableName": "clinic-ledger",
}  # fmt: skip
EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-us-east-1"
CHOSEN: dict[str, Any] = {"name": "clinic", "profiles": {"dictation/": {}}}


def stack(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "StackName": name,
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": NOW - timedelta(days=30),
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items()],
        "DriftInformation": {"StackDriftStatus": "IN_SYNC", "LastCheckTimestamp": NOW},
    } | changed


def stacks(**changed: Any) -> Any:
    """The answer to DescribeStacks with a change to one stack; None means that the stack is missing."""

    def described(StackName: str = "") -> Any:  # noqa: N803
        part = StackName.removeprefix("clinic-")
        if not StackName:
            return {"Stacks": []}
        if part not in ("storage", "pipeline", "monitoring") or changed.get(part, {}) is None:
            return refusal("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [stack(StackName, **changed.get(part, {}))]}

    return described


def resource(kind: str, name: str, status: str = "CREATE_COMPLETE") -> dict[str, str]:
    return {"ResourceType": kind, "PhysicalResourceId": name, "ResourceStatus": status}


def compared(at: datetime) -> dict[str, Any]:
    return {"DriftInformation": {"StackDriftStatus": "IN_SYNC", "LastCheckTimestamp": at}}


def sends(service: str, source: str) -> dict[str, Any]:
    """A queue's policy that lets a service send on behalf of a source."""
    condition = {"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": condition,
    }


def queue(AttributeNames: list[str], **_asked: str) -> Any:  # noqa: N803
    statements = [
        sends("s3.amazonaws.com", f"arn:aws:s3:::{BUCKETS['intake']}"),
        sends("events.amazonaws.com", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/clinic-*"),
    ]
    return {"Attributes": dict.fromkeys(AttributeNames, "0") | {"Policy": json.dumps({"Statement": statements})}}


def notifications(Bucket: str, **_asked: Any) -> Any:  # noqa: N803
    if Bucket == BUCKETS["work"]:
        return {"EventBridgeConfiguration": {}}
    return {"QueueConfigurations": [{"QueueArn": f"{QUEUE}intake", "Events": ["s3:ObjectCreated:*"]}]}


def alarm(**changed: Any) -> dict[str, Any]:
    return {
        "AlarmName": "clinic-stuck", "StateValue": "OK", "ActionsEnabled": True,
        "AlarmActions": [f"{TOPIC}operations"], "AlarmDescription": "Transcribe has worked for a day.",
    } | changed  # fmt: skip


def mappings_that(**changed: Any) -> Any:
    """The event source mappings with a change, by function."""

    def listed(FunctionName: str) -> Any:  # noqa: N803
        queue = {"clinic-start-transcription": "intake"}.get(FunctionName, "completion")
        return {"EventSourceMappings": [{"UUID": "1", "EventSourceArn": QUEUE + queue, "State": "Enabled"} | changed]}

    return listed


def policy(*statements: Any) -> dict[str, str]:
    return {"Policy": json.dumps({"Statement": list(statements)})}


TLS_ONLY = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def identity(at: datetime = NOW, arn: str = f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/me") -> dict[str, Any]:
    return {"Arn": arn, "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(at)}}}


def expired(at: datetime) -> Exception:
    error = refusal("SignatureDoesNotMatch")
    error.response["ResponseMetadata"]["HTTPHeaders"] = {"date": format_datetime(at)}
    return error


def opted(said: str) -> dict[str, Any]:
    content = json.dumps({"services": {"default": {"opt_out_policy": said}}})
    return {"EffectivePolicy": {"PolicyContent": content}}


def encryption(key: str) -> dict[str, Any]:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def subscribed(*arns: str) -> dict[str, Any]:
    return {"Subscriptions": [{"SubscriptionArn": arn, "Protocol": "email", "Endpoint": "jane@b.c"} for arn in arns]}


def simulated(*refused: str) -> Any:
    """IAM's simulator for a role that has all permissions except these."""

    def said(PolicySourceArn: str, ActionNames: list[str], ResourceArns: list[str]) -> dict[str, Any]:  # noqa: N803
        assert PolicySourceArn == EXECUTION_ROLE
        assert not [arn for arn in ResourceArns if "<" in arn]
        decisions = {action: "implicitDeny" if action in refused else "allowed" for action in ActionNames}
        return {
            "EvaluationResults": [
                {"EvalActionName": action, "EvalDecision": decision} for action, decision in decisions.items()
            ]
        }

    return said


WELL: dict[str, dict[str, Any]] = {
    "sts": {"get_caller_identity": identity()},
    "transcribe": {
        "list_medical_transcription_jobs": {"MedicalTranscriptionJobSummaries": []},
        "get_medical_vocabulary": {"VocabularyState": "READY"},
    },
    "ssm": {"get_parameter": {"Parameter": {"Value": "33"}}},
    "service-quotas": {"get_service_quota": {"Quota": {"Value": 250.0}}},
    "lambda": {
        "get_account_settings": {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}},
        "get_function_configuration": {
            "State": "Active",
            "Role": f"arn:aws:iam::{ACCOUNT}:role/start",
            "Environment": {"Variables": {"CONCURRENT_JOBS": "250", "VOCABULARIES": '{"drugs": "clinic-drugs-1"}'}},
        },
        "get_function_concurrency": {},
        "list_event_source_mappings": mappings_that(),
    },
    "iam": {"list_attached_role_policies": {"AttachedPolicies": [{}]}, "simulate_principal_policy": simulated()},
    "organizations": {"describe_effective_policy": opted("optOut")},
    "ce": {"list_cost_allocation_tags": {"CostAllocationTags": [{"TagKey": "application", "Status": "Active"}]}},
    "cloudformation": {
        "describe_stacks": stacks(),
        "list_stack_resources": {
            "StackResourceSummaries": [
                resource("AWS::CloudWatch::Alarm", "clinic-stuck"),
                resource("AWS::CloudWatch::Dashboard", "clinic"),
                resource("AWS::CloudWatch::Alarm", "clinic-old", "DELETE_COMPLETE"),
                {"ResourceType": "AWS::CloudWatch::Alarm", "ResourceStatus": "CREATE_IN_PROGRESS"},
            ]
        },
        "detect_stack_drift": {"StackDriftDetectionId": "1"},
        "describe_stack_drift_detection_status": {"DetectionStatus": "DETECTION_COMPLETE"},
        "describe_stack_resource_drifts": {"StackResourceDrifts": []},
    },
    "kms": {
        "describe_key": {
            "KeyMetadata": {"KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}
        },
        "get_key_rotation_status": {"KeyRotationEnabled": True},
        "get_key_policy": policy(*key_policy.full_policy("clinic", KeyLocation("aws", ACCOUNT, "us-east-1"))),
    },
    "s3": {
        "head_bucket": refusal("404"),
        "get_bucket_notification_configuration": notifications,
        "get_bucket_versioning": {"Status": "Enabled"},
        "get_bucket_encryption": encryption(KEY),
        "get_bucket_policy": policy(TLS_ONLY),
        "get_public_access_block": {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
    },
    "sqs": {"get_queue_url": lambda **asked: {"QueueUrl": asked["QueueName"]}, "get_queue_attributes": queue},
    "events": {
        "describe_rule": {"State": "ENABLED"},
        "list_targets_by_rule": {"Targets": [{"Arn": f"{QUEUE}completion"}]},
    },
    "scheduler": {"get_schedule": {"State": "ENABLED", "ScheduleExpression": "rate(5 minutes)"}},
    "logs": {
        "filter_log_events": {
            "events": [{"timestamp": NOW.timestamp() * 1000 - 60_000, "message": '{"message": "reconciled"}'}]
        }
    },
    "sns": {"list_subscriptions_by_topic": subscribed(f"{TOPIC}completion:1")},
    "cloudwatch": {
        "describe_alarms": {"MetricAlarms": [alarm()], "CompositeAlarms": []},
        "get_metric_statistics": {},
    },
    "dynamodb": {
        "describe_table": {"Table": {"TableStatus": "ACTIVE", "DeletionProtectionEnabled": True}},
        "describe_continuous_backups": {
            "ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
        },
    },
}

TOOLS = ("packages", "node", "cdk")


class CheckedAccount:
    """The account, and a folder to deploy from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.services = {name: Service(dict(answers)) for name, answers in WELL.items()}
        self.choose(CHOSEN)

    def choose(self, chosen: Any) -> None:
        (self.folder / "cdk.json").write_text(json.dumps({"context": {"stethoscript": chosen}}), encoding="utf-8")

    def context(self, **more: Any) -> DoctorContext:
        usual: dict[str, Any] = {"now": NOW.timestamp}
        return DoctorContext("clinic", lambda name: self.services[name], self.folder, **usual | more)

    def found(self, check: str, **more: Any) -> list[Any]:
        return list(made(CHECKS[check], self.context(**more)))


@pytest.fixture
def account(tmp_path: Path) -> CheckedAccount:
    return CheckedAccount(tmp_path)


def test_every_check_passes_in_a_healthy_account(account):
    found = [(name, each) for name, each in examine(account.context()) if name not in TOOLS]
    assert {each.health for _, each in found} == {Health.OK}, found
    assert {name for name, _ in found} == set(CHECKS) - set(TOOLS)


MISSING = refusal("ResourceNotFoundException")
OURS = key_policy.full_policy("clinic", KeyLocation("aws", ACCOUNT, "us-east-1"))
LACKS_LOGS = OURS[:-1]
FROM_ONE_NETWORK = {"Sid": "OneNetwork", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
                    "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}  # fmt: skip
BROKEN, ATTENTION, UNKNOWN = Health.BROKEN, Health.ATTENTION, Health.UNKNOWN

# check: service, call, its answer → the health, and the beginning of the sentence
DEFECTS: list[tuple[str, str, str, Any, Health, str]] = [
    ("credentials", "sts", "get_caller_identity", NoCredentialsError(), BROKEN, "There are no AWS credentials"),
    ("credentials", "sts", "get_caller_identity", refusal("ExpiredToken"), BROKEN, "AWS does not take these"),
    ("credentials", "sts", "get_caller_identity", expired(NOW - timedelta(minutes=9)), BROKEN,
     "This machine's clock is 9 min ahead of AWS's, which refuses"),
    ("credentials", "sts", "get_caller_identity", identity(arn=f"arn:aws:iam::{ACCOUNT}:root"), ATTENTION,
     "You are the account's root user."),
    ("clock", "sts", "get_caller_identity", identity(NOW + timedelta(minutes=1)), ATTENTION,
     "This machine's clock is 60 s behind AWS's."),
    ("clock", "sts", "get_caller_identity", identity(NOW + timedelta(minutes=5)), BROKEN,
     "This machine's clock is 5 min behind AWS's, which refuses"),
    ("region", "transcribe", "list_medical_transcription_jobs", refusal("UnknownOperationException"), BROKEN,
     "Transcribe Medical does not answer in us-east-1 (UnknownOperationException)."),
    ("region", "transcribe", "list_medical_transcription_jobs", refusal("AccessDeniedException"), UNKNOWN,
     "AWS does not let you look: that needs transcribe:ListMedicalTranscriptionJobs."),
    ("bootstrap", "ssm", "get_parameter", refusal("ParameterNotFound"), BROKEN,
     "The account has not been bootstrapped"),
    ("bootstrap", "ssm", "get_parameter", {"Parameter": {"Value": "4"}}, BROKEN,
     "The CDK's bootstrap is version 4, too old"),
    ("bootstrap", "ssm", "get_parameter", {"Parameter": {"Value": "14"}}, ATTENTION,
     "The CDK's bootstrap is version 14, which trusts"),
    ("quotas", "service-quotas", "get_service_quota", {"Quota": {"Value": 100.0}}, ATTENTION,
     "quotas.concurrent_jobs is 250, and the account may run 100"),
    ("quotas", "transcribe", "list_medical_transcription_jobs", {"MedicalTranscriptionJobSummaries": [{}] * 200},
     ATTENTION, "200 of 250 medical jobs run"),
    ("quotas", "service-quotas", "get_service_quota", refusal("AccessDeniedException"), UNKNOWN,
     "AWS does not let you look: that needs servicequotas:GetServiceQuota"),
    ("functions at once", "lambda", "get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": 9}},
     BROKEN, "All functions of the account together may run 9 at once, and this deployment alone wants 10"),
    ("opt-out", "organizations", "describe_effective_policy", refusal("AWSOrganizationsNotInUseException"), ATTENTION,
     "Amazon may keep and use what Transcribe hears: the account is in no organisation"),
    ("opt-out", "organizations", "describe_effective_policy", refusal("EffectivePolicyNotFoundException"), ATTENTION,
     "Amazon may keep and use what Transcribe hears: no AI services"),
    ("opt-out", "organizations", "describe_effective_policy", opted("optIn"), ATTENTION,
     "Amazon may keep and use what Transcribe hears: the AI services"),
    ("opt-out", "organizations", "describe_effective_policy", refusal("AccessDeniedException"), UNKNOWN,
     "AWS does not let you look: that needs organizations:DescribeEffectivePolicy."),
    ("cost tags", "ce", "list_cost_allocation_tags", {"CostAllocationTags": []}, ATTENTION,
     "The tag `application` is not activated"),
    ("deployment", "cloudformation", "describe_stacks", stacks(storage=None), ATTENTION,
     "No deployment is called clinic"),
    ("key", "kms", "describe_key", {"KeyMetadata": {"KeyState": "PendingDeletion", "KeySpec": "SYMMETRIC_DEFAULT",
     "KeyUsage": "ENCRYPT_DECRYPT"}}, BROKEN, "The key is going to be deleted"),
    ("key", "kms", "describe_key", {"KeyMetadata": {"KeyState": "Enabled", "KeySpec": "RSA_2048",
     "KeyUsage": "SIGN_VERIFY"}}, BROKEN, "The key does not encrypt symmetrically."),
    ("key", "kms", "get_key_rotation_status", {"KeyRotationEnabled": False}, ATTENTION, "The key is not rotated."),
    ("key", "kms", "get_key_rotation_status", refusal("AccessDeniedException"), UNKNOWN,
     "Whether the key is rotated cannot be seen"),
    ("key", "kms", "get_key_policy", policy(*LACKS_LOGS), BROKEN, "The key's policy lacks what Logs allows"),
    ("key", "kms", "get_key_policy", policy(*OURS, FROM_ONE_NETWORK), UNKNOWN,
     "Whether the key's policy allows what Account does depends on who asks"),
    ("key", "kms", "describe_key", refusal("NotFoundException"), BROKEN, "There is no such key"),
    ("stacks", "cloudformation", "describe_stacks", stacks(monitoring=None), BROKEN,
     "The stack clinic-monitoring is missing: the deployment is half done."),
    ("stacks", "cloudformation", "describe_stacks", stacks(pipeline={"StackStatus": "ROLLBACK_COMPLETE"}), BROKEN,
     "The stack clinic-pipeline was never made"),
    ("stacks", "cloudformation", "describe_stacks", stacks(pipeline={"StackStatus": "UPDATE_ROLLBACK_FAILED"}), BROKEN,
     "The stack clinic-pipeline is stuck half-way back"),
    ("stacks", "cloudformation", "describe_stacks", stacks(pipeline={"StackStatus": "DELETE_FAILED"}), BROKEN,
     "The stack clinic-pipeline is DELETE_FAILED."),
    ("stacks", "cloudformation", "describe_stacks", stacks(storage={"StackStatus": "UPDATE_ROLLBACK_COMPLETE"}),
     ATTENTION, "The last update of clinic-storage failed and was taken back"),
    ("stacks", "cloudformation", "describe_stacks", stacks(storage={"StackStatus": "UPDATE_IN_PROGRESS"}), ATTENTION,
     "The stack clinic-storage is being changed"),
    ("drift", "cloudformation", "describe_stacks",
     stacks(storage={"DriftInformation": {"StackDriftStatus": "NOT_CHECKED"}}), UNKNOWN,
     "clinic-storage was never compared with its template."),
    ("drift", "cloudformation", "describe_stacks", stacks(storage={"LastUpdatedTime": NOW + timedelta(hours=1)}),
     UNKNOWN, "clinic-storage was last compared before it was changed."),
    ("drift", "cloudformation", "describe_stacks", stacks(storage=compared(NOW - timedelta(days=31))), UNKNOWN,
     "clinic-storage was last compared 31 d 0 h ago."),
    ("functions", "lambda", "get_function_concurrency", {"ReservedConcurrentExecutions": 0}, BROKEN,
     "The function clinic-start-transcription is stopped"),
    ("functions", "lambda", "get_function_configuration", MISSING, BROKEN,
     "The function clinic-start-transcription is missing."),
    ("functions", "lambda", "get_function_configuration", {"State": "Failed", "StateReasonCode": "KMSKeyDisabled"},
     BROKEN, "The function clinic-start-transcription cannot run (KMSKeyDisabled)."),
    ("functions", "lambda", "get_function_configuration", {"LastUpdateStatus": "Failed"}, BROKEN,
     "The last update of the function clinic-start-transcription failed"),
    ("functions", "iam", "list_attached_role_policies", refusal("NoSuchEntity"), BROKEN,
     "The role of clinic-start-transcription is gone"),
    ("functions", "iam", "list_attached_role_policies", {"AttachedPolicies": []}, BROKEN,
     "The role of clinic-start-transcription has lost its policy"),
    ("queues", "lambda", "list_event_source_mappings", {"EventSourceMappings": []}, BROKEN,
     "Nobody takes from the intake queue"),
    ("queues", "lambda", "list_event_source_mappings", mappings_that(State="Disabled"), BROKEN,
     "The intake queue's way to its function is switched off"),
    ("queues", "lambda", "list_event_source_mappings", mappings_that(LastProcessingResult="PROBLEM: access denied"),
     BROKEN, "Lambda cannot take from the intake queue (PROBLEM: access denied)."),
    ("intake", "s3", "get_bucket_notification_configuration", {}, BROKEN, "S3 tells nobody of uploads"),
    ("intake", "s3", "get_bucket_notification_configuration", {"QueueConfigurations": [
     {"QueueArn": f"{QUEUE}intake", "Events": ["s3:ObjectCreated:Put"]}]}, BROKEN, "S3 tells of some uploads only"),
    ("intake", "sqs", "get_queue_attributes", {"Attributes": {}}, BROKEN, "S3 may not send to the intake queue"),
    ("signals", "s3", "get_bucket_notification_configuration", {}, BROKEN, "The work bucket tells EventBridge nothing"),
    ("signals", "events", "describe_rule", {"State": "DISABLED"}, BROKEN,
     "The rule clinic-transcript-written is disabled"),
    ("signals", "events", "describe_rule", MISSING, BROKEN, "The rule clinic-transcript-written is missing"),
    ("signals", "events", "list_targets_by_rule", {"Targets": []}, BROKEN,
     "The rule clinic-transcript-written does not go to the completion queue."),
    ("signals", "sqs", "get_queue_attributes", {"Attributes": {}}, BROKEN,
     "EventBridge may not send to the completion queue"),
    ("reconciler", "scheduler", "get_schedule", MISSING, BROKEN, "The reconciler has no schedule"),
    ("reconciler", "scheduler", "get_schedule", {"State": "DISABLED"}, BROKEN, "The reconciler's schedule is switched"),
    ("reconciler", "logs", "filter_log_events", {"events": []}, BROKEN,
     "The reconciler has not come to an end for 15 min."),
    ("vocabularies", "lambda", "get_function_configuration", {"Environment": {"Error": {"ErrorCode": "AccessDenied"}}},
     UNKNOWN, "Which vocabularies the profiles name cannot be seen"),
    ("vocabularies", "transcribe", "get_medical_vocabulary", {"VocabularyState": "FAILED"}, BROKEN,
     "The medical vocabulary clinic-drugs-1 is FAILED."),
    ("vocabularies", "transcribe", "get_medical_vocabulary", refusal("NotFoundException"), BROKEN,
     "The medical vocabulary clinic-drugs-1 is gone"),
    ("subscriptions", "sns", "list_subscriptions_by_topic", subscribed("PendingConfirmation"), ATTENTION,
     "1 by email to the completion topic: not confirmed"),
    ("subscriptions", "sns", "list_subscriptions_by_topic", subscribed("Deleted"), ATTENTION,
     "Nobody subscribes to the completion topic"),
    ("dead letters", "sqs", "get_queue_attributes", {"Attributes": {"ApproximateNumberOfMessages": "2"}}, BROKEN,
     "2 dead letters of the intake queue"),
    ("alarms", "cloudwatch", "describe_alarms", {"MetricAlarms": [alarm(StateValue="ALARM")]}, BROKEN,
     "The alarm clinic-stuck is set. Transcribe has worked for a day."),
    ("alarms", "cloudwatch", "describe_alarms", {"MetricAlarms": [alarm(ActionsEnabled=False)]}, BROKEN,
     "Alarms that are switched off: clinic-stuck."),
    ("alarms", "cloudwatch", "describe_alarms", {"MetricAlarms": [alarm(AlarmActions=[f"{TOPIC}other"])]}, BROKEN,
     "Alarms that do not tell the operations topic: clinic-stuck."),
    ("alarms", "cloudwatch", "describe_alarms", {"MetricAlarms": [alarm(AlarmName="clinic-east-stuck")]}, BROKEN,
     "The alarm clinic-stuck was deleted."),
    ("alarms", "cloudformation", "list_stack_resources", {"StackResourceSummaries": []}, BROKEN,
     "There are no alarms"),
    ("buckets", "s3", "get_bucket_versioning", {"Status": "Suspended"}, BROKEN, "The intake bucket keeps no versions"),
    ("buckets", "s3", "get_bucket_encryption", encryption("alias/aws/s3"), BROKEN,
     "The intake bucket encrypts under another key"),
    ("buckets", "s3", "get_public_access_block", refusal("NoSuchPublicAccessBlockConfiguration"), BROKEN,
     "The intake bucket's block of public access is off."),
    ("buckets", "s3", "get_bucket_policy", refusal("NoSuchBucketPolicy"), BROKEN,
     "The intake bucket's policy no longer refuses what is not encrypted"),
    ("buckets", "s3", "get_bucket_policy", policy(TLS_ONLY, {"Effect": "Allow", "Principal": "*", "Action": "*"}),
     BROKEN, "The policy of the intake bucket itself lets somebody in."),
    ("buckets", "s3", "get_bucket_policy", policy(TLS_ONLY | {"Action": "s3:PutObject"}), BROKEN,
     "The intake bucket's policy no longer refuses what"),
    ("buckets", "s3", "get_bucket_policy", policy(TLS_ONLY | {"Resource": f"arn:aws:s3:::{BUCKETS['intake']}/a/*"}),
     BROKEN, "The intake bucket's policy no longer refuses"),
    ("ledger", "dynamodb", "describe_table", {"Table": {"TableStatus": "ACTIVE"}}, ATTENTION,
     "The ledger may be deleted"),
    ("ledger", "dynamodb", "describe_table", {"Table": {"TableStatus": "DELETING"}}, BROKEN, "The ledger is DELETING."),
    ("ledger", "dynamodb", "describe_continuous_backups", {"ContinuousBackupsDescription": {}}, ATTENTION,
     "The ledger cannot be restored"),
]  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS, ids=[each[-1][:60] for each in DEFECTS])
def test_each_defect_has_its_own_sentence_and_a_remedy(account, defect):
    check, service, call, answer, health, sentence = defect
    account.services[service].answers[call] = answer
    first = next(each for each in account.found(check) if each.health is not Health.OK)
    assert first.sentence.startswith(sentence)
    assert first.health is health
    assert first.remedy or health is Health.UNKNOWN


def test_the_sentences_are_all_different():
    assert len({sentence for *_, sentence in DEFECTS}) == len(DEFECTS)


def test_a_region_without_transcribe_medical_gets_a_list_of_regions_with_it(account):
    account.services["sts"].meta.region_name = "eu-central-2"
    account.services["transcribe"].answers["list_medical_transcription_jobs"] = EndpointConnectionError(endpoint_url="")
    (finding,) = account.found("region")
    assert (finding.health, finding.sentence) == (Health.BROKEN, "There is no Transcribe Medical in eu-central-2.")
    assert "eu-central-1" in finding.remedy


def test_a_region_that_answers_and_is_not_listed_is_reported(account):
    account.services["sts"].meta.region_name = "ca-west-1"
    (finding,) = account.found("region")
    assert finding.health is Health.ATTENTION


def test_every_listed_region_has_transcribe_in_the_sdk():
    session = botocore.session.get_session()
    known = {
        region
        for partition in ("aws", "aws-us-gov")
        for region in session.get_available_regions("transcribe", partition, allow_non_regional=True)
    }
    assert known >= REGIONS


def test_the_default_quota_is_used_for_an_account_without_its_own(account):
    quotas = account.services["service-quotas"].answers
    quotas["get_service_quota"] = refusal("NoSuchResourceException")
    quotas["get_aws_default_service_quota"] = {"Quota": {"Value": 250.0}}
    assert account.found("quotas")[0].sentence == "0 of 250 medical jobs run."


def test_a_customer_key_s_missing_statements_are_listed_exactly(account):
    brought = KEY.replace("key/1", "key/2")
    account.choose(CHOSEN | {"key_arn": brought})
    account.services["cloudformation"].answers["describe_stacks"] = stacks(storage=None)
    where = KeyLocation("aws", ACCOUNT, "us-east-1")
    wanted = [need.statement for need in key_policy.required_statements("clinic", where)]
    account.services["kms"].answers["get_key_policy"] = policy(wanted[0])
    lacking = [each.evidence for each in account.found("key") if each.health is Health.BROKEN]
    assert lacking == wanted[1:]
    account.services["kms"].answers["get_key_policy"] = policy(wanted[0], *lacking)
    assert {each.health for each in account.found("key")} == {Health.OK}


def test_a_key_of_another_region_is_refused_before_anything_is_deployed(account):
    account.choose(CHOSEN | {"key_arn": KEY.replace("us-east-1", "eu-west-1")})
    account.services["cloudformation"].answers["describe_stacks"] = stacks(storage=None)
    assert [each.sentence for each in account.found("key")] == ["The key is in another Region."]


def test_a_key_of_another_account_is_refused_before_anything_is_deployed(account):
    account.choose(CHOSEN | {"key_arn": KEY.replace(ACCOUNT, "999999999999")})
    account.services["cloudformation"].answers["describe_stacks"] = stacks(storage=None)
    (finding,) = account.found("key")
    assert (finding.health, finding.sentence) == (BROKEN, "The key is another account's.")


def test_a_key_that_is_disabled_is_named_as_such_before_anything_is_deployed(account):
    account.choose(CHOSEN | {"key_arn": KEY})
    account.services["cloudformation"].answers["describe_stacks"] = stacks(storage=None)
    disabled = {"KeyState": "Disabled", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}
    account.services["kms"].answers["describe_key"] = {"KeyMetadata": disabled}
    broken = [each for each in account.found("key") if each.health is BROKEN]
    assert [each.sentence for each in broken] == ["The key is disabled: nothing can be read or written."]
    assert "aws kms enable-key" in broken[0].remedy


def test_the_deploying_role_s_missing_permissions_are_listed(account):
    account.services["iam"].answers["simulate_principal_policy"] = simulated("kms:CreateKey", "iam:PassRole")
    (finding,) = account.found("deploying")
    assert finding.health is BROKEN
    assert finding.sentence.startswith("The CDK's role that deploys may not iam:PassRole, kms:CreateKey: ")
    assert "docs/rights" in finding.remedy
    account.services["iam"].answers["simulate_principal_policy"] = refusal("NoSuchEntity")
    assert [each.health for each in account.found("deploying")] == [Health.UNKNOWN]


def test_in_govcloud_an_inapplicable_policy_is_not_required(account):
    arn = f"arn:aws-us-gov:sts::{ACCOUNT}:assumed-role/operator/me"
    account.services["sts"].answers["get_caller_identity"] = identity(arn=arn)
    account.services["organizations"].answers["describe_effective_policy"] = refusal("UnsupportedAPIEndpointException")
    (finding,) = account.found("opt-out")
    assert finding.health is Health.OK


def test_configuring_another_key_than_the_deployed_one_is_reported(account):
    account.choose(CHOSEN | {"key_arn": KEY.replace("key/1", "key/2")})
    (finding,) = [each for each in account.found("key") if each.health is Health.BROKEN]
    assert finding.sentence.startswith("The choices name another key than was deployed")
    assert KEY in finding.remedy


def test_a_configured_resource_that_the_region_s_cloudformation_lacks_is_reported(account):
    account.services["sts"].meta.region_name = "us-gov-west-1"
    assert {each.health for each in account.found("region")} == {Health.OK}
    budget = {"monthly_dollars": 800, "emails": ["finance@clinic.example"]}
    account.choose({"name": "clinic", "profiles": {"dictation/": {"vocabulary_name": "drugs"}}, "budget": budget})
    broken = [each.sentence for each in account.found("region") if each.health is Health.BROKEN]
    assert [sentence.partition(" in us-gov-west-1")[0] for sentence in broken] == [
        "CloudFormation cannot make medical vocabularies",
        "CloudFormation cannot make budgets",
    ]


def test_the_list_of_those_regions_matches_cloudformation_s_schemas():
    """One Region has no schema there, so it cannot be checked."""
    schemas = resources.files("cfnlint.data.schemas.providers")
    lacking = set()
    for region in REGIONS - {"me-south-1"}:
        types = json.loads(schemas.joinpath(f"{region}.json").read_text(encoding="utf-8"))
        there = {kind in types for kind in ("AWS::Transcribe::MedicalVocabulary", "AWS::Budgets::Budget")}
        assert len(there) == 1
        lacking |= {region} if there == {False} else set()
    assert lacking == INCOMPLETE


def test_a_missing_subscription_is_reported_without_the_address(account):
    emails = {"completion": ["Jane@b.c"], "operations": ["jane@b.c", "john@b.c"]}
    account.choose(CHOSEN | {"emails": emails})
    (finding,) = [each for each in account.found("subscriptions") if each.health is Health.BROKEN]
    assert finding.sentence.startswith("1 by email that the choices name, not subscribed to the operations topic")
    assert "aws sns subscribe" in finding.remedy
    assert "john" not in str(finding)


def test_on_the_embedded_cloud_the_checks_that_need_aws_are_skipped_in_one_line(account):
    account.services["sts"].meta.endpoint_url = "http://127.0.0.1:4566"
    account.services["sts"].answers["get_caller_identity"] = identity(arn=f"arn:aws:iam::{ACCOUNT}:root")
    account.services["dynamodb"].answers["describe_continuous_backups"] = {"ContinuousBackupsDescription": {}}
    account.services["lambda"].answers["get_function_concurrency"] = {"ReservedConcurrentExecutions": 0}
    account.services["events"].answers["describe_rule"] = MISSING
    found = list(examine(account.context()))
    (last,) = [each.sentence for name, each in found if name == "aws"]
    assert last.endswith("look at: deploying, quotas, functions at once, opt-out, cost tags.")
    assert not {name for name, _ in found} & {"deploying", "quotas", "opt-out", "cost tags", "functions at once"}
    assert {each.health for name, each in found if name in ("credentials", "ledger")} == {Health.OK}
    assert {each.remedy for name, each in found if name == "signals" and each.remedy} == {
        "Bring back what was deployed: `make cloud-stacks`."
    }


def test_a_configuration_file_is_checked_and_deployed_as_a_file(account):
    file = account.folder / "ward.json"
    file.write_text(json.dumps(CHOSEN), encoding="utf-8")
    account.choose(CHOSEN | {"name": "another"})
    account.services["events"].answers["describe_rule"] = MISSING
    found = list(examine(account.context(file=file)))
    assert f"{file}'s choices can be deployed." in [each.sentence for _, each in found]
    remedies = {each.remedy for name, each in found if name == "signals"}
    assert f"Bring back what was deployed: `make restore CONFIG={file}`." in remedies
    others = {each.remedy for name, each in examine(account.context()) if name == "signals"}
    assert "Bring back what was deployed: `make restore CONFIG=<the file of its choices>`." in others


def test_profiles_that_differ_from_the_deployed_ones_are_reported(account):
    function = {"Environment": {"Variables": {"PROFILES": '{"dictation/": {}, "letters/": {}}'}}}
    account.services["lambda"].answers["get_function_configuration"] = function
    (finding,) = account.found("choices")
    assert (finding.health, finding.sentence) == (ATTENTION, "cdk.json's profiles are not the deployed ones.")


def test_before_a_deployment_only_its_prerequisites_are_checked(account):
    account.services["cloudformation"].answers["describe_stacks"] = stacks(storage=None)
    found = dict(examine(account.context()))
    assert set(found) == {name for name, check in CHECKS.items() if not check.of_deployment}
    assert found["key"].sentence == "A key will be made."


def test_resources_left_by_a_destroyed_deployment_must_be_imported_first(account):
    account.services["cloudformation"].answers["describe_stacks"] = stacks(storage=None)
    account.services["s3"].answers["head_bucket"] = {}
    (finding,) = account.found("deployment")
    assert finding.health is Health.BROKEN
    assert finding.sentence.endswith("But a deployment of that name has left its recordings.")
    assert "operations import" in finding.remedy


def test_a_deployment_in_creation_does_not_count_as_destroyed(account):
    account.services["cloudformation"].answers["describe_stacks"] = stacks(storage={"Outputs": []})
    account.services["s3"].answers["head_bucket"] = {}
    (finding,) = account.found("deployment")
    assert finding.health is Health.ATTENTION
    assert "not (yet) a complete deployment" in finding.sentence


GONE = [
    ("ledger", "dynamodb", "describe_table", "ResourceNotFoundException"),
    ("buckets", "s3", "get_bucket_versioning", "NoSuchBucket"),
    ("intake", "s3", "get_bucket_notification_configuration", "NoSuchBucket"),
    ("queues", "lambda", "list_event_source_mappings", "ResourceNotFoundException"),
    ("dead letters", "sqs", "get_queue_url", "AWS.SimpleQueueService.NonExistentQueue"),
    ("subscriptions", "sns", "list_subscriptions_by_topic", "NotFound"),
]


@pytest.mark.parametrize(("check", "service", "call", "code"), GONE, ids=[each[0] for each in GONE])
def test_a_missing_resource_is_broken_and_has_a_remedy(account, check, service, call, code):
    context = account.context()
    assert context.deployment
    account.services[service].answers[call] = refusal(code)
    (finding,) = made(CHECKS[check], context)
    assert finding.health is Health.BROKEN
    assert finding.sentence.startswith("What this looks at is gone (")
    assert "make restore" in finding.remedy


def test_the_alarms_of_a_missing_stack_are_missing(account):
    answer = refusal("ValidationError", "Stack with id clinic-monitoring does not exist")
    account.services["cloudformation"].answers["list_stack_resources"] = answer
    (finding,) = account.found("alarms")
    assert finding.health is Health.BROKEN


def test_a_stack_that_cannot_be_compared_does_not_prevent_the_other_comparisons(account):
    def detect(StackName: str) -> Any:  # noqa: N803
        busy = refusal("ValidationError", "Stack is in UPDATE_IN_PROGRESS state")
        return busy if StackName == "clinic-storage" else {"StackDriftDetectionId": "1"}

    cloudformation = account.services["cloudformation"].answers
    cloudformation["describe_stacks"] = stacks(pipeline=None)
    cloudformation["detect_stack_drift"] = detect
    sentences = [each.sentence for each in account.found("drift", compare=True)]
    assert sentences[0] == "CloudFormation does not compare clinic-storage just now: it is being changed."
    assert [sentence.partition(" ")[0] for sentence in sentences[1:]] == ["clinic-storage", "clinic-monitoring"]


def test_a_new_deployment_s_reconciler_is_given_time(account):
    young = {"CreationTime": datetime.now(UTC)}
    account.services["cloudformation"].answers["describe_stacks"] = stacks(pipeline=young)
    account.services["logs"].answers["filter_log_events"] = {"events": []}
    (finding,) = account.found("reconciler")
    assert finding.health is Health.UNKNOWN


def test_a_manual_change_is_named_after_cloudformation_s_comparison(account):
    cloudformation = account.services["cloudformation"].answers
    cloudformation["describe_stacks"] = stacks(pipeline={"DriftInformation": {"StackDriftStatus": "DRIFTED"}})
    status = iter(["DETECTION_IN_PROGRESS", "DETECTION_COMPLETE"] * 3)
    cloudformation["describe_stack_drift_detection_status"] = lambda **_: {"DetectionStatus": next(status)}
    changed = {
        "ResourceType": "AWS::Lambda::Function",
        "LogicalResourceId": "Start",
        "StackResourceDriftStatus": "MODIFIED",
    }
    deleted = {"ResourceType": "AWS::Events::Rule", "LogicalResourceId": "Ended", "StackResourceDriftStatus": "DELETED"}
    path = {"PropertyDifferences": [{"PropertyPath": "/Timeout"}]}
    cloudformation["describe_stack_resource_drifts"] = {"StackResourceDrifts": [changed | path, deleted]}
    paused: list[float] = []
    found = account.found("drift", compare=True, pause=paused.append)
    assert [each.sentence for each in found if each.health is not Health.OK] == [
        "AWS::Lambda::Function Start of clinic-pipeline was changed by hand: /Timeout.",
        "AWS::Events::Rule Ended of clinic-pipeline was deleted by hand.",
    ]
    assert len(paused) == 3


def test_a_failed_or_endless_comparison_does_not_count_as_clean(account):
    cloudformation = account.services["cloudformation"].answers
    failed = {"DetectionStatus": "DETECTION_FAILED", "DetectionStatusReason": "no rights to one"}
    cloudformation["describe_stack_drift_detection_status"] = failed
    (first, *_) = account.found("drift", compare=True)
    assert first.health is Health.UNKNOWN
    assert first.sentence == "CloudFormation could not compare all of clinic-storage: no rights to one."
    cloudformation["describe_stack_drift_detection_status"] = {"DetectionStatus": "DETECTION_IN_PROGRESS"}
    passing = iter(range(int(NOW.timestamp()), sys.maxsize, 200))
    (first, *_) = account.found("drift", compare=True, now=lambda: next(passing), pause=lambda _seconds: None)
    assert first.sentence == "CloudFormation has compared clinic-storage for 5 min without an end."


def test_no_address_is_shown(account):
    account.services["sns"].answers["list_subscriptions_by_topic"] = subscribed("PendingConfirmation", f"{TOPIC}x:1")
    assert "jane" not in str(account.found("subscriptions"))


@pytest.mark.parametrize("check", CHECKS)
def test_no_check_ever_crashes_whatever_aws_answers(account, check):
    for answer in (refusal("AccessDenied"), refusal("InternalFailure", status=500), {}, None):
        for service in account.services.values():
            service.answers.update(dict.fromkeys(service.answers, answer))
        assert all(each.sentence for each in account.found(check))


@pytest.mark.parametrize("check", [name for name, each in CHECKS.items() if each.needs and name != "credentials"])
def test_a_missing_permission_is_named(account, check):
    needs = CHECKS[check].needs
    for name, service in account.services.items():
        if name not in ("sts", "cloudformation" if check not in ("deployment", "stacks", "drift") else ""):
            service.answers.update(dict.fromkeys(service.answers, refusal("AccessDenied")))
    context = account.context()
    if check in ("stacks", "drift"):  # a deployment that is found once and then missing
        account.services["cloudformation"].answers["describe_stacks"] = stacks()
        assert context.deployment
        account.services["cloudformation"].answers["describe_stacks"] = refusal("AccessDenied")
    found = [each for each in made(CHECKS[check], context) if each.health is Health.UNKNOWN]
    assert [each.sentence for each in found] == [f"AWS does not let you look: that needs {', '.join(needs)}."]


def test_the_operators_page_lists_all_permissions_that_doctor_needs():
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| `doctor` | `OperatorPolicyArn` |")]
    needs = {right for check in CHECKS.values() for right in check.needs}
    # Nobody is refused the one, and the other comes with what the function's settings are encrypted under.
    assert set(re.findall(r"`([a-z0-9]+:\w+)`", row)) == needs - {"sts:GetCallerIdentity", "kms:Decrypt"}


# --- policies, in every notation ---

NEEDS = [need.statement for need in key_policy.required_statements("clinic", KeyLocation("aws", ACCOUNT, "us-east-1"))]
WANTED = next(each for each in NEEDS if each["Sid"] == "IntakeToQueue")


@pytest.mark.parametrize(
    ("changed", "allowed"),
    [
        ({}, True),
        ({"Action": "kms:*"}, True),
        ({"Action": ["kms:decrypt", "kms:generateDataKey*"]}, True),
        ({"Action": "kms:Decrypt"}, False),
        ({"Condition": {}}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": [ACCOUNT, "1"]}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}}, False),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{BUCKETS['intake']}"}}}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::clinic-*"}}}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::clinic2-*"}}}, False),
        ({"Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{BUCKETS['intake']}-?"}}}, False),
        ({"Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:s3:::clinic-*"}}}, False),
        ({"Condition": {"StringLike": {"aws:SourceArn": "arn:aws:s3:::clinic-*"}}}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, False),
        ({"Condition": {"Null": {"aws:SourceAccount": "false"}}}, True),
        ({"Condition": {"Null": {"aws:SourceAccount": "true"}}}, False),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({"Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}, True),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, False),
        ({"Principal": "*"}, True),
        ({"Principal": {"Service": ["sqs.amazonaws.com", "s3.amazonaws.com"]}}, True),
        ({"Principal": {"Service": "events.amazonaws.com"}}, False),
        ({"Effect": "Deny"}, False),
    ],
    ids=str,
)
def test_a_statement_counts_if_it_allows_as_much_or_more(changed, allowed):
    assert resource_policies.allows([deepcopy(dict(WANTED)) | changed], WANTED) is allowed


def without_action(**more: Any) -> dict[str, Any]:
    return {name: value for name, value in {**WANTED, **more}.items() if name != "Action"}


def test_a_not_action_statement_allows_the_rest():
    assert resource_policies.allows([without_action(NotAction="kms:ScheduleKeyDeletion")], WANTED) is True
    assert resource_policies.allows([without_action(NotAction="kms:Decrypt")], WANTED) is False


NOT_A_SERVICE = {"Bool": {"aws:PrincipalIsAWSService": "false"}}


@pytest.mark.parametrize(
    ("forbids", "allowed"),
    [
        ({}, False),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, False),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/x"}}, True),
        ({"NotPrincipal": {"Service": "s3.amazonaws.com"}}, True),
        ({"NotPrincipal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, False),
        ({"Action": "kms:ScheduleKeyDeletion"}, True),
        ({"NotAction": "kms:Describe*"}, False),
        ({"NotAction": "kms:*"}, True),
        ({"Condition": NOT_A_SERVICE}, True),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({"Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}, **NOT_A_SERVICE}}, True),
        ({"Condition": {"StringNotEquals": {"aws:SourceAccount": [ACCOUNT]}}}, True),
        ({"Condition": {"StringNotEquals": {"aws:SourceAccount": ["1"]}}}, False),
        ({"Condition": {"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::*"}}}, True),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, None),
        ({"Condition": {"StringEquals": {"kms:CallerAccount": "1"}}}, None),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, **NOT_A_SERVICE}}, True),
    ],
    ids=str,
)
def test_a_deny_statement_counts_if_it_matches(forbids, allowed):
    statement = {"Effect": "Deny", **({} if "NotPrincipal" in forbids else {"Principal": "*"})}
    statement |= {} if "NotAction" in forbids else {"Action": "kms:*"}
    assert resource_policies.allows([WANTED, statement | forbids], WANTED) is allowed


ACCOUNT_NEED, LOGS = (next(each for each in NEEDS if each["Sid"] == sid) for sid in ("Account", "Logs"))


@pytest.mark.parametrize(
    ("principal", "condition"),
    [
        ({"AWS": ACCOUNT}, {}),
        ("*", {"StringEquals": {"kms:CallerAccount": ACCOUNT}}),
        ({"AWS": "*"}, {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}),
    ],
    ids=str,
)
def test_an_account_may_be_named_in_more_than_one_way(principal, condition):
    named = {**ACCOUNT_NEED, "Principal": principal, "Condition": condition}
    assert resource_policies.allows([named], ACCOUNT_NEED) is True
    assert resource_policies.allows([ACCOUNT_NEED, {**named, "Effect": "Deny"}], ACCOUNT_NEED) is False


def test_actions_may_be_denied_one_by_one():
    generate = ["kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"]
    actions = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", *generate, "kms:DescribeKey"]
    assert resource_policies.allows([{**LOGS, "Action": actions}], LOGS) is True
    denied = {"Effect": "Deny", "Principal": "*", "Action": "kms:ReEncryptFrom"}
    assert resource_policies.allows([LOGS, denied], LOGS) is False


def test_a_resource_with_an_unknown_name_may_be_denied():
    rules = next(each for each in NEEDS if each["Sid"] == "RulesToQueue")
    one = {"ArnLike": {"aws:SourceArn": rules["Condition"]["ArnLike"]["aws:SourceArn"].replace("*", "job-ended")}}
    forbids = {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Condition": one}
    assert resource_policies.allows([rules, forbids], rules) is None
    assert resource_policies.allows([{**rules, "Condition": one}], rules) is False


# --- this machine and folder ---


def folder(where: Path, **files: str) -> Path:
    for name, content in {"requirements.lock": "", "package.json": '{"devDependencies": {"aws-cdk": "2.1"}}'}.items():
        (where / name).write_text(files.get(name, content), encoding="utf-8")
    return where


def test_an_untested_version_of_a_package_is_reported(account):
    folder(account.folder, **{"requirements.lock": "boto3==0.1 \\\n    --hash=sha256:1\ntyper==0.1\n"})
    sentences = [each.sentence for each in account.found("packages") if each.health is Health.ATTENTION]
    assert [sentence.rpartition(" ")[0].partition(" ")[0] for sentence in sentences] == ["boto3", "typer"]
    assert all(sentence.endswith("what was tested is 0.1.") for sentence in sentences)


@pytest.mark.parametrize(
    ("said", "health", "sentence"),
    [(None, Health.BROKEN, "There is no node"), ("v18.2.0", Health.ATTENTION, "node is 18.2.0"),
     ("v24.1.0", Health.OK, "node 24.1.0"), ("", Health.BROKEN, "There is no node")],
)  # fmt: skip
def test_node_must_be_installed_and_supported(account, monkeypatch, said, health, sentence):
    binaries = account.folder / "bin"
    binaries.mkdir()
    monkeypatch.setenv("PATH", str(binaries))
    monkeypatch.setattr("sys.executable", str(binaries / "python"))
    if said is not None:
        (binaries / "node").write_text(f"#!/bin/sh\necho {said}\n", encoding="utf-8")
        (binaries / "node").chmod(0o755)
    (finding,) = account.found("node")
    assert finding.health is health
    assert finding.sentence.startswith(sentence)


@pytest.mark.parametrize(("installed", "health"), [(None, "broken"), ("1.9", "attention"), ("2.1", "ok")])
def test_the_cdk_must_be_installed_in_the_tested_version(account, installed, health):
    where = folder(account.folder) / "node_modules" / "aws-cdk"
    where.mkdir(parents=True)
    if installed:
        (where / "package.json").write_text(json.dumps({"version": installed}), encoding="utf-8")
    assert [each.health for each in account.found("cdk")] == [health]


@pytest.mark.parametrize(
    ("chosen", "health", "sentence"),
    [
        (CHOSEN, Health.OK, "cdk.json's choices can be deployed."),
        (CHOSEN | {"email": []}, Health.BROKEN, "The choices cannot be deployed: unknown setting email"),
        (CHOSEN | {"name": "ward"}, Health.ATTENTION, "cdk.json describes ward, not clinic"),
        ("nowhere.json", Health.BROKEN, "The choices cannot be deployed: cannot read "),
        (None, Health.BROKEN, "The choices cannot be deployed: it is missing"),
    ],
)
def test_the_configuration_must_be_valid_and_for_this_deployment(account, chosen, health, sentence):
    account.choose(chosen)
    (finding,) = account.found("choices")
    assert finding.health is health
    assert finding.sentence.startswith(sentence)


# --- the command ---


def run(account: CheckedAccount, *options: str) -> Any:
    return CliRunner().invoke(
        app, ["doctor", *options, "--name", "clinic"], obj=lambda service: account.services[service]
    )


def test_the_command_exits_with_0_if_nothing_is_broken_and_has_a_json_report(account):
    account.services["sts"].answers["get_caller_identity"] = identity(datetime.now(UTC))
    account.services["logs"].answers["filter_log_events"] = {
        "events": [{"timestamp": datetime.now(UTC).timestamp() * 1000, "message": '{"message": "reconciled"}'}]
    }
    ended = run(account, "--json")
    assert (ended.exit_code, json.loads(ended.stdout)["healthy"]) == (0, True), ended.output


def test_the_command_exits_with_an_error_if_something_is_broken_and_prints_the_remedy(account):
    account.services["sts"].answers["get_caller_identity"] = identity(datetime.now(UTC))
    account.services["kms"].answers["get_key_policy"] = policy(*LACKS_LOGS)
    ended = run(account)
    assert ended.exit_code == 1
    assert '"Sid": "Logs"' in ended.stdout


def test_without_credentials_the_command_checks_the_machine_and_exits_with_the_access_code(account):
    account.services["sts"].answers["get_caller_identity"] = NoCredentialsError()
    ended = run(account, "--json")
    assert ended.exit_code == 4
    assert {each["check"] for each in json.loads(ended.stdout)["findings"]} == {*TOOLS, "choices", "credentials"}
