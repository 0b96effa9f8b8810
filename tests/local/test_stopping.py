"""Cancelled or deleted at every state, on the embedded cloud: in time unpaid, later undelivered, notified once."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.deployed import deploy
from tests.local.test_operations import Ward
from tests.local.test_pipeline import PATIENCE

NAME = "stops"
KEY = "dictation/Zebulon+Quackenbush ü&50%.wav"


@pytest.fixture(scope="module")
def ward(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Ward:
    folder = tmp_path_factory.mktemp(NAME)
    deployed = deploy(
        cloud, folder, name=NAME, watch_seconds=0, patience_seconds=2, quotas={"jobs_at_once": 1},
        reconcile={"every_minutes": 30, "grace_seconds": 0},
    )  # fmt: skip
    return Ward(cloud, deployed, folder, NAME)


def delete(ward: Ward, version: str) -> str:
    """Delete the upload as `aws s3 rm` does: a marker above its version; the marker's id."""
    del version
    answer = ward.client("s3").delete_object(Bucket=ward.deployed["IntakeBucketName"], Key=KEY)
    return str(answer["VersionId"])


def delete_for_good(ward: Ward, version: str) -> None:
    ward.client("s3").delete_object(Bucket=ward.deployed["IntakeBucketName"], Key=KEY, VersionId=version)


def cancel(ward: Ward, version: str) -> None:
    ward.run("cancel", version, "--yes")


STOPS = pytest.mark.parametrize(
    ("stop", "reason"),
    [(cancel, "Cancelled"), (delete, "Gone"), pytest.param(delete_for_good, "Gone", marks=pytest.mark.proof)],
)
Stop = Callable[[Ward, str], Any]


def ended(ward: Ward, version: str, status: str, reason: str) -> dict[str, Any]:
    """The one notification about a stopped recording, of which nothing is left."""
    told = ward.heard_of(version)
    assert [(each["status"], each["reason"]["class"]) for each in ward.all_news_of(version, 2)] == [(status, reason)]
    for bucket in ("WorkBucketName", "TranscriptsBucketName"):
        listed = ward.client("s3").list_object_versions(Bucket=ward.deployed[bucket]).get("Versions", [])
        assert not [each["Key"] for each in listed if told["job"] in each["Key"] and "staging/" not in each["Key"]]
    return told


def jobs_of(ward: Ward, job: str) -> list[Any]:
    found = ward.client("transcribe").list_medical_transcription_jobs(JobNameContains=job)
    return list(found["MedicalTranscriptionJobSummaries"])


@STOPS
def test_what_waits_in_the_queue_is_not_paid_for(ward: Ward, stop: Stop, reason: str) -> None:
    with ward.standstill("intake"):
        version = ward.upload(KEY, "0: Never heard.")
        stop(ward, version)
    told = ended(ward, version, "REJECTED", reason)
    assert not jobs_of(ward, told["job"])


@STOPS
def test_what_waits_for_a_slot_is_not_paid_for(ward: Ward, stop: Stop, reason: str) -> None:
    with ward.standstill("completion"):
        first = ward.upload("dictation/first.wav", "!slow 3\n0: First.")
        assert ward.why(first, "in-transcribe") == "in-transcribe"
        version = ward.upload(KEY, "0: Never heard.")
        assert ward.why(version, "over-quota") == "over-quota"
        stop(ward, version)
    told = ended(ward, version, "REJECTED", reason)
    assert not jobs_of(ward, told["job"])
    assert ward.heard_of(first)["status"] == "DELIVERED"


@STOPS
def test_of_what_transcribe_works_at_nothing_is_delivered(ward: Ward, stop: Stop, reason: str) -> None:
    version = ward.upload(KEY, "!slow 3\n0: Heard and thrown away.")
    assert ward.why(version, "in-transcribe") == "in-transcribe"
    stop(ward, version)
    told = ended(ward, version, "FAILED", reason)
    assert len(jobs_of(ward, told["job"])) == 1
    staged = ward.client("s3").list_objects_v2(Bucket=ward.deployed["WorkBucketName"], Prefix=f"staging/{told['job']}")
    assert "Contents" not in staged


def test_what_is_being_delivered_cannot_be_stopped_any_more(ward: Ward) -> None:
    with ward.standstill("completion"):
        version = ward.upload(KEY, "0: On its way.")
        assert ward.why(version, "undelivered") == "undelivered"
        job = ward.job(KEY, version)
        ward.rewrite(job, leased=int(time.time()) + 3)
        assert "Wait until it is DELIVERED" in ward.run("cancel", job, "--yes", code=1).stderr
        delete(ward, version)
    assert "On its way." in ward.text(ward.heard_of(version))
    assert "erase" in ward.run("cancel", job, "--yes", code=1).stderr


def test_what_was_only_overwritten_or_brought_back_is_transcribed(ward: Ward) -> None:
    with ward.standstill("intake"):
        gone = ward.upload(KEY, "0: Deleted.")
        delete(ward, gone)
        first, second = (ward.upload(KEY, f"0: {words} version.") for words in ("First", "Second"))
        marker = delete(ward, second)
        ward.client("s3").delete_object(Bucket=ward.deployed["IntakeBucketName"], Key=KEY, VersionId=marker)
    assert ended(ward, gone, "REJECTED", "Gone")
    assert "First version." in ward.text(ward.heard_of(first, 2 * PATIENCE))
    assert "Second version." in ward.text(ward.heard_of(second, 2 * PATIENCE))


def test_what_was_cancelled_too_late_can_be_retried(ward: Ward) -> None:
    version = ward.upload(KEY, "!slow 2\n0: Wanted after all.")
    assert ward.why(version, "in-transcribe") == "in-transcribe"
    cancel(ward, version)
    job = ended(ward, version, "FAILED", "Cancelled")["job"]
    assert ward.json("retry", job)["attempt"] == 2
    deadline = time.monotonic() + PATIENCE
    while len(news := ward.all_news_of(version, 1)) < 2:
        assert time.monotonic() < deadline
    assert "Wanted after all." in ward.text(news[1])
