"""The operator's tool on the embedded cloud: the deployed functions act on its commands, and it shows their state."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from typer.testing import CliRunner

from adapters.aws_pages import pages
from local import deployment
from local.recogniser import scripted
from operations import backfill, recordings
from operations import deployment as deployments
from operations.__main__ import app
from stethoscript import jobs, queue_messages
from stethoscript.queue_messages import UploadMessage
from stethoscript.uploads import Upload
from tests.local.deployed import deploy
from tests.local.test_pipeline import PATIENCE, Pipeline

NAME = "ward"


class DeploymentOperator(Pipeline):
    """A deployment with room for one job at a time, and the operator's tool."""

    def __init__(self, cloud: Any, deployed: Any, folder: Any, name: str = NAME) -> None:
        super().__init__(cloud, deployed, folder)
        self.name = name
        self.client: Callable[[str], Any] = cache(cloud.client)
        self.folder = folder

    @property
    def found(self) -> deployments.Deployment:
        return deployments.find(self.name, self.client)

    def run(self, *command: str, code: int = 0) -> Any:
        result = CliRunner().invoke(app, [*command, "--name", self.name], obj=self.client)
        assert result.exit_code == code, result.output
        return result

    def json(self, *command: str, code: int = 0) -> Any:
        return json.loads(self.run(*command, "--json", code=code).stdout)

    def why(self, called: str, *awaited: str) -> str:
        """The reason, once it is an expected one."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.json("explain", called)
            if answer["why"] in awaited or time.monotonic() > deadline:
                return str(answer["why"])
            time.sleep(0.2)

    def job(self, key: str, version: str) -> str:
        return jobs.recording(self.name, Upload(self.deployed["IntakeBucketName"], key, version))

    @contextmanager
    def standstill(self, queue: str) -> Iterator[str]:
        """Disable the consumer of this queue meanwhile. Yields the queue's URL."""
        lambda_ = self.client("lambda")
        listed = lambda_.list_event_source_mappings()["EventSourceMappings"]
        mapping = next(each["UUID"] for each in listed if each["EventSourceArn"].endswith(f":{self.name}-{queue}"))
        lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)
        try:
            yield self.found.queue(queue)
        finally:
            lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)

    def unannounced(self, key: str, script: str) -> str:
        """An upload without its event, for use while the intake queue has no consumer."""
        version = self.upload(key, script)
        url = self.found.queue("intake")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for message in self.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
                self.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                if version in message["Body"]:
                    return version
        pytest.fail("no event came to be lost")

    def rewrite(self, recording: str, **members: str | int) -> None:
        """Change the ledger's row of a recording."""
        self.client("dynamodb").update_item(
            TableName=self.deployed["LedgerTableName"], Key={"recording": {"S": recording}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in members),
            ExpressionAttributeNames={f"#{name}": name for name in members},
            ExpressionAttributeValues={
                f":{name}": {"N": str(value)} if isinstance(value, int) else {"S": value}
                for name, value in members.items()
            },
        )  # fmt: skip


