"""Every command under every policy of a deployment, on the embedded cloud, which enforces IAM."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import pytest
from typer.testing import CliRunner

from local import deployment
from local.recogniser import scripted
from operations import access_policies, permissions
from operations import deployment as deployments
from operations.__main__ import app
from operations.doctor import CHECKS
from operations.erasure import Eraser
from operations.smoke import Smoke
from operations.smoke.report import Outcome
from stacks import access_statements
from stacks.key_policy import KeyLocation
from stethoscript import queue_messages
from stethoscript.queue_messages import UploadMessage
from stethoscript.uploads import Upload
from tests.local.deployed import deploy
from tests.local.test_deployment_commands import FastClock
from tests.local.test_operations import DeploymentOperator
from tests.local.test_pipeline import PATIENCE
from tests.stacks.policy_evaluator import Request, used

NAME = "rota"
HEARS = "ReaderWithAudio"
"""The readers' policy as `readers_hear_audio` makes it."""
POLICIES = {**access_policies.POLICIES, HEARS: access_policies.reader(hears_audio=True)}


class Rota(DeploymentOperator):
    """A deployment, a user for each policy, and recordings in the states that commands look for."""

    def __init__(self, cloud: Any, deployed: Any, folder: Any) -> None:
        super().__init__(cloud, deployed, folder, NAME)
        self.names: dict[str, str] = {}
        self.keys = {name: self._user(name) for name in POLICIES}

    def recording(self, name: str) -> str:
        """An uploaded recording, which is remembered by this name."""
        self.names[name] = self.upload(f"dictation/{name}.wav", f"0: This is {name}.")
        return self.names[name]

    def command(self, line: str) -> list[str]:
        """A command line, with jobs and version ids for `<name>`."""
        return [re.sub(r"<(\w+)>", lambda found: self.names[found[1]], word) for word in line.split()]

    def run_as(self, policy: str, line: str) -> Any:
        """A command under a policy alone."""
        client = cache(lambda service: self.cloud.client(service, **self.keys[policy]))
        return CliRunner().invoke(app, [*self.command(line), "--name", NAME], obj=client)

    def first_line_as(self, policy: str, line: str) -> Any:
        """What a command that goes on until it is stopped puts out first."""
        with subprocess.Popen(
            [sys.executable, "-m", "operations", *self.command(line)], cwd=deployment.ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env={**os.environ, **self.cloud.environment, "NO_PROXY": "*", "STETHOSCRIPT_NAME": NAME,
                 **{name.upper(): value for name, value in self.keys[policy].items()}},
        ) as process:  # fmt: skip
            told = process.stdout.readline()
            process.kill()
            _, said = process.communicate(timeout=PATIENCE)
        assert told, said
        return json.loads(told)

    @contextmanager
    def moving(self, queue: str) -> Iterator[None]:
        """Somebody takes from this queue meanwhile, in a standstill."""
        lambda_ = self.client("lambda")
        listed = lambda_.list_event_source_mappings()["EventSourceMappings"]
        mapping = next(each["UUID"] for each in listed if each["EventSourceArn"].endswith(f":{NAME}-{queue}"))
        lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)
        yield
        lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)

    def _user(self, policy: str) -> Mapping[str, str]:
        iam, name = self.cloud.client("iam"), f"{NAME}-{policy}"
        iam.create_user(UserName=name)
        arn = self._with_audio(iam) if policy == HEARS else self.deployed[f"{policy}PolicyArn"]
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    def _with_audio(self, iam: Any) -> str:
        document = {"Version": "2012-10-17", "Statement": self.statements(HEARS)}
        made = iam.create_policy(PolicyName=f"{NAME}-{HEARS}", PolicyDocument=json.dumps(document))
        return str(made["Policy"]["Arn"])

    def statements(self, policy: str) -> list[dict[str, Any]]:
        """The policy's statements, as the stack makes them."""
        here = KeyLocation("aws", "000000000000", "us-east-1")
        profiles = json.loads(self.found.settings()["PROFILES"])
        made = access_statements.statements(POLICIES[policy], NAME, here, self.deployed["KeyArn"], list(profiles))
        return [
            {
                "Sid": each.sid, "Effect": "Allow", "Action": each.actions, "Resource": each.resources,
                **({"Condition": each.conditions} if each.conditions else {}),
            }
            for each in made
        ]  # fmt: skip

    def dead_letter(self, key: str, version: str) -> None:
        """A dead letter that speaks of an upload."""
        self.send(
            "intake-dead-letters", queue_messages.upload_message(UploadMessage(Upload(self.found.intake, key, version)))
        )

    def send(self, queue: str, body: str) -> None:
        """A message, as root."""
        self.client("sqs").send_message(QueueUrl=self.found.queue(queue), MessageBody=body)

    def lock(self) -> None:
        """Object Lock as on AWS, where the template asks for it; the local cloud does not read that."""
        enabled = {"ObjectLockEnabled": "Enabled"}
        for bucket in (self.deployed["IntakeBucketName"], self.deployed["TranscriptsBucketName"]):
            self.client("s3").put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=enabled)


