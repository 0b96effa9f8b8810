"""The fakes behave as the embedded AWS does: every question here is asked of both."""

import json
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.simulation.fakes_and_local_cloud import MOST_RECEIVES, SPOKEN, Fakes, MiniStack


@pytest.fixture(params=["fakes", "ministack"])
def ends(request):
    return Fakes() if request.param == "fakes" else MiniStack(request.getfixturevalue("cloud"))


def refused(call, **arguments):
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    return refusal.value.response["Error"]["Code"]


def versions(ends, bucket, key, *bodies):
    return [ends.s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"] for body in bodies]


def test_an_overwritten_version_can_still_be_read(ends):
    bucket = ends.bucket(versioned=True)
    first, _second = versions(ends, bucket, "a b+ü.wav", b"one", b"two")
    assert ends.s3.get_object(Bucket=bucket, Key="a b+ü.wav", VersionId=first)["Body"].read() == b"one"
    assert ends.s3.get_object(Bucket=bucket, Key="a b+ü.wav")["Body"].read() == b"two"


def test_a_range_can_be_read(ends):
    bucket = ends.bucket(versioned=True)
    versions(ends, bucket, "k", b"0123456789")
    assert ends.s3.get_object(Bucket=bucket, Key="k", Range="bytes=2-4")["Body"].read() == b"234"


def test_a_range_of_a_version_can_be_read(ends):
    bucket = ends.bucket(versioned=True)
    (version,) = versions(ends, bucket, "k", b"0123456789")
    part = ends.s3.get_object(Bucket=bucket, Key="k", VersionId=version, Range="bytes=2-4")
    assert part["Body"].read() == b"234"


def test_a_head_tells_size_and_metadata(ends):
    bucket = ends.bucket(versioned=True)
    ends.s3.put_object(Bucket=bucket, Key="k", Body=b"abc", Metadata={"correlation-id": "visit-7"})
    head = ends.s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentLength"], head["Metadata"]) == (3, {"correlation-id": "visit-7"})


def test_what_is_gone_is_said_to_be_gone(ends):
    bucket = ends.bucket(versioned=True)
    (version,) = versions(ends, bucket, "k", b"one")
    ends.s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    assert refused(ends.s3.head_object, Bucket=bucket, Key="k") == "404"
    assert refused(ends.s3.get_object, Bucket=bucket, Key="k") == "NoSuchKey"
    assert refused(ends.s3.get_object, Bucket=bucket, Key="k", VersionId=version) in ("NoSuchVersion", "NoSuchKey")


def test_a_delete_marker_hides_and_destroys_nothing(ends):
    bucket = ends.bucket(versioned=True)
    (version,) = versions(ends, bucket, "k", b"one")
    ends.s3.delete_object(Bucket=bucket, Key="k")
    assert refused(ends.s3.head_object, Bucket=bucket, Key="k") == "404"
    assert ends.s3.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read() == b"one"


def test_a_copy_takes_the_version_it_is_told_and_nothing_else(ends):
    source, target = ends.bucket(versioned=True), ends.bucket(versioned=False)
    first = ends.s3.put_object(Bucket=source, Key="k", Body=b"one", Metadata={"patient": "Jane"})["VersionId"]
    versions(ends, source, "k", b"two")
    ends.s3.copy_object(
        Bucket=target, Key="staged", CopySource={"Bucket": source, "Key": "k", "VersionId": first},
        MetadataDirective="REPLACE", TaggingDirective="REPLACE", StorageClass="STANDARD",
        ContentType="application/octet-stream", **owners(ends),
    )  # fmt: skip
    assert ends.s3.get_object(Bucket=target, Key="staged")["Body"].read() == b"one"
    assert ends.s3.head_object(Bucket=target, Key="staged")["Metadata"] == {}


def owners(ends):
    account = ends.key_arn.split(":")[4]
    return {"ExpectedBucketOwner": account, "ExpectedSourceBucketOwner": account}


def test_deleting_from_an_unversioned_bucket_deletes(ends):
    bucket = ends.bucket(versioned=False)
    ends.s3.put_object(Bucket=bucket, Key="staging/x.wav", Body=b"one")
    assert ends.s3.list_objects_v2(Bucket=bucket, Prefix="staging/x.wav", MaxKeys=1)["Contents"][0]["Key"]
    ends.s3.delete_object(Bucket=bucket, Key="staging/x.wav")
    ends.s3.delete_object(Bucket=bucket, Key="staging/x.wav")
    assert ends.s3.list_objects_v2(Bucket=bucket, Prefix="staging/x.wav", MaxKeys=1).get("Contents", []) == []


def test_versions_are_listed_by_key_and_the_newest_first(ends):
    bucket = ends.bucket(versioned=True)
    one, two = versions(ends, bucket, "a", b"1", b"2")
    (other,) = versions(ends, bucket, "b", b"3")
    listed = ends.s3.list_object_versions(Bucket=bucket)
    assert [each["VersionId"] for each in listed["Versions"]] == [two, one, other]
    assert not listed["IsTruncated"]


def test_a_delete_marker_is_not_listed_as_a_version(ends):
    bucket = ends.bucket(versioned=True)
    versions(ends, bucket, "a", b"1")
    ends.s3.delete_object(Bucket=bucket, Key="a")
    assert len(ends.s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


def test_a_received_message_is_unseen_for_a_while_and_counts_its_receives(ends):
    queue = ends.queue(visibility=1)
    ends.sqs.send_message(QueueUrl=queue, MessageBody="hello")
    (first,) = ends.receive(queue)
    assert (first.body, first.receives) == ("hello", 1)
    assert ends.receive(queue) == []
    ends.wait(1.2)
    (again,) = ends.receive(queue)
    assert again.receives == 2


def test_a_deleted_message_does_not_come_back(ends):
    queue = ends.queue(visibility=1)
    ends.sqs.send_message(QueueUrl=queue, MessageBody="hello")
    ends.delete(queue, ends.receive(queue)[0])
    ends.wait(1.2)
    assert ends.receive(queue) == []


def test_a_delayed_message_is_not_seen_before(ends):
    queue = ends.queue(visibility=5)
    ends.sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=1)
    assert ends.receive(queue) == []
    ends.wait(1.2)
    assert [message.body for message in ends.receive(queue)] == ["later"]


def test_a_delay_has_its_limit(ends):
    message = {"QueueUrl": ends.queue(visibility=5), "MessageBody": "x", "DelaySeconds": 901}
    assert refused(ends.sqs.send_message, **message) == "InvalidParameterValue"


def test_what_was_received_too_often_is_a_dead_letter(ends):
    queue = ends.queue(visibility=1)
    ends.sqs.send_message(QueueUrl=queue, MessageBody="poison")
    for _ in range(MOST_RECEIVES):
        assert len(ends.receive(queue)) == 1
        ends.wait(1.2)
    assert ends.receive(queue) == []
    assert [message.body for message in ends.receive(queue + "-dead")] == ["poison"]


def test_the_number_of_messages_is_of_those_that_can_be_seen(ends):
    queue = ends.queue(visibility=30)
    for delay in (0, 0, 30):
        ends.sqs.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=delay)
    asked = ends.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert asked["Attributes"]["ApproximateNumberOfMessages"] == "2"


