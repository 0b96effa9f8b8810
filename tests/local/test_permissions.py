"""The roles of the deployed functions on the embedded cloud, which evaluates their policies as AWS does."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from local.cloud.cloud_process import Cloud
from local.recogniser import scripted
from tests.local.deployed import deploy
from tests.stacks.policy_evaluator import Request, allowed

FORBIDDEN = r"AccessDenied|AuthorizationError|not authorized"
UNKNOWN = rf"{FORBIDDEN}|Missing ?Authentication ?Token|NotFound|doesn't point to an S3 object"
"""Other accounts do not even learn whether a resource exists."""
THIEF = "a-thief"
PATIENCE = 40
Who = Callable[[str], Any]
"""Makes a caller's client of a service."""


class Deployed:
    """A deployment, and clients of any caller."""

    def __init__(self, cloud: Any, outputs: dict[str, str], name: str) -> None:
        self.cloud, self.name, self._outputs = cloud, name, outputs
        self.intake_queue = cloud.client("sqs").get_queue_url(QueueName=f"{name}-intake")["QueueUrl"]
        self.job = f"{name}-{'0' * 40}"

    def __getitem__(self, output: str) -> str:
        return self._outputs[output]

    def as_function(self, function: str) -> Who:
        """Clients with a function's role. On AWS only Lambda gets it; here the account's root user does."""
        found = self.cloud.client("lambda").get_function_configuration(FunctionName=f"{self.name}-{function}")
        given = self.cloud.client("sts").assume_role(RoleArn=found["Role"], RoleSessionName=THIEF)["Credentials"]
        keys = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        return cache(lambda service: self.cloud.client(service, **keys))

    def as_another_account(self) -> Who:
        """Clients of another account's root user."""
        keys = {"aws_access_key_id": "999999999999", "aws_secret_access_key": "test"}
        return cache(lambda service: self.cloud.client(service, **keys))

    def unsigned(self) -> Who:
        """Clients that sign nothing."""
        straight = Config(signature_version=UNSIGNED, proxies={}, retries={"total_max_attempts": 1})
        there: dict[str, Any] = {"endpoint_url": self.cloud.endpoint, "region_name": "us-east-1", "config": straight}
        return cache(lambda service: boto3.client(service, **there))

    def start(self, as_who: Who, **changed: Any) -> Any:
        """Start a job as the start function does, with these changes."""
        asked: dict[str, Any] = {
            "MedicalTranscriptionJobName": self.job,
            "LanguageCode": "en-US",
            "Media": {"MediaFileUri": f"s3://{self['WorkBucketName']}/staging/{self.job}.wav"},
            "OutputBucketName": self["WorkBucketName"],
            "OutputKey": f"raw/{self.job}.json",
            "OutputEncryptionKMSKeyId": self["KeyArn"],
            "Specialty": "PRIMARYCARE",
            "Type": "DICTATION",
        }
        return as_who("transcribe").start_medical_transcription_job(**{**asked, **changed})


