"""The fakes behave like the embedded AWS: every test here runs on both."""

import json
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.simulation.fakes_and_local_cloud import MOST_RECEIVES, SPOKEN, Fakes, MiniStack


@pytest.fixture(params=["fakes", "ministack"])
def aws(request):
    return Fakes() if request.param == "fakes" else MiniStack(request.getfixturevalue("cloud"))


def refused(call, **arguments):
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    return refusal.value.response["Error"]["Code"]


def versions(aws, bucket, key, *bodies):
    return [aws.s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"] for body in bodies]


def test_an_overwritten_version_can_still_be_read(aws):
    bucket = aws.bucket(versioned=True)
    first, _second = versions(aws, bucket, "a b+ü.wav", b"one", b"two")
    assert aws.s3.get_object(Bucket=bucket, Key="a b+ü.wav", VersionId=first)["Body"].read() == b"one"
    assert aws.s3.get_object(Bucket=bucket, Key="a b+ü.wav")["Body"].read() == b"two"


def test_a_range_can_be_read(aws):
    bucket = aws.bucket(versioned=True)
    versions(aws, bucket, "k", b"0123456789")
    assert aws.s3.get_object(Bucket=bucket, Key="k", Range="bytes=2-4")["Body"].read() == b"234"


def test_a_range_of_a_version_can_be_read(aws):
    bucket = aws.bucket(versioned=True)
    (version,) = versions(aws, bucket, "k", b"0123456789")
    part = aws.s3.get_object(Bucket=bucket, Key="k", VersionId=version, Range="bytes=2-4")
    assert part["Body"].read() == b"234"


def test_a_head_has_size_and_metadata(aws):
    bucket = aws.bucket(versioned=True)
    aws.s3.put_object(Bucket=bucket, Key="k", Body=b"abc", Metadata={"correlation-id": "visit-7"})
    head = aws.s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentLength"], head["Metadata"]) == (3, {"correlation-id": "visit-7"})


def test_a_missing_object_is_answered_as_missing(aws):
    bucket = aws.bucket(versioned=True)
    (version,) = versions(aws, bucket, "k", b"one")
    aws.s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    assert refused(aws.s3.head_object, Bucket=bucket, Key="k") == "404"
    assert refused(aws.s3.get_object, Bucket=bucket, Key="k") == "NoSuchKey"
    assert refused(aws.s3.get_object, Bucket=bucket, Key="k", VersionId=version) in ("NoSuchVersion", "NoSuchKey")


def test_a_delete_marker_hides_and_destroys_nothing(aws):
    bucket = aws.bucket(versioned=True)
    (version,) = versions(aws, bucket, "k", b"one")
    aws.s3.delete_object(Bucket=bucket, Key="k")
    assert refused(aws.s3.head_object, Bucket=bucket, Key="k") == "404"
    assert aws.s3.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read() == b"one"


def test_a_copy_takes_only_the_requested_version(aws):
    source, target = aws.bucket(versioned=True), aws.bucket(versioned=False)
    first = aws.s3.put_object(Bucket=source, Key="k", Body=b"one", Metadata={"patient": "Jane"})["VersionId"]
    versions(aws, source, "k", b"two")
    aws.s3.copy_object(
        Bucket=target, Key="staged", CopySource={"Bucket": source, "Key": "k", "VersionId": first},
        MetadataDirective="REPLACE", TaggingDirective="REPLACE", StorageClass="STANDARD",
        ContentType="application/octet-stream", **owners(aws),
    )  # fmt: skip
    assert aws.s3.get_object(Bucket=target, Key="staged")["Body"].read() == b"one"
    assert aws.s3.head_object(Bucket=target, Key="staged")["Metadata"] == {}


def owners(aws):
    account = aws.key_arn.split(":")[4]
    return {"ExpectedBucketOwner": account, "ExpectedSourceBucketOwner": account}


def test_deleting_from_an_unversioned_bucket_deletes(aws):
    bucket = aws.bucket(versioned=False)
    aws.s3.put_object(Bucket=bucket, Key="staging/x.wav", Body=b"one")
    assert aws.s3.list_objects_v2(Bucket=bucket, Prefix="staging/x.wav", MaxKeys=1)["Contents"][0]["Key"]
    aws.s3.delete_object(Bucket=bucket, Key="staging/x.wav")
    aws.s3.delete_object(Bucket=bucket, Key="staging/x.wav")
    assert aws.s3.list_objects_v2(Bucket=bucket, Prefix="staging/x.wav", MaxKeys=1).get("Contents", []) == []


def test_versions_are_listed_by_key_and_the_newest_first(aws):
    bucket = aws.bucket(versioned=True)
    one, two = versions(aws, bucket, "a", b"1", b"2")
    (other,) = versions(aws, bucket, "b", b"3")
    listed = aws.s3.list_object_versions(Bucket=bucket)
    assert [each["VersionId"] for each in listed["Versions"]] == [two, one, other]
    assert not listed["IsTruncated"]


def test_a_delete_marker_is_not_listed_as_a_version(aws):
    bucket = aws.bucket(versioned=True)
    versions(aws, bucket, "a", b"1")
    aws.s3.delete_object(Bucket=bucket, Key="a")
    assert len(aws.s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


def test_a_received_message_is_hidden_for_a_while_and_counts_its_receives(aws):
    queue = aws.queue(visibility=1)
    aws.sqs.send_message(QueueUrl=queue, MessageBody="hello")
    (first,) = aws.receive(queue)
    assert (first.body, first.receives) == ("hello", 1)
    assert aws.receive(queue) == []
    aws.wait(1.2)
    (again,) = aws.receive(queue)
    assert again.receives == 2


def test_a_deleted_message_does_not_come_back(aws):
    queue = aws.queue(visibility=1)
    aws.sqs.send_message(QueueUrl=queue, MessageBody="hello")
    aws.delete(queue, aws.receive(queue)[0])
    aws.wait(1.2)
    assert aws.receive(queue) == []


def test_a_delayed_message_is_hidden_until_its_time(aws):
    queue = aws.queue(visibility=5)
    aws.sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=1)
    assert aws.receive(queue) == []
    aws.wait(1.2)
    assert [message.body for message in aws.receive(queue)] == ["later"]


def test_a_delay_has_a_limit(aws):
    message = {"QueueUrl": aws.queue(visibility=5), "MessageBody": "x", "DelaySeconds": 901}
    assert refused(aws.sqs.send_message, **message) == "InvalidParameterValue"


def test_a_message_received_too_often_is_a_dead_letter(aws):
    queue = aws.queue(visibility=1)
    aws.sqs.send_message(QueueUrl=queue, MessageBody="poison")
    for _ in range(MOST_RECEIVES):
        assert len(aws.receive(queue)) == 1
        aws.wait(1.2)
    assert aws.receive(queue) == []
    assert [message.body for message in aws.receive(queue + "-dead")] == ["poison"]


def test_the_number_of_messages_counts_visible_ones(aws):
    queue = aws.queue(visibility=30)
    for delay in (0, 0, 30):
        aws.sqs.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=delay)
    asked = aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert asked["Attributes"]["ApproximateNumberOfMessages"] == "2"


