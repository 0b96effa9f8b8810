"""A deleted or cancelled recording: stopped in time it costs nothing, and later it is not delivered."""

from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError

import deliver_transcript
import start_transcription
from adapters import upload_versions
from adapters.ledger import LEASE_SECONDS
from adapters.rejecter import UNCERTAIN_SECONDS
from operations.ledger_admin import LedgerAdmin
from stethoscript import jobs, ledger_row, stopping
from stethoscript.ledger_row import State
from stethoscript.queue_messages import UploadMessage
from stethoscript.uploads import Upload
from tests.client_errors import refusal
from tests.functions.fakes import INTAKE, TRANSCRIPTS, WORK

KEY = "dictation/Jane Doe.wav"


def announced(pipeline, recording, upload):
    """The row that the reconciler writes for an upload without one."""
    row = ledger_row.new(recording, State.ANNOUNCED, upload, pipeline.clock, row_days=0)
    return replace(row, announcements=1)


class InterleavedClient:
    """A client that calls another function once, before or after the named call."""

    def __init__(self, client, name, before=lambda: None, after=lambda: None):
        self._client, self._name, self._before, self._after, self._left = client, name, before, after, True

    def __getattr__(self, name):
        call = getattr(self._client, name)
        if name != self._name or not self._left:
            return call

        def called(**asked):
            self._left = False
            self._before()
            answer = call(**asked)
            self._after()
            return answer

        return called


def delete(pipeline, key=KEY):
    """Put a delete marker above the versions of the key."""
    return pipeline.s3.delete_object(Bucket=INTAKE, Key=key)["VersionId"]


def cancel(pipeline):
    return pipeline.ledger.stop(pipeline.row(), stopping.CANCELLED, pipeline.clock)


def claimed(pipeline, **more):
    """An upload that waits because Transcribe was called and was busy."""
    upload = pipeline.upload(KEY, **more)
    pipeline.transcribe.errors.append(refusal("LimitExceededException"))
    pipeline.starter().take(UploadMessage(upload), pipeline.clock + start_transcription.COPY_SECONDS)
    pipeline.drain(pipeline.intake_queue)
    return upload


def transcribing(pipeline):
    upload = pipeline.upload(KEY)
    pipeline.start(upload)
    return upload, pipeline.row().job


def completed(pipeline, job):
    pipeline.write_raw(job)
    pipeline.transcribe.end(job)


def ends(pipeline):
    return [(notification["status"], notification["reason"]["class"]) for notification in pipeline.notifications()]


# What counts as deleted


def deleted(pipeline, upload):
    return upload_versions.is_deleted(pipeline.s3, "123456789012", upload)


def test_an_upload_is_deleted_by_a_marker_and_by_the_deletion_of_its_version(pipeline):
    upload = pipeline.upload(KEY)
    assert not deleted(pipeline, upload)
    marker = delete(pipeline)
    assert deleted(pipeline, upload)
    pipeline.s3.delete_object(Bucket=INTAKE, Key=KEY, VersionId=marker)
    assert not deleted(pipeline, upload)
    pipeline.s3.delete_object(Bucket=INTAKE, Key=KEY, VersionId=upload.version)
    assert deleted(pipeline, upload)


def test_an_overwritten_upload_is_not_deleted(pipeline):
    first, second = pipeline.upload(KEY), pipeline.upload(KEY)
    assert not deleted(pipeline, first)
    assert not deleted(pipeline, second)


def test_of_uploads_around_a_marker_only_the_older_is_deleted(pipeline):
    first = pipeline.upload(KEY)
    delete(pipeline)
    second, third = pipeline.upload(KEY), pipeline.upload(KEY)
    assert [deleted(pipeline, each) for each in (first, second, third)] == [True, False, False]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_key_s_versions_are_read_page_by_page(pipeline, size):
    pipeline.s3.limits["list_object_versions"] = {"MaxKeys": size}
    uploads = [pipeline.upload(KEY)]
    delete(pipeline)
    uploads += [pipeline.upload(KEY), pipeline.upload(KEY)]
    pipeline.upload(f"{KEY}.copy")
    assert [deleted(pipeline, each) for each in uploads] == [True, False, False]


