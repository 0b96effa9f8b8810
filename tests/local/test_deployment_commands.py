"""`doctor` and `smoke` on the embedded cloud: a healthy deployment, and one with each possible defect."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import pytest
from typer.testing import CliRunner

from local import deployment
from local.deployment import Deployment
from operations import deployment as deployments
from operations.__main__ import app
from operations.doctor import CHECKS, DoctorContext, Health, made
from operations.erasure import Eraser
from operations.smoke import Smoke
from operations.smoke.report import Outcome, Report
from tests.local.deployed import deploy

NAME = "surgery"


class FastClock:
    """An hour ahead, and further with every pause."""

    def __init__(self) -> None:
        self.ahead = 3600.0

    def now(self) -> float:
        return time.time() + self.ahead

    def pause(self, seconds: float) -> None:
        self.ahead += 30 * seconds
        time.sleep(0.1)


class CheckedDeployment:
    """A deployment, and the account's root user, who breaks it."""

    def __init__(self, cloud: Any, deployed: Deployment) -> None:
        self.deployed = deployed
        self.client: Callable[[str], Any] = cache(cloud.client)

    @property
    def found(self) -> deployments.Deployment:
        return deployments.find(NAME, self.client)

    def queue(self, name: str) -> str:
        return self.found.queue(name)

    def mapping(self) -> str:
        listed = self.client("lambda").list_event_source_mappings(FunctionName=f"{NAME}-start-transcription")
        return str(listed["EventSourceMappings"][0]["UUID"])

    def looked(self, check: str, **more: Any) -> list[Any]:
        return list(made(CHECKS[check], DoctorContext(NAME, self.client, **more)))

    def smoke(self, **more: Any) -> Report:
        """A run whose eraser does not wait for the functions, so that its minutes take seconds."""
        clock = FastClock()
        usual: dict[str, Any] = {"patience": 40, "settling": 0}
        eraser = partial(Eraser, now=clock.now, pause=clock.pause)
        return Smoke(self.found, "dictation", eraser=eraser, **usual | more).run()


@pytest.fixture(scope="module")
def checked(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> CheckedDeployment:
    folder = tmp_path_factory.mktemp("surgery")
    there = CheckedDeployment(cloud, deploy(cloud, folder, name=NAME, job_poll_seconds=0))
    there.client("lambda").invoke(FunctionName=f"{NAME}-reconcile", Payload=b"{}")
    return there


ONLY_AWS = {name for name, check in CHECKS.items() if check.of_aws}
CANNOT_TELL = {"aws", "drift"}
"""The checks that need AWS, in one line, and the checks that nothing has answered yet."""
WANTING = {"choices", "subscriptions"}
"""The differences from a real deployment: cdk.json is of another deployment, and there is no subscriber."""


def test_a_healthy_deployment_passes_every_check(checked):
    ended = CliRunner().invoke(app, ["doctor", "--name", NAME, "--json"], obj=checked.client)
    found = json.loads(ended.stdout)["findings"]
    assert ended.exit_code == 0
    assert {each["check"] for each in found if each["health"] == "cannot tell"} == CANNOT_TELL
    assert {each["check"] for each in found if each["health"] == "attention"} == WANTING
    assert {each["check"] for each in found} == {*CHECKS, "aws"} - ONLY_AWS


def test_before_the_deployment_the_prerequisites_are_checked(checked):
    ended = CliRunner().invoke(app, ["doctor", "--name", "nowhere", "--json"], obj=checked.client)
    findings = {each["check"]: each for each in json.loads(ended.stdout)["findings"]}
    assert ended.exit_code == 0
    assert findings["deployment"]["sentence"].startswith("No deployment is called nowhere")
    assert NAME in findings["deployment"]["sentence"]


@contextmanager
def no_announcements(here: CheckedDeployment) -> Iterator[None]:
    s3, bucket = here.client("s3"), here.deployed["IntakeBucketName"]
    was = s3.get_bucket_notification_configuration(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    yield
    queues = {"QueueConfigurations": was["QueueConfigurations"]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=queues)


@contextmanager
def no_event_source_mapping(here: CheckedDeployment) -> Iterator[None]:
    mapping = here.mapping()
    here.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
    yield
    here.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)


@contextmanager
def no_versions(here: CheckedDeployment) -> Iterator[None]:
    s3, bucket = here.client("s3"), here.deployed["IntakeBucketName"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    yield
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


@contextmanager
def another_key_policy(here: CheckedDeployment) -> Iterator[None]:
    kms, key = here.client("kms"), here.deployed["KeyArn"]
    was = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    kept = [each for each in json.loads(was)["Statement"] if each["Sid"] != "AlarmsToTopic"]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": kept}))
    yield
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=was)


@contextmanager
def a_dead_letter(here: CheckedDeployment) -> Iterator[None]:
    url = here.queue("intake-dead-letters")
    here.client("sqs").send_message(QueueUrl=url, MessageBody="poison")
    yield
    here.client("sqs").purge_queue(QueueUrl=url)


@contextmanager
def an_alarm(here: CheckedDeployment) -> Iterator[None]:
    cloudwatch, name = here.client("cloudwatch"), f"{NAME}-stuck"
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    yield
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")


@contextmanager
def a_stopped_function(here: CheckedDeployment) -> Iterator[None]:
    lambda_, name = here.client("lambda"), f"{NAME}-deliver-transcript"
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    yield
    lambda_.delete_function_concurrency(FunctionName=name)


@contextmanager
def no_signal(here: CheckedDeployment) -> Iterator[None]:
    here.client("events").disable_rule(Name=f"{NAME}-transcript-written")
    yield
    here.client("events").enable_rule(Name=f"{NAME}-transcript-written")


@contextmanager
def an_old_bootstrap(here: CheckedDeployment) -> Iterator[None]:
    ssm, name = here.client("ssm"), "/cdk-bootstrap/hnb659fds/version"
    was = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.put_parameter(Name=name, Value="5", Type="String", Overwrite=True)
    yield
    ssm.put_parameter(Name=name, Value=was, Type="String", Overwrite=True)


@contextmanager
def open_to_the_public(here: CheckedDeployment) -> Iterator[None]:
    s3, bucket = here.client("s3"), here.deployed["TranscriptsBucketName"]
    was = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    s3.delete_public_access_block(Bucket=bucket)
    yield
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=was)


