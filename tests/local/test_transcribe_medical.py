"""Transcribe Medical over HTTP, as boto3 and the AWS CLI call it."""

import json
import time
import urllib.error
import urllib.request
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.recogniser.scripted import recording
from tests.medical_service import TABLE, unknown

MEDIA, WORK, ABROAD = "medical-media", "medical-work", "medical-abroad"
GREETING = "0: Good morning.\n1: Hello, doctor."
PROBE = ".write_access_check_file.temp"


@pytest.fixture(scope="module")
def s3(cloud):
    client = cloud.client("s3")
    for bucket in (MEDIA, WORK):
        client.create_bucket(Bucket=bucket)
    client.create_bucket(Bucket=ABROAD, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_object(Bucket=ABROAD, Key="a.wav", Body=b"RIFF")
    return client


@pytest.fixture(scope="module")
def transcribe(cloud):
    client = cloud.client("transcribe")
    client.meta.events.register("after-call.transcribe", no_unknown_members)
    return client


def no_unknown_members(http_response, model, **_more):
    """Check every answer against the service's model, before boto3 drops unknown members."""
    if http_response.status_code == 200 and "Medical" in model.name:
        assert unknown(model.name, json.loads(http_response.content)) == []


@pytest.fixture(scope="module")
def key(cloud):
    return cloud.client("kms").create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def upload(s3, tmp_path):
    def uploading(script=GREETING, **how):
        name = f"{uuid4().hex}.wav"
        s3.upload_file(recording(script, tmp_path / name, **how), MEDIA, f"staging/{name}")
        return f"s3://{MEDIA}/staging/{name}"

    return uploading


def request(media, name=None, **more):
    name = name or f"job-{uuid4().hex}"
    return {
        "MedicalTranscriptionJobName": name,
        "LanguageCode": "en-US",
        "Media": {"MediaFileUri": media},
        "OutputBucketName": WORK,
        "OutputKey": f"raw/{name}.json",
        "Specialty": "PRIMARYCARE",
        "Type": "CONVERSATION",
        **more,
    }


def started(transcribe, media, **more):
    return transcribe.start_medical_transcription_job(**request(media, **more))["MedicalTranscriptionJob"]


def ended(transcribe, name, *, patience=15.0):
    deadline = time.monotonic() + patience
    while True:
        job = transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=name)["MedicalTranscriptionJob"]
        if job["TranscriptionJobStatus"] != "IN_PROGRESS":
            return job
        assert time.monotonic() < deadline
        time.sleep(0.02)


def run(transcribe, media, **more):
    return ended(transcribe, started(transcribe, media, **more)["MedicalTranscriptionJobName"])


def transcript(s3, name):
    return json.loads(s3.get_object(Bucket=WORK, Key=f"raw/{name}.json")["Body"].read())


def refused(code, text, call, **how):
    with pytest.raises(ClientError) as error:
        call(**how)
    answer = error.value.response
    assert (answer["Error"]["Code"], text in answer["Error"]["Message"]) == (code, True), answer
    return answer


# --- a job's life ---


def test_a_start_is_answered_at_once_with_the_request_s_values(transcribe, upload):
    media = upload("!slow 1\n0: one moment.")
    job = started(transcribe, media, Settings={"ShowSpeakerLabels": True, "MaxSpeakerLabels": 2})
    assert job["TranscriptionJobStatus"] == "IN_PROGRESS"
    assert job["Media"] == {"MediaFileUri": media}
    assert job["Settings"] == {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 2}
    assert not {"CompletionTime", "MediaFormat", "Transcript"} & set(job)
    name = job["MedicalTranscriptionJobName"]
    working = transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=name)["MedicalTranscriptionJob"]
    assert working["Transcript"] == {}
    refused(
        "BadRequestException",
        "in progress",
        transcribe.delete_medical_transcription_job,
        MedicalTranscriptionJobName=name,
    )
    assert ended(transcribe, name)["TranscriptionJobStatus"] == "COMPLETED"


def test_a_completed_job_has_its_transcript_s_address_and_the_recording_s_properties(s3, transcribe, upload):
    job = run(transcribe, upload())
    name = job["MedicalTranscriptionJobName"]
    assert job["Transcript"] == {
        "TranscriptFileUri": f"https://s3.us-east-1.amazonaws.com/{WORK}/raw/{name}.json",
    }
    assert (job["MediaFormat"], job["MediaSampleRateHertz"]) == ("wav", 16000)
    assert job["Settings"] == {"ChannelIdentification": False, "ShowAlternatives": False}
    assert job["CompletionTime"] >= job["StartTime"]
    written = transcript(s3, name)
    assert written["jobName"] == name
    assert written["results"]["transcripts"] == [{"transcript": "Good morning. Hello, doctor."}]


