"""Each subscriber receives exactly its own notifications, in its own protocol, without patient data."""

import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from examples.receiver import server
from examples.signatures import Verifier
from local.demo_users import DemoUsers, queue
from local.recogniser import scripted
from tests.corpus.recordings import wav
from tests.local.deployed import deploy
from tests.local.test_pipeline import PATIENCE

NAME = "news"
TOPIC = f"arn:aws:sns:us-east-1:000000000000:{NAME}-completion"
IN_KEYS, IN_METADATA, IN_SPEECH = "Zebulon", "Quackenbush", "tachycardia"
WARD, RECORDS = "ward@clinic.example", "records@clinic.example"


class SubscribedDeployment:
    """A deployment with subscribers of every kind, and their received messages."""

    def __init__(self, cloud: Any, deployed: Any, folder: Any, queues: dict[str, Any]) -> None:
        self.cloud, self.deployed, self.folder, self.queues = cloud, deployed, folder, queues
        self.people = DemoUsers(cloud, deployed)
        self.uploader, self.reader = self.people.uploader(), self.people.reader()
        self.posted: list[dict[str, Any]] = []
        self.received: dict[str, list[Any]] = {name: [] for name in queues}

    def upload(self, key: str, body: bytes, correlation_id: str) -> None:
        metadata = {"correlation-id": correlation_id, "patient": IN_METADATA}
        self.uploader.put_object(Bucket=self.deployed["IntakeBucketName"], Key=key, Body=body, Metadata=metadata)

    def spoken(self, script: str, **more: Any) -> bytes:
        return scripted.recording(script, self.folder / "recording.wav", **more).read_bytes()

    def receive(self) -> None:
        sqs = self.cloud.client("sqs")
        for name, url in self.queues.items():
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                self.received[name].append(json.loads(message["Body"]))

    def wait(self, ends: int) -> None:
        """Wait until the bus has this many events, and a while longer, for unexpected ones."""
        deadline = time.monotonic() + PATIENCE
        while len(self.received["bus"]) < ends or len(self.posted) < ends:
            assert time.monotonic() < deadline, "not everybody was told"
            self.receive()
            time.sleep(0.2)
        time.sleep(1)
        self.receive()


@pytest.fixture(scope="module")
def subscribed(cloud, tmp_path_factory):
    folder = tmp_path_factory.mktemp("newsroom")
    events = cloud.client("events")
    rule = events.put_rule(Name="ours", EventPattern=json.dumps({"source": ["stethoscript"]}))["RuleArn"]
    queues = {
        "failures": queue(cloud.client("sqs"), "failures", "sns.amazonaws.com", TOPIC),
        "dictations": queue(cloud.client("sqs"), "dictations", "sns.amazonaws.com", TOPIC),
        "bus": queue(cloud.client("sqs"), "bus", "events.amazonaws.com", rule),
    }
    events.put_targets(Rule="ours", Targets=[{"Id": "bus", "Arn": "arn:aws:sqs:us-east-1:000000000000:bus"}])
    deployed = deploy(
        cloud,
        folder,
        name=NAME,
        job_poll_seconds=0,
        layout="mirrored",
        emails={"completion": [RECORDS]},
        subscriptions=[
            {"protocol": "sqs", "endpoint": "arn:aws:sqs:us-east-1:000000000000:failures",
             "filter": {"status": ["FAILED", "REJECTED"]}},
            {"protocol": "sqs", "endpoint": "arn:aws:sqs:us-east-1:000000000000:dictations", "raw": True,
             "filter": {"status": ["DELIVERED"], "profile": ["dictation"], "confidence": ["high", "medium"]}},
            {"protocol": "email", "endpoint": WARD, "filter": {"status": ["REJECTED"], "reason": ["TooShort"]}},
        ],
    )  # fmt: skip
    room = SubscribedDeployment(cloud, deployed, folder, queues)
    port = cloud.endpoint.rpartition(":")[2]
    verifier = Verifier({TOPIC}, trusted=lambda url, _topic: url.startswith(f"http://localhost:{port}/"))
    receiver = server(0, verifier, folder / "handled.sqlite", room.posted.append)
    thread = threading.Thread(target=receiver.serve_forever, daemon=True)
    thread.start()
    room.receiver = f"http://127.0.0.1:{receiver.server_port}/"
    room.people.subscriber().subscribe(TopicArn=TOPIC, Protocol="http", Endpoint=room.receiver)
    yield room
    receiver.shutdown()
    receiver.server_close()
    thread.join()


@pytest.fixture(scope="module")
def notified(subscribed):
    """The deployment after one recording in each final state."""
    room = subscribed
    room.upload(f"dictation/{IN_KEYS}.wav", room.spoken(f"0: She has {IN_SPEECH}."), "delivered-1")
    room.upload(f"conversation/{IN_KEYS}.wav", room.spoken(f"0: Hello.\n1: My {IN_SPEECH} is back."), "delivered-2")
    room.upload(f"dictation/{IN_KEYS} 2.wav", room.spoken("!fail Unsupported media format"), "failed")
    room.upload(f"dictation/{IN_KEYS} 3.wav", f"Dear {IN_KEYS}".encode(), "rejected")
    room.wait(4)
    return room


