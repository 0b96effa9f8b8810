"""Cancelled or deleted at every state, on the embedded cloud: in time unpaid, later undelivered, notified once."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.deployed import deploy
from tests.local.test_operations import OperatedPipeline
from tests.local.test_pipeline import PATIENCE

NAME = "stops"
KEY = "dictation/Zebulon+Quackenbush ü&50%.wav"


@pytest.fixture(scope="module")
def operated(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> OperatedPipeline:
    folder = tmp_path_factory.mktemp(NAME)
    deployed = deploy(
        cloud, folder, name=NAME, job_poll_seconds=0, retry_delay_seconds=2, quotas={"concurrent_jobs": 1},
        reconcile={"every_minutes": 30, "grace_seconds": 0},
    )  # fmt: skip
    return OperatedPipeline(cloud, deployed, folder, NAME)


def delete(operated: OperatedPipeline, version: str) -> str:
    """Delete the upload as `aws s3 rm` does: a marker above its version; the marker's id."""
    del version
    answer = operated.client("s3").delete_object(Bucket=operated.deployed["IntakeBucketName"], Key=KEY)
    return str(answer["VersionId"])


def delete_for_good(operated: OperatedPipeline, version: str) -> None:
    operated.client("s3").delete_object(Bucket=operated.deployed["IntakeBucketName"], Key=KEY, VersionId=version)


def cancel(operated: OperatedPipeline, version: str) -> None:
    operated.run("cancel", version, "--yes")


STOPS = pytest.mark.parametrize(
    ("stop", "reason"),
    [(cancel, "Cancelled"), (delete, "Gone"), pytest.param(delete_for_good, "Gone", marks=pytest.mark.proof)],
)
Stop = Callable[[OperatedPipeline, str], Any]


def ended(operated: OperatedPipeline, version: str, status: str, reason: str) -> dict[str, Any]:
    """The one notification about a stopped recording, of which nothing is left."""
    notification = operated.notification_of(version)
    assert [(each["status"], each["reason"]["class"]) for each in operated.notifications_of(version, 2)] == [
        (status, reason)
    ]
    for bucket in ("WorkBucketName", "TranscriptsBucketName"):
        listed = operated.client("s3").list_object_versions(Bucket=operated.deployed[bucket]).get("Versions", [])
        assert not [
            each["Key"] for each in listed if notification["job"] in each["Key"] and "staging/" not in each["Key"]
        ]
    return notification


def jobs_of(operated: OperatedPipeline, job: str) -> list[Any]:
    found = operated.client("transcribe").list_medical_transcription_jobs(JobNameContains=job)
    return list(found["MedicalTranscriptionJobSummaries"])


@STOPS
def test_what_waits_in_the_queue_is_not_paid_for(operated: OperatedPipeline, stop: Stop, reason: str) -> None:
    with operated.standstill("intake"):
        version = operated.upload(KEY, "0: Never heard.")
        stop(operated, version)
    notification = ended(operated, version, "REJECTED", reason)
    assert not jobs_of(operated, notification["job"])


@STOPS
def test_what_waits_for_a_slot_is_not_paid_for(operated: OperatedPipeline, stop: Stop, reason: str) -> None:
    with operated.standstill("completion"):
        first = operated.upload("dictation/first.wav", "!slow 3\n0: First.")
        assert operated.why(first, "in-transcribe") == "in-transcribe"
        version = operated.upload(KEY, "0: Never heard.")
        assert operated.why(version, "over-quota") == "over-quota"
        stop(operated, version)
    notification = ended(operated, version, "REJECTED", reason)
    assert not jobs_of(operated, notification["job"])
    assert operated.notification_of(first)["status"] == "DELIVERED"


@STOPS
def test_of_what_transcribe_works_at_nothing_is_delivered(operated: OperatedPipeline, stop: Stop, reason: str) -> None:
    version = operated.upload(KEY, "!slow 3\n0: Heard and thrown away.")
    assert operated.why(version, "in-transcribe") == "in-transcribe"
    stop(operated, version)
    notification = ended(operated, version, "FAILED", reason)
    assert len(jobs_of(operated, notification["job"])) == 1
    staged = operated.client("s3").list_objects_v2(
        Bucket=operated.deployed["WorkBucketName"], Prefix=f"staging/{notification['job']}"
    )
    assert "Contents" not in staged


def test_what_is_being_delivered_cannot_be_stopped_any_more(operated: OperatedPipeline) -> None:
    with operated.standstill("completion"):
        version = operated.upload(KEY, "0: On its way.")
        assert operated.why(version, "undelivered") == "undelivered"
        job = operated.job(KEY, version)
        operated.rewrite(job, leased=int(time.time()) + 3)
        assert "Wait until it is DELIVERED" in operated.run("cancel", job, "--yes", code=1).stderr
        delete(operated, version)
    assert "On its way." in operated.text(operated.notification_of(version))
    assert "erase" in operated.run("cancel", job, "--yes", code=1).stderr


def test_what_was_only_overwritten_or_brought_back_is_transcribed(operated: OperatedPipeline) -> None:
    with operated.standstill("intake"):
        gone = operated.upload(KEY, "0: Deleted.")
        delete(operated, gone)
        first, second = (operated.upload(KEY, f"0: {words} version.") for words in ("First", "Second"))
        marker = delete(operated, second)
        operated.client("s3").delete_object(Bucket=operated.deployed["IntakeBucketName"], Key=KEY, VersionId=marker)
    assert ended(operated, gone, "REJECTED", "Gone")
    assert "First version." in operated.text(operated.notification_of(first, 2 * PATIENCE))
    assert "Second version." in operated.text(operated.notification_of(second, 2 * PATIENCE))


def test_what_was_cancelled_too_late_can_be_retried(operated: OperatedPipeline) -> None:
    version = operated.upload(KEY, "!slow 2\n0: Wanted after all.")
    assert operated.why(version, "in-transcribe") == "in-transcribe"
    cancel(operated, version)
    job = ended(operated, version, "FAILED", "Cancelled")["job"]
    assert operated.json("retry", job)["attempt"] == 2
    deadline = time.monotonic() + PATIENCE
    while len(news := operated.notifications_of(version, 1)) < 2:
        assert time.monotonic() < deadline
    assert "Wanted after all." in operated.text(news[1])
