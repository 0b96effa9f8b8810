"""The reconciler: what every signal missed is found, in bounded work, however often it runs."""

import time

import pytest

import reconcile
from ledger import Ledger
from stethoscript.events import Arrival, Signal
from stethoscript.rows import STUCK_SECONDS
from stethoscript.uploads import Upload
from tests.functions.clinic import WAV
from tests.functions.far_ends import INTAKE
from tests.refusals import refusal


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
    assert run(clinic)["uploads"] == 1
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
    clinic.s3.limits["list_object_versions"] = {"MaxKeys": 2}
    assert started_after_each_run(clinic, 4) == [2, 2, 1, 0]


def test_a_small_bucket_is_swept_once_a_run_however_many_pages_are_allowed(clinic):
    clinic.upload()
    clinic.clock = lost_clock(clinic)
    assert run(clinic, sweep_pages=10)["uploads"] == 1


def test_the_bucket_is_swept_once_an_hour_and_jobs_are_looked_at_in_every_run(clinic):
    clinic.start(clinic.upload())
    clinic.clock = lost_clock(clinic)
    assert run(clinic, sweep_seconds=3600)["uploads"] == 0
    lost = clinic.upload("dictation/lost.wav")
    clinic.transcribe.end(clinic.row().job)
    clinic.clock += 300
    assert run(clinic, sweep_seconds=3600) == {"jobs": 1, "uploads": 0}
    clinic.clock += 3300
    assert run(clinic, sweep_seconds=3600)["uploads"] == 1
    assert [message.body["upload"]["version"] for message in clinic.messages(clinic.intake_queue)] == [lost.version]


def test_a_sweep_that_has_not_come_to_the_bucket_s_end_goes_on_in_the_next_run(clinic):
    for number in range(3):
        clinic.upload(f"dictation/{number}.wav")
    clinic.clock = lost_clock(clinic)
    clinic.s3.limits["list_object_versions"] = {"MaxKeys": 1}
    assert started_after_each_run(clinic, 5, sweep_seconds=3600) == [1, 1, 1, 0, 0]


def test_rows_of_older_uploads_are_read_once_a_day(clinic, monkeypatch):
    """S3 dates a multipart upload by its beginning: one that took days is found by the sweep that looks at all."""
    read = []
    monkeypatch.setattr(Ledger, "known", lambda _self, recordings: set(read.append(len(recordings)) or recordings))
    clinic.upload()
    clinic.clock = time.time() + (reconcile.RECENT_DAYS + 1) * 86400
    for _ in range(25):
        run(clinic, sweep_seconds=3600)
        clinic.clock += 3600
    assert [number for number, rows in enumerate(read) if rows] == [0, 24]


def test_what_waits_in_the_queue_is_not_taken_for_lost(clinic):
    for number in range(3):
        clinic.upload(f"dictation/{number}.wav")
    clinic.clock = lost_clock(clinic)
    assert run(clinic)["uploads"] == 3
    assert [run(clinic)["uploads"] for _ in range(12)] == [0] * 12
    assert len(clinic.messages(clinic.intake_queue)) == 3


def test_what_was_announced_in_vain_is_announced_again_but_not_for_ever(clinic):
    clinic.upload()
    clinic.clock = lost_clock(clinic)
    assert sum(run_and_drain(clinic)["uploads"] for _ in range(30)) == reconcile.MOST_ANNOUNCEMENTS


def test_a_recording_that_waits_for_transcribe_is_not_announced_besides(clinic):
    upload = clinic.upload()
    clinic.transcribe.troubles += [refusal("LimitExceededException")] * 10_000
    for _ in range(5):
        clinic.start(upload)
        clinic.drain(clinic.intake_queue)
        assert clinic.reconciler().run(clinic.clock + 100) == {"jobs": 0, "uploads": 0}


def test_an_old_version_without_a_row_is_not_paid_for_again(clinic):
    clinic.upload()
    clinic.clock = time.time() + (reconcile.LOST_WITHIN_DAYS + 1) * 86400
    assert run(clinic)["uploads"] == 0


def test_an_end_is_signalled_once_in_a_while_not_at_every_run(clinic):
    clinic.start(clinic.upload())
    clinic.transcribe.end(clinic.row().job)
    assert run(clinic)["jobs"] == 1
    assert clinic.reconciler().run(clinic.clock + 100)["jobs"] == 0


@pytest.mark.parametrize("ended", [True, False])
def test_a_person_hears_of_a_job_that_is_not_delivered_for_a_day(clinic, caplog, ended):
    clinic.start(clinic.upload())
    if ended:
        clinic.transcribe.end(clinic.row().job)
    clinic.clock += STUCK_SECONDS + 100
    run(clinic)
    assert "for more than a day" in caplog.text


def test_more_jobs_than_a_page_of_the_index_are_all_looked_at(clinic):
    for number in range(4):
        clinic.start(clinic.upload(f"dictation/{number}.wav"))
    for job in clinic.transcribe.jobs:
        clinic.transcribe.end(job)
    clinic.dynamodb.limits["query"] = {"Limit": 1}
    assert run(clinic)["jobs"] == 4


def test_one_job_that_cannot_be_looked_at_does_not_keep_the_others_waiting(clinic):
    for number in range(2):
        clinic.start(clinic.upload(f"dictation/{number}.wav"))
    for job in clinic.transcribe.jobs:
        clinic.transcribe.end(job)
    clinic.transcribe.troubles.append(refusal("ThrottlingException"))
    assert run(clinic)["jobs"] == 1


def started_after_each_run(clinic, runs, **settings):
    """How many uploads each of so many runs brings back; all are started in between."""
    found = []
    for _ in range(runs):
        found.append(run(clinic, **settings)["uploads"])
        for message in clinic.messages(clinic.intake_queue):
            clinic.start(Upload(**message.body["upload"]))
        clinic.drain(clinic.intake_queue)
    return found


def run_and_drain(clinic, **settings):
    found = run(clinic, **settings)
    clinic.drain(clinic.intake_queue)
    return found


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
