"""Five hundred uploads at a quota of five jobs, with injected faults: each ends once, with its own transcript."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local import deployment
from local.cloud.cloud_process import Cloud, running
from local.demo_users import DemoUsers, Inbox
from local.deployment import Deployment
from local.recogniser import scripted

UPLOADS = 500
RETRY_DELAY_SECONDS = 1500
FAULTS = {
    "seed": 7, "concurrent_jobs": 5, "limit_exceeded": 0.05, "fails_before": 0.05, "fails_after": 0.05,
    "slow_jobs": 0.05, "slow_seconds": 1.0, "lost_events": 0.1, "doubled_events": 0.1,
}  # fmt: skip
CONFIG: dict[str, Any] = {
    "name": "storm",
    "quotas": {"concurrent_jobs": 5},
    "reconcile": {"every_minutes": 1, "grace_seconds": 20, "sweep_minutes": 1},
}


@pytest.mark.proof
@pytest.mark.parametrize("restarted", [False, True], ids=["undisturbed", "stopped and started in the middle"])
def test_every_upload_ends_once_with_its_own_transcript(tmp_path, restarted):
    assembly = deployment.synthesise(tmp_path / "deployment", deployment.config(**CONFIG))
    where: dict[str, Any] = {
        "state": tmp_path / "state", "port": free_port(), "engine": "scripted",
        "completion_events": "on", "faults": FAULTS,
    }  # fmt: skip
    notifications: list[dict[str, Any]] = []
    with running(**where) as cloud:
        deployed = deployment.deploy(assembly, cloud.endpoint)
        inbox = Inbox(DemoUsers(cloud, deployed))
        versions = upload_all(cloud, deployed, tmp_path)
        receive_all(inbox, notifications, until=UPLOADS // 3 if restarted else UPLOADS)
        if not restarted:
            check(cloud, deployed, versions, notifications)
    if restarted:
        with running(**where) as cloud:
            inbox = Inbox(DemoUsers(cloud, deployed))
            receive_all(inbox, notifications, until=UPLOADS)
            check(cloud, deployed, versions, notifications)


def upload_all(cloud: Cloud, deployed: Deployment, folder: Path) -> dict[str, int]:
    """Upload as fast as the cloud allows. Return the number of each version id."""
    uploader = DemoUsers(cloud, deployed).uploader()

    def upload(number: int) -> tuple[str, int]:
        recording = scripted.recording(f"0: This is number {number}.", folder / f"{number}.wav")
        key = f"dictation/{number % 50}.wav"  # ten versions of each key
        put = uploader.put_object(Bucket=deployed["IntakeBucketName"], Key=key, Body=recording.read_bytes())
        return put["VersionId"], number

    with ThreadPoolExecutor(4) as pool:
        return dict(pool.map(upload, range(UPLOADS)))


def receive_all(inbox: Inbox, notifications: list[dict[str, Any]], *, until: int) -> None:
    """Receive notifications of this many recordings."""
    deadline = time.monotonic() + RETRY_DELAY_SECONDS
    while len({each["versionId"] for each in notifications}) < until:
        assert time.monotonic() < deadline, f"only {len(notifications)} arrived"
        notifications.extend(inbox.read(2))


def check(cloud: Cloud, deployed: Deployment, versions: dict[str, int], notifications: list[dict[str, Any]]) -> None:
    """All are delivered, with one job, one kind of notification and its own words for each recording."""
    assert {each["status"] for each in notifications} == {"DELIVERED"}
    assert {each["versionId"] for each in notifications} == set(versions)
    assert len({each["id"] for each in notifications}) == UPLOADS
    assert len(all_jobs(cloud)) == UPLOADS
    reader = DemoUsers(cloud, deployed).reader()
    for each in {each["versionId"]: each for each in notifications}.values():
        key = each["manifest"]["key"].replace("manifest.json", "transcript.txt")
        text = reader.get_object(Bucket=each["manifest"]["bucket"], Key=key)["Body"].read().decode()
        assert f"number {versions[each['versionId']]}." in text
    states = cloud.client("dynamodb").scan(TableName=deployed["LedgerTableName"])["Items"]
    assert {row["state"]["S"] for row in states if "state" in row} == {"DELIVERED"}


def all_jobs(cloud: Cloud) -> set[str]:
    """Every job that Transcribe has had."""
    transcribe, found, page = cloud.client("transcribe"), set(), {}
    deadline = time.monotonic() + RETRY_DELAY_SECONDS
    while time.monotonic() < deadline:
        try:
            answer = transcribe.list_medical_transcription_jobs(MaxResults=100, **page)
        except (transcribe.exceptions.LimitExceededException, transcribe.exceptions.InternalFailureException):
            continue  # the faults affect every client
        found |= {each["MedicalTranscriptionJobName"] for each in answer["MedicalTranscriptionJobSummaries"]}
        if "NextToken" not in answer:
            return found
        page = {"NextToken": answer["NextToken"]}
    pytest.fail("Transcribe did not list its jobs")


def free_port() -> int:
    """A port that stays the same after a restart, because the queues' URLs contain it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