def ids(notifications):
    return sorted(notification["correlationId"] for notification in notifications)


def test_a_queue_receives_failures_in_sns_s_envelope(notified):
    received = [json.loads(envelope["Message"]) for envelope in notified.received["failures"]]
    assert ids(received) == ["failed", "rejected"]


def test_a_raw_queue_receives_deliveries_of_its_profile_as_the_bare_body(notified):
    assert ids(notified.received["dictations"]) == ["delivered-1"]


def test_a_receiver_gets_everything_once_and_verifies_every_signature(notified):
    assert ids(notified.posted) == ["delivered-1", "delivered-2", "failed", "rejected"]


def test_the_bus_gets_everything_with_the_status_in_the_event_s_type(notified):
    received = {event["detail"]["correlationId"]: event["detail-type"] for event in notified.received["bus"]}
    assert received == {
        "delivered-1": "Recording Delivered", "delivered-2": "Recording Delivered", "failed": "Recording Failed",
        "rejected": "Recording Rejected",
    }  # fmt: skip
    assert len(notified.received["bus"]) == 4


def test_all_subscribers_of_a_recording_receive_the_same(notified):
    everywhere = [
        *notified.posted,
        *notified.received["dictations"],
        *(json.loads(envelope["Message"]) for envelope in notified.received["failures"]),
        *(event["detail"] for event in notified.received["bus"]),
    ]
    for correlation_id in ids(notified.posted):
        assert len({json.dumps(each) for each in everywhere if each["correlationId"] == correlation_id}) == 1


def test_a_person_gets_readable_e_mails_and_only_the_configured_ones(notified):
    mails = [mail for mail in notified.cloud.mails() if mail["To"] in (WARD, RECORDS)]
    assert sorted(mail["Subject"] for mail in mails if mail["To"] == RECORDS) == [
        "Recording refused: rejected", "Transcript ready: delivered-1", "Transcript ready: delivered-2",
        "Transcription failed: failed",
    ]  # fmt: skip
    assert not [mail for mail in mails if mail["To"] == WARD]  # no word was too short to search for
    (ready,) = [mail for mail in mails if mail["Subject"].endswith("delivered-1")]
    assert ready["From"] == "AWS Notifications <no-reply@sns.amazonaws.com>"
    text = ready.get_content()
    assert "The transcript of your recording is ready." in text
    assert "unsubscribe.html" in text
    for file in (notified.cloud.state / "mail").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_filter_passes_what_it_names(notified):
    notified.upload(f"dictation/{IN_KEYS} 4.wav", wav(seconds=0.1), "too-short")
    notified.wait(5)
    (mail,) = [mail for mail in notified.cloud.mails() if mail["To"] == WARD]
    assert mail["Subject"] == "Recording refused: too-short"
    assert "Send at least half a second" in mail.get_content()


def test_a_forged_notification_is_refused(notified):
    forged = {"Type": "Notification", "TopicArn": TOPIC, "MessageId": "m", "Message": "{}", "SignatureVersion": "2",
              "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "Signature": "eA==",
              "SigningCertURL": "http://localhost:1/SimpleNotificationService-0.pem"}  # fmt: skip
    request = urllib.request.Request(notified.receiver, data=json.dumps(forged).encode())
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(request)
    refused.value.close()


def test_documents_mirror_the_upload_s_path_and_the_notification_names_only_the_manifest(notified):
    (notification,) = [
        notification for notification in notified.posted if notification["correlationId"] == "delivered-1"
    ]
    bucket, key = notification["manifest"]["bucket"], notification["manifest"]["key"]
    manifest = json.loads(notified.reader.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert key.endswith(f"/{notification['job']}/manifest.json")
    assert {entry["form"] for entry in manifest["documents"]} >= {"raw", "txt"}
    for entry in manifest["documents"]:
        assert entry["key"].startswith(f"dictation/{IN_KEYS}.wav/{notification['job']}/")
        answer = notified.reader.get_object(Bucket=bucket, Key=entry["key"])
        assert len(answer["Body"].read()) == entry["bytes"]
        assert (answer["ContentType"], answer["CacheControl"]) == (entry["contentType"], "no-store")
        assert answer["ContentDisposition"] == f'attachment; filename="{notification["job"]}-{entry["name"]}"'
        assert (answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) == ("aws:kms", notified.deployed["KeyArn"])


def test_planted_canaries_are_in_no_message_e_mail_log_or_index(notified):
    logs = notified.cloud.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{NAME}-")["logGroups"]
    lines = [
        event["message"] for group in groups
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
    ]  # fmt: skip
    index = notified.cloud.client("dynamodb").scan(TableName=notified.deployed["LedgerTableName"], IndexName="by-state")
    said = [
        json.dumps(notified.received),
        json.dumps(notified.posted),
        *(mail.as_string() for mail in notified.cloud.mails()),
        *lines,
        str(index["Items"]),
    ]
    assert len(lines) > 10
    assert len(index["Items"]) == 5
    for canary in (IN_KEYS, IN_METADATA, IN_SPEECH):
        assert not [text for text in said if canary in text]