def test_speakers_are_separated_on_request(s3, transcribe, upload):
    job = run(transcribe, upload(), Settings={"ShowSpeakerLabels": True, "MaxSpeakerLabels": 2})
    results = transcript(s3, job["MedicalTranscriptionJobName"])["results"]
    assert results["speaker_labels"]["speakers"] == 2
    assert [segment["speaker_label"] for segment in results["audio_segments"]] == ["spk_0", "spk_1"]


def test_channels_are_separated_on_request(s3, transcribe, upload):
    job = run(transcribe, upload(channels=2), Settings={"ChannelIdentification": True})
    labels = transcript(s3, job["MedicalTranscriptionJobName"])["results"]["channel_labels"]
    assert labels["number_of_channels"] == 2
    assert [channel["channel_label"] for channel in labels["channels"]] == ["ch_0", "ch_1"]


def test_an_unusable_recording_fails_its_job_with_a_reason(s3, transcribe, upload):
    job = run(transcribe, upload("!fail Unsupported media format."))
    assert job["TranscriptionJobStatus"] == "FAILED"
    assert job["FailureReason"] == "Unsupported media format."
    assert job["Transcript"] == {}
    refused("NoSuchKey", "", s3.get_object, Bucket=WORK, Key=f"raw/{job['MedicalTranscriptionJobName']}.json")


def test_the_cloud_answers_other_calls_during_a_job(cloud, transcribe, upload):
    name = started(transcribe, upload("!slow 1\n0: a long story."))["MedicalTranscriptionJobName"]
    began = time.monotonic()
    cloud.client("s3").list_buckets()
    assert time.monotonic() - began < 0.8
    ended(transcribe, name)


# --- output ---


def test_the_transcript_has_the_requested_key(s3, transcribe, upload, key):
    context = {"purpose": "transcripts"}
    job = run(transcribe, upload(), OutputEncryptionKMSKeyId=key, KMSEncryptionContext=context)
    head = s3.head_object(Bucket=WORK, Key=f"raw/{job['MedicalTranscriptionJobName']}.json")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_without_a_kms_key_s3_encrypts_the_transcript(s3, transcribe, upload):
    job = run(transcribe, upload())
    head = s3.head_object(Bucket=WORK, Key=f"raw/{job['MedicalTranscriptionJobName']}.json")
    assert head["ServerSideEncryption"] == "AES256"


def test_a_write_probe_is_next_to_the_transcript(s3, transcribe, upload):
    run(transcribe, upload(), OutputKey="probed/a.json")
    assert s3.head_object(Bucket=WORK, Key=f"probed/{PROBE}")["ContentLength"] == 0


def test_a_key_that_does_not_exist_is_refused_at_the_start(transcribe, upload):
    nowhere = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
    call = transcribe.start_medical_transcription_job
    refused("BadRequestException", "KMS key", call, **request(upload(), OutputEncryptionKMSKeyId=nowhere))


@pytest.mark.parametrize("spec", ["RSA_2048", "HMAC_256", "disabled"])
def test_a_key_that_cannot_encrypt_objects_is_refused_at_the_start(cloud, transcribe, upload, spec):
    kms = cloud.client("kms")
    usage = {"RSA_2048": "ENCRYPT_DECRYPT", "HMAC_256": "GENERATE_VERIFY_MAC"}
    how = {"KeySpec": spec, "KeyUsage": usage[spec]} if spec in usage else {}
    unusable = kms.create_key(**how)["KeyMetadata"]["Arn"]
    if not how:
        kms.disable_key(KeyId=unusable)
    call = transcribe.start_medical_transcription_job
    asked = request(upload(), OutputEncryptionKMSKeyId=unusable, KMSEncryptionContext={"purpose": "transcripts"})
    refused("BadRequestException", "symmetric key", call, **asked)


def test_a_key_may_be_named_by_its_id_its_alias_and_the_arn_of_either(cloud, s3, transcribe, upload, key):
    alias = f"alias/medical-{uuid4().hex}"
    cloud.client("kms").create_alias(AliasName=alias, TargetKeyId=key)
    for name in (key, key.rpartition("/")[2], alias, f"{key.rpartition(':')[0]}:{alias}"):
        job = run(transcribe, upload(), OutputEncryptionKMSKeyId=name)
        head = s3.head_object(Bucket=WORK, Key=f"raw/{job['MedicalTranscriptionJobName']}.json")
        assert head["SSEKMSKeyId"] == key