@pytest.fixture(scope="module")
def rota(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rota]:
    folder = tmp_path_factory.mktemp(NAME)
    reconcile = {"every_minutes": 30, "grace_seconds": 900}
    made = Rota(cloud, deploy(cloud, folder, name=NAME, job_poll_seconds=0, reconcile=reconcile), folder)
    made.names["file"] = str(scripted.recording("0: Sent.", folder / "sent.wav"))
    made.lock()
    versions = {name: made.recording(name) for name in ("read", "failed", "again", "running", "erased")}
    made.names |= {name: made.notification_of(version)["job"] for name, version in versions.items()}
    for name in ("failed", "again"):
        made.rewrite(made.names[name], state="FAILED", reason="TooLarge", failure="as if Transcribe had said so")
    made.rewrite(made.names["running"], state="TRANSCRIBING", updated=int(time.time()))
    made.rewrite(made.names["erased"], started=int(time.time()) - 3600)
    made.names["erased"] = versions["erased"]
    key = "dictation/erased.wav"
    made.dead_letter(key, versions["erased"])
    made.client("s3").create_multipart_upload(Bucket=made.deployed["IntakeBucketName"], Key=key)
    with made.standstill("intake"):
        made.names["waiting"] = made.unannounced("dictation/waiting.wav", "0: Waits.")
        made.dead_letter("dictation/waiting.wav", made.names["waiting"])
        for queue in ("intake", "completion-dead-letters"):
            made.send(queue, "{}")
        yield made


LINES = {
    "upload": "upload <file> --profile dictation",
    "upload --wait": "upload <file> --profile dictation --wait",
    "status": "status",
    "list": "list",
    "explain": "explain <waiting>",
    "explain one that runs": "explain <running>",
    "retry": "retry <failed>",
    "cancel": "cancel <waiting> --yes",
    "backfill": "backfill --go",
    "erase": "erase <erased> --yes",
    "redrive": "redrive",
}
"""Commands that end by themselves; `open` and `watch` go on, `doctor` is refused to nobody, `smoke` takes long."""


UNSEEN_BY_UPLOADERS = {name for name, check in CHECKS.items() if check.needs and not check.of_aws} - {
    "credentials",
    "deployment",
}


def required(command: str) -> set[tuple[str, str]]:
    """What a command cannot do without, by `permissions`."""
    needs = permissions.COMMANDS[command.partition(" ")[0]]
    options = {"list": "while messages wait", "backfill": "--go", "upload --wait": "--wait"}.get(command, "")
    wanted = [need for need in needs if not need.optional and need.when in ("", options)]
    return {(need.on, action) for need in wanted for action in need.actions}


def lacking(command: str, policy: str) -> set[str]:
    return {action for _, action in required(command) - access_policies.held(POLICIES[policy])}


REFUSED = [(command, policy) for command in [*LINES, "open <read>", "watch"] for policy in POLICIES
           if lacking(command, policy)]  # fmt: skip
ALLOWED = [(command, policy) for command in LINES for policy in POLICIES if not lacking(command, policy)]


def test_a_policy_allows_the_commands_that_it_is_for():
    given = {(command, policy) for policy, each in POLICIES.items() for command in each.commands}
    assert not [(command, policy) for command, policy in given if lacking(command, policy)]
    assert {command for command, _ in given} == permissions.COMMANDS.keys() - {"estimate"}


@pytest.mark.parametrize(("command", "policy"), ALLOWED)
def test_a_command_works_under_its_policy(rota, command, policy):
    result = rota.run_as(policy, LINES[command])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(("policy", "heard"), [("Reader", False), (HEARS, True)])
def test_a_reader_opens_a_transcript_with_its_recording_where_the_choice_says_so(rota, policy, heard):
    assert rota.first_line_as(policy, "open <read> --json --no-browser")["sound"] is heard


def test_an_operator_watches(rota):
    assert rota.first_line_as("Operator", "watch --json --every 5")["deployment"] == NAME


@pytest.mark.parametrize(("policy", "unseen"), [("Operator", {"bootstrap"}), ("Uploader", UNSEEN_BY_UPLOADERS)])
def test_doctor_is_refused_to_nobody_and_names_what_it_may_not_look_at(rota, policy, unseen):
    result = rota.run_as(policy, "doctor --json")
    assert result.exit_code in (0, 1), result.output
    found = json.loads(result.stdout)["findings"]
    assert {each["check"] for each in found if "does not let you look: that needs" in each["sentence"]} == unseen


