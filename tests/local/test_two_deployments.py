"""Two deployments in one account and Region, and one that is upgraded in the middle of its work."""

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


class OperatedPipeline:
    """A deployment, its people, and what they were told."""

    def __init__(self, cloud: Cloud, name: str, deployed: Deployment, folder: Path) -> None:
        self.cloud, self.name, self.deployed, self._folder = cloud, name, deployed, folder
        self._inbox = Inbox(DemoUsers(cloud, deployed), f"{name}-hears")
        self._s3 = cloud.client("s3")
        self._client = cache(cloud.client)
        self.versions: dict[str, str] = {}
        self.notification: list[dict[str, Any]] = []

    def upload(self, number: int, script: str = "") -> None:
        said = f"This is {self.name} number {number}."
        recording = scripted.recording(f"{script}0: {said}", self._folder / f"{self.name}-{number}.wav")
        put = self._s3.put_object(
            Bucket=self.deployed["IntakeBucketName"], Key=f"dictation/{number}.wav", Body=recording.read_bytes()
        )
        self.versions[put["VersionId"]] = said

    def listen(self, until: int) -> None:
        """Until so many recordings have been told of."""
        deadline = time.monotonic() + RETRY_DELAY_SECONDS
        while len({each["versionId"] for each in self.notification}) < until:
            assert time.monotonic() < deadline, f"only {len(self.notification)} were told of"
            self.notification += self._inbox.read(2)

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

    def judge(self) -> None:
        """Each upload ended once, with its own words, and nothing of anybody else's is here."""
        assert {each["versionId"] for each in self.notification} == set(self.versions)
        assert {each["status"] for each in self.notification} == {"DELIVERED"}
        assert len({each["id"] for each in self.notification}) == len(self.versions)
        for each in self.notification:
            assert self.versions[each["versionId"]] in self.text(each)
        assert {(row["state"]["S"], row["bucket"]["S"]) for row in self.rows()} == {
            ("DELIVERED", self.deployed["IntakeBucketName"])
        }
        assert len(self.rows()) == len(self.versions)
        jobs = {each["job"] for each in self.notification}
        assert {key.split("/")[1].removesuffix(".json") for key in self.keys("WorkBucketName")} - {PROBE} == jobs
        assert {key.split("/")[1] for key in self.keys("TranscriptsBucketName")} == jobs
        status = self.json("status")
        assert status["states"]["DELIVERED"] == len(self.versions)
        assert {queue["deadLetters"] for queue in status["queues"].values()} == {0}


PROBE = ".write_access_check_file.temp"


@pytest.mark.proof
def test_two_deployments_whose_names_begin_alike_never_hear_of_each_other(tmp_path):
    with running(state=tmp_path / "state", engine="scripted", completion_events="on") as cloud:
        wards = [deployed(cloud, name, tmp_path) for name in ("clinic", "clinic2")]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: [operated.upload(number) for operated in wards], range(UPLOADS)))
        for operated in wards:
            operated.listen(UPLOADS)
            cloud.client("lambda").invoke(FunctionName=f"{operated.name}-reconcile", Payload=b"{}")
        for operated in wards:
            operated.listen(UPLOADS)
            operated.judge()
            assert operated.json("doctor")["healthy"]
        assert all_jobs(cloud) == {each["job"] for operated in wards for each in operated.notification}
        the_one_s_people_cannot_reach_the_other(cloud, *wards)
        what_is_done_to_the_one_is_not_done_to_the_other(*wards)


def deployed(cloud: Cloud, name: str, folder: Path) -> OperatedPipeline:
    assembly = deployment.synthesise(folder / name, deployment.config(name=name))
    return OperatedPipeline(cloud, name, deployment.deploy(assembly, cloud.endpoint), folder)


def the_one_s_people_cannot_reach_the_other(cloud: Cloud, one: OperatedPipeline, other: OperatedPipeline) -> None:
    """The account's users of this test hold both deployments' policies by now: a new one holds one's alone."""
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


def what_is_done_to_the_one_is_not_done_to_the_other(one: OperatedPipeline, other: OperatedPipeline) -> None:
    """The same key lies in both; in one it is erased."""
    (mine,) = [each for each in one.notification if one.versions[each["versionId"]].endswith("number 7.")]
    one.cloud.client("dynamodb").update_item(
        TableName=one.deployed["LedgerTableName"], Key={"recording": {"S": mine["job"]}},
        UpdateExpression="SET started = :then", ExpressionAttributeValues={":then": {"N": "1"}},
    )  # fmt: skip
    one.json("erase", mine["job"], "--yes")
    assert one.json("status")["states"]["REJECTED"] == 1
    other.judge()


@pytest.mark.proof
def test_an_upgrade_in_the_middle_of_the_work_loses_nothing(tmp_path):
    """Half of the uploads are on their way when code, settings and limits change; the other half comes meanwhile."""
    first = {"name": "moving", "quotas": {"concurrent_jobs": 4}}
    second = {"name": "moving", "quotas": {"concurrent_jobs": 8}, "retry_delay_seconds": 2, "job_poll_seconds": 0}
    old = deployment.synthesise(tmp_path / "old", deployment.config(**first))
    new = changed_code(deployment.synthesise(tmp_path / "new", deployment.config(**second)))
    with running(state=tmp_path / "state", engine="scripted", faults={"concurrent_jobs": 4}) as cloud:
        operated = OperatedPipeline(cloud, "moving", deployment.deploy(old, cloud.endpoint), tmp_path)
        before = code(cloud)
        for number in range(UPLOADS):
            operated.upload(number, "!slow 1\n")
        operated.listen(UPLOADS // 10)
        with ThreadPoolExecutor(1) as meanwhile:
            uploading = meanwhile.submit(
                lambda: [operated.upload(UPLOADS + number, "!slow 1\n") for number in range(UPLOADS)]
            )
            deployment.deploy(new, cloud.endpoint)
            uploading.result()
        assert code(cloud) != before
        assert len(operated.notification) < UPLOADS, "nothing was on its way any more"
        operated.listen(2 * UPLOADS)
        operated.judge()


def code(cloud: Cloud) -> str:
    """What runs."""
    found = cloud.client("lambda").get_function_configuration(FunctionName="moving-start-transcription")
    return str(found["CodeSha256"])


def changed_code(assembly: Path) -> Path:
    """The assembly with functions that are another version's: their asset gets a new content and a new name."""
    module = next(assembly.glob("asset.*/start_transcription.py"))
    module.write_text(module.read_text(encoding="utf-8") + "\n# another version\n", encoding="utf-8")
    was = module.parent.name.partition(".")[2]
    now = hashlib.sha256(was.encode()).hexdigest()
    module.parent.rename(module.parent.with_name(f"asset.{now}"))
    for written in assembly.glob("*.json"):
        written.write_text(written.read_text(encoding="utf-8").replace(was, now), encoding="utf-8")
    return assembly
