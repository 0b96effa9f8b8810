"""A recording that is deleted or cancelled: in time it is not paid for, later nothing of it is delivered."""

from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError

import deliver_transcript
import start_transcription
import upload_versions
from operations.bookkeeping import Bookkeeping
from stethoscript import jobs, stopping
from stethoscript.events import Arrival
from stethoscript.rows import State
from stethoscript.uploads import Upload
from tests.functions.far_ends import INTAKE, TRANSCRIPTS, WORK
from tests.refusals import refusal

KEY = "dictation/Jane Doe.wav"


class Meanwhile:
    """A client of which a named call is preceded or followed by something else, once."""

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


def delete(clinic, key=KEY):
    """Put a delete marker above whatever the key holds."""
    return clinic.s3.delete_object(Bucket=INTAKE, Key=key)["VersionId"]


def cancel(clinic):
    return clinic.ledger.stop(clinic.row(), stopping.CANCELLED, clinic.clock)


def claimed(clinic, **more):
    """An upload that waits because Transcribe was asked, and was busy."""
    upload = clinic.upload(KEY, **more)
    clinic.transcribe.troubles.append(refusal("LimitExceededException"))
    clinic.starter().take(Arrival(upload), clinic.clock + start_transcription.COPY_SECONDS)
    clinic.drain(clinic.intake_queue)
    return upload


def transcribing(clinic):
    upload = clinic.upload(KEY)
    clinic.start(upload)
    return upload, clinic.row().job


def completed(clinic, job):
    clinic.write_raw(job)
    clinic.transcribe.end(job)


def ends(clinic):
    return [(told["status"], told["reason"]["class"]) for told in clinic.told()]


# What counts as deleted


def deleted(clinic, upload):
    return upload_versions.is_deleted(clinic.s3, "123456789012", upload)


def test_an_upload_is_deleted_by_a_marker_and_by_the_deletion_of_its_version(clinic):
    upload = clinic.upload(KEY)
    assert not deleted(clinic, upload)
    marker = delete(clinic)
    assert deleted(clinic, upload)
    clinic.s3.delete_object(Bucket=INTAKE, Key=KEY, VersionId=marker)
    assert not deleted(clinic, upload)
    clinic.s3.delete_object(Bucket=INTAKE, Key=KEY, VersionId=upload.version)
    assert deleted(clinic, upload)


def test_an_overwritten_upload_is_not_deleted(clinic):
    first, second = clinic.upload(KEY), clinic.upload(KEY)
    assert not deleted(clinic, first)
    assert not deleted(clinic, second)


def test_of_uploads_around_a_marker_only_the_older_is_deleted(clinic):
    first = clinic.upload(KEY)
    delete(clinic)
    second, third = clinic.upload(KEY), clinic.upload(KEY)
    assert [deleted(clinic, each) for each in (first, second, third)] == [True, False, False]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_key_s_versions_are_read_page_by_page(clinic, size):
    clinic.s3.limits["list_object_versions"] = {"MaxKeys": size}
    uploads = [clinic.upload(KEY)]
    delete(clinic)
    uploads += [clinic.upload(KEY), clinic.upload(KEY)]
    clinic.upload(f"{KEY}.copy")
    assert [deleted(clinic, each) for each in uploads] == [True, False, False]


def test_a_key_that_only_begins_alike_says_nothing(clinic):
    upload = clinic.upload("dictation/a")
    clinic.upload("dictation/a.wav")
    delete(clinic, "dictation/a.wav")
    assert not deleted(clinic, upload)
    assert deleted(clinic, Upload(INTAKE, "dictation/", "no-such-version"))


@pytest.mark.parametrize("key", ["dictation/a b+c%20ü&?#.wav", "dictation/~(!)*'.wav", "dictation/語.wav"])
def test_a_key_of_any_characters_is_found(clinic, key):
    upload = clinic.upload(key)
    assert not deleted(clinic, upload)
    delete(clinic, key)
    assert deleted(clinic, upload)