def row(name, state, updated, **more):
    item = {"recording": {"S": name}, "state": {"S": state}, "updated": {"N": str(updated)}}
    return item | {key: {"S": value} for key, value in more.items()}


def test_a_row_is_entered_once(aws):
    name = uuid4().hex
    entry = {"TableName": aws.table, "ConditionExpression": "attribute_not_exists(recording)"}
    aws.dynamodb.put_item(**entry, Item=row(name, "CLAIMED", 1))
    assert refused(aws.dynamodb.put_item, **entry, Item=row(name, "CLAIMED", 2)) == "ConditionalCheckFailedException"
    found = aws.dynamodb.get_item(TableName=aws.table, Key={"recording": {"S": name}}, ConsistentRead=True)
    assert found["Item"]["updated"] == {"N": "1"}


def test_rows_are_read_in_batches(aws):
    there, missing = uuid4().hex, uuid4().hex
    aws.dynamodb.put_item(TableName=aws.table, Item=row(there, "CLAIMED", 1))
    keys = [{"recording": {"S": name}} for name in (there, missing)]
    asked = {aws.table: {"Keys": keys, "ProjectionExpression": "recording"}}
    found = aws.dynamodb.batch_get_item(RequestItems=asked)["Responses"][aws.table]
    assert found == [{"recording": {"S": there}}]
    asked[aws.table]["Keys"] = [{"recording": {"S": f"{there}{number}"}} for number in range(101)]
    assert refused(aws.dynamodb.batch_get_item, RequestItems=asked) == "ValidationException"


def test_a_row_is_changed_only_under_its_condition(aws):
    name = uuid4().hex
    aws.dynamodb.put_item(TableName=aws.table, Item=row(name, "CLAIMED", 1, job="j", leased="x"))
    change = {
        "TableName": aws.table, "Key": {"recording": {"S": name}},
        "UpdateExpression": "SET #state = :state, #updated = :updated REMOVE leased",
        "ConditionExpression": "job = :job AND #state IN (:one, :other) AND (attribute_not_exists(x) OR x <= :job)",
        "ExpressionAttributeNames": {"#state": "state", "#updated": "updated"},
    }  # fmt: skip
    values = {":state": "DELIVERED", ":one": "CLAIMED", ":other": "TRANSCRIBING", ":job": "j"}
    change["ExpressionAttributeValues"] = {key: {"S": value} for key, value in values.items()} | {
        ":updated": {"N": "2"}
    }
    aws.dynamodb.update_item(**change)
    assert refused(aws.dynamodb.update_item, **change) == "ConditionalCheckFailedException"
    found = aws.dynamodb.get_item(TableName=aws.table, Key={"recording": {"S": name}}, ConsistentRead=True)["Item"]
    assert found == row(name, "DELIVERED", 2, job="j")