@pytest.fixture(scope="module")
def operator(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> DeploymentOperator:
    folder = tmp_path_factory.mktemp("ward")
    deployed = deploy(
        cloud, folder, name=NAME, job_poll_seconds=0, quotas={"concurrent_jobs": 1},
        reconcile={"every_minutes": 30, "grace_seconds": 900},
    )  # fmt: skip
    return DeploymentOperator(cloud, deployed, folder)


def test_a_large_file_is_uploaded_in_parts_and_awaited(operator):
    file = scripted.recording("0: A long one.", operator.folder / "long.wav", seconds=2200)
    (answer,) = operator.json("upload", str(file), "--profile", "dictation", "--correlation-id", "visit-1", "--wait")
    assert answer["row"]["state"] == "DELIVERED"
    assert answer["versionId"] == operator.notification_of(answer["versionId"])["versionId"]
    assert operator.json("explain", "visit-1")["recording"] == answer["job"]
    status = operator.json("status")
    assert (status["states"]["DELIVERED"], status["transcribe"]["quota"]) == (1, 1)


def test_explain_gives_the_reason_at_each_step_from_quota_to_delivery(operator):
    with operator.standstill("completion"):
        first = operator.upload("dictation/first.wav", "!slow 4\n0: First.")
        assert operator.why(first, "in-transcribe") == "in-transcribe"
        second = operator.upload("dictation/second.wav", "0: Second.")
        assert operator.why(second, "over-quota") == "over-quota"
        assert "1 of 1 jobs are in progress" in operator.run("explain", second).stdout
        assert operator.why(first, "undelivered") == "undelivered"
    assert operator.notification_of(first)["status"] == "DELIVERED"
    assert operator.notification_of(second)["status"] == "DELIVERED"
    answer = operator.json("explain", first)
    assert [step["what"].split(",")[0] for step in answer["way"]] == [
        "uploaded", "first looked at", "Transcribe began", "Transcribe ended", "DELIVERED",
    ]  # fmt: skip


def test_simultaneous_retries_of_a_failed_recording_use_the_same_name(operator):
    version = operator.upload("dictation/asthma.wav", "0: The patient has asthma.")
    first = operator.notification_of(version)["job"]
    operator.rewrite(first, state="FAILED", reason="TooLarge", failure="as if Transcribe had said so")
    with operator.standstill("intake"):
        with ThreadPoolExecutor(3) as operators:
            retried = list(operators.map(lambda _: recordings.retry(operator.found, version, time.time()), range(3)))
        assert {each.row.job for each in retried} == {f"{first}-2"}
        assert operator.json("retry", version)["attempt"] == 2
        assert operator.json("explain", version)["why"] == "being-retried"
    deadline = time.monotonic() + PATIENCE
    while len(notifications := operator.notifications_of(version, 1)) < 2:
        assert time.monotonic() < deadline
    assert (notifications[1]["job"], notifications[1]["status"]) == (f"{first}-2", "DELIVERED")
    assert f"/{first}-2/" in notifications[1]["manifest"]["key"]
    assert "The patient has asthma." in operator.text(notifications[1])
    work = operator.client("s3").list_objects_v2(Bucket=operator.deployed["WorkBucketName"], Prefix=f"raw/{first}")
    assert [entry["Key"] for entry in work["Contents"]] == [f"raw/{first}-2.json", f"raw/{first}.json"]
    staged = operator.client("s3").list_objects_v2(
        Bucket=operator.deployed["WorkBucketName"], Prefix=f"staging/{first}"
    )
    assert "Contents" not in staged


def test_a_second_failure_is_notified_with_its_own_attempt(operator):
    version = operator.upload("dictation/broken.wav", "!fail Unsupported media format")
    first = operator.notification_of(version)["job"]
    assert operator.json("retry", first)["attempt"] == 2
    deadline = time.monotonic() + PATIENCE
    while len(notifications := operator.notifications_of(version, 1)) < 2:
        assert time.monotonic() < deadline
    assert [(each["id"], each["status"]) for each in notifications] == [
        (f"{first}:FAILED", "FAILED"), (f"{first}-2:FAILED", "FAILED"),
    ]  # fmt: skip
    assert operator.json("list", "--state", "failed")["recordings"][0]["job"] == f"{first}-2"


def test_dead_letters_are_explained_and_redriven(operator):
    key = "dictation/dead letter.wav"
    with operator.standstill("intake"):
        version = operator.unannounced(key, "0: Dead no more.")
        letter = queue_messages.upload_message(
            UploadMessage(Upload(operator.deployed["IntakeBucketName"], key, version))
        )
        operator.client("sqs").send_message(QueueUrl=operator.found.queue("intake-dead-letters"), MessageBody=letter)
        assert operator.why(version, "dead-letter") == "dead-letter"
    assert operator.json("status")["queues"]["intake"]["deadLetters"] == 1
    assert operator.json("redrive") == {"moved": {"intake": 1, "completion": 0}}
    assert "Dead no more." in operator.text(operator.notification_of(version))
    assert operator.json("status")["queues"]["intake"]["deadLetters"] == 0


def test_unannounced_uploads_are_priced_and_then_announced(operator):
    with operator.standstill("intake"):
        version = operator.unannounced("dictation/old.wav", "0: Found after all.")
        assert operator.json("explain", version)["row"] is None
    assert operator.json("backfill", "--go")["tooYoung"] == 1
    later = time.time() + 3600
    found = backfill.run(operator.found, "dictation/old", later, go=False)
    assert (found.estimate.recordings, found.estimate.unknown, found.estimate.dollars) == (1, 0, 0.01875)
    backfill.run(operator.found, "dictation/old", later, go=True)
    assert "Found after all." in operator.text(operator.notification_of(version))
    assert backfill.run(operator.found, "dictation/old", later, go=False).estimate.recordings == 0


def test_after_an_erasure_nothing_remains_in_the_account(operator):
    patient, spoken = "Zebulon-Quackenbush", "Pneumonoultramicroscopic"
    key = f"dictation/{patient}.wav"
    delivered = [operator.notification_of(operator.upload(key, f"0: {spoken} findings.")) for _ in range(2)]
    operator.notification_of(operator.upload("dictation/somebody else.wav", "0: Unremarkable."))
    assert spoken in operator.text(delivered[0])
    for each in delivered:
        operator.rewrite(each["job"], started=int(time.time()) - 3600)  # as if it was a while ago
    secrets = [patient.encode(), spoken.encode()]
    assert set(_kept(operator.client, secrets)) == {"s3", "dynamodb"}
    certificates = operator.json("erase", delivered[0]["job"], "--all-versions", "--yes")
    assert {each["recording"] for each in certificates} == {each["job"] for each in delivered}
    operator.client("lambda").invoke(FunctionName=f"{NAME}-reconcile", Payload=b"{}")
    for version in delivered:
        letter = queue_messages.upload_message(
            UploadMessage(Upload(operator.deployed["IntakeBucketName"], key, version["versionId"]))
        )
        operator.client("sqs").send_message(QueueUrl=operator.found.queue("intake"), MessageBody=letter)
    deadline = time.monotonic() + PATIENCE
    while operator.json("status")["queues"]["intake"] != dict.fromkeys(
        ("waiting", "delayed", "inHand", "deadLetters"), 0
    ) | {"oldestSeconds": None}:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert not list(_kept(operator.client, secrets))
    assert all(operator.json("explain", each["job"])["why"] == "erased" for each in delivered)
    assert "Unremarkable" in str(list(_kept(operator.client, [b"Unremarkable"])))
    for each in delivered:
        assert [each["status"] for each in operator.notifications_of(each["versionId"], 3)] == [
            "DELIVERED",
            "ERASED",
        ]


def test_a_stranger_s_unfinished_upload_under_a_key_that_xml_cannot_hold_stops_no_erasure(operator):
    key, bucket, s3 = "dictation/visit.wav", operator.deployed["IntakeBucketName"], operator.client("s3")
    told = operator.notification_of(operator.upload(key, "0: Unremarkable."))
    with suppress(ClientError, ResponseParserError):  # the answer holds the key as it is
        s3.create_multipart_upload(Bucket=bucket, Key=f"{key}\x01")
    s3.create_multipart_upload(Bucket=bucket, Key=key)
    operator.rewrite(told["job"], started=int(time.time()) - 3600)
    (certificate,) = operator.json("erase", told["job"], "--yes")
    assert {"what": "unfinished uploads", "count": 1, "where": bucket} in certificate["removed"]
    left = [each["Key"] for page in pages(s3, "list_multipart_uploads", Bucket=bucket) for each in page["Uploads"]]
    assert left == [f"{key}\x01"]


def _kept(client: Any, secrets: list[bytes]) -> Iterator[str]:
    """The services with any of these secrets: in every bucket, table, queue, log and record of the account."""
    for service, content in _everything(client):
        if any(secret in content for secret in secrets):
            yield service if b"Unremarkable" not in secrets else f"{service} {content!r}"


def _everything(client: Any) -> Iterator[tuple[str, bytes]]:
    s3, sqs, logs = client("s3"), client("sqs"), client("logs")
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
            for version in page.get("Versions", []):
                named = {"Bucket": bucket["Name"], "Key": version["Key"], "VersionId": version["VersionId"]}
                body = (answer := s3.get_object(**named)).pop("Body").read()
                yield "s3", version["Key"].encode() + repr(answer).encode() + body
            yield "s3", repr(page.get("DeleteMarkers", [])).encode()
        yield "s3", repr(s3.list_multipart_uploads(Bucket=bucket["Name"]).get("Uploads", [])).encode()
    for table in client("dynamodb").list_tables()["TableNames"]:
        yield "dynamodb", repr(client("dynamodb").scan(TableName=table)["Items"]).encode()
    for url in sqs.list_queues()["QueueUrls"]:
        asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        while messages := sqs.receive_message(**asked, VisibilityTimeout=2).get("Messages", []):
            yield "sqs", repr(messages).encode()
    for group in logs.describe_log_groups()["logGroups"]:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            yield "logs", repr(page["events"]).encode()
    transcribe = client("transcribe")
    for each in transcribe.list_medical_transcription_jobs(MaxResults=100)["MedicalTranscriptionJobSummaries"]:
        name = each["MedicalTranscriptionJobName"]
        yield "transcribe", repr(transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=name)).encode()


def _tool(operator: DeploymentOperator, *command: str, **environment: str) -> "subprocess.Popen[str]":
    """The tool as users start it: a separate process with the ordinary AWS configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.Popen(
        [sys.executable, "-m", "operations", *command], cwd=deployment.ROOT, text=True, start_new_session=True,
        env={**kept, **operator.cloud.environment, "NO_PROXY": "*", "STETHOSCRIPT_NAME": NAME, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_the_live_view_ends_cleanly_with_ctrl_c(operator):
    with _tool(operator, "watch", "--json", "--every", "0.5") as process:
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        left = process.communicate(timeout=PATIENCE)
    assert [line["deployment"] for line in lines] == [NAME, NAME]
    assert (process.returncode, left[1]) == (0, "")


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, 4, "Nothing answers"),
        ({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, 4, "credentials"),
        ({"STETHOSCRIPT_NAME": "elsewhere"}, 3, "there are: "),
    ],
)
def test_a_wrong_environment_is_reported_in_one_sentence(operator, environment, code, words):
    with _tool(operator, "status", **environment) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, len(said.splitlines())) == (code, 1)
    assert words in said