@pytest.mark.parametrize("below", [[], [{"Key": "a\nb", "VersionId": "m", "IsLatest": True}]])
def test_an_upload_is_known_by_its_version_id_where_its_key_comes_back_in_another_form(below):
    """XML makes a line feed of a carriage return: a key that looks different is no proof of a deletion."""

    class Listing:
        def list_object_versions(self, **_asked):
            return {"Versions": [{"Key": "a\nb", "VersionId": "v", "IsLatest": not below}], "DeleteMarkers": below}

    assert upload_versions.is_deleted(Listing(), "1", Upload(INTAKE, "a\rb", "v")) is bool(below)


@pytest.mark.parametrize(("listed", "gone"), [("dictation/a", False), ("dictation/ab", True)])
def test_the_version_null_is_known_by_its_key_alone(listed, gone):
    """Whoever suspends versioning gives every upload this id: it says nothing without the key."""

    class Listing:
        def list_object_versions(self, **_asked):
            return {"Versions": [{"Key": listed, "VersionId": "null", "IsLatest": True}]}

    assert upload_versions.is_deleted(Listing(), "1", Upload(INTAKE, "dictation/a", "null")) is gone


def test_s3_s_own_order_decides_and_not_the_time_at_which_a_multipart_upload_was_begun():
    """Begun before the marker, complete after it: its LastModified is older than that of the marker below it."""

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
def test_a_listing_that_fails_never_means_deleted(clinic, error):
    upload = clinic.upload(KEY)
    clinic.s3.before["list_object_versions"] = [error]
    clinic.start(upload)
    assert (clinic.row().state, clinic.told(), clinic.transcribe.starts) == (State.CLAIMED, [], 0)
    clinic.start(upload)
    assert clinic.row().state is State.TRANSCRIBING


# Before Transcribe has begun


def test_an_upload_that_is_deleted_while_it_waits_is_not_paid_for(clinic):
    upload = claimed(clinic, Metadata={"correlation-id": "visit-7"})
    delete(clinic)
    clinic.clock += start_transcription.UNCERTAIN_SECONDS
    clinic.start(upload)
    assert (ends(clinic), clinic.transcribe.jobs) == ([("REJECTED", "Gone")], {})
    assert (clinic.told()[0]["profile"], clinic.told()[0]["correlationId"]) == ("dictation", "visit-7")
    assert clinic.row().state is State.REJECTED


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_upload_that_is_deleted_at_the_last_moment_is_not_paid_for(clinic, when):
    upload = clinic.upload(KEY)
    late = {when: lambda: delete(clinic)}
    clinic.s3 = Meanwhile(clinic.s3, "copy_object", **late)
    clinic.start(upload)
    assert (ends(clinic), clinic.transcribe.jobs) == ([("REJECTED", "Gone")], {})


def test_an_upload_that_is_deleted_and_brought_back_is_transcribed(clinic):
    upload = claimed(clinic)
    marker = delete(clinic)
    clinic.s3.delete_object(Bucket=INTAKE, Key=KEY, VersionId=marker)
    clinic.start(upload)
    assert clinic.row().state is State.TRANSCRIBING


def test_a_recording_that_is_cancelled_while_it_waits_is_not_paid_for(clinic):
    upload = clinic.upload(KEY)
    clinic.transcribe.troubles += [refusal("InternalError", status=500)] * 3
    clinic.dynamodb.before["query"] = [refusal("InternalServerError", status=500)]
    clinic.start(upload)  # claimed, and Transcribe not asked
    clinic.transcribe.troubles.clear()
    assert cancel(clinic).start_requested is None
    clinic.start(upload)
    clinic.start(upload)
    assert (ends(clinic), clinic.transcribe.jobs) == ([("REJECTED", "Cancelled")], {})


@pytest.mark.parametrize("call", ["list_object_versions", "copy_object", "list_objects_v2"])
def test_a_recording_that_is_cancelled_at_the_last_moment_is_not_paid_for(clinic, call):
    upload = clinic.upload(KEY)
    clinic.s3 = Meanwhile(clinic.s3, call, after=lambda: cancel(clinic))
    clinic.start(upload)
    clinic.start(upload)
    assert (ends(clinic), clinic.transcribe.jobs) == ([("REJECTED", "Cancelled")], {})


