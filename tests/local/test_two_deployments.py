"""Two deployments in one account and Region, and one that is upgraded with recordings in progress."""

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from local import deployment
from local.cloud.cloud_process import Cloud, running
from local.demo_users import DemoUsers, Inbox
from local.deployment import Deployment
from local.recogniser import scripted
from operations.__main__ import app
from tests.local.test_load_with_faults import all_jobs

UPLOADS = 50
RETRY_DELAY_SECONDS = 900


class ObservedDeployment:
    """A deployment, its users, and their notifications."""

    def __init__(self, cloud: Cloud, name: str, deployed: Deployment, folder: Path) -> None:
        self.cloud, self.name, self.deployed, self._folder = cloud, name, deployed, folder
        self._inbox = Inbox(DemoUsers(cloud, deployed), f"{name}-hears")
        self._s3 = cloud.client("s3")
        self._client = cache(cloud.client)
        self.versions: dict[str, str] = {}
        self.notifications: list[dict[str, Any]] = []

    def upload(self, number: int, script: str = "") -> None:
        said = f"This is {self.name} number {number}."
        recording = scripted.recording(f"{script}0: {said}", self._folder / f"{self.name}-{number}.wav")
        put = self._s3.put_object(
            Bucket=self.deployed["IntakeBucketName"], Key=f"dictation/{number}.wav", Body=recording.read_bytes()
        )
        self.versions[put["VersionId"]] = said

    def receive_all(self, until: int) -> None:
        """Receive notifications of this many recordings."""
        deadline = time.monotonic() + RETRY_DELAY_SECONDS
        while len({each["versionId"] for each in self.notifications}) < until:
            assert time.monotonic() < deadline, f"only {len(self.notifications)} arrived"
            self.notifications += self._inbox.read(2)

    def text(self, notification: dict[str, Any]) -> str:
        key = notification["manifest"]["key"].replace("manifest.json", "transcript.txt")
        return self._s3.get_object(Bucket=notification["manifest"]["bucket"], Key=key)["Body"].read().decode()

    def rows(self) -> list[dict[str, Any]]:
        items = self.cloud.client("dynamodb").scan(TableName=self.deployed["LedgerTableName"])["Items"]
        return [item for item in items if "state" in item]

    def keys(self, bucket: str) -> list[str]:
        return [each["Key"] for each in self._s3.list_objects_v2(Bucket=self.deployed[bucket]).get("Contents", [])]

    def json(self, *command: str) -> Any:
        ended = CliRunner().invoke(app, [*command, "--name", self.name, "--json"], obj=self._client)
        assert ended.exit_code == 0, ended.output
        return json.loads(ended.stdout)

    def check(self) -> None:
        """Each upload ended once, with its own words, and nothing from another deployment is here."""
        assert {each["versionId"] for each in self.notifications} == set(self.versions)
        assert {each["status"] for each in self.notifications} == {"DELIVERED"}
        assert len({each["id"] for each in self.notifications}) == len(self.versions)
        for each in self.notifications:
            assert self.versions[each["versionId"]] in self.text(each)
        assert {(row["state"]["S"], row["bucket"]["S"]) for row in self.rows()} == {
            ("DELIVERED", self.deployed["IntakeBucketName"])
        }
        assert len(self.rows()) == len(self.versions)
        jobs = {each["job"] for each in self.notifications}
        assert {key.split("/")[1].removesuffix(".json") for key in self.keys("WorkBucketName")} - {PROBE} == jobs
        assert {key.split("/")[1] for key in self.keys("TranscriptsBucketName")} == jobs
        status = self.json("status")
        assert status["states"]["DELIVERED"] == len(self.versions)
        assert {queue["deadLetters"] for queue in status["queues"].values()} == {0}


PROBE = ".write_access_check_file.temp"


@pytest.mark.proof
def test_two_deployments_with_a_common_name_prefix_are_separate(tmp_path):
    with running(state=tmp_path / "state", engine="scripted", completion_events="on") as cloud:
        deployments = [deployed(cloud, name, tmp_path) for name in ("clinic", "clinic2")]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: [observed.upload(number) for observed in deployments], range(UPLOADS)))
        for observed in deployments:
            observed.receive_all(UPLOADS)
            cloud.client("lambda").invoke(FunctionName=f"{observed.name}-reconcile", Payload=b"{}")
        for observed in deployments:
            observed.receive_all(UPLOADS)
            observed.check()
            assert observed.json("doctor")["healthy"]
        assert all_jobs(cloud) == {each["job"] for observed in deployments for each in observed.notifications}
        users_of_one_cannot_reach_the_other(cloud, *deployments)
        an_erasure_in_one_does_not_affect_the_other(*deployments)