@pytest.fixture(scope="session")
def deployed(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The deployment of other tests, or a new one."""
    try:
        [stack] = cloud.client("cloudformation").describe_stacks(StackName="clinic-storage")["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    except ClientError:
        outputs = dict(deploy(cloud, tmp_path_factory.mktemp("rights"), name="clinic").outputs)
    return Deployed(cloud, outputs, "clinic")


Attempt = Callable[[Deployed, Who], Any]

ATTEMPTS: dict[str, Attempt] = {
    "read a recording": lambda d, who: who("s3").get_object(Bucket=d["IntakeBucketName"], Key="dictation/a.wav"),
    "read a transcript": lambda d, who: who("s3").get_object(Bucket=d["TranscriptsBucketName"], Key="a"),
    "read a raw transcript": lambda d, who: who("s3").get_object(Bucket=d["WorkBucketName"], Key=f"raw/{d.job}.json"),
    "list transcripts": lambda d, who: who("s3").list_objects_v2(Bucket=d["TranscriptsBucketName"]),
    "upload": lambda d, who: who("s3").put_object(Bucket=d["IntakeBucketName"], Key="dictation/a.wav", Body=b""),
    "forge a transcript": lambda d, who: who("s3").put_object(Bucket=d["TranscriptsBucketName"], Key="a", Body=b""),
    "delete a recording": lambda d, who: who("s3").delete_object(Bucket=d["IntakeBucketName"], Key="dictation/a.wav"),
    "delete a transcript": lambda d, who: who("s3").delete_object(Bucket=d["TranscriptsBucketName"], Key="a"),
    "delete a raw transcript": lambda d, who: who("s3").delete_object(
        Bucket=d["WorkBucketName"], Key=f"raw/{d.job}.json"
    ),
    "open a bucket": lambda d, who: who("s3").put_bucket_policy(
        Bucket=d["TranscriptsBucketName"], Policy=json.dumps({"Version": "2012-10-17", "Statement": []})
    ),
    "start a job": lambda d, who: d.start(who),
    "start a job that writes into another bucket": lambda d, who: d.start(
        who, OutputBucketName=d["TranscriptsBucketName"]
    ),
    "start a job that writes beside": lambda d, who: d.start(who, OutputKey="staging/a.json"),
    "start a job under another key": lambda d, who: d.start(
        who, OutputEncryptionKMSKeyId="arn:aws:kms:us-east-1:000000000000:key/another"
    ),
    "read another's job": lambda _, who: who("transcribe").get_medical_transcription_job(
        MedicalTranscriptionJobName="another-deployment-1"
    ),
    "delete a job": lambda d, who: who("transcribe").delete_medical_transcription_job(
        MedicalTranscriptionJobName=d.job
    ),
    "read the whole ledger": lambda d, who: who("dynamodb").scan(TableName=d["LedgerTableName"]),
    "enter a row": lambda d, who: who("dynamodb").put_item(
        TableName=d["LedgerTableName"], Item={"recording": {"S": d.job}}
    ),
    "delete a row": lambda d, who: who("dynamodb").delete_item(
        TableName=d["LedgerTableName"], Key={"recording": {"S": d.job}}
    ),
    "publish a notification": lambda d, who: who("sns").publish(TopicArn=d["CompletionTopicArn"], Message="{}"),
    "set an alarm": lambda d, who: who("sns").publish(TopicArn=d["OperationsTopicArn"], Message="{}"),
    "subscribe to the topic": lambda d, who: who("sns").subscribe(
        TopicArn=d["CompletionTopicArn"], Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:999999999999:mine"
    ),
    "pass for another on the bus": lambda _, who: who("events").put_events(
        Entries=[{"Source": "somebody.else", "DetailType": "Recording delivered", "Detail": "{}"}]
    ),
    "announce a recording": lambda d, who: who("sqs").send_message(QueueUrl=d.intake_queue, MessageBody="{}"),
    "take announcements": lambda d, who: who("sqs").receive_message(QueueUrl=d.intake_queue),
    "empty a queue": lambda d, who: who("sqs").purge_queue(QueueUrl=d.intake_queue),
    "delete the key": lambda d, who: who("kms").schedule_key_deletion(KeyId=d["KeyArn"]),
    "use the key": lambda d, who: who("kms").generate_data_key(KeyId=d["KeyArn"], KeySpec="AES_256"),
    "pass the key on": lambda d, who: who("kms").create_grant(
        KeyId=d["KeyArn"], GranteePrincipal="arn:aws:iam::999999999999:root", Operations=["Decrypt"]
    ),
    "run a function": lambda d, who: who("lambda").invoke(FunctionName=f"{d.name}-reconcile"),
    "change a function": lambda d, who: who("lambda").update_function_code(
        FunctionName=f"{d.name}-reconcile", ZipFile=b"a"
    ),
    "make a user": lambda _, who: who("iam").create_user(UserName="mallory"),
}
"""Calls to try with any caller's clients."""

_NOBODY_S = {
    *("open a bucket", "forge a transcript", "delete a recording", "delete a transcript", "delete a raw transcript"),
    *("read a transcript", "list transcripts", "read another's job", "delete a job", "read the whole ledger"),
    *("delete a row", "set an alarm", "subscribe to the topic", "empty a queue", "delete the key", "pass the key on"),
    *("run a function", "change a function", "make a user", "upload", "pass for another on the bus"),
}
_STARTS = {attempt for attempt in ATTEMPTS if attempt.startswith("start a job")}
MUST_NOT = {
    "start-transcription": (_NOBODY_S | _STARTS | {"read a raw transcript"}) - {"start a job"},
    "deliver-transcript": (
        _NOBODY_S | _STARTS | {"read a recording", "enter a row", "announce a recording", "take announcements"}
    )
    - {"forge a transcript", "delete a raw transcript"},  # it writes transcripts, and removes a stopped job's output
    "reconcile": _NOBODY_S
    | _STARTS
    | {"read a recording", "read a raw transcript", "publish a notification", "take announcements"},
}
"""The refused calls of each function's role."""


@pytest.mark.parametrize("function", MUST_NOT)
def test_a_function_s_role_is_refused_every_foreign_call(deployed, function, summary_line):
    as_function = deployed.as_function(function)
    assert len(MUST_NOT[function]) >= 5
    assert not [what for what in sorted(MUST_NOT[function]) if not _is_refused(deployed, what, as_function)]
    summary_line(f"{function}: refused {len(MUST_NOT[function])} things that are not its work")


_OF_THEIR_OWN_ACCOUNT = {"make a user", "delete a job", "read another's job", "pass for another on the bus"}
"""Calls without a resource of ours: another account acts on its own resources."""


def test_an_unsigned_caller_gets_nothing(deployed, summary_line):
    nobody = deployed.unsigned()
    assert not [what for what in ATTEMPTS if not _is_refused(deployed, what, nobody, UNKNOWN)]
    summary_line(f"nobody: refused {len(ATTEMPTS)} things")


def test_another_account_gets_nothing(deployed, summary_line):
    foreigner, tried = deployed.as_another_account(), ATTEMPTS.keys() - _OF_THEIR_OWN_ACCOUNT
    assert not [what for what in sorted(tried) if not _is_refused(deployed, what, foreigner, UNKNOWN)]
    summary_line(f"another account: refused {len(tried)} things")


def test_every_attempt_succeeds_with_permission(deployed):
    """Otherwise a refusal would prove nothing."""
    as_root = cache(deployed.cloud.client)
    as_root("s3").put_object(Bucket=deployed["TranscriptsBucketName"], Key="a", Body=b"")
    for what in ("read a transcript", "list transcripts", "read the whole ledger", "use the key", "take announcements"):
        assert not _is_refused(deployed, what, as_root)


def _is_refused(deployed: Deployed, what: str, who: Who, by: str = FORBIDDEN) -> bool:
    try:
        ATTEMPTS[what](deployed, who)
    except ClientError as error:
        return re.search(by, str(error)) is not None
    return False


# IAM evaluations during other tests


@pytest.fixture
def evaluations(cloud: Cloud, deployed: Deployed, tmp_path: Path) -> list[dict[str, Any]]:
    """The IAM evaluations of the functions' roles in this run, at least one for each of the three."""
    recording = scripted.recording("0: Nothing to report.", tmp_path / "a.wav").read_bytes()
    as_root = deployed.cloud.client
    as_root("s3").put_object(Bucket=deployed["IntakeBucketName"], Key="dictation/last.wav", Body=recording)
    as_root("lambda").invoke(FunctionName=f"{deployed.name}-reconcile")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = [each for each in cloud.iam_decisions() if "-pipeline-" in each["by"] and THIEF not in each["by"]]
        if len({_role(question) for question in found}) >= 3:
            return found
        time.sleep(0.2)
    pytest.fail("not all functions ran")


@pytest.mark.afterwards
def test_every_call_on_the_cloud_is_allowed_by_the_role_s_policies(cloud, evaluations, summary_line):
    policies = {role: list(_statements(cloud, role)) for role in {_role(question) for question in evaluations}}
    outside = Counter(
        (_role(question), question["action"], question["resource"])
        for question in evaluations
        if not allowed(
            policies[_role(question)],
            Request(question["action"], question["resource"], context=question["context"]),
        )
    )
    assert not outside
    assert all(question["allowed"] for question in evaluations)
    assert not cloud.calls.stat().st_mode & 0o077  # it names recordings
    summary_line(f"{len(evaluations)} calls of deployed functions replayed, 0 outside the roles' policies")


def _role(question: dict[str, Any]) -> str:
    return str(question["by"].split("/")[1])


def _statements(cloud: Any, role: str) -> Iterator[dict[str, Any]]:
    iam = cloud.client("iam")
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)["PolicyVersion"]
        document = found["Document"]
        yield from (json.loads(document) if isinstance(document, str) else document)["Statement"]
