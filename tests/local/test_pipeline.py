"""The deployed stacks on the embedded cloud, from upload to notification, with a scripted recogniser."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError

from local import deployment
from local.demo_users import DemoUsers, Inbox, queue
from local.deployment import Deployment
from local.recogniser import scripted
from tests.local.deployed import deploy, deploy_assembly, synthesise

PATIENCE = 40
RULES = ("transcript-written", "job-ended")


class Pipeline:
    """A deployment and its users."""

    def __init__(self, cloud: Any, deployed: Deployment, folder: Any) -> None:
        self.cloud, self.deployed, self._folder = cloud, deployed, folder
        self.people = DemoUsers(cloud, deployed)
        self.uploader, self.reader = self.people.uploader(), self.people.reader()
        self._inbox = Inbox(self.people)
        self._notifications: dict[str, list[dict[str, Any]]] = {}
        self._uploads = 0

    def upload(self, key: str, script: str, **more: Any) -> str:
        """Upload a recording with this script; returns its version id."""
        self._uploads += 1
        path = scripted.recording(script, self._folder / f"{self._uploads}.wav", **more)
        return self.put(key, path.read_bytes())

    def put(self, key: str, body: bytes) -> str:
        answer = self.uploader.put_object(Bucket=self.deployed["IntakeBucketName"], Key=key, Body=body)
        return str(answer["VersionId"])

    def notification_of(self, version: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait for the notification about an upload."""
        deadline = time.monotonic() + seconds
        while version not in self._notifications:
            assert time.monotonic() < deadline, "nobody was told"
            self._receive(1)
        return self._notifications[version][0]

    def notifications_of(self, version: str, seconds: float = 3) -> list[dict[str, Any]]:
        """Every notification about an upload, after waiting for a while longer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._receive(1)
        return self._notifications.get(version, [])

    def _receive(self, seconds: int) -> None:
        for notification in self._inbox.read(seconds):
            self._notifications.setdefault(notification["versionId"], []).append(notification)

    def text(self, notification: dict[str, Any]) -> str:
        """The plain transcript, read with a reader's permissions."""
        key = notification["manifest"]["key"].replace("manifest.json", "transcript.txt")
        return self.reader.get_object(Bucket=notification["manifest"]["bucket"], Key=key)["Body"].read().decode()

    def reconcile(self) -> None:
        """Run the reconciler now, before its schedule. It checks everything older than a second."""
        time.sleep(1.1)
        name = "clinic-reconcile"
        answer = self.cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}")
        assert "FunctionError" not in answer

    @contextmanager
    def without(self, *rules: str) -> Iterator[None]:
        """Disable these rules meanwhile."""
        events = self.cloud.client("events")
        for rule in rules:
            events.disable_rule(Name=f"clinic-{rule}")
        yield
        for rule in rules:
            events.enable_rule(Name=f"clinic-{rule}")