@contextmanager
def no_permission_to_send(here: CheckedDeployment) -> Iterator[None]:
    sqs, url = here.client("sqs"), here.queue("completion")
    was = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": was})


@contextmanager
def a_disabled_key(here: CheckedDeployment) -> Iterator[None]:
    here.client("kms").disable_key(KeyId=here.deployed["KeyArn"])
    yield
    here.client("kms").enable_key(KeyId=here.deployed["KeyArn"])


@contextmanager
def no_vocabulary(here: CheckedDeployment) -> Iterator[None]:
    transcribe = here.client("transcribe")
    function = here.client("lambda").get_function_configuration(FunctionName=f"{NAME}-start-transcription")
    (name,) = json.loads(function["Environment"]["Variables"]["VOCABULARIES"]).values()
    was = transcribe.get_medical_vocabulary(VocabularyName=name)
    assets = here.client("s3").list_objects_v2(Bucket="cdk-hnb659fds-assets-000000000000-us-east-1")["Contents"]
    table = next(each["Key"] for each in assets if each["Key"].endswith(".txt"))
    transcribe.delete_medical_vocabulary(VocabularyName=name)
    yield
    transcribe.create_medical_vocabulary(
        VocabularyName=name, LanguageCode=was["LanguageCode"],
        VocabularyFileUri=f"s3://cdk-hnb659fds-assets-000000000000-us-east-1/{table}",
    )  # fmt: skip
    while transcribe.get_medical_vocabulary(VocabularyName=name)["VocabularyState"] == "PENDING":
        time.sleep(0.1)


@contextmanager
def an_alarm_with_a_wrong_target(here: CheckedDeployment) -> Iterator[None]:
    cloudwatch, name = here.client("cloudwatch"), f"{NAME}-stuck"
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    members = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    was = {member: value for member, value in alarm.items() if member in members and value is not None}
    cloudwatch.put_metric_alarm(**was | {"AlarmActions": [here.deployed["CompletionTopicArn"]]})
    yield
    cloudwatch.put_metric_alarm(**was)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")


@contextmanager
def a_foreign_principal(here: CheckedDeployment) -> Iterator[None]:
    s3, bucket = here.client("s3"), here.deployed["TranscriptsBucketName"]
    was = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    stranger = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "s3:GetObject"}
    statements = [*json.loads(was)["Statement"], {**stranger, "Resource": f"arn:aws:s3:::{bucket}/*"}]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    yield
    s3.put_bucket_policy(Bucket=bucket, Policy=was)


@contextmanager
def a_role_without_policy(here: CheckedDeployment) -> Iterator[None]:
    iam, function = here.client("iam"), f"{NAME}-reconcile"
    found = here.client("lambda").get_function_configuration(FunctionName=function)
    role = found["Role"].rpartition("/")[2]
    (policy,) = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    yield
    iam.attach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])