@pytest.mark.parametrize(
    "form",
    [
        "https://s3.us-east-1.amazonaws.com/{bucket}/{key}",
        "https://s3.amazonaws.com/{bucket}/{key}",
        "https://{bucket}.s3.us-east-1.amazonaws.com/{key}",
    ],
)
def test_a_recording_may_be_named_by_its_https_address(transcribe, upload, form):
    bucket, _slash, name = upload().removeprefix("s3://").partition("/")
    assert run(transcribe, form.format(bucket=bucket, key=name))["TranscriptionJobStatus"] == "COMPLETED"


def test_a_recording_replaced_during_its_job_is_transcribed_in_its_first_version(s3, transcribe, upload, tmp_path):
    media = upload("!slow 0.5\n0: The first words.")
    name = started(transcribe, media)["MedicalTranscriptionJobName"]
    s3.upload_file(recording("0: Other words.", tmp_path / "b.wav"), MEDIA, media.removeprefix(f"s3://{MEDIA}/"))
    ended(transcribe, name)
    assert transcript(s3, name)["results"]["transcripts"] == [{"transcript": "The first words."}]


# --- refusals ---


def test_a_name_in_use_is_a_conflict(transcribe, upload):
    media = upload()
    name = run(transcribe, media)["MedicalTranscriptionJobName"]
    call = transcribe.start_medical_transcription_job
    with pytest.raises(transcribe.exceptions.ConflictException):
        call(**request(media, name=name))
    answer = refused("ConflictException", "The requested job name already exists.", call, **request(media, name=name))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["Message"] == "The requested job name already exists. Use a different job name."


@pytest.mark.parametrize("operation", ["get_medical_transcription_job", "delete_medical_transcription_job"])
def test_an_unknown_job_is_a_bad_request(transcribe, operation):
    refused(
        "BadRequestException",
        "The requested job couldn't be found. Check the job name and try your request again.",
        getattr(transcribe, operation),
        MedicalTranscriptionJobName="never-was",
    )


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"Type": "LECTURE"}, "Value 'LECTURE' at 'type' failed to satisfy constraint: Member must satisfy enum"),
        ({"LanguageCode": "de-DE"}, "en-US"),
        ({"Media": {"MediaFileUri": f"s3://{MEDIA}/nothing.wav"}}, "doesn't point to an S3 object"),
        ({"Media": {"MediaFileUri": "https://example.org/a.wav"}}, "can't be accessed"),
        ({"OutputBucketName": "no-such-bucket"}, "bucket can't be accessed"),
        ({"Media": {"MediaFileUri": "s3://medical-abroad/a.wav"}}, "isn't in the same Region"),
        ({"OutputBucketName": "medical-abroad"}, "isn't in the same Region"),
        (
            {"Settings": {"VocabularyName": "cardiology"}},
            "The requested vocabulary couldn't be found. Check the vocabulary name and try your request again.",
        ),
    ],
)
def test_an_invalid_request_is_refused_at_the_start(transcribe, upload, changed, text):
    call = transcribe.start_medical_transcription_job
    refused("BadRequestException", text, call, **(request(upload()) | changed))


# --- vocabularies ---


@pytest.fixture
def table(s3):
    name = f"tables/{uuid4().hex}.txt"
    s3.put_object(Bucket=MEDIA, Key=name, Body=TABLE.encode())
    return f"s3://{MEDIA}/{name}"


def vocabulary(table, name=None, **more):
    return {
        "VocabularyName": name or f"words-{uuid4().hex}", "LanguageCode": "en-US", "VocabularyFileUri": table, **more
    }  # fmt: skip