def deployed(cloud: Cloud, name: str, folder: Path) -> ObservedDeployment:
    assembly = deployment.synthesise(folder / name, deployment.config(name=name))
    return ObservedDeployment(cloud, name, deployment.deploy(assembly, cloud.endpoint), folder)


def users_of_one_cannot_reach_the_other(cloud: Cloud, one: ObservedDeployment, other: ObservedDeployment) -> None:
    """The test's users already have both deployments' policies, so a new user has only one deployment's."""
    iam = cloud.client("iam")
    iam.create_user(UserName="of-one")
    for duty in ("Uploader", "Reader", "Subscriber"):
        iam.attach_user_policy(UserName="of-one", PolicyArn=one.deployed[f"{duty}PolicyArn"])
    key = iam.create_access_key(UserName="of-one")["AccessKey"]
    who = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    s3, sns = cloud.client("s3", **who), cloud.client("sns", **who)
    assert s3.list_objects_v2(Bucket=one.deployed["TranscriptsBucketName"])["KeyCount"]
    attempts = (
        lambda: s3.put_object(Bucket=other.deployed["IntakeBucketName"], Key="dictation/a.wav", Body=b""),
        lambda: s3.list_objects_v2(Bucket=other.deployed["TranscriptsBucketName"]),
        lambda: sns.subscribe(
            TopicArn=other.deployed["CompletionTopicArn"], Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:0:a"
        ),
    )
    for attempt in attempts:
        with pytest.raises(ClientError, match=r"AccessDenied|AuthorizationError|not authorized"):
            attempt()


def an_erasure_in_one_does_not_affect_the_other(one: ObservedDeployment, other: ObservedDeployment) -> None:
    """Both have the same key. It is erased in one of them."""
    (mine,) = [each for each in one.notifications if one.versions[each["versionId"]].endswith("number 7.")]
    one.cloud.client("dynamodb").update_item(
        TableName=one.deployed["LedgerTableName"], Key={"recording": {"S": mine["job"]}},
        UpdateExpression="SET started = :then", ExpressionAttributeValues={":then": {"N": "1"}},
    )  # fmt: skip
    one.json("erase", mine["job"], "--yes")
    assert one.json("status")["states"]["REJECTED"] == 1
    other.check()


@pytest.mark.proof
def test_an_upgrade_during_the_work_loses_nothing(tmp_path):
    """Half of the uploads are in progress when code, settings and limits change. The other half arrive meanwhile."""
    first = {"name": "moving", "quotas": {"concurrent_jobs": 4}}
    second = {"name": "moving", "quotas": {"concurrent_jobs": 8}, "retry_delay_seconds": 2, "job_poll_seconds": 0}
    old = deployment.synthesise(tmp_path / "old", deployment.config(**first))
    new = changed_code(deployment.synthesise(tmp_path / "new", deployment.config(**second)))
    with running(state=tmp_path / "state", engine="scripted", faults={"concurrent_jobs": 4}) as cloud:
        observed = ObservedDeployment(cloud, "moving", deployment.deploy(old, cloud.endpoint), tmp_path)
        before = code(cloud)
        for number in range(UPLOADS):
            observed.upload(number, "!slow 1\n")
        observed.receive_all(UPLOADS // 10)
        with ThreadPoolExecutor(1) as meanwhile:
            uploading = meanwhile.submit(
                lambda: [observed.upload(UPLOADS + number, "!slow 1\n") for number in range(UPLOADS)]
            )
            deployment.deploy(new, cloud.endpoint)
            uploading.result()
        assert code(cloud) != before
        assert len(observed.notifications) < UPLOADS, "nothing was on its way any more"
        observed.receive_all(2 * UPLOADS)
        observed.check()


def code(cloud: Cloud) -> str:
    """The running code."""
    found = cloud.client("lambda").get_function_configuration(FunctionName="moving-start-transcription")
    return str(found["CodeSha256"])


def changed_code(assembly: Path) -> Path:
    """The assembly with functions of another version: their asset gets new content and a new name."""
    module = next(assembly.glob("asset.*/start_transcription.py"))
    module.write_text(module.read_text(encoding="utf-8") + "\n# another version\n", encoding="utf-8")
    was = module.parent.name.partition(".")[2]
    now = hashlib.sha256(was.encode()).hexdigest()
    module.parent.rename(module.parent.with_name(f"asset.{now}"))
    for written in assembly.glob("*.json"):
        written.write_text(written.read_text(encoding="utf-8").replace(was, now), encoding="utf-8")
    return assembly