@pytest.fixture(scope="session")
def pipeline(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("deployment")
    reconcile = {"every_minutes": 30, "grace_seconds": 0, "sweep_pages": 10, "sweep_minutes": 0}
    return Pipeline(cloud, deploy(cloud, folder, name="clinic", job_poll_seconds=0, reconcile=reconcile), folder)


def test_a_dictation_is_delivered_as_it_was_spoken(pipeline):
    version = pipeline.upload("dictation/Jane Doe.wav", "0: The lungs are clear. No edema.")
    notification = pipeline.notification_of(version)
    assert (notification["status"], notification["profile"]) == ("DELIVERED", "dictation")
    assert pipeline.text(notification) == "[0:00:00]\nThe lungs are clear. No edema.\n\n(Length of the audio: 0:02.)\n"


def test_a_conversation_has_its_speakers_turns(pipeline):
    version = pipeline.upload("conversation/visit.wav", "0: How are you?\n1: Much better, thank you.")
    text = pipeline.text(pipeline.notification_of(version))
    assert text.split("\n\n")[0].endswith("Speaker 1\nHow are you?")
    assert "Speaker 2\nMuch better, thank you." in text


def test_a_telehealth_call_has_its_channels_separated(pipeline):
    version = pipeline.upload("telehealth/call.wav", "0: Can you hear me?\n1: Loud and clear.", channels=2)
    text = pipeline.text(pipeline.notification_of(version))
    assert "Channel 1\nCan you hear me?" in text
    assert "Channel 2\nLoud and clear." in text


def test_documents_are_encrypted_with_the_deployment_s_key(pipeline):
    notification = pipeline.notification_of(pipeline.upload("dictation/k.wav", "0: Hello."))
    head = pipeline.reader.head_object(Bucket=notification["manifest"]["bucket"], Key=notification["manifest"]["key"])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", pipeline.deployed["KeyArn"])
    raw = pipeline.cloud.client("s3").head_object(
        Bucket=pipeline.deployed["WorkBucketName"], Key=f"raw/{notification['job']}.json"
    )
    assert (raw["ServerSideEncryption"], raw["SSEKMSKeyId"]) == ("aws:kms", pipeline.deployed["KeyArn"])


def test_two_quick_recordings_under_one_key_keep_their_own_words(pipeline):
    first = pipeline.upload("dictation/today.wav", "0: The first patient has asthma.")
    second = pipeline.upload("dictation/today.wav", "0: The second patient has gout.")
    assert "first patient has asthma" in pipeline.text(pipeline.notification_of(first))
    assert "second patient has gout" in pipeline.text(pipeline.notification_of(second))


def test_a_repeated_event_makes_neither_a_second_job_nor_a_second_notification(pipeline):
    version = pipeline.upload("dictation/again.wav", "0: Once only.")
    job = pipeline.notification_of(version)["job"]
    bucket = pipeline.deployed["IntakeBucketName"]
    entity = {"bucket": {"name": bucket}, "object": {"key": "dictation/again.wav", "versionId": version}}
    body = json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": entity}] * 3})
    sqs = pipeline.cloud.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="clinic-intake")["QueueUrl"], MessageBody=body)
    assert [notification["job"] for notification in pipeline.notifications_of(version)] == [job]
    transcribe = pipeline.cloud.client("transcribe")
    listed = transcribe.list_medical_transcription_jobs(JobNameContains=job)["MedicalTranscriptionJobSummaries"]
    assert len(listed) == 1


def test_a_failed_job_is_notified_with_a_remedy(pipeline):
    version = pipeline.upload("dictation/broken.wav", "!fail Unsupported media format")
    notification = pipeline.notification_of(version)
    assert notification["status"] == "FAILED"
    assert notification["reason"]["class"] == "UnsupportedMediaFormat"


def test_a_file_that_is_no_recording_is_rejected_within_seconds(pipeline):
    notification = pipeline.notification_of(pipeline.put("dictation/letter.wav", b"Dear colleague"), seconds=10)
    assert (notification["status"], notification["reason"]["class"]) == ("REJECTED", "UnsupportedMediaFormat")


@pytest.mark.parametrize(
    ("silenced", "signal"), [(("job-ended",), "object"), (("transcript-written",), "event"), (RULES, "reconcile")]
)
def test_each_of_the_three_signals_is_enough(pipeline, silenced, signal):
    with pipeline.without(*silenced):
        version = pipeline.upload(f"dictation/{signal}.wav", "0: One signal is enough.")
        if signal == "reconcile":
            _wait_for_job(pipeline, version)
            pipeline.reconcile()
        notification = pipeline.notification_of(version)
    row = pipeline.cloud.client("dynamodb").get_item(
        TableName=pipeline.deployed["LedgerTableName"], Key={"recording": {"S": notification["job"]}}
    )["Item"]
    assert (notification["status"], row["signal"]["S"]) == ("DELIVERED", signal)