def settled(transcribe, name):
    deadline = time.monotonic() + 5
    while (found := transcribe.get_medical_vocabulary(VocabularyName=name))["VocabularyState"] == "PENDING":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_a_ready_vocabulary_can_be_used_and_downloaded(transcribe, upload, table):
    asked = vocabulary(table)
    name = transcribe.create_medical_vocabulary(**asked)["VocabularyName"]
    call = transcribe.start_medical_transcription_job
    refused("BadRequestException", "isn't ready", call, **request(upload(), Settings={"VocabularyName": name}))
    ready = settled(transcribe, name)
    assert (ready["VocabularyState"], ready["LanguageCode"]) == ("READY", "en-US")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(ready["DownloadUri"]) as answer:
        assert answer.read().decode() == TABLE
    assert run(transcribe, upload(), Settings={"VocabularyName": name})["Settings"]["VocabularyName"] == name
    transcribe.get_waiter("medical_vocabulary_ready").wait(VocabularyName=name)
    transcribe.delete_medical_vocabulary(VocabularyName=name)
    with pytest.raises(transcribe.exceptions.NotFoundException):
        transcribe.get_medical_vocabulary(VocabularyName=name)


def test_a_broken_update_leaves_the_vocabulary_as_it_was(s3, transcribe, table):
    name = transcribe.create_medical_vocabulary(**vocabulary(table))["VocabularyName"]
    before = settled(transcribe, name)["DownloadUri"]
    s3.put_object(Bucket=MEDIA, Key="tables/broken.txt", Body=b"Phrase\n")
    transcribe.update_medical_vocabulary(**vocabulary(f"s3://{MEDIA}/tables/broken.txt", name))
    after = settled(transcribe, name)
    assert (after["VocabularyState"], after["DownloadUri"]) == ("FAILED", before)
    assert "line 1: the header must name" in after["FailureReason"]


def test_a_guessed_download_address_finds_nothing(cloud, transcribe, table):
    name = transcribe.create_medical_vocabulary(**vocabulary(table))["VocabularyName"]
    settled(transcribe, name)
    guess = f"{cloud.endpoint}/_transcribe-medical/vocabularies/000000000000/us-east-1/{name}/guess/input.txt"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(guess)


def test_jobs_and_vocabularies_have_tags(transcribe, upload, table):
    tags = [{"Key": "ward", "Value": "3"}]
    name = transcribe.create_medical_vocabulary(**vocabulary(table, Tags=tags))["VocabularyName"]
    job = run(transcribe, upload(), Tags=tags)["MedicalTranscriptionJobName"]
    for kind, of in (("medical-vocabulary", name), ("medical-transcription-job", job)):
        arn = f"arn:aws:transcribe:us-east-1:000000000000:{kind}/{of}"
        assert transcribe.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags
        transcribe.tag_resource(ResourceArn=arn, Tags=[{"Key": "floor", "Value": ""}])
        transcribe.untag_resource(ResourceArn=arn, TagKeys=["ward"])
        assert transcribe.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "floor", "Value": ""}]
    with pytest.raises(transcribe.exceptions.NotFoundException):
        transcribe.list_tags_for_resource(ResourceArn=arn + "-never-was")


# --- listing and deleting ---


def test_jobs_are_listed_a_page_at_a_time(transcribe, upload):
    media, family = upload(), uuid4().hex
    names = [started(transcribe, media, name=f"{family}-{n}")["MedicalTranscriptionJobName"] for n in range(7)]
    for name in names:
        ended(transcribe, name)
    first = transcribe.list_medical_transcription_jobs(JobNameContains=family.upper())
    rest = transcribe.list_medical_transcription_jobs(JobNameContains=family, NextToken=first["NextToken"])
    lines = first["MedicalTranscriptionJobSummaries"] + rest["MedicalTranscriptionJobSummaries"]
    assert len(first["MedicalTranscriptionJobSummaries"]) == 5
    assert sorted(line["MedicalTranscriptionJobName"] for line in lines) == names
    assert {line["OutputLocationType"] for line in lines} == {"CUSTOMER_BUCKET"}


def test_a_deleted_job_is_gone_and_its_transcript_stays(s3, transcribe, upload):
    name = run(transcribe, upload())["MedicalTranscriptionJobName"]
    transcribe.delete_medical_transcription_job(MedicalTranscriptionJobName=name)
    get = transcribe.get_medical_transcription_job
    refused("BadRequestException", "couldn't be found", get, MedicalTranscriptionJobName=name)
    assert transcript(s3, name)


def test_boto3_s_own_waiter_works(transcribe, upload):
    name = started(transcribe, upload())["MedicalTranscriptionJobName"]
    waiter = transcribe.get_waiter("medical_transcription_job_completed")
    waiter.wait(MedicalTranscriptionJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})


def test_other_transcribe_operations_still_answer(transcribe):
    assert transcribe.list_transcription_jobs()["TranscriptionJobSummaries"] == []


# --- permissions ---