def test_rows_of_a_state_come_oldest_first_page_by_page(aws):
    state, names = uuid4().hex, [uuid4().hex for _ in range(3)]
    for updated, name in zip((30, 10, 20), names, strict=True):
        aws.dynamodb.put_item(TableName=aws.table, Item=row(name, state, updated))
    asked = {
        "TableName": aws.table, "IndexName": "by-state", "Limit": 1,
        "KeyConditionExpression": "#state = :state AND updated < :before",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":state": {"S": state}, ":before": {"N": "30"}},
    }  # fmt: skip
    first = aws.dynamodb.query(**asked)
    second = aws.dynamodb.query(**asked, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert first["Items"] + second["Items"] == [row(names[1], state, 10), row(names[2], state, 20)]


def test_rows_of_a_state_are_counted_up_to_a_limit(aws):
    state = uuid4().hex
    for updated in range(3):
        aws.dynamodb.put_item(TableName=aws.table, Item=row(uuid4().hex, state, updated))
    asked = {
        "TableName": aws.table, "IndexName": "by-state", "Select": "COUNT", "Limit": 2,
        "KeyConditionExpression": "#state = :state", "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":state": {"S": state}},
    }  # fmt: skip
    first = aws.dynamodb.query(**asked)
    second = aws.dynamodb.query(**asked, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert (first["Count"], second["Count"]) == (2, 1)


def test_a_notification_for_several_protocols_has_a_default(aws):
    notification = {
        "TopicArn": aws.topic, "Subject": "Transcript ready", "MessageStructure": "json",
        "MessageAttributes": {"status": {"DataType": "String", "StringValue": "DELIVERED"}},
    }  # fmt: skip
    aws.sns.publish(**notification, Message=json.dumps({"default": '{"id": "1"}'}))
    assert refused(aws.sns.publish, **notification, Message=json.dumps({"email": "x"})).startswith("InvalidParameter")


@pytest.mark.parametrize(("source", "code"), [("stethoscript", None), ("aws.s3", "NotAuthorizedForSourceException")])
def test_a_refused_event_is_in_an_answer_with_status_200(aws, source, code):
    entry = {"Source": source, "DetailType": "Recording Delivered", "Detail": '{"id": "1"}'}
    answer = aws.events.put_events(Entries=[entry])
    assert (answer["FailedEntryCount"], answer["Entries"][0].get("ErrorCode")) == (int(code is not None), code)


@pytest.fixture
def order(aws, tmp_path):
    """A job's request."""
    bucket, name = aws.bucket(versioned=False), f"job-{uuid4().hex}"
    aws.s3.put_object(Bucket=bucket, Key="staging/x.wav", Body=aws.audio(tmp_path))
    return {
        "MedicalTranscriptionJobName": name, "LanguageCode": "en-US",
        "Media": {"MediaFileUri": f"s3://{bucket}/staging/x.wav"}, "OutputBucketName": bucket,
        "OutputKey": f"raw/{name}.json", "OutputEncryptionKMSKeyId": aws.key_arn,
        "KMSEncryptionContext": {"stethoscript:job": name}, "Specialty": "PRIMARYCARE", "Type": "CONVERSATION",
    }  # fmt: skip


def test_a_job_starts_ends_and_leaves_its_transcript(aws, order):
    started = aws.transcribe.start_medical_transcription_job(**order)["MedicalTranscriptionJob"]
    assert started["TranscriptionJobStatus"] == "IN_PROGRESS"
    name = order["MedicalTranscriptionJobName"]
    for _ in range(100):
        found = aws.transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=name)
        job = found["MedicalTranscriptionJob"]
        if job["TranscriptionJobStatus"] != "IN_PROGRESS":
            break
        aws.wait(0.2)
    assert (job["TranscriptionJobStatus"], job["Media"]) == ("COMPLETED", order["Media"])
    assert job["CompletionTime"] >= job["CreationTime"]
    body = aws.s3.get_object(Bucket=order["OutputBucketName"], Key=order["OutputKey"])["Body"].read()
    said = json.loads(body)["results"]["transcripts"][0]["transcript"]
    assert said.lower().strip(" .") == SPOKEN


def test_a_jobs_name_is_taken_once(aws, order):
    aws.transcribe.start_medical_transcription_job(**order)
    assert refused(aws.transcribe.start_medical_transcription_job, **order) == "ConflictException"


def test_a_job_without_media_is_refused_at_once(aws, order):
    order["Media"] = {"MediaFileUri": f"s3://{order['OutputBucketName']}/staging/none.wav"}
    assert refused(aws.transcribe.start_medical_transcription_job, **order) == "BadRequestException"


def test_an_unknown_job_is_a_bad_request_with_that_text(aws):
    with pytest.raises(ClientError, match="requested job couldn't be found") as refusal:
        aws.transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=f"job-{uuid4().hex}")
    assert refusal.value.response["Error"]["Code"] == "BadRequestException"