def _wait_for_job(pipeline: Pipeline, version: str) -> None:
    """Wait until Transcribe has finished the job of this upload."""
    transcribe, dynamodb = pipeline.cloud.client("transcribe"), pipeline.cloud.client("dynamodb")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        rows = dynamodb.scan(TableName=pipeline.deployed["LedgerTableName"])["Items"]
        for row in rows:
            if row.get("version", {}).get("S") == version and row["state"]["S"] == "TRANSCRIBING":
                job = transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=row["job"]["S"])
                if job["MedicalTranscriptionJob"]["TranscriptionJobStatus"] == "COMPLETED":
                    return
        time.sleep(0.2)
    pytest.fail("the job did not end")


def test_the_reconciler_finds_an_upload_with_a_lost_event(pipeline):
    sqs = pipeline.cloud.client("sqs")
    mapping = _mapping(pipeline, "clinic-intake")
    lambda_ = pipeline.cloud.client("lambda")
    lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)
    version = pipeline.upload("dictation/lost.wav", "0: Found all the same.")
    url = sqs.get_queue_url(QueueName="clinic-intake")["QueueUrl"]
    _purge(sqs, url)
    lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)
    pipeline.reconcile()
    assert "Found all the same" in pipeline.text(pipeline.notification_of(version))


def test_a_key_with_a_control_character_is_delivered_and_does_not_stop_the_reconciler(pipeline):
    version = pipeline.upload("dictation/a\x01b.wav", "0: An odd name.")
    pipeline.reconcile()
    assert "An odd name." in pipeline.text(pipeline.notification_of(version))


def _mapping(pipeline: Pipeline, queue: str) -> str:
    listed = pipeline.cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    return next(str(each["UUID"]) for each in listed if each["EventSourceArn"].endswith(f":{queue}"))


def _purge(sqs: Any, url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return
    pytest.fail("no event came to be lost")


def test_many_uploads_at_once_are_each_delivered_once(pipeline):
    def upload(number: int) -> tuple[int, str]:
        return number, pipeline.upload(f"dictation/many {number}.wav", f"0: Recording number {number}.")

    uploaded = [upload(number) for number in range(20)]
    for number, version in uploaded:
        assert f"Recording number {number}." in pipeline.text(pipeline.notification_of(version))
    assert all(len(pipeline.notifications_of(version, 0)) == 1 for _, version in uploaded)


def test_nothing_is_left_in_either_dead_letter_queue(pipeline):
    sqs = pipeline.cloud.client("sqs")
    for name in ("intake", "completion"):
        url = sqs.get_queue_url(QueueName=f"clinic-{name}-dead-letters")["QueueUrl"]
        waiting = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "0"


def test_users_can_do_only_what_their_policy_allows(pipeline):
    notification = pipeline.notification_of(pipeline.upload("dictation/mine.wav", "0: Mine."))
    intake, transcripts = pipeline.deployed["IntakeBucketName"], pipeline.deployed["TranscriptsBucketName"]
    refused = [
        lambda: pipeline.uploader.put_object(Bucket=intake, Key="elsewhere/a.wav", Body=b""),
        lambda: pipeline.uploader.get_object(Bucket=intake, Key="dictation/mine.wav"),
        lambda: pipeline.uploader.get_object(Bucket=transcripts, Key=notification["manifest"]["key"]),
        lambda: pipeline.reader.put_object(Bucket=transcripts, Key="a", Body=b""),
        lambda: pipeline.reader.get_object(Bucket=intake, Key="dictation/mine.wav"),
        lambda: pipeline.people.subscriber().publish(TopicArn=pipeline.deployed["CompletionTopicArn"], Message="x"),
    ]
    for attempt in refused:
        with pytest.raises(ClientError, match=r"AccessDenied|AuthorizationError|Forbidden|not authorized"):
            attempt()
    with pytest.raises(HTTPError, match="403"):
        urlopen(f"{pipeline.cloud.endpoint}/{transcripts}/{notification['manifest']['key']}")


def test_an_upload_under_another_encryption_is_refused(pipeline):
    with pytest.raises(ClientError, match="AccessDenied"):
        pipeline.uploader.put_object(
            Bucket=pipeline.deployed["IntakeBucketName"], Key="dictation/a.wav", Body=b"", ServerSideEncryption="AES256"
        )


def test_an_upload_may_use_only_our_key(pipeline):
    s3, intake, kms = pipeline.uploader, pipeline.deployed["IntakeBucketName"], {"ServerSideEncryption": "aws:kms"}
    another = pipeline.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    for refused in (kms, {**kms, "SSEKMSKeyId": another}):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=intake, Key="dictation/key.txt", Body=b"", **refused)
    ours = pipeline.deployed["KeyArn"]
    answer = s3.put_object(Bucket=intake, Key="dictation/key.txt", Body=b"", **kms, SSEKMSKeyId=ours)
    assert answer["SSEKMSKeyId"] == ours