def statement(action, resource, **condition):
    made = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**made, "Condition": condition} if condition else made


def rights(key):
    return {
        "start": statement(
            "transcribe:StartMedicalTranscriptionJob",
            "*",
            StringEquals={"transcribe:OutputBucketName": WORK, "transcribe:OutputEncryptionKMSKeyId": key},
            StringLike={"transcribe:OutputKey": "raw/*"},
        ),
        "get": statement(
            "transcribe:GetMedicalTranscriptionJob",
            "arn:aws:transcribe:us-east-1:000000000000:medical-transcription-job/mine-*",
        ),
        "media": statement("s3:GetObject", f"arn:aws:s3:::{MEDIA}/staging/*"),
        "output": statement("s3:PutObject", f"arn:aws:s3:::{WORK}/raw/*.json"),
        "probe": statement("s3:PutObject", f"arn:aws:s3:::{WORK}/raw/{PROBE}"),
        "key": statement("kms:GenerateDataKey", key),
    }


@pytest.fixture
def as_user(cloud):
    """Make a Transcribe client of a new user who has only the given permissions."""
    iam, name = cloud.client("iam"), f"user-{uuid4().hex}"

    def making(statements):
        iam.create_user(UserName=name)
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=json.dumps(policy))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return cloud.client(
            "transcribe",
            aws_access_key_id=made["AccessKeyId"],
            aws_secret_access_key=made["SecretAccessKey"],
        )

    return making


def test_a_user_with_every_permission_may_start_and_read_a_job(as_user, upload, key):
    mine = as_user(rights(key).values())
    job = run(mine, upload(), name=f"mine-{uuid4().hex}", OutputEncryptionKMSKeyId=key)
    assert job["TranscriptionJobStatus"] == "COMPLETED"
    get = mine.get_medical_transcription_job
    refused("AccessDeniedException", "GetMedical", get, MedicalTranscriptionJobName="theirs-1")


@pytest.mark.parametrize(
    ("missing", "answer"),
    [
        ("start", ("AccessDeniedException", "transcribe:StartMedicalTranscriptionJob")),
        ("media", ("BadRequestException", "The S3 URI that you provided can't be accessed.")),
        ("output", ("BadRequestException", "bucket can't be accessed")),
        ("probe", ("BadRequestException", "bucket can't be accessed")),
        ("key", ("BadRequestException", "KMS key")),
    ],
)
def test_each_permission_is_needed_to_start_a_job(as_user, upload, key, missing, answer):
    held = [right for name, right in rights(key).items() if name != missing]
    call = as_user(held).start_medical_transcription_job
    refused(*answer, call, **request(upload(), OutputEncryptionKMSKeyId=key))


@pytest.mark.parametrize(
    "changed",
    [
        {"OutputBucketName": MEDIA},
        {"OutputKey": "elsewhere/a.json"},
        {"OutputEncryptionKMSKeyId": None},
        {"OutputEncryptionKMSKeyId": "alias/other"},
    ],
)
def test_a_policys_conditions_on_the_output_are_compared_with_the_request(as_user, upload, key, changed):
    call = as_user(rights(key).values()).start_medical_transcription_job
    asked = request(upload(), OutputEncryptionKMSKeyId=key) | changed
    refused("AccessDeniedException", "", call, **{name: value for name, value in asked.items() if value is not None})


def test_tags_need_their_own_permission(as_user, upload, key):
    call = as_user(rights(key).values()).start_medical_transcription_job
    tags = [{"Key": "ward", "Value": "3"}]
    asked = request(upload(), OutputEncryptionKMSKeyId=key, Tags=tags)
    refused("AccessDeniedException", "TagResource", call, **asked)


