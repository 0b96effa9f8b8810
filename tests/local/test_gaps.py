"""The local cloud's corrections of MiniStack beyond single answers: permissions, events, pages, and files on disk."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.cloud.cloud_process import Cloud, running

ACCOUNT = "000000000000"
PATIENT = "Zebulon Quackenbush"


def name() -> str:
    return f"gap-{uuid4().hex[:20]}"


def bucket(cloud: Cloud, **more: Any) -> str:
    made = name()
    cloud.client("s3").create_bucket(Bucket=made, **more)
    cloud.client("s3").put_bucket_versioning(Bucket=made, VersioningConfiguration={"Status": "Enabled"})
    return made


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def user(cloud: Cloud, *statements: dict[str, Any]) -> tuple[Any, str]:
    """A user's S3 client and unique id."""
    iam, made = cloud.client("iam"), name()
    unique = iam.create_user(UserName=made)["User"]["UserId"]
    iam.put_user_policy(UserName=made, PolicyName="all", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=made)["AccessKey"]
    secret = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    return cloud.client("s3", **secret), unique


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def refused(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**asked)
    return str(error.value.response["Error"]["Code"])


# --- permissions ---


@pytest.fixture(scope="module")
def locked_to_a_key(cloud: Cloud) -> tuple[str, str, str]:
    """A bucket that refuses every key except one, as ours do; that key, and another one."""
    kms, made = cloud.client("kms"), bucket(cloud)
    ours, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    kind, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{made}/*"}
    conditions = (
        {"StringEquals": {kind: "aws:kms"}, "Null": {key: "true"}},
        {"Null": {key: "false"}, "StringNotEquals": {key: ours}},
    )
    statements = [{**deny, "Condition": condition} for condition in conditions]
    cloud.client("s3").put_bucket_policy(Bucket=made, Policy=policy(*statements))
    return made, ours, other


@pytest.mark.parametrize("parts", [False, True], ids=["at once", "in parts"])
def test_an_uploader_may_use_only_our_key(cloud: Cloud, locked_to_a_key: tuple[str, str, str], parts: bool):
    made, ours, other = locked_to_a_key
    s3, _ = user(cloud, allow("s3:PutObject"))
    write = s3.create_multipart_upload if parts else s3.put_object
    asked = {"Bucket": made, "Key": "k", "ServerSideEncryption": "aws:kms"}
    begun = write(**asked, SSEKMSKeyId=ours)
    assert refused(write, **asked, SSEKMSKeyId=other) == "AccessDenied"
    assert refused(write, **asked) == "AccessDenied"
    if parts:
        s3.upload_part(Bucket=made, Key="k", UploadId=begun["UploadId"], PartNumber=1, Body=b"one")


@pytest.mark.parametrize("key", ["a\nb.wav", "a\x01b.wav", "a\n"])
def test_a_wildcard_matches_control_characters(cloud: Cloud, key: str):
    made = bucket(cloud)
    s3, _ = user(cloud, allow("s3:PutObject", resource=f"arn:aws:s3:::{made}/*"))
    assert s3.put_object(Bucket=made, Key=key, Body=b"")["VersionId"]


def test_a_pattern_does_not_match_a_longer_text_after_a_line_feed(cloud: Cloud):
    made = bucket(cloud)
    s3, _ = user(cloud, allow("s3:PutObject", resource=f"arn:aws:s3:::{made}/a"))
    assert refused(s3.put_object, Bucket=made, Key="a\n", Body=b"") == "AccessDenied"


@pytest.mark.parametrize(
    ("right", "more"),
    [
        ("s3:PutObjectTagging", {"Tagging": "a=b"}),
        ("s3:PutObjectAcl", {"ACL": "bucket-owner-full-control"}),
        ("s3:PutObjectLegalHold", {"ObjectLockLegalHoldStatus": "ON"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_write_needs_the_permission_for_everything_it_writes(cloud: Cloud, right: str, more: dict[str, str]):
    made = bucket(cloud, ObjectLockEnabledForBucket=True)
    asked = {"Bucket": made, "Key": "k", "Body": b"", **more}
    without, _ = user(cloud, allow("s3:PutObject"))
    with_it, _ = user(cloud, allow("s3:PutObject", right))
    assert refused(without.put_object, **asked) == "AccessDenied"
    assert with_it.put_object(**asked)["VersionId"]


@pytest.mark.parametrize(
    ("service", "call", "asked", "action", "resource"),
    [
        ("lambda", "get_function_concurrency", {"FunctionName": "f"}, "lambda:GetFunctionConcurrency", "function:f"),
        ("events", "describe_rule", {"Name": "r"}, "events:DescribeRule", "rule/r"),
        ("events", "list_targets_by_rule", {"Rule": "r"}, "events:ListTargetsByRule", "rule/r"),
        ("logs", "describe_log_groups", {}, "logs:DescribeLogGroups", "log-group:*"),
        ("sqs", "start_message_move_task", {"SourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"},
         "sqs:StartMessageMoveTask", "q"),
        ("transcribe", "list_tags_for_resource",
         {"ResourceArn": f"arn:aws:transcribe:us-east-1:{ACCOUNT}:medical-transcription-job/j"},
         "transcribe:ListTagsForResource", "medical-transcription-job/j"),
    ],
)  # fmt: skip
def test_iam_is_asked_for_the_action_and_arn_that_aws_documents(cloud, *, service, call, asked, action, resource):
    arn = f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"
    iam, codes = cloud.client("iam"), []
    for allowed in (arn, f"{arn}-of-another"):
        made = name()
        iam.create_user(UserName=made)
        iam.put_user_policy(UserName=made, PolicyName="one", PolicyDocument=policy(allow(action, resource=allowed)))
        key = iam.create_access_key(UserName=made)["AccessKey"]
        theirs = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        try:
            getattr(cloud.client(service, **theirs), call)(**asked)
            codes.append("allowed")
        except ClientError as error:
            codes.append(str(error.response["Error"]["Code"]))
    assert "AccessDenied" not in codes[0]
    assert "AccessDenied" in codes[1]


def test_a_batch_of_messages_needs_the_permission_of_one(cloud: Cloud):
    iam, made = cloud.client("iam"), name()
    url = cloud.client("sqs").create_queue(QueueName=made)["QueueUrl"]
    iam.create_user(UserName=made)
    iam.put_user_policy(UserName=made, PolicyName="one", PolicyDocument=policy(allow("sqs:SendMessage")))
    key = iam.create_access_key(UserName=made)["AccessKey"]
    theirs = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    sqs = cloud.client("sqs", **theirs)
    assert sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "one"}])["Successful"]


# --- events ---


def event_queue(cloud: Cloud, made: str) -> str:
    """A queue that receives every event of a bucket."""
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName=name())["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    anybody = {"Effect": "Allow", "Principal": {"Service": ["s3.amazonaws.com", "events.amazonaws.com"]}}
    allowed = policy({**anybody, "Action": "sqs:SendMessage", "Resource": arn})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": allowed})
    configuration: dict[str, Any] = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    cloud.client("s3").put_bucket_notification_configuration(Bucket=made, NotificationConfiguration=configuration)
    received(cloud, queue)  # S3's test event
    return str(queue)


def received(cloud: Cloud, queue: str) -> Any:
    [message] = cloud.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    cloud.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return json.loads(message["Body"])


def principal(cloud: Cloud, queue: str) -> str:
    return str(received(cloud, queue)["Records"][0]["userIdentity"]["principalId"])


def test_messages_name_who_uploaded(cloud: Cloud):
    made = bucket(cloud)
    queue = event_queue(cloud, made)
    s3, unique = user(cloud, allow("s3:PutObject"))
    s3.put_object(Bucket=made, Key="k", Body=b"")
    assert principal(cloud, queue) == f"AWS:{unique}"
    cloud.client("s3").put_object(Bucket=made, Key="k", Body=b"")
    assert principal(cloud, queue) == f"AWS:{ACCOUNT}"


def test_messages_name_the_session_of_a_role(cloud: Cloud):
    made = bucket(cloud)
    queue = event_queue(cloud, made)
    iam, role = cloud.client("iam"), name()
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    found = iam.create_role(RoleName=role, AssumeRolePolicyDocument=policy(trust))["Role"]
    iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=policy(allow("s3:PutObject")))
    session = cloud.client("sts").assume_role(RoleArn=found["Arn"], RoleSessionName="dr.jones")["Credentials"]
    s3 = cloud.client(
        "s3",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    s3.put_object(Bucket=made, Key="k", Body=b"")
    assert principal(cloud, queue) == f"AWS:{found['RoleId']}:dr.jones"


def test_events_on_the_bus_name_the_version(cloud: Cloud):
    made, events, rule = bucket(cloud), cloud.client("events"), name()
    queue = event_queue(cloud, made)
    arn = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    cloud.client("s3").put_bucket_notification_configuration(
        Bucket=made, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": [made]}}}))
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn}])
    version = cloud.client("s3").put_object(Bucket=made, Key="k", Body=b"")["VersionId"]
    assert received(cloud, queue)["detail"]["object"]["version-id"] == version
    events.remove_targets(Rule=rule, Ids=["1"])
    events.delete_rule(Name=rule)


def test_a_message_part_that_is_no_text_is_ignored(cloud: Cloud):
    """AWS ignores it: its subscribers get the default message."""
    sns, queue = cloud.client("sns"), event_queue(cloud, bucket(cloud))
    arn = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    anybody = policy({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn})
    cloud.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": anybody})
    topic = sns.create_topic(Name=name())["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, MessageStructure="json", Message=json.dumps({"default": "plain", "sqs": {"a": 1}}))
    assert received(cloud, queue)["Message"] == "plain"


# --- pages ---


def test_more_than_10_000_events_are_found_once_each(cloud: Cloud):
    logs, group, now = cloud.client("logs"), f"/{name()}", int(time.time() * 1000)
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    for page in range(3):
        lines = [{"timestamp": now + number // 7, "message": json.dumps({"n": number})} for number in
                 range(page * 4000, page * 4000 + 4000)]  # fmt: skip
        logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=lines)
    pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern="{ $.n >= 0 }"))
    found = [json.loads(event["message"])["n"] for page in pages for event in page["events"]]
    assert sorted(found) == list(range(12_000))
    assert len(pages[0]["events"]) == 10_000


# --- the disk ---


def test_the_folders_of_a_deleted_key_are_removed_from_disk(cloud: Cloud):
    s3, made = cloud.client("s3"), bucket(cloud)
    keys = (f"{PATIENT}/visit/a.wav", f"{PATIENT}/b.wav")
    versions = [s3.put_object(Bucket=made, Key=key, Body=body)["VersionId"] for key in keys for body in (b"1", b"2")]
    assert on_disk(cloud, made)
    for version, key in zip(versions, [key for key in keys for _ in range(2)], strict=True):
        s3.delete_object(Bucket=made, Key=key, VersionId=version)
    assert not on_disk(cloud, made)
    assert s3.put_object(Bucket=made, Key=keys[0], Body=b"3")["VersionId"]


def on_disk(cloud: Cloud, made: str) -> list[Path]:
    return [path for path in (cloud.state / "objects").rglob("*") if PATIENT in path.parts and made in path.parts]


def test_locks_and_unfinished_uploads_survive_a_restart(tmp_path: Path):
    part = b"five" * 1024 * 1500
    with running(state=tmp_path / "state", engine="scripted") as cloud:
        s3, made = cloud.client("s3"), bucket(cloud, ObjectLockEnabledForBucket=True)
        held = s3.put_object(Bucket=made, Key="held", Body=b"1", ObjectLockLegalHoldStatus="ON")["VersionId"]
        kept = s3.put_object(Bucket=made, Key="kept", Body=b"1", ObjectLockMode="COMPLIANCE",
                             ObjectLockRetainUntilDate="2099-01-01T00:00:00Z")["VersionId"]  # fmt: skip
        uploads = [s3.create_multipart_upload(Bucket=made, Key=key)["UploadId"] for key in ("go on", "give up")]
        tags = [s3.upload_part(Bucket=made, Key="go on", UploadId=uploads[0], PartNumber=number, Body=body)["ETag"]
                for number, body in ((2, b"old"), (1, part), (2, b"end"))]  # fmt: skip
    with running(state=tmp_path / "state", engine="scripted") as cloud:
        s3 = cloud.client("s3")
        for key, version in {"held": held, "kept": kept}.items():
            assert refused(s3.delete_object, Bucket=made, Key=key, VersionId=version) == "AccessDenied"
        assert s3.get_object_legal_hold(Bucket=made, Key="held")["LegalHold"]["Status"] == "ON"
        assert {each["UploadId"] for each in s3.list_multipart_uploads(Bucket=made)["Uploads"]} == set(uploads)
        parts = [{"PartNumber": 1, "ETag": tags[1]}, {"PartNumber": 2, "ETag": tags[2]}]
        s3.complete_multipart_upload(Bucket=made, Key="go on", UploadId=uploads[0], MultipartUpload={"Parts": parts})
        assert s3.get_object(Bucket=made, Key="go on")["Body"].read() == part + b"end"
        s3.abort_multipart_upload(Bucket=made, Key="give up", UploadId=uploads[1])
        assert not list((tmp_path / "state" / "services" / "uploads").iterdir())