def test_a_key_with_the_same_prefix_proves_nothing(pipeline):
    upload = pipeline.upload("dictation/a")
    pipeline.upload("dictation/a.wav")
    delete(pipeline, "dictation/a.wav")
    assert not deleted(pipeline, upload)
    assert deleted(pipeline, Upload(INTAKE, "dictation/", "no-such-version"))


@pytest.mark.parametrize("key", ["dictation/a b+c%20ü&?#.wav", "dictation/~(!)*'.wav", "dictation/語.wav"])
def test_a_key_of_any_characters_is_found(pipeline, key):
    upload = pipeline.upload(key)
    assert not deleted(pipeline, upload)
    delete(pipeline, key)
    assert deleted(pipeline, upload)


@pytest.mark.parametrize("below", [[], [{"Key": "a\nb", "VersionId": "m", "IsLatest": True}]])
def test_an_upload_is_found_by_its_version_id_if_its_key_is_listed_in_another_form(below):
    """XML turns a carriage return into a line feed. So a key that looks different does not prove a deletion."""

    class Listing:
        def list_object_versions(self, **_asked):
            return {"Versions": [{"Key": "a\nb", "VersionId": "v", "IsLatest": not below}], "DeleteMarkers": below}

    assert upload_versions.is_deleted(Listing(), "1", Upload(INTAKE, "a\rb", "v")) is bool(below)


@pytest.mark.parametrize(("listed", "gone"), [("dictation/a", False), ("dictation/ab", True)])
def test_the_version_null_is_found_by_its_key(listed, gone):
    """Without versioning every upload has this version id. So the id alone proves nothing."""

    class Listing:
        def list_object_versions(self, **_asked):
            return {"Versions": [{"Key": listed, "VersionId": "null", "IsLatest": True}]}

    assert upload_versions.is_deleted(Listing(), "1", Upload(INTAKE, "dictation/a", "null")) is gone


def test_the_order_of_versions_decides_and_not_the_start_time_of_a_multipart_upload():
    """The upload started before the marker and completed after it.

    Its LastModified is older than that of the marker below it.
    """

    class Listing:
        def list_object_versions(self, **asked):
            older = [{"Key": KEY, "VersionId": "m"}, {"Key": KEY, "VersionId": "old"}]
            if asked.get("VersionIdMarker") == "m":
                return {"Versions": older[1:]}
            return {
                "Versions": [
                    {"Key": KEY, "VersionId": "top", "IsLatest": True},
                    {"Key": KEY, "VersionId": "multipart", "IsLatest": False},
                    older[1],
                ],
                "DeleteMarkers": older[:1],
            }

    known = {version: upload_versions.is_deleted(Listing(), "1", Upload(INTAKE, KEY, version))
             for version in ("top", "multipart", "old")}  # fmt: skip
    assert known == {"top": False, "multipart": False, "old": True}


@pytest.mark.parametrize("error", [refusal("AccessDenied"), refusal("InternalError", status=500), refusal("SlowDown")])
def test_a_failed_listing_never_means_deleted(pipeline, error):
    upload = pipeline.upload(KEY)
    pipeline.s3.before["list_object_versions"] = [error]
    pipeline.start(upload)
    assert (pipeline.row().state, pipeline.notifications(), pipeline.transcribe.starts) == (State.CLAIMED, [], 0)
    pipeline.start(upload)
    assert pipeline.row().state is State.TRANSCRIBING


# Before Transcribe has begun