def test_a_cancelled_recording_that_was_only_announced_ends_with_its_profile_and_correlation_id(clinic):
    upload = clinic.upload(KEY, Metadata={"correlation-id": "visit-7"})
    recording = jobs.recording("clinic", upload)
    clinic.ledger.announce(clinic.reconciler()._row(recording, upload))  # noqa: SLF001
    cancel(clinic)
    clinic.start(upload)
    (told,) = clinic.told()
    assert (told["reason"]["class"], told["profile"], told["correlationId"]) == ("Cancelled", "dictation", "visit-7")
    assert (clinic.row().state, clinic.row().profile) == (State.REJECTED, "dictation")


def test_a_recording_that_is_deleted_and_cancelled_ends_once(clinic):
    upload = clinic.upload(KEY)
    clinic.ledger.announce(clinic.reconciler()._row(jobs.recording("clinic", upload), upload))  # noqa: SLF001
    cancel(clinic)
    clinic.s3.delete_object(Bucket=INTAKE, Key=KEY, VersionId=upload.version)
    clinic.start(upload)
    clinic.start(upload)
    assert ends(clinic) == [("REJECTED", "Cancelled")]


@pytest.mark.parametrize(
    ("service", "call"), [("events", "put_events"), ("sns", "publish"), ("dynamodb", "update_item")]
)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("stop", [cancel, delete])
def test_a_call_that_fails_while_a_stopped_recording_is_ended_is_made_good(clinic, stop, service, call, when):
    upload = claimed(clinic)
    clinic.clock += start_transcription.UNCERTAIN_SECONDS
    stop(clinic)
    getattr(getattr(clinic, service), when)[call] = [refusal("InternalError", status=500)]
    for _ in range(3):
        clinic.start(upload)
        clinic.clock += start_transcription.LEASE_SECONDS
    assert set(ends(clinic)) == {("REJECTED", "Cancelled" if stop is cancel else "Gone")}
    assert len({told["id"] for told in clinic.told()}) == 1
    assert (clinic.row().state, clinic.transcribe.jobs) == (State.REJECTED, {})


@pytest.mark.parametrize("claim", [True, False])
def test_of_two_messages_that_come_at_once_one_notifies(clinic, claim):
    if claim:
        upload = claimed(clinic)
        clinic.clock += start_transcription.UNCERTAIN_SECONDS
    else:
        upload = clinic.upload(KEY)
        clinic.ledger.announce(clinic.reconciler()._row(jobs.recording("clinic", upload), upload))  # noqa: SLF001
    cancel(clinic)
    other = clinic.starter()
    clinic.events = Meanwhile(
        clinic.events, "put_events", before=lambda: other.take(Arrival(upload), clinic.clock + 300)
    )
    clinic.start(upload)
    clinic.start(upload)
    assert ends(clinic) == [("REJECTED", "Cancelled")]
    assert len(other.herald.bus.events) == 1


# Where Transcribe may have begun


@pytest.mark.parametrize("stop", [cancel, delete])
def test_a_job_whose_start_was_answered_too_late_is_found_and_comes_to_its_end(clinic, stop):
    upload = clinic.upload(KEY)
    clinic.transcribe.lost.append(EndpointConnectionError(endpoint_url="x"))
    clinic.start(upload)
    stop(clinic)
    clinic.start(upload)
    assert (clinic.told(), clinic.row().state, clinic.transcribe.starts) == ([], State.TRANSCRIBING, 1)
    job = clinic.row().job
    completed(clinic, job)
    clinic.deliver(job)
    assert ends(clinic) == [("FAILED", "Cancelled" if stop is cancel else "Gone")]
    assert (clinic.keys(WORK), clinic.keys(TRANSCRIPTS)) == ([], [])


def test_a_stopped_recording_waits_until_a_job_that_may_have_begun_would_be_known(clinic):
    upload = claimed(clinic)  # Transcribe was asked, and refused
    assert cancel(clinic).start_requested
    clinic.start(upload)
    assert (clinic.told(), len(clinic.messages(clinic.intake_queue))) == ([], 1)
    clinic.clock += start_transcription.UNCERTAIN_SECONDS
    clinic.start(upload)
    assert ends(clinic) == [("REJECTED", "Cancelled")]


