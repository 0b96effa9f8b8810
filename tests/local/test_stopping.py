"""Cancelled or deleted in every state, on the embedded cloud: in time uncharged, later undelivered, notified once."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.deployed import deploy
from tests.local.test_operations import DeploymentOperator
from tests.local.test_pipeline import PATIENCE

NAME = "stops"
KEY = "dictation/Zebulon+Quackenbush ü&50%.wav"


@pytest.fixture(scope="module")
def operator(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> DeploymentOperator:
    folder = tmp_path_factory.mktemp(NAME)
    deployed = deploy(
        cloud, folder, name=NAME, job_poll_seconds=0, retry_delay_seconds=2, quotas={"concurrent_jobs": 1},
        reconcile={"every_minutes": 30, "grace_seconds": 0},
    )  # fmt: skip
    return DeploymentOperator(cloud, deployed, folder, NAME)


def delete(operator: DeploymentOperator, version: str) -> str:
    """Delete the upload as `aws s3 rm` does: a marker above its version. Returns the marker's id."""
    del version
    answer = operator.client("s3").delete_object(Bucket=operator.deployed["IntakeBucketName"], Key=KEY)
    return str(answer["VersionId"])


def delete_for_good(operator: DeploymentOperator, version: str) -> None:
    operator.client("s3").delete_object(Bucket=operator.deployed["IntakeBucketName"], Key=KEY, VersionId=version)


def cancel(operator: DeploymentOperator, version: str) -> None:
    operator.run("cancel", version, "--yes")


STOPS = pytest.mark.parametrize(
    ("stop", "reason"),
    [(cancel, "Cancelled"), (delete, "Gone"), pytest.param(delete_for_good, "Gone", marks=pytest.mark.proof)],
)
Stop = Callable[[DeploymentOperator, str], Any]


def ended(operator: DeploymentOperator, version: str, status: str, reason: str) -> dict[str, Any]:
    """The one notification about a stopped recording, of which nothing remains."""
    notification = operator.notification_of(version)
    assert [(each["status"], each["reason"]["class"]) for each in operator.notifications_of(version, 2)] == [
        (status, reason)
    ]
    for bucket in ("WorkBucketName", "TranscriptsBucketName"):
        listed = operator.client("s3").list_object_versions(Bucket=operator.deployed[bucket]).get("Versions", [])
        assert not [
            each["Key"] for each in listed if notification["job"] in each["Key"] and "staging/" not in each["Key"]
        ]
    return notification


def jobs_of(operator: DeploymentOperator, job: str) -> list[Any]:
    found = operator.client("transcribe").list_medical_transcription_jobs(JobNameContains=job)
    return list(found["MedicalTranscriptionJobSummaries"])


@STOPS
def test_a_recording_stopped_in_the_queue_is_not_charged(operator: DeploymentOperator, stop: Stop, reason: str) -> None:
    with operator.standstill("intake"):
        version = operator.upload(KEY, "0: Never heard.")
        stop(operator, version)
    notification = ended(operator, version, "REJECTED", reason)
    assert not jobs_of(operator, notification["job"])


@STOPS
def test_a_recording_stopped_while_it_waits_for_a_slot_is_not_charged(
    operator: DeploymentOperator, stop: Stop, reason: str
) -> None:
    with operator.standstill("completion"):
        first = operator.upload("dictation/first.wav", "!slow 3\n0: First.")
        assert operator.why(first, "in-transcribe") == "in-transcribe"
        version = operator.upload(KEY, "0: Never heard.")
        assert operator.why(version, "over-quota") == "over-quota"
        stop(operator, version)
    notification = ended(operator, version, "REJECTED", reason)
    assert not jobs_of(operator, notification["job"])
    assert operator.notification_of(first)["status"] == "DELIVERED"


@STOPS
def test_a_recording_stopped_during_its_job_is_not_delivered(
    operator: DeploymentOperator, stop: Stop, reason: str
) -> None:
    version = operator.upload(KEY, "!slow 3\n0: Heard and thrown away.")
    assert operator.why(version, "in-transcribe") == "in-transcribe"
    stop(operator, version)
    notification = ended(operator, version, "FAILED", reason)
    assert len(jobs_of(operator, notification["job"])) == 1
    staged = operator.client("s3").list_objects_v2(
        Bucket=operator.deployed["WorkBucketName"], Prefix=f"staging/{notification['job']}"
    )
    assert "Contents" not in staged


def test_a_recording_in_delivery_cannot_be_stopped(operator: DeploymentOperator) -> None:
    with operator.standstill("completion"):
        version = operator.upload(KEY, "0: On its way.")
        assert operator.why(version, "undelivered") == "undelivered"
        job = operator.job(KEY, version)
        operator.rewrite(job, leased=int(time.time()) + 3)
        assert "Wait until it is DELIVERED" in operator.run("cancel", job, "--yes", code=1).stderr
        delete(operator, version)
    assert "On its way." in operator.text(operator.notification_of(version))
    assert "erase" in operator.run("cancel", job, "--yes", code=1).stderr


def test_an_overwritten_or_restored_upload_is_transcribed(operator: DeploymentOperator) -> None:
    with operator.standstill("intake"):
        gone = operator.upload(KEY, "0: Deleted.")
        delete(operator, gone)
        first, second = (operator.upload(KEY, f"0: {words} version.") for words in ("First", "Second"))
        marker = delete(operator, second)
        operator.client("s3").delete_object(Bucket=operator.deployed["IntakeBucketName"], Key=KEY, VersionId=marker)
    assert ended(operator, gone, "REJECTED", "Gone")
    assert "First version." in operator.text(operator.notification_of(first, 2 * PATIENCE))
    assert "Second version." in operator.text(operator.notification_of(second, 2 * PATIENCE))


def test_a_recording_cancelled_too_late_can_be_retried(operator: DeploymentOperator) -> None:
    version = operator.upload(KEY, "!slow 2\n0: Wanted after all.")
    assert operator.why(version, "in-transcribe") == "in-transcribe"
    cancel(operator, version)
    job = ended(operator, version, "FAILED", "Cancelled")["job"]
    assert operator.json("retry", job)["attempt"] == 2
    deadline = time.monotonic() + PATIENCE
    while len(notifications := operator.notifications_of(version, 1)) < 2:
        assert time.monotonic() < deadline
    assert "Wanted after all." in operator.text(notifications[1])