def test_an_upload_deleted_while_it_waits_is_not_transcribed(pipeline):
    upload = claimed(pipeline, Metadata={"correlation-id": "visit-7"})
    delete(pipeline)
    pipeline.clock += UNCERTAIN_SECONDS
    pipeline.start(upload)
    assert (ends(pipeline), pipeline.transcribe.jobs) == ([("REJECTED", "Gone")], {})
    assert (pipeline.notifications()[0]["profile"], pipeline.notifications()[0]["correlationId"]) == (
        "dictation",
        "visit-7",
    )
    assert pipeline.row().state is State.REJECTED


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_upload_deleted_just_before_its_start_is_not_transcribed(pipeline, when):
    upload = pipeline.upload(KEY)
    late = {when: lambda: delete(pipeline)}
    pipeline.s3 = InterleavedClient(pipeline.s3, "copy_object", **late)
    pipeline.start(upload)
    assert (ends(pipeline), pipeline.transcribe.jobs) == ([("REJECTED", "Gone")], {})


def test_an_upload_that_is_deleted_and_restored_is_transcribed(pipeline):
    upload = claimed(pipeline)
    marker = delete(pipeline)
    pipeline.s3.delete_object(Bucket=INTAKE, Key=KEY, VersionId=marker)
    pipeline.start(upload)
    assert pipeline.row().state is State.TRANSCRIBING


def test_a_recording_cancelled_while_it_waits_is_not_transcribed(pipeline):
    upload = pipeline.upload(KEY)
    pipeline.transcribe.errors += [refusal("InternalError", status=500)] * 3
    pipeline.dynamodb.before["query"] = [refusal("InternalServerError", status=500)]
    pipeline.start(upload)  # claimed, and Transcribe not called
    pipeline.transcribe.errors.clear()
    assert cancel(pipeline).start_requested is None
    pipeline.start(upload)
    pipeline.start(upload)
    assert (ends(pipeline), pipeline.transcribe.jobs) == ([("REJECTED", "Cancelled")], {})


@pytest.mark.parametrize("call", ["list_object_versions", "copy_object", "list_objects_v2"])
def test_a_recording_cancelled_just_before_its_start_is_not_transcribed(pipeline, call):
    upload = pipeline.upload(KEY)
    pipeline.s3 = InterleavedClient(pipeline.s3, call, after=lambda: cancel(pipeline))
    pipeline.start(upload)
    pipeline.start(upload)
    assert (ends(pipeline), pipeline.transcribe.jobs) == ([("REJECTED", "Cancelled")], {})


def test_a_cancelled_recording_that_was_only_announced_ends_with_its_profile_and_correlation_id(pipeline):
    upload = pipeline.upload(KEY, Metadata={"correlation-id": "visit-7"})
    recording = jobs.recording("clinic", upload)
    pipeline.ledger.announce(announced(pipeline, recording, upload))
    cancel(pipeline)
    pipeline.start(upload)
    (notification,) = pipeline.notifications()
    assert (notification["reason"]["class"], notification["profile"], notification["correlationId"]) == (
        "Cancelled",
        "dictation",
        "visit-7",
    )
    assert (pipeline.row().state, pipeline.row().profile) == (State.REJECTED, "dictation")


def test_a_recording_that_is_deleted_and_cancelled_ends_once(pipeline):
    upload = pipeline.upload(KEY)
    pipeline.ledger.announce(announced(pipeline, jobs.recording("clinic", upload), upload))
    cancel(pipeline)
    pipeline.s3.delete_object(Bucket=INTAKE, Key=KEY, VersionId=upload.version)
    pipeline.start(upload)
    pipeline.start(upload)
    assert ends(pipeline) == [("REJECTED", "Cancelled")]


