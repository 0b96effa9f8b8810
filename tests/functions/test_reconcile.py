"""The reconciler finds everything that the signals missed, in bounded work, however often it runs."""

import time

import pytest

import reconcile
from adapters.ledger import Ledger
from stethoscript import queue_messages
from stethoscript.ledger_row import STUCK_AFTER_SECONDS
from stethoscript.queue_messages import Signal, UnknownMessage, UploadMessage
from stethoscript.uploads import Upload
from tests.client_errors import refusal
from tests.functions.deployment_harness import WAV
from tests.functions.fakes import INTAKE


def run(pipeline, **settings):
    pipeline.clock += 120  # past the grace
    return pipeline.reconciler(**settings).run(pipeline.clock + 100)


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED"])
def test_an_ended_job_without_a_signal_is_found(pipeline, status):
    pipeline.start(pipeline.upload())
    job = pipeline.row().job
    pipeline.transcribe.end(job, status)
    run(pipeline)
    (signal,) = pipeline.messages(pipeline.completion_queue)
    assert signal.body == {"job": job, "source": "reconcile", "deferrals": 0}


def test_a_job_in_progress_is_left_alone(pipeline):
    pipeline.start(pipeline.upload())
    assert run(pipeline) == {"jobs": 0, "uploads": 0}


def test_an_abandoned_claim_is_announced_again(pipeline):
    upload = pipeline.upload()
    pipeline.s3.before["copy_object"] = [RuntimeError("the function died here")]
    with pytest.raises(RuntimeError):
        pipeline.start(upload)
    assert run(pipeline)["uploads"] == 1
    (again,) = pipeline.messages(pipeline.intake_queue)
    assert again.body["upload"]["version"] == upload.version


def test_an_upload_with_a_lost_event_is_announced(pipeline):
    lost = pipeline.upload("dictation/lost.wav")
    pipeline.start(pipeline.upload("dictation/known.wav"))
    pipeline.clock = lost_clock(pipeline)
    assert run(pipeline)["uploads"] == 1
    (announced,) = pipeline.messages(pipeline.intake_queue)
    assert announced.body["upload"] == {"bucket": INTAKE, "key": lost.key, "version": lost.version}


def test_uploads_without_a_version_are_never_taken_for_one_another_and_somebody_is_told(pipeline, counted):
    """While versioning is suspended, the next upload under a key replaces this one and has the same id."""
    pipeline.s3.put_bucket_versioning(Bucket=INTAKE, VersioningConfiguration={"Status": "Suspended"})
    for body in (b"one", b"two"):
        pipeline.s3.put_object(Bucket=INTAKE, Key="dictation/a.wav", Body=WAV + body)
        with pytest.raises(UnknownMessage):
            queue_messages.upload_messages(
                queue_messages.upload_message(UploadMessage(Upload(INTAKE, "dictation/a.wav", "null")))
            )
        pipeline.clock = lost_clock(pipeline) + 3600
        assert run(pipeline)["uploads"] == 0
    assert not pipeline.messages(pipeline.intake_queue)
    assert counted["Stuck"] == 2


def test_every_version_of_a_key_counts_as_an_upload(pipeline):
    for body in (b"one", b"two"):
        pipeline.upload(body=WAV + body)
    pipeline.clock = lost_clock(pipeline)
    assert run(pipeline)["uploads"] == 2


def test_folders_and_new_uploads_do_not_count_as_lost(pipeline):
    pipeline.upload("dictation/", b"")
    pipeline.clock = lost_clock(pipeline)
    assert run(pipeline) == {"jobs": 0, "uploads": 0}


def test_a_large_bucket_is_swept_page_by_page_over_the_runs(pipeline):
    for number in range(5):
        pipeline.upload(f"dictation/{number}.wav")
    pipeline.clock = lost_clock(pipeline)
    pipeline.s3.limits["list_object_versions"] = {"MaxKeys": 2}
    assert started_after_each_run(pipeline, 4) == [2, 2, 1, 0]


def test_a_small_bucket_is_swept_once_a_run_however_many_pages_are_allowed(pipeline):
    pipeline.upload()
    pipeline.clock = lost_clock(pipeline)
    assert run(pipeline, sweep_pages=10)["uploads"] == 1


def test_the_bucket_is_swept_once_an_hour_and_jobs_are_checked_in_every_run(pipeline):
    pipeline.start(pipeline.upload())
    pipeline.clock = lost_clock(pipeline)
    assert run(pipeline, sweep_seconds=3600)["uploads"] == 0
    lost = pipeline.upload("dictation/lost.wav")
    pipeline.transcribe.end(pipeline.row().job)
    pipeline.clock += 300
    assert run(pipeline, sweep_seconds=3600) == {"jobs": 1, "uploads": 0}
    pipeline.clock += 3300
    assert run(pipeline, sweep_seconds=3600)["uploads"] == 1
    assert [message.body["upload"]["version"] for message in pipeline.messages(pipeline.intake_queue)] == [lost.version]


def test_an_incomplete_sweep_continues_in_the_next_run(pipeline):
    for number in range(3):
        pipeline.upload(f"dictation/{number}.wav")
    pipeline.clock = lost_clock(pipeline)
    pipeline.s3.limits["list_object_versions"] = {"MaxKeys": 1}
    assert started_after_each_run(pipeline, 5, sweep_seconds=3600) == [1, 1, 1, 0, 0]