def test_every_alarm_is_published_on_the_operations_topic(pipeline):
    topic, sqs = pipeline.deployed["OperationsTopicArn"], pipeline.cloud.client("sqs")
    url = queue(sqs, "on-call", "sns.amazonaws.com", topic)
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pipeline.cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    cloudwatch = pipeline.cloud.client("cloudwatch")
    alarms = {
        each["AlarmName"]: each["AlarmDescription"]
        for each in cloudwatch.describe_alarms(AlarmNamePrefix="clinic-")["MetricAlarms"]
    }
    for name in alarms:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="Set by hand.")
    notification: dict[str, str] = {}
    deadline = time.monotonic() + PATIENCE
    while notification.keys() != alarms.keys() and time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            alarm = json.loads(json.loads(message["Body"])["Message"])
            notification[alarm["AlarmName"]] = alarm["AlarmDescription"]
    assert len(alarms) >= 10
    assert notification == alarms


def test_the_dashboard_shows_the_deployed_alarms(pipeline):
    cloudwatch = pipeline.cloud.client("cloudwatch")
    body = json.loads(cloudwatch.get_dashboard(DashboardName="clinic")["DashboardBody"])
    deployed = cloudwatch.describe_alarms(AlarmNamePrefix="clinic-")["MetricAlarms"]
    assert set(body["widgets"][0]["properties"]["alarms"]) == {each["AlarmArn"] for each in deployed}


def test_a_failed_deployment_can_be_repeated_without_termination_protection(cloud, tmp_path):
    assembly = synthesise(tmp_path, name="halfway")
    template = assembly / "halfway-storage.template.json"
    whole = template.read_text(encoding="utf-8")
    broken = json.loads(whole)
    last = {"Type": "AWS::Lambda::Url", "Properties": {"TargetFunctionArn": "missing", "AuthType": "AWS_IAM"}}
    broken["Resources"]["Breaks"] = last | {"DependsOn": list(broken["Resources"])}
    template.write_text(json.dumps(broken), encoding="utf-8")
    with pytest.raises(deployment.DeploymentFailed, match="cdk deploy failed"):
        deploy_assembly(cloud, assembly)
    cloud.client("cloudformation").update_termination_protection(
        StackName="halfway-storage", EnableTerminationProtection=False
    )
    template.write_text(whole, encoding="utf-8")
    _forget_published_templates(cloud)
    repeated = Pipeline(cloud, deploy_assembly(cloud, assembly), tmp_path)
    assert "All is well" in repeated.text(
        repeated.notification_of(repeated.upload("dictation/a.wav", "0: All is well."))
    )


def _forget_published_templates(cloud: Any) -> None:
    """Delete the published templates.

    Their digest is from before the change, so the CLI would not publish them again.
    """
    s3, bucket = cloud.client("s3"), "cdk-hnb659fds-assets-000000000000-us-east-1"
    for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        if entry["Key"].endswith(".json"):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])