@pytest.mark.parametrize(
    ("service", "call"), [("events", "put_events"), ("sns", "publish"), ("dynamodb", "update_item")]
)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("stop", [cancel, delete])
def test_a_retry_recovers_from_a_failed_call_while_a_stopped_recording_is_ended(pipeline, stop, service, call, when):
    upload = claimed(pipeline)
    pipeline.clock += UNCERTAIN_SECONDS
    stop(pipeline)
    getattr(getattr(pipeline, service), when)[call] = [refusal("InternalError", status=500)]
    for _ in range(3):
        pipeline.start(upload)
        pipeline.clock += LEASE_SECONDS
    assert set(ends(pipeline)) == {("REJECTED", "Cancelled" if stop is cancel else "Gone")}
    assert len({notification["id"] for notification in pipeline.notifications()}) == 1
    assert (pipeline.row().state, pipeline.transcribe.jobs) == (State.REJECTED, {})


@pytest.mark.parametrize("claim", [True, False])
def test_of_two_simultaneous_messages_one_sends_the_notification(pipeline, claim):
    if claim:
        upload = claimed(pipeline)
        pipeline.clock += UNCERTAIN_SECONDS
    else:
        upload = pipeline.upload(KEY)
        pipeline.ledger.announce(announced(pipeline, jobs.recording("clinic", upload), upload))
    cancel(pipeline)
    other = pipeline.starter()
    pipeline.events = InterleavedClient(
        pipeline.events, "put_events", before=lambda: other.take(UploadMessage(upload), pipeline.clock + 300)
    )
    pipeline.start(upload)
    pipeline.start(upload)
    assert ends(pipeline) == [("REJECTED", "Cancelled")]
    assert len(other.notifier.bus.events) == 1


# Where Transcribe may have begun


@pytest.mark.parametrize("stop", [cancel, delete])
def test_a_job_with_a_late_start_answer_is_found_and_ended(pipeline, stop):
    upload = pipeline.upload(KEY)
    pipeline.transcribe.lost.append(EndpointConnectionError(endpoint_url="x"))
    pipeline.start(upload)
    stop(pipeline)
    pipeline.start(upload)
    assert (pipeline.notifications(), pipeline.row().state, pipeline.transcribe.starts) == ([], State.TRANSCRIBING, 1)
    job = pipeline.row().job
    completed(pipeline, job)
    pipeline.deliver(job)
    assert ends(pipeline) == [("FAILED", "Cancelled" if stop is cancel else "Gone")]
    assert (pipeline.keys(WORK), pipeline.keys(TRANSCRIPTS)) == ([], [])


def test_a_stopped_recording_waits_until_a_possible_job_would_be_visible(pipeline):
    upload = claimed(pipeline)  # Transcribe was called, and refused
    assert cancel(pipeline).start_requested
    pipeline.start(upload)
    assert (pipeline.notifications(), len(pipeline.messages(pipeline.intake_queue))) == ([], 1)
    pipeline.clock += UNCERTAIN_SECONDS
    pipeline.start(upload)
    assert ends(pipeline) == [("REJECTED", "Cancelled")]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_simultaneous_start_and_cancellation_have_an_order(pipeline, when):
    """After the ledger has the start request, the recording counts as one that Transcribe may have started."""
    upload = pipeline.upload(KEY)
    found = []
    late = {when: lambda: found.append(cancel(pipeline))}
    pipeline.transcribe = InterleavedClient(pipeline.transcribe, "start_medical_transcription_job", **late)
    pipeline.start(upload)
    assert found[0].start_requested
    assert (pipeline.row().state, pipeline.notifications()) == (State.TRANSCRIBING, [])


# While Transcribe works


@pytest.mark.parametrize("stop", [cancel, delete])
def test_a_recording_stopped_during_its_job_is_not_delivered(pipeline, stop):
    _upload, job = transcribing(pipeline)
    stop(pipeline)
    pipeline.deliver(job)  # still in progress
    assert pipeline.notifications() == []
    completed(pipeline, job)
    for source in ("object", "event", "reconcile"):
        pipeline.deliver(job, source)
    assert ends(pipeline) == [("FAILED", "Cancelled" if stop is cancel else "Gone")]
    assert "charged" in pipeline.notifications()[0]["reason"]["remedy"]
    assert (pipeline.keys(WORK), pipeline.keys(TRANSCRIPTS)) == ([], [])