@pytest.mark.parametrize("when", ["before", "after"])
def test_of_a_start_and_a_cancellation_at_once_one_is_first(clinic, when):
    """After the ledger took the request to start, the recording counts as one that Transcribe may have begun."""
    upload = clinic.upload(KEY)
    found = []
    late = {when: lambda: found.append(cancel(clinic))}
    clinic.transcribe = Meanwhile(clinic.transcribe, "start_medical_transcription_job", **late)
    clinic.start(upload)
    assert found[0].start_requested
    assert (clinic.row().state, clinic.told()) == (State.TRANSCRIBING, [])


# While Transcribe works


@pytest.mark.parametrize("stop", [cancel, delete])
def test_nothing_is_delivered_of_a_recording_that_was_stopped_while_transcribe_worked(clinic, stop):
    _upload, job = transcribing(clinic)
    stop(clinic)
    clinic.deliver(job)  # still in progress
    assert clinic.told() == []
    completed(clinic, job)
    for source in ("object", "event", "reconcile"):
        clinic.deliver(job, source)
    assert ends(clinic) == [("FAILED", "Cancelled" if stop is cancel else "Gone")]
    assert "charged" in clinic.told()[0]["reason"]["remedy"]
    assert (clinic.keys(WORK), clinic.keys(TRANSCRIPTS)) == ([], [])


def test_a_cancelled_job_that_fails_or_vanishes_ends_as_cancelled(clinic):
    _upload, job = transcribing(clinic)
    cancel(clinic)
    clinic.transcribe.end(job, "FAILED", "Unsupported media format.")
    clinic.deliver(job)
    assert ends(clinic) == [("FAILED", "Cancelled")]


@pytest.mark.parametrize("status", ["IN_PROGRESS", "COMPLETED"])
def test_a_cancelled_recording_holds_its_slot_until_its_job_has_ended(clinic, status):
    _upload, job = transcribing(clinic)
    cancel(clinic)
    clinic.transcribe.jobs[job]["TranscriptionJobStatus"] = status
    assert clinic.ledger.in_flight(5) == 1
    clinic.clock += 100
    assert clinic.reconciler().run(clinic.clock + 100)["jobs"] == int(status == "COMPLETED")


def test_output_that_comes_after_the_end_is_removed(clinic):
    _upload, job = transcribing(clinic)
    cancel(clinic)
    clinic.transcribe.end(job)
    clinic.deliver(job)
    clinic.write_raw(job)
    clinic.deliver(job)
    assert (clinic.keys(WORK), len(clinic.told())) == ([], 1)


def test_output_of_a_delivered_recording_stays(clinic):
    _upload, job = transcribing(clinic)
    completed(clinic, job)
    clinic.deliver(job)
    clinic.deliver(job)
    assert clinic.keys(WORK) == [f"raw/{job}.json"]


# While it is delivered


def test_what_is_being_delivered_can_be_stopped_no_more(clinic):
    _upload, job = transcribing(clinic)
    completed(clinic, job)
    assert clinic.ledger.lease(clinic.row(), clinic.clock, deliver_transcript.LEASE_SECONDS)
    assert cancel(clinic) is None
    clinic.clock += 1_000_000  # by whichever clock the lease is over
    assert cancel(clinic) is None
    delete(clinic)
    clinic.deliver(job)
    assert [told["status"] for told in clinic.told()] == ["DELIVERED"]


@pytest.mark.parametrize("stop", [cancel, delete])
def test_a_delivery_that_told_of_itself_and_broke_off_is_delivered_whatever_happens_meanwhile(clinic, stop):
    _upload, job = transcribing(clinic)
    completed(clinic, job)
    clinic.sns.after["publish"] = [refusal("InternalError", status=500)]
    clinic.deliver(job)
    stop(clinic)
    clinic.deliver(job)
    assert {told["id"] for told in clinic.told()} == {f"{job}:DELIVERED"}
    assert clinic.row().state is State.DELIVERED


def test_a_cancellation_just_before_the_delivery_takes_hold_is_kept(clinic):
    _upload, job = transcribing(clinic)
    completed(clinic, job)
    clinic.s3 = Meanwhile(clinic.s3, "list_object_versions", after=lambda: cancel(clinic))
    clinic.deliver(job)
    assert ends(clinic) == [("FAILED", "Cancelled")]
    assert clinic.keys(TRANSCRIPTS) == []