def test_rows_of_older_uploads_are_read_once_a_day(pipeline, monkeypatch):
    """S3 dates a multipart upload by its start. The daily sweep of all rows finds one that took days."""
    read = []
    monkeypatch.setattr(Ledger, "known", lambda _self, recordings: set(read.append(len(recordings)) or recordings))
    pipeline.upload()
    pipeline.clock = time.time() + (reconcile.RECENT_DAYS + 1) * 86400
    for _ in range(25):
        run(pipeline, sweep_seconds=3600)
        pipeline.clock += 3600
    assert [number for number, rows in enumerate(read) if rows] == [0, 24]


def test_a_message_that_waits_in_the_queue_does_not_count_as_lost(pipeline):
    for number in range(3):
        pipeline.upload(f"dictation/{number}.wav")
    pipeline.clock = lost_clock(pipeline)
    assert run(pipeline)["uploads"] == 3
    assert [run(pipeline)["uploads"] for _ in range(12)] == [0] * 12
    assert len(pipeline.messages(pipeline.intake_queue)) == 3


def test_an_unanswered_announcement_is_repeated_a_limited_number_of_times(pipeline):
    pipeline.upload()
    pipeline.clock = lost_clock(pipeline)
    assert sum(run_and_drain(pipeline)["uploads"] for _ in range(30)) == reconcile.MOST_ANNOUNCEMENTS


def test_a_recording_that_waits_for_transcribe_is_not_announced_again(pipeline):
    upload = pipeline.upload()
    pipeline.transcribe.errors += [refusal("LimitExceededException")] * 10_000
    for _ in range(5):
        pipeline.start(upload)
        pipeline.drain(pipeline.intake_queue)
        assert pipeline.reconciler().run(pipeline.clock + 100) == {"jobs": 0, "uploads": 0}


def test_an_old_version_without_a_row_is_not_transcribed_again(pipeline):
    pipeline.upload()
    pipeline.clock = time.time() + (reconcile.LOST_WITHIN_DAYS + 1) * 86400
    assert run(pipeline)["uploads"] == 0


def test_an_ended_job_is_signalled_at_intervals_and_not_in_every_run(pipeline):
    pipeline.start(pipeline.upload())
    pipeline.transcribe.end(pipeline.row().job)
    assert run(pipeline)["jobs"] == 1
    assert pipeline.reconciler().run(pipeline.clock + 100)["jobs"] == 0


@pytest.mark.parametrize("ended", [True, False])
def test_an_operator_is_notified_of_a_job_undelivered_for_a_day(pipeline, caplog, ended):
    pipeline.start(pipeline.upload())
    if ended:
        pipeline.transcribe.end(pipeline.row().job)
    pipeline.clock += STUCK_AFTER_SECONDS + 100
    run(pipeline)
    assert "for more than a day" in caplog.text


def test_more_jobs_than_a_page_of_the_index_are_all_checked(pipeline):
    for number in range(4):
        pipeline.start(pipeline.upload(f"dictation/{number}.wav"))
    for job in pipeline.transcribe.jobs:
        pipeline.transcribe.end(job)
    pipeline.dynamodb.limits["query"] = {"Limit": 1}
    assert run(pipeline)["jobs"] == 4


def test_a_job_that_cannot_be_read_does_not_delay_the_others(pipeline):
    for number in range(2):
        pipeline.start(pipeline.upload(f"dictation/{number}.wav"))
    for job in pipeline.transcribe.jobs:
        pipeline.transcribe.end(job)
    pipeline.transcribe.errors.append(refusal("ThrottlingException"))
    assert run(pipeline)["jobs"] == 1


def started_after_each_run(pipeline, runs, **settings):
    """The number of uploads that each of these runs recovers. All are started in between."""
    found = []
    for _ in range(runs):
        found.append(run(pipeline, **settings)["uploads"])
        for message in pipeline.messages(pipeline.intake_queue):
            pipeline.start(Upload(**message.body["upload"]))
        pipeline.drain(pipeline.intake_queue)
    return found


def run_and_drain(pipeline, **settings):
    found = run(pipeline, **settings)
    pipeline.drain(pipeline.intake_queue)
    return found


def test_a_run_ends_before_its_timeout(pipeline):
    pipeline.upload()
    pipeline.clock = lost_clock(pipeline)
    assert pipeline.reconciler().run(pipeline.clock + 1) == {"jobs": 0, "uploads": 0}


def test_every_recording_it_finds_is_delivered(pipeline):
    lost = pipeline.upload()
    pipeline.clock = lost_clock(pipeline)
    run(pipeline)
    pipeline.starter().take(UploadMessage(lost), pipeline.clock + 300)
    job = pipeline.row().job
    pipeline.write_raw(job)
    pipeline.transcribe.end(job)
    run(pipeline)
    pipeline.deliverer().take(Signal(job, "reconcile"))
    assert [notification["status"] for notification in pipeline.notifications()] == ["DELIVERED"]
    assert pipeline.row().signal == "reconcile"


def lost_clock(pipeline):
    """moto stamps objects with the real time; go past it."""
    return max(pipeline.clock, time.time() + 3600)