def test_a_cancelled_job_that_fails_or_is_deleted_ends_as_cancelled(pipeline):
    _upload, job = transcribing(pipeline)
    cancel(pipeline)
    pipeline.transcribe.end(job, "FAILED", "Unsupported media format.")
    pipeline.deliver(job)
    assert ends(pipeline) == [("FAILED", "Cancelled")]


@pytest.mark.parametrize("status", ["IN_PROGRESS", "COMPLETED"])
def test_a_cancelled_recording_holds_its_slot_until_its_job_has_ended(pipeline, status):
    _upload, job = transcribing(pipeline)
    cancel(pipeline)
    pipeline.transcribe.jobs[job]["TranscriptionJobStatus"] = status
    assert pipeline.ledger.in_flight(5) == 1
    pipeline.clock += 100
    assert pipeline.reconciler().run(pipeline.clock + 100)["jobs"] == int(status == "COMPLETED")


def test_output_written_after_the_end_is_deleted(pipeline):
    _upload, job = transcribing(pipeline)
    cancel(pipeline)
    pipeline.transcribe.end(job)
    pipeline.deliver(job)
    pipeline.write_raw(job)
    pipeline.deliver(job)
    assert (pipeline.keys(WORK), len(pipeline.notifications())) == ([], 1)


def test_output_of_a_delivered_recording_is_kept(pipeline):
    _upload, job = transcribing(pipeline)
    completed(pipeline, job)
    pipeline.deliver(job)
    pipeline.deliver(job)
    assert pipeline.keys(WORK) == [f"raw/{job}.json"]


# While it is delivered


def test_a_recording_in_delivery_cannot_be_stopped(pipeline):
    _upload, job = transcribing(pipeline)
    completed(pipeline, job)
    assert pipeline.ledger.lease(pipeline.row(), pipeline.clock, deliver_transcript.LEASE_SECONDS)
    assert cancel(pipeline) is None
    pipeline.clock += 1_000_000  # by either clock the lease is over
    assert cancel(pipeline) is None
    delete(pipeline)
    pipeline.deliver(job)
    assert [notification["status"] for notification in pipeline.notifications()] == ["DELIVERED"]


@pytest.mark.parametrize("stop", [cancel, delete])
def test_a_delivery_interrupted_after_its_notification_is_completed_despite_a_stop(pipeline, stop):
    _upload, job = transcribing(pipeline)
    completed(pipeline, job)
    pipeline.sns.after["publish"] = [refusal("InternalError", status=500)]
    pipeline.deliver(job)
    stop(pipeline)
    pipeline.deliver(job)
    assert {notification["id"] for notification in pipeline.notifications()} == {f"{job}:DELIVERED"}
    assert pipeline.row().state is State.DELIVERED


def test_a_cancellation_just_before_the_delivery_lease_is_respected(pipeline):
    _upload, job = transcribing(pipeline)
    completed(pipeline, job)
    pipeline.s3 = InterleavedClient(pipeline.s3, "list_object_versions", after=lambda: cancel(pipeline))
    pipeline.deliver(job)
    assert ends(pipeline) == [("FAILED", "Cancelled")]
    assert pipeline.keys(TRANSCRIPTS) == []


class FunctionCrash(BaseException):
    """The function's process has ended. No handler of the function catches this."""


def crash_at(pipeline, moment, does):
    """End an invocation at this moment, before or after a call. Return False if it had fewer moments."""
    left = iter(range(moment))

    def interrupt():
        if next(left, None) is None:
            raise FunctionCrash

    far = (pipeline.s3, pipeline.sns, pipeline.events, pipeline.dynamodb)
    for end in far:
        end.interrupt = interrupt
    try:
        does()
    except FunctionCrash:
        return True
    finally:
        for end in far:
            end.interrupt = lambda: None
    return False


