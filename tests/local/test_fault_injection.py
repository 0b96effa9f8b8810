"""A cloud with injected faults, and a client that only retries."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from local.cloud.cloud_process import running
from local.cloud.errors import CannotStart
from local.recogniser.scripted import recording

STORM = {
    "seed": 11, "concurrent_jobs": 5, "limit_exceeded": 0.1, "fails_before": 0.1, "fails_after": 0.1,
    "slow_jobs": 0.1, "slow_seconds": 0.1, "lost_events": 0.2, "doubled_events": 0.2,
}  # fmt: skip
BUCKET = "stormy"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    folder = tmp_path_factory.mktemp("storm")
    with running(state=folder / "state", engine="scripted", completion_events="on", faults=STORM) as faulty:
        s3 = faulty.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        s3.upload_file(str(recording("0: Good morning.", folder / "a.wav")), BUCKET, "a.wav")
        yield faulty


def announced(cloud):
    """Make a queue that receives S3's event of each transcript, and return its URL."""
    name = "announced"
    queue = f"arn:aws:sqs:us-east-1:000000000000:{name}"
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    url = cloud.client("sqs").create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    filtered = {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".json"}]}}
    configuration = {"QueueArn": queue, "Events": ["s3:ObjectCreated:*"], "Filter": filtered}
    cloud.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [configuration]}
    )
    return url


def request(name):
    return {
        "MedicalTranscriptionJobName": name,
        "LanguageCode": "en-US",
        "Media": {"MediaFileUri": f"s3://{BUCKET}/a.wav"},
        "OutputBucketName": BUCKET,
        "OutputKey": f"raw/{name}.json",
        "Specialty": "PRIMARYCARE",
        "Type": "DICTATION",
    }


def with_retries(call, **asked):
    """Call until there is an answer.

    A conflict on the name counts as one, because only this client uses these names.
    """
    while True:
        try:
            return call(**asked)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConflictException":
                return None
            if code not in {"LimitExceededException", "InternalFailureException"}:
                raise
            time.sleep(0.01)


@pytest.mark.proof
def test_two_hundred_jobs_all_end_and_none_twice(cloud):
    queue = announced(cloud)
    transcribe = cloud.client("transcribe")
    names = [f"job-{number}" for number in range(200)]
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda name: with_retries(transcribe.start_medical_transcription_job, **request(name)), names))

    def ended(name):
        while True:
            answer = with_retries(transcribe.get_medical_transcription_job, MedicalTranscriptionJobName=name)
            if answer["MedicalTranscriptionJob"]["TranscriptionJobStatus"] != "IN_PROGRESS":
                return answer["MedicalTranscriptionJob"]["TranscriptionJobStatus"]
            time.sleep(0.02)

    assert {ended(name) for name in names} == {"COMPLETED"}
    versions = cloud.client("s3").get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix="raw/job-")
    written = [version["Key"] for page in versions for version in page["Versions"]]
    assert sorted(written) == sorted(f"raw/{name}.json" for name in names)
    notified = announced_keys(cloud, queue)
    assert 0 < len(set(written) - set(notified)) < 100
    assert max(notified.count(key) for key in written) == 2


def announced_keys(cloud, queue):
    """Return the announced keys, once no more arrive for a while."""
    sqs, keys = cloud.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"):
        bodies = (json.loads(message["Body"]) for message in messages)
        keys += [record["s3"]["object"]["key"] for body in bodies for record in body.get("Records", ())]
        entries = [{"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in messages]
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
    return keys


def test_the_cloud_does_not_start_with_an_impossible_fault_rate(tmp_path):
    with (
        pytest.raises(CannotStart, match="fails_before must be a probability"),
        running(state=tmp_path / "state", engine="scripted", faults="fails_before=2"),
    ):
        pass
