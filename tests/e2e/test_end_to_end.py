"""A real voice, from upload to notification: on the laptop, or with `--target aws` in your account.

On AWS the stacks must be deployed, and you need an operator's credentials. The audio is a minute long, so a run costs
less than 10 cents.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from local import accuracy, deployment
from local.cloud.cloud_process import running
from local.demo_users import DemoUsers, Inbox
from local.deployment import Deployment
from stacks.config import Config

RECORDINGS = Path(deployment.ROOT) / "local" / "recordings"
RETRY_DELAY_SECONDS = 600


@pytest.fixture
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """S3 as an uploader and a reader, a subscriber's inbox, and the stacks' outputs."""
    if request.config.getoption("--target") == "aws":
        with _on_aws() as deployed_there:
            yield deployed_there
        return
    folder = tmp_path_factory.mktemp("e2e")
    assembly = deployment.synthesise(folder, deployment.config())
    with running(state=folder / "state", engine="whisper", calls=folder / "calls.jsonl") as cloud:
        outputs = deployment.deploy(assembly, cloud.endpoint)
        people = DemoUsers(cloud, outputs)
        inbox = Inbox(people)
        yield SimpleNamespace(outputs=outputs, uploader=people.uploader(), reader=people.reader(), inbox=inbox)
        assert {each["allowed"] for each in cloud.iam_decisions()} == {True}


@contextmanager
def _on_aws() -> Iterator[Any]:
    """The deployment that cdk.json describes. The inbox is deleted after the test."""
    context = json.loads((deployment.ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]["stethoscript"]
    name = Config.read(context).name
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=f"{name}-storage")["Stacks"]
    outputs = Deployment({output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]})
    account = SimpleNamespace(client=boto3.client)
    people = SimpleNamespace(cloud=account, deployment=outputs, subscriber=lambda: boto3.client("sns"))
    inbox = Inbox(people, f"{name}-end-to-end")
    try:
        s3 = boto3.client("s3")
        yield SimpleNamespace(outputs=outputs, uploader=s3, reader=s3, inbox=inbox)
    finally:
        inbox.close()


def test_the_spoken_words_are_delivered_and_notified(deployed):
    recording = RECORDINGS / "consultation.flac"
    put = deployed.uploader.put_object(
        Bucket=deployed.outputs["IntakeBucketName"],
        Key="conversation/end to end.flac",
        Body=recording.read_bytes(),
        Metadata={"correlation-id": "end-to-end"},
    )
    notification = _notification_of(deployed.inbox, put["VersionId"])
    assert (notification["status"], notification["correlationId"]) == ("DELIVERED", "end-to-end")
    raw = json.loads(_document(deployed, notification, "transcribe.json"))
    spoken = accuracy.spoken(RECORDINGS / "consultation.txt")
    assert accuracy.word_error_rate(spoken, raw["results"]["transcripts"][0]["transcript"]) <= 0.2
    text = _document(deployed, notification, "transcript.txt").decode()
    assert "Speaker 1\n" in text
    assert "Speaker 2\n" in text


def _notification_of(inbox: Inbox, version: str) -> dict[str, Any]:
    deadline = time.monotonic() + RETRY_DELAY_SECONDS
    while time.monotonic() < deadline:
        for notification in inbox.read(5):
            if notification["versionId"] == version:
                return notification
    pytest.fail("nobody was told")


def _document(deployed: Any, notification: dict[str, Any], name: str) -> bytes:
    key = notification["manifest"]["key"].replace("manifest.json", name)
    return bytes(deployed.reader.get_object(Bucket=notification["manifest"]["bucket"], Key=key)["Body"].read())