@pytest.mark.parametrize("stop", [cancel, delete])
def test_a_retry_recovers_from_a_crash_of_the_start_function_at_any_moment_of_stopping(pipeline, stop):
    moment, died = 0, True
    while died:
        key = f"dictation/{moment}.wav"
        upload = pipeline.upload(key)
        pipeline.dynamodb.before["query"] = [refusal("InternalServerError", status=500)]
        pipeline.start(upload)
        row = pipeline.ledger.find(jobs.recording("clinic", upload))
        if stop is cancel:
            pipeline.ledger.stop(row, stopping.CANCELLED, pipeline.clock)
        else:
            delete(pipeline, key)
        died = crash_at(pipeline, moment, lambda upload=upload: pipeline.start(upload))
        pipeline.clock += LEASE_SECONDS
        pipeline.start(upload)
        notification = [each["id"] for each in pipeline.notifications() if each["job"] == row.job]
        assert set(notification) == {f"{row.job}:REJECTED"}
        assert pipeline.ledger.find(row.recording).state is State.REJECTED
        moment += 1
    assert pipeline.transcribe.starts == 0
    assert moment > 8


@pytest.mark.parametrize("stop", [cancel, delete])
def test_a_retry_recovers_from_a_crash_of_the_deliver_function_at_any_moment_of_stopping(pipeline, stop):
    moment, died = 0, True
    while died:
        key = f"dictation/{moment}.wav"
        upload = pipeline.upload(key)
        pipeline.start(upload)
        row = pipeline.ledger.find(jobs.recording("clinic", upload))
        if stop is cancel:
            pipeline.ledger.stop(row, stopping.CANCELLED, pipeline.clock)
        else:
            delete(pipeline, key)
        completed(pipeline, row.job)
        died = crash_at(pipeline, moment, lambda job=row.job: pipeline.deliver(job))
        pipeline.clock += deliver_transcript.LEASE_SECONDS
        pipeline.deliver(row.job)
        assert {each["id"] for each in pipeline.notifications() if each["job"] == row.job} == {f"{row.job}:FAILED"}
        assert pipeline.ledger.find(row.recording).state is State.FAILED
        moment += 1
    assert (pipeline.keys(WORK), pipeline.keys(TRANSCRIPTS)) == ([], [])
    assert moment > 8


def test_a_stopped_recording_is_counted_as_stopped_and_triggers_no_failure_alarm(pipeline, counted):
    _upload, job = transcribing(pipeline)
    cancel(pipeline)
    completed(pipeline, job)
    pipeline.deliver(job)
    assert (counted["Stopped"], counted["Failed"]) == (1, 0)


def test_a_cancelled_recording_that_is_retried_is_transcribed_and_delivered(pipeline):
    upload, job = transcribing(pipeline)
    cancel(pipeline)
    completed(pipeline, job)
    pipeline.deliver(job)
    again = LedgerAdmin(pipeline.dynamodb, "ledger").again(pipeline.row(), pipeline.clock)
    assert (again.cancelled, again.start_requested, again.reason) == (None, None, None)
    pipeline.start(upload)
    completed(pipeline, again.job)
    pipeline.deliver(again.job)
    assert [notification["id"] for notification in pipeline.notifications()] == [
        f"{job}:FAILED",
        f"{again.job}:DELIVERED",
    ]


def test_two_simultaneous_stops_of_one_recording_agree(pipeline):
    transcribing(pipeline)
    row = pipeline.row()
    first = pipeline.ledger.stop(row, stopping.CANCELLED, pipeline.clock)
    assert pipeline.ledger.stop(row, stopping.GONE, pipeline.clock + 1) is None
    assert pipeline.row() == replace(row, cancelled=first.cancelled, reason=stopping.CANCELLED)