DEFECTS: dict[str, tuple[Callable[[CheckedDeployment], Any], str]] = {
    "intake": (no_announcements, "S3 tells nobody of uploads"),
    "queues": (no_event_source_mapping, "The intake queue's way to its function is switched off"),
    "buckets": (no_versions, "The intake bucket keeps no versions"),
    "key": (
        another_key_policy,
        "The key's policy lacks what AlarmsToTopic allows: alarms cannot notify the operations topic.",
    ),
    "dead letters": (a_dead_letter, "1 dead letters of the intake queue"),
    "alarms": (an_alarm, f"The alarm {NAME}-stuck is set."),
    "functions": (a_stopped_function, f"The function {NAME}-deliver-transcript is stopped"),
    "signals": (no_signal, f"The rule {NAME}-transcript-written is disabled"),
    "bootstrap": (an_old_bootstrap, "The CDK's bootstrap is version 5, too old"),
    "buckets ": (open_to_the_public, "The transcripts bucket's block of public access is off."),
    "signals ": (no_permission_to_send, "EventBridge may not send to the completion queue"),
    "key ": (a_disabled_key, "The key is disabled: nothing can be read or written."),
    "alarms ": (an_alarm_with_a_wrong_target, f"Alarms that do not tell the operations topic: {NAME}-stuck."),
    "buckets  ": (a_foreign_principal, "The policy of the transcripts bucket itself lets somebody in."),
    "functions ": (a_role_without_policy, f"The role of {NAME}-reconcile has lost its policy"),
    "vocabularies": (no_vocabulary, "The medical vocabulary"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_has_its_own_sentence_until_it_is_repaired(checked, defect):
    plant, sentence = DEFECTS[defect]
    with plant(checked):
        (found,) = [each for each in checked.looked(defect.strip()) if each.health is Health.BROKEN]
    assert found.sentence.startswith(sentence)
    assert {each.health for each in checked.looked(defect.strip())} == {Health.OK}


def test_a_manual_change_is_named_after_the_comparison(checked):
    url = checked.queue("intake")
    checked.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7"})
    changed = [each for each in checked.looked("drift", compare=True) if each.health is Health.ATTENTION]
    checked.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1080"})
    assert len(changed) == 1
    assert "/VisibilityTimeout" in changed[0].sentence
    assert {each.health for each in checked.looked("drift", compare=True)} == {Health.OK}


def outcomes(report: Report) -> dict[str, str]:
    return {trial.what: f"{trial.outcome}: {trial.detail}" for trial in report.trials}


def left_over(checked: CheckedDeployment) -> list[str]:
    """The queues and subscriptions of a run, and all uploads, because nothing else uploads here."""
    queues = checked.client("sqs").list_queues(QueueNamePrefix=f"{NAME}-smoke-").get("QueueUrls", [])
    endpoints = [each["Endpoint"] for each in checked.client("sns").list_subscriptions()["Subscriptions"]]
    versions = checked.client("s3").list_object_versions(Bucket=checked.deployed["IntakeBucketName"])
    return [
        *queues,
        *(each for each in endpoints if "-smoke-" in each),
        *(each["Key"] for each in versions.get("Versions", [])),
    ]


def test_a_healthy_deployment_passes_the_smoke_test_and_nothing_remains(checked):
    report = checked.smoke()
    assert {trial.outcome for trial in report.trials} == {Outcome.PROVED, Outcome.OBSERVED}, outcomes(report)
    assert not report.aws
    assert not left_over(checked)
    assert {each.health for each in checked.looked("alarms")} == {Health.OK}


@pytest.mark.parametrize(
    ("plant", "what", "sentence"),
    [
        pytest.param(
            no_event_source_mapping,
            "The speech was DELIVERED",
            "failed: It has come to no end in 2 s.",
            marks=pytest.mark.proof,
        ),
        pytest.param(
            no_announcements,
            "The broken file was REJECTED",
            "failed: It has come to no end in 2 s.",
            marks=pytest.mark.proof,
        ),
        (a_disabled_key, "The speech was DELIVERED", "failed: It has come to no end in 2 s."),
    ],
)
def test_a_broken_deployment_fails_the_smoke_test_and_nothing_remains(checked, plant, what, sentence):
    with plant(checked):
        report = checked.smoke(patience=2)
    assert outcomes(report)[what].startswith(sentence)
    assert report.failed
    assert not left_over(checked)


@pytest.mark.proof
def test_ctrl_c_twice_in_the_real_command_leaves_nothing(checked, cloud):
    """This takes some minutes, until no function can be processing the recordings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "operations", "smoke", "--yes", "--name", NAME]
    with subprocess.Popen(
        command, cwd=deployment.ROOT, env={**kept, **cloud.environment, "NO_PROXY": "*"}, text=True,
        start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert "smoke --clean" in process.stderr.readline()
        assert "S3 took" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=600)
    assert process.returncode == 1
    assert "What was uploaded is erased" in said
    assert said.splitlines()[-1].startswith("Stopped;")
    assert not left_over(checked)
