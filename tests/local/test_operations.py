"""The operator's tool on the embedded cloud: what the deployed functions make of what it does, and what it sees."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from typer.testing import CliRunner

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


class OperatedPipeline(Pipeline):
    """A deployment with room for one job at a time, and the tool over it."""

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
        """The reason, once it is the awaited one."""
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
        """Nobody takes from this queue meanwhile; its URL."""
        lambda_ = self.client("lambda")
        listed = lambda_.list_event_source_mappings()["EventSourceMappings"]
        mapping = next(each["UUID"] for each in listed if each["EventSourceArn"].endswith(f":{self.name}-{queue}"))
        lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)
        try:
            yield self.found.queue(queue)
        finally:
            lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)

    def unannounced(self, key: str, script: str) -> str:
        """An upload whose event got lost; for use in a standstill of the intake queue."""
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
        """Change what the ledger says of a recording."""
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
def operated(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> OperatedPipeline:
    folder = tmp_path_factory.mktemp("ward")
    deployed = deploy(
        cloud, folder, name=NAME, job_poll_seconds=0, quotas={"concurrent_jobs": 1},
        reconcile={"every_minutes": 30, "grace_seconds": 900},
    )  # fmt: skip
    return OperatedPipeline(cloud, deployed, folder)


def test_a_large_file_goes_up_in_parts_and_is_waited_for(operated):
    file = scripted.recording("0: A long one.", operated.folder / "long.wav", seconds=2200)
    (answer,) = operated.json("upload", str(file), "--profile", "dictation", "--correlation-id", "visit-1", "--wait")
    assert answer["row"]["state"] == "DELIVERED"
    assert answer["versionId"] == operated.notification_of(answer["versionId"])["versionId"]
    assert operated.json("explain", "visit-1")["recording"] == answer["job"]
    status = operated.json("status")
    assert (status["states"]["DELIVERED"], status["transcribe"]["quota"]) == (1, 1)


def test_explain_says_why_a_recording_waits_from_quota_to_delivery(operated):
    with operated.standstill("completion"):
        first = operated.upload("dictation/first.wav", "!slow 4\n0: First.")
        assert operated.why(first, "in-transcribe") == "in-transcribe"
        second = operated.upload("dictation/second.wav", "0: Second.")
        assert operated.why(second, "over-quota") == "over-quota"
        assert "1 of 1 jobs are in progress" in operated.run("explain", second).stdout
        assert operated.why(first, "undelivered") == "undelivered"
    assert operated.notification_of(first)["status"] == "DELIVERED"
    assert operated.notification_of(second)["status"] == "DELIVERED"
    answer = operated.json("explain", first)
    assert [step["what"].split(",")[0] for step in answer["way"]] == [
        "uploaded", "first looked at", "Transcribe began", "Transcribe ended", "DELIVERED",
    ]  # fmt: skip


def test_a_failed_recording_is_retried_under_the_same_name_whoever_asks(operated):
    version = operated.upload("dictation/asthma.wav", "0: The patient has asthma.")
    first = operated.notification_of(version)["job"]
    operated.rewrite(first, state="FAILED", reason="TooLarge", failure="as if Transcribe had said so")
    with operated.standstill("intake"):
        with ThreadPoolExecutor(3) as operators:
            retried = list(operators.map(lambda _: recordings.retry(operated.found, version, time.time()), range(3)))
        assert {each.row.job for each in retried} == {f"{first}-2"}
        assert operated.json("retry", version)["attempt"] == 2
        assert operated.json("explain", version)["why"] == "being-retried"
    deadline = time.monotonic() + PATIENCE
    while len(notifications := operated.notifications_of(version, 1)) < 2:
        assert time.monotonic() < deadline
    assert (notifications[1]["job"], notifications[1]["status"]) == (f"{first}-2", "DELIVERED")
    assert f"/{first}-2/" in notifications[1]["manifest"]["key"]
    assert "The patient has asthma." in operated.text(notifications[1])
    work = operated.client("s3").list_objects_v2(Bucket=operated.deployed["WorkBucketName"], Prefix=f"raw/{first}")
    assert [entry["Key"] for entry in work["Contents"]] == [f"raw/{first}-2.json", f"raw/{first}.json"]
    staged = operated.client("s3").list_objects_v2(
        Bucket=operated.deployed["WorkBucketName"], Prefix=f"staging/{first}"
    )
    assert "Contents" not in staged


def test_what_fails_again_is_told_under_its_own_attempt(operated):
    version = operated.upload("dictation/broken.wav", "!fail Unsupported media format")
    first = operated.notification_of(version)["job"]
    assert operated.json("retry", first)["attempt"] == 2
    deadline = time.monotonic() + PATIENCE
    while len(notifications := operated.notifications_of(version, 1)) < 2:
        assert time.monotonic() < deadline
    assert [(each["id"], each["status"]) for each in notifications] == [
        (f"{first}:FAILED", "FAILED"), (f"{first}-2:FAILED", "FAILED"),
    ]  # fmt: skip
    assert operated.json("list", "--state", "failed")["recordings"][0]["job"] == f"{first}-2"


def test_dead_letters_are_explained_and_brought_back(operated):
    key = "dictation/dead letter.wav"
    with operated.standstill("intake"):
        version = operated.unannounced(key, "0: Dead no more.")
        letter = queue_messages.upload_message(
            UploadMessage(Upload(operated.deployed["IntakeBucketName"], key, version))
        )
        operated.client("sqs").send_message(QueueUrl=operated.found.queue("intake-dead-letters"), MessageBody=letter)
        assert operated.why(version, "dead-letter") == "dead-letter"
    assert operated.json("status")["queues"]["intake"]["deadLetters"] == 1
    assert operated.json("redrive") == {"moved": {"intake": 1, "completion": 0}}
    assert "Dead no more." in operated.text(operated.notification_of(version))
    assert operated.json("status")["queues"]["intake"]["deadLetters"] == 0


def test_what_lies_unheard_of_is_priced_and_then_announced(operated):
    with operated.standstill("intake"):
        version = operated.unannounced("dictation/old.wav", "0: Found after all.")
        assert operated.json("explain", version)["row"] is None
    assert operated.json("backfill", "--go")["tooYoung"] == 1
    later = time.time() + 3600
    found = backfill.run(operated.found, "dictation/old", later, go=False)
    assert (found.estimate.recordings, found.estimate.unknown, found.estimate.dollars) == (1, 0, 0.01875)
    backfill.run(operated.found, "dictation/old", later, go=True)
    assert "Found after all." in operated.text(operated.notification_of(version))
    assert backfill.run(operated.found, "dictation/old", later, go=False).estimate.recordings == 0


def test_after_an_erasure_nothing_of_it_is_left_in_the_whole_account(operated):
    patient, spoken = "Zebulon-Quackenbush", "Pneumonoultramicroscopic"
    key = f"dictation/{patient}.wav"
    delivered = [operated.notification_of(operated.upload(key, f"0: {spoken} findings.")) for _ in range(2)]
    operated.notification_of(operated.upload("dictation/somebody else.wav", "0: Unremarkable."))
    assert spoken in operated.text(delivered[0])
    for each in delivered:
        operated.rewrite(each["job"], started=int(time.time()) - 3600)  # as if it was a while ago
    secrets = [patient.encode(), spoken.encode()]
    assert set(_kept(operated.client, secrets)) == {"s3", "dynamodb"}
    certificates = operated.json("erase", delivered[0]["job"], "--all-versions", "--yes")
    assert {each["recording"] for each in certificates} == {each["job"] for each in delivered}
    operated.client("lambda").invoke(FunctionName=f"{NAME}-reconcile", Payload=b"{}")
    for version in delivered:
        letter = queue_messages.upload_message(
            UploadMessage(Upload(operated.deployed["IntakeBucketName"], key, version["versionId"]))
        )
        operated.client("sqs").send_message(QueueUrl=operated.found.queue("intake"), MessageBody=letter)
    deadline = time.monotonic() + PATIENCE
    while operated.json("status")["queues"]["intake"] != dict.fromkeys(
        ("waiting", "delayed", "inHand", "deadLetters"), 0
    ) | {"oldestSeconds": None}:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert not list(_kept(operated.client, secrets))
    assert all(operated.json("explain", each["job"])["why"] == "erased" for each in delivered)
    assert "Unremarkable" in str(list(_kept(operated.client, [b"Unremarkable"])))
    for each in delivered:
        assert [each["status"] for each in operated.notifications_of(each["versionId"], 3)] == [
            "DELIVERED",
            "ERASED",
        ]


def _kept(client: Any, secrets: list[bytes]) -> Iterator[str]:
    """The services in which any of these is found: in every bucket, table, queue, log and record of the account."""
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


def _tool(operated: OperatedPipeline, *command: str, **environment: str) -> "subprocess.Popen[str]":
    """The tool as people start it: a process of its own, under the ordinary AWS configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.Popen(
        [sys.executable, "-m", "operations", *command], cwd=deployment.ROOT, text=True, start_new_session=True,
        env={**kept, **operated.cloud.environment, "NO_PROXY": "*", "STETHOSCRIPT_NAME": NAME, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_the_live_view_ends_cleanly_with_ctrl_c(operated):
    with _tool(operated, "watch", "--json", "--every", "0.5") as process:
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
def test_whatever_the_environment_says_wrong_is_told_in_one_sentence(operated, environment, code, words):
    with _tool(operated, "status", **environment) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, len(said.splitlines())) == (code, 1)
    assert words in said