def row(name, state, updated, **more):
    item = {"recording": {"S": name}, "state": {"S": state}, "updated": {"N": str(updated)}}
    return item | {key: {"S": value} for key, value in more.items()}


def test_a_row_is_entered_once(ends):
    name = uuid4().hex
    entry = {"TableName": ends.table, "ConditionExpression": "attribute_not_exists(recording)"}
    ends.dynamodb.put_item(**entry, Item=row(name, "CLAIMED", 1))
    assert refused(ends.dynamodb.put_item, **entry, Item=row(name, "CLAIMED", 2)) == "ConditionalCheckFailedException"
    found = ends.dynamodb.get_item(TableName=ends.table, Key={"recording": {"S": name}}, ConsistentRead=True)
    assert found["Item"]["updated"] == {"N": "1"}


def test_which_rows_are_there_is_read_in_batches(ends):
    there, missing = uuid4().hex, uuid4().hex
    ends.dynamodb.put_item(TableName=ends.table, Item=row(there, "CLAIMED", 1))
    keys = [{"recording": {"S": name}} for name in (there, missing)]
    asked = {ends.table: {"Keys": keys, "ProjectionExpression": "recording"}}
    found = ends.dynamodb.batch_get_item(RequestItems=asked)["Responses"][ends.table]
    assert found == [{"recording": {"S": there}}]
    asked[ends.table]["Keys"] = [{"recording": {"S": f"{there}{number}"}} for number in range(101)]
    assert refused(ends.dynamodb.batch_get_item, RequestItems=asked) == "ValidationException"


def test_a_row_is_changed_under_its_condition_alone(ends):
    name = uuid4().hex
    ends.dynamodb.put_item(TableName=ends.table, Item=row(name, "CLAIMED", 1, job="j", leased="x"))
    change = {
        "TableName": ends.table, "Key": {"recording": {"S": name}},
        "UpdateExpression": "SET #state = :state, #updated = :updated REMOVE leased",
        "ConditionExpression": "job = :job AND #state IN (:one, :other) AND (attribute_not_exists(x) OR x <= :job)",
        "ExpressionAttributeNames": {"#state": "state", "#updated": "updated"},
    }  # fmt: skip
    values = {":state": "DELIVERED", ":one": "CLAIMED", ":other": "TRANSCRIBING", ":job": "j"}
    change["ExpressionAttributeValues"] = {key: {"S": value} for key, value in values.items()} | {
        ":updated": {"N": "2"}
    }
    ends.dynamodb.update_item(**change)
    assert refused(ends.dynamodb.update_item, **change) == "ConditionalCheckFailedException"
    found = ends.dynamodb.get_item(TableName=ends.table, Key={"recording": {"S": name}}, ConsistentRead=True)["Item"]
    assert found == row(name, "DELIVERED", 2, job="j")