def test_an_encrypted_recording_needs_the_permission_to_decrypt(s3, as_user, key, tmp_path):
    path = recording(GREETING, tmp_path / "a.wav")
    s3.upload_file(path, MEDIA, "staging/locked.wav", ExtraArgs={"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key})
    asked = request(f"s3://{MEDIA}/staging/locked.wav", OutputEncryptionKMSKeyId=key)
    call = as_user(rights(key).values()).start_medical_transcription_job
    refused("BadRequestException", "can't be accessed", call, **asked)


def vocabulary_rights(**only):
    mine = "arn:aws:transcribe:us-east-1:000000000000:medical-vocabulary/mine-*"
    every = {
        "create": statement("transcribe:CreateMedicalVocabulary", "*"),
        "others": statement(["transcribe:GetMedicalVocabulary", "transcribe:DeleteMedicalVocabulary"], mine),
        "table": statement("s3:GetObject", f"arn:aws:s3:::{MEDIA}/tables/*"),
        "tag": statement("transcribe:TagResource", "*", **{"ForAllValues:StringEquals": {"aws:TagKeys": ["ward"]}}),
    }
    return [every[name] for name in every if only.get(name, True)]


def test_a_user_with_every_permission_may_create_a_vocabulary_with_the_permitted_names(as_user, table):
    mine = as_user(vocabulary_rights())
    name = f"mine-{uuid4().hex}"
    mine.create_medical_vocabulary(**vocabulary(table, name, Tags=[{"Key": "ward", "Value": "3"}]))
    settled(mine, name)
    refused("AccessDeniedException", "GetMedicalVocabulary", mine.get_medical_vocabulary, VocabularyName="theirs-1")
    mine.delete_medical_vocabulary(VocabularyName=name)


@pytest.mark.parametrize(
    ("missing", "answer"),
    [
        ("create", ("AccessDeniedException", "CreateMedicalVocabulary")),
        ("table", ("BadRequestException", "The S3 URI that you provided can't be accessed.")),
        ("tag", ("AccessDeniedException", "TagResource")),
    ],
)
def test_each_permission_is_needed_to_create_a_vocabulary(as_user, table, missing, answer):
    call = as_user(vocabulary_rights(**{missing: False})).create_medical_vocabulary
    refused(*answer, call, **vocabulary(table, Tags=[{"Key": "ward", "Value": "3"}]))


def test_a_recording_under_the_account_s_own_key_needs_no_further_permission(s3, transcribe, tmp_path):
    path = recording(GREETING, tmp_path / "a.wav")
    s3.upload_file(str(path), MEDIA, "staging/own-key.wav", ExtraArgs={"ServerSideEncryption": "aws:kms"})
    assert run(transcribe, f"s3://{MEDIA}/staging/own-key.wav")["TranscriptionJobStatus"] == "COMPLETED"


# --- events ---


@pytest.mark.parametrize(("script", "status"), [(GREETING, "COMPLETED"), ("!fail Unsupported media format.", "FAILED")])
def test_the_completion_event_is_sent_as_often_as_configured(cloud, transcribe, upload, script, status):
    queue, name = event_queue(cloud), f"told-{uuid4().hex}"
    job = run(transcribe, upload(script), name=name)
    events = [json.loads(message["Body"]) for message in received(cloud, queue, 2)]
    reason = {"FailureReason": job["FailureReason"]} if "FailureReason" in job else {}
    assert [event["detail-type"] for event in events] == ["Transcribe Job State Change"] * 2
    assert [event["source"] for event in events] == ["aws.transcribe"] * 2
    assert events[0]["detail"] == {"MedicalTranscriptionJobName": name, "TranscriptionJobStatus": status} | reason


def test_s3_announces_the_transcript(cloud, s3, transcribe, upload):
    s3.put_bucket_notification_configuration(Bucket=WORK, NotificationConfiguration={"EventBridgeConfiguration": {}})
    name = f"told-{uuid4().hex}"
    queue = event_queue(
        cloud, {"source": ["aws.s3"], "detail": {"object": {"key": [{"wildcard": f"raw/{name}*.json"}]}}}
    )
    run(transcribe, upload(), name=name)
    [message] = received(cloud, queue, 1)
    event = json.loads(message["Body"])
    assert (event["detail-type"], event["detail"]["object"]["key"]) == ("Object Created", f"raw/{name}.json")


def event_queue(cloud, pattern=None):
    """Make a queue that receives events matching the pattern, and return its URL."""
    name, sqs, events = f"told-{uuid4().hex}", cloud.client("sqs"), cloud.client("events")
    queue = f"arn:aws:sqs:us-east-1:000000000000:{name}"
    allowed = statement("sqs:SendMessage", queue) | {"Principal": {"Service": "events.amazonaws.com"}}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
    wanted = pattern or {"source": ["aws.transcribe"], "detail": {"MedicalTranscriptionJobName": [{"prefix": "told-"}]}}
    events.put_rule(Name=name, EventPattern=json.dumps(wanted))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue}])
    return url


def received(cloud, url, count):
    messages, deadline = [], time.monotonic() + 10
    while len(messages) < count:
        assert time.monotonic() < deadline
        answer = cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        messages += answer.get("Messages", [])
    return messages