class Died(BaseException):
    """The function's process is gone: nothing of its own catches this."""


def died_at(clinic, moment, does):
    """Have an invocation end at its so-many-th moment, before or after a call; False if it had fewer."""
    left = iter(range(moment))

    def befalls():
        if next(left, None) is None:
            raise Died

    far = (clinic.s3, clinic.sns, clinic.events, clinic.dynamodb)
    for end in far:
        end.befalls = befalls
    try:
        does()
    except Died:
        return True
    finally:
        for end in far:
            end.befalls = lambda: None
    return False


@pytest.mark.parametrize("stop", [cancel, delete])
def test_a_start_function_that_dies_at_any_moment_of_stopping_is_made_good(clinic, stop):
    moment, died = 0, True
    while died:
        key = f"dictation/{moment}.wav"
        upload = clinic.upload(key)
        clinic.dynamodb.before["query"] = [refusal("InternalServerError", status=500)]
        clinic.start(upload)
        row = clinic.ledger.find(jobs.recording("clinic", upload))
        if stop is cancel:
            clinic.ledger.stop(row, stopping.CANCELLED, clinic.clock)
        else:
            delete(clinic, key)
        died = died_at(clinic, moment, lambda upload=upload: clinic.start(upload))
        clinic.clock += start_transcription.LEASE_SECONDS
        clinic.start(upload)
        told = [each["id"] for each in clinic.told() if each["job"] == row.job]
        assert set(told) == {f"{row.job}:REJECTED"}
        assert clinic.ledger.find(row.recording).state is State.REJECTED
        moment += 1
    assert clinic.transcribe.starts == 0
    assert moment > 8


@pytest.mark.parametrize("stop", [cancel, delete])
def test_a_deliver_function_that_dies_at_any_moment_of_stopping_is_made_good(clinic, stop):
    moment, died = 0, True
    while died:
        key = f"dictation/{moment}.wav"
        upload = clinic.upload(key)
        clinic.start(upload)
        row = clinic.ledger.find(jobs.recording("clinic", upload))
        if stop is cancel:
            clinic.ledger.stop(row, stopping.CANCELLED, clinic.clock)
        else:
            delete(clinic, key)
        completed(clinic, row.job)
        died = died_at(clinic, moment, lambda job=row.job: clinic.deliver(job))
        clinic.clock += deliver_transcript.LEASE_SECONDS
        clinic.deliver(row.job)
        assert {each["id"] for each in clinic.told() if each["job"] == row.job} == {f"{row.job}:FAILED"}
        assert clinic.ledger.find(row.recording).state is State.FAILED
        moment += 1
    assert (clinic.keys(WORK), clinic.keys(TRANSCRIPTS)) == ([], [])
    assert moment > 8


def test_a_stopped_recording_is_counted_as_stopped_and_rings_no_alarm_on_failures(clinic, counted):
    _upload, job = transcribing(clinic)
    cancel(clinic)
    completed(clinic, job)
    clinic.deliver(job)
    assert (counted["Stopped"], counted["Failed"]) == (1, 0)


def test_a_cancelled_recording_that_is_retried_is_transcribed_and_delivered(clinic):
    upload, job = transcribing(clinic)
    cancel(clinic)
    completed(clinic, job)
    clinic.deliver(job)
    again = Bookkeeping(clinic.dynamodb, "ledger").again(clinic.row(), clinic.clock)
    assert (again.cancelled, again.start_requested, again.reason) == (None, None, None)
    clinic.start(upload)
    completed(clinic, again.job)
    clinic.deliver(again.job)
    assert [told["id"] for told in clinic.told()] == [f"{job}:FAILED", f"{again.job}:DELIVERED"]


def test_two_who_stop_one_recording_at_once_agree(clinic):
    transcribing(clinic)
    row = clinic.row()
    first = clinic.ledger.stop(row, stopping.CANCELLED, clinic.clock)
    assert clinic.ledger.stop(row, stopping.GONE, clinic.clock + 1) is None
    assert clinic.row() == replace(row, cancelled=first.cancelled, reason=stopping.CANCELLED)