def test_rows_of_a_state_come_oldest_first_page_by_page(ends):
    state, names = uuid4().hex, [uuid4().hex for _ in range(3)]
    for updated, name in zip((30, 10, 20), names, strict=True):
        ends.dynamodb.put_item(TableName=ends.table, Item=row(name, state, updated))
    asked = {
        "TableName": ends.table, "IndexName": "by-state", "Limit": 1,
        "KeyConditionExpression": "#state = :state AND updated < :before",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":state": {"S": state}, ":before": {"N": "30"}},
    }  # fmt: skip
    first = ends.dynamodb.query(**asked)
    second = ends.dynamodb.query(**asked, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert first["Items"] + second["Items"] == [row(names[1], state, 10), row(names[2], state, 20)]


def test_rows_of_a_state_are_counted_up_to_a_limit(ends):
    state = uuid4().hex
    for updated in range(3):
        ends.dynamodb.put_item(TableName=ends.table, Item=row(uuid4().hex, state, updated))
    asked = {
        "TableName": ends.table, "IndexName": "by-state", "Select": "COUNT", "Limit": 2,
        "KeyConditionExpression": "#state = :state", "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":state": {"S": state}},
    }  # fmt: skip
    first = ends.dynamodb.query(**asked)
    second = ends.dynamodb.query(**asked, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert (first["Count"], second["Count"]) == (2, 1)


def test_a_notice_for_several_protocols_has_a_default(ends):
    notification = {
        "TopicArn": ends.topic, "Subject": "Transcript ready", "MessageStructure": "json",
        "MessageAttributes": {"status": {"DataType": "String", "StringValue": "DELIVERED"}},
    }  # fmt: skip
    ends.sns.publish(**notification, Message=json.dumps({"default": '{"id": "1"}'}))
    assert refused(ends.sns.publish, **notification, Message=json.dumps({"email": "x"})).startswith("InvalidParameter")


@pytest.mark.parametrize(("source", "code"), [("stethoscript", None), ("aws.s3", "NotAuthorizedForSourceException")])
def test_whether_an_event_was_taken_stands_in_an_answer_that_is_no_error(ends, source, code):
    entry = {"Source": source, "DetailType": "Recording Delivered", "Detail": '{"id": "1"}'}
    answer = ends.events.put_events(Entries=[entry])
    assert (answer["FailedEntryCount"], answer["Entries"][0].get("ErrorCode")) == (int(code is not None), code)


@pytest.fixture
def order(ends, tmp_path):
    """A job's request."""
    bucket, name = ends.bucket(versioned=False), f"job-{uuid4().hex}"
    ends.s3.put_object(Bucket=bucket, Key="staging/x.wav", Body=ends.audio(tmp_path))
    return {
        "MedicalTranscriptionJobName": name, "LanguageCode": "en-US",
        "Media": {"MediaFileUri": f"s3://{bucket}/staging/x.wav"}, "OutputBucketName": bucket,
        "OutputKey": f"raw/{name}.json", "OutputEncryptionKMSKeyId": ends.key_arn,
        "KMSEncryptionContext": {"stethoscript:job": name}, "Specialty": "PRIMARYCARE", "Type": "CONVERSATION",
    }  # fmt: skip


def test_a_job_starts_ends_and_leaves_its_transcript(ends, order):
    started = ends.transcribe.start_medical_transcription_job(**order)["MedicalTranscriptionJob"]
    assert started["TranscriptionJobStatus"] == "IN_PROGRESS"
    name = order["MedicalTranscriptionJobName"]
    for _ in range(100):
        found = ends.transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=name)
        job = found["MedicalTranscriptionJob"]
        if job["TranscriptionJobStatus"] != "IN_PROGRESS":
            break
        ends.wait(0.2)
    assert (job["TranscriptionJobStatus"], job["Media"]) == ("COMPLETED", order["Media"])
    assert job["CompletionTime"] >= job["CreationTime"]
    body = ends.s3.get_object(Bucket=order["OutputBucketName"], Key=order["OutputKey"])["Body"].read()
    said = json.loads(body)["results"]["transcripts"][0]["transcript"]
    assert said.lower().strip(" .") == SPOKEN


def test_a_jobs_name_is_taken_once(ends, order):
    ends.transcribe.start_medical_transcription_job(**order)
    assert refused(ends.transcribe.start_medical_transcription_job, **order) == "ConflictException"


def test_a_job_without_media_is_refused_at_once(ends, order):
    order["Media"] = {"MediaFileUri": f"s3://{order['OutputBucketName']}/staging/none.wav"}
    assert refused(ends.transcribe.start_medical_transcription_job, **order) == "BadRequestException"


def test_an_unknown_job_is_a_bad_request_that_says_so(ends):
    with pytest.raises(ClientError, match="requested job couldn't be found") as refusal:
        ends.transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=f"job-{uuid4().hex}")
    assert refusal.value.response["Error"]["Code"] == "BadRequestException"
