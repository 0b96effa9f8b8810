"""The reconciler: what every signal missed is found, in bounded work, however often it runs."""

import time

import pytest

from stethoscript.events import Arrival, Signal
from tests.unit.conftest import INTAKE, WAV


def run(clinic, **settings):
    clinic.clock += 120  # past the grace
    return clinic.reconciler(**settings).run(clinic.clock + 100)


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED"])
def test_a_job_whose_end_nobody_signalled_is_found(clinic, status):
    clinic.start(clinic.upload())
    job = clinic.row().job
    clinic.transcribe.end(job, status)
    run(clinic)
    (signal,) = clinic.messages(clinic.completion_queue)
    assert signal.body == {"job": job, "source": "reconcile", "deferrals": 0}


def test_a_job_in_progress_is_left_alone(clinic):
    clinic.start(clinic.upload())
    assert run(clinic) == {"jobs": 0, "uploads": 0}


def test_a_claim_that_nobody_follows_is_announced_again(clinic):
    upload = clinic.upload()
    clinic.s3.before["copy_object"] = [RuntimeError("the function died here")]
    with pytest.raises(RuntimeError):
        clinic.start(upload)
    assert run(clinic)["jobs"] == 1
    (again,) = clinic.messages(clinic.intake_queue)
    assert again.body["upload"]["version"] == upload.version


def test_an_upload_whose_event_got_lost_is_announced(clinic):
    lost = clinic.upload("dictation/lost.wav")
    clinic.start(clinic.upload("dictation/known.wav"))
    clinic.clock = lost_clock(clinic)
    assert run(clinic)["uploads"] == 1
    (announced,) = clinic.messages(clinic.intake_queue)
    assert announced.body["upload"] == {"bucket": INTAKE, "key": lost.key, "version": lost.version}


def test_every_version_of_a_key_counts_as_an_upload(clinic):
    for body in (b"one", b"two"):
        clinic.upload(body=WAV + body)
    clinic.clock = lost_clock(clinic)
    assert run(clinic)["uploads"] == 2


def test_folders_and_fresh_uploads_are_not_forgotten_ones(clinic):
    clinic.upload("dictation/", b"")
    clinic.clock = lost_clock(clinic)
    assert run(clinic) == {"jobs": 0, "uploads": 0}


def test_a_large_bucket_is_swept_page_by_page_over_the_runs(clinic):
    for number in range(5):
        clinic.upload(f"dictation/{number}.wav")
    clinic.clock = lost_clock(clinic)
    clinic.s3 = SmallPages(clinic.s3)
    assert [run(clinic)["uploads"] for _ in range(4)] == [2, 2, 1, 2]
    assert len({message.body["upload"]["key"] for message in clinic.messages(clinic.intake_queue)}) == 5


class SmallPages:
    """An S3 whose listings hold two entries a page."""

    def __init__(self, s3):
        self._s3 = s3

    def list_object_versions(self, **request):
        return self._s3.list_object_versions(**request, MaxKeys=2)


def test_a_run_ends_before_its_time_does(clinic):
    clinic.upload()
    clinic.clock = lost_clock(clinic)
    assert clinic.reconciler().run(clinic.clock + 1) == {"jobs": 0, "uploads": 0}


def test_what_it_finds_reaches_its_end(clinic):
    lost = clinic.upload()
    clinic.clock = lost_clock(clinic)
    run(clinic)
    clinic.starter().take(Arrival(lost), clinic.clock + 300)
    job = clinic.row().job
    clinic.write_raw(job)
    clinic.transcribe.end(job)
    run(clinic)
    clinic.deliverer().take(Signal(job, "reconcile"))
    assert [told["status"] for told in clinic.told()] == ["DELIVERED"]
    assert clinic.row().signal == "reconcile"


def lost_clock(clinic):
    """moto stamps objects with the real time; go past it."""
    return max(clinic.clock, time.time() + 3600)
