"""The two rules against the events of S3 and Transcribe, evaluated by moto's event patterns."""

import json

import pytest
from moto.events.models import EventPattern

from stethoscript import queue_messages

JOB = "stethoscript-bc47d64dcbbfd8d648de2c4f0a44fcbbcd575d4a"


@pytest.fixture(scope="session")
def taken(deployment):
    """Whether a rule sends the event to the completion queue."""
    patterns = [EventPattern.load(json.dumps(rule["EventPattern"])) for rule in deployment.all("AWS::Events::Rule")]
    assert len(patterns) == 2
    return lambda event: any(pattern.matches_event(event) for pattern in patterns)


@pytest.fixture
def written(event):
    """S3's event for an object with this key."""

    def written(key, bucket="stethoscript-work-111122223333-us-east-1"):
        said = event("s3_object_created")
        said["detail"] |= {"bucket": {"name": bucket}, "object": said["detail"]["object"] | {"key": key}}
        return said

    return written


def test_a_raw_transcript_is_a_signal_and_is_parsed(taken, event):
    said = event("s3_object_created")
    assert taken(said)
    assert queue_messages.signal(json.dumps(said)) == queue_messages.Signal(JOB, "object")


def test_the_transcript_of_a_second_attempt_is_a_signal(taken, written):
    assert taken(written(f"raw/{JOB}-2.json"))


@pytest.mark.parametrize(
    "key",
    [
        "raw/.write_access_check_file.temp",
        ".write_access_check_file.temp",
        f"staging/{JOB}.wav",
        f"staging/raw/{JOB}.json",
        f"raw/{JOB}.json.tmp",
        "raw/stethoscript2-bc47d64dcbbfd8d648de2c4f0a44fcbbcd575d4a.json",
        "raw/another.json",
    ],
)
def test_no_other_object_of_the_work_bucket_is_a_signal(taken, written, key):
    assert not taken(written(key))


def test_an_object_of_another_bucket_is_no_signal(taken, written):
    assert not taken(written(f"raw/{JOB}.json", bucket="stethoscript-transcripts-111122223333-us-east-1"))


def test_a_deleted_transcript_is_no_signal(taken, written):
    assert not taken(written(f"raw/{JOB}.json") | {"detail-type": "Object Deleted"})


def test_a_transcribe_event_is_a_signal_and_is_parsed(taken, event):
    said = event("transcribe_job_state_change")
    assert taken(said)
    assert queue_messages.signal(json.dumps(said)) == queue_messages.Signal(JOB, "event")


@pytest.mark.parametrize("name", ["TranscriptionJobName", "MedicalTranscriptionJobName", "JobName"])
@pytest.mark.parametrize("kind", ["Transcribe Job State Change", "Medical Transcription Job State Change"])
def test_a_transcribe_event_is_a_signal_with_any_known_name(taken, event, name, kind):
    said = event("transcribe_job_state_change") | {"detail-type": kind, "detail": {name: JOB}}
    assert taken(said)
    assert queue_messages.signal(json.dumps(said)) == queue_messages.Signal(JOB, "event")


@pytest.mark.parametrize("job", ["marketing-video", "stethoscript", "stethoscript2-0a1b", "my-stethoscript-0a1b"])
def test_a_job_of_others_is_no_signal(taken, event, job):
    assert not taken(event("transcribe_job_state_change") | {"detail": {"TranscriptionJobName": job}})


def test_an_event_of_another_service_is_no_signal(taken, event):
    assert not taken(event("transcribe_job_state_change") | {"source": "aws.comprehendmedical"})


def test_s3_s_message_to_the_intake_queue_is_parsed(event):
    [arrival] = queue_messages.upload_messages(json.dumps(event("s3_notification")))
    assert arrival.upload.key == "dictation/ward 3+bed 2/visite@müller.wav"
    assert arrival.upload.version == "096fKKXTRTtl3on89fVO.nfljtsv6qko"
    assert queue_messages.upload_messages(json.dumps(event("s3_test_event"))) == []