@pytest.mark.proof
def test_smoke_works_under_its_policy_and_proves_all_that_it_proves_for_root(rota):
    clock = FastClock()
    eraser = partial(Eraser, now=clock.now, pause=clock.pause)
    client = cache(lambda service: rota.cloud.client(service, **rota.keys["Tester"]))
    rota.client("sqs").create_queue(QueueName=f"{NAME}-smoke-of-another")
    rota.dead_letter("dictation/read.wav", "of-another")
    with rota.moving("intake"):
        report = Smoke(deployments.find(NAME, client), "dictation", PATIENCE, settling=0, eraser=eraser).run()
    assert not [(each.what, each.detail) for each in report.trials if each.outcome in (Outcome.FAILED, Outcome.UNTRIED)]


@pytest.mark.parametrize(("command", "policy"), REFUSED)
def test_a_command_without_its_policy_names_the_permission_and_who_holds_it(rota, command, policy):
    line = re.sub(r"(retry|cancel|erase) <\w+>", r"\1 <again>", LINES.get(command, command))
    result = rota.run_as(policy, line.replace("<waiting>", "<running>"))
    assert result.exit_code == 4, result.output
    found = re.search(r"that needs ([a-z0-9]+:\w+), which the deployment's polic", result.stderr)
    assert found, result.stderr
    assert found[1] in lacking(command, policy)
    assert all(f"{name}PolicyArn" in result.stderr for name in access_policies.holders(found[1]))
    assert len(result.stderr.splitlines()) == 1


_BESIDE = "S3 asks for it too: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html"
_AS_ERASER = "Nothing of what smoke uploads comes to this; the eraser's commands make the same call."
NOT_USED: Mapping[str, Mapping[tuple[str, str], str]] = {
    "Uploader": {("Uploads", "s3:AbortMultipartUpload"): "boto3 ends an upload in parts when a part fails."},
    "Operator": {
        ("DeadLetters", "sqs:ListMessageMoveTasks"): "The local cloud moves no messages, so the tool does by hand.",
        ("Stacks", "cloudformation:DescribeStackResourceDrifts"): "The local cloud compares no stacks.",
    },
    "Eraser": {
        ("WorkingCopies", "s3:DeleteObject"): _BESIDE,
        ("Recordings", "s3:DeleteObject"): _BESIDE,
        ("AccessLogs", "s3:GetLifecycleConfiguration"): "The local cloud delivers no access logs.",
    },
    "Tester": {
        ("WorkingCopies", "s3:DeleteObject"): _BESIDE,
        ("SmokeUploads", "s3:DeleteObject"): _BESIDE,
        ("AccessLogs", "s3:GetLifecycleConfiguration"): "The local cloud delivers no access logs.",
        ("DeadLetters", "sqs:DeleteMessage"): _AS_ERASER,
        ("SmokeUploads", "s3:AbortMultipartUpload"): _AS_ERASER,
    },
}
"""Permissions that no command of this file uses, and why they are held."""


def used_by(rota: Rota, policy: str) -> set[tuple[str, str]]:
    """The permissions of a policy that calls under it used, by statement and action."""
    statements = rota.statements(policy)
    noted = [each for each in rota.cloud.asked() if each["by"].endswith(f":user/{NAME}-{policy}")]
    return {
        (sid, action)
        for each in noted
        if each["allowed"]
        for sid, action, _ in used(statements, Request(each["action"], each["resource"], context=each["context"]))
    }


BY_COMMANDS = [pytest.param(name, marks=pytest.mark.proof if name == "Tester" else ()) for name in POLICIES]


@pytest.mark.parametrize("policy", BY_COMMANDS)
def test_every_permission_of_a_policy_is_used_by_its_commands(rota, policy, summary_line, request):
    selected = {item.originalname for item in request.session.items if item.path == request.path}
    if not {name for name in globals() if name.startswith("test_")} <= selected:
        pytest.skip("not all tests of this file were selected, so calls may be missing")
    held = {(each["Sid"], action) for each in rota.statements(policy) for action in each["Action"]}
    programs = {(need.on, action) for need, _ in POLICIES[policy].beside for action in need.actions}
    of_the_key = {right for right in held if right[0].startswith("KeyThrough")}  # the local cloud does not ask KMS
    calls = used_by(rota, policy)
    assert held - calls - programs - of_the_key == NOT_USED.get(policy, {}).keys()
    summary_line(f"{policy}: {len(held)} permissions, {len(held & calls)} used by recorded calls")
