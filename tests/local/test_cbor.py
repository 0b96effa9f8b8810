"""Transcribe on the local cloud, called with smithy-rpc-v2-cbor by the SDK."""

import time
from typing import Any
from uuid import uuid4

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from local.cloud.environment import REGION
from local.recogniser.scripted import recording


class CborLoader(Loader):
    """Loads a service's models with CBOR as their only protocol, so that the SDK uses it."""

    def load_service_model(self, service_name: str, type_name: str, api_version: Any = None) -> Any:
        found = super().load_service_model(service_name, type_name, api_version)
        if type_name == "service-2":
            spoken = {"protocol": "smithy-rpc-v2-cbor", "protocols": ["smithy-rpc-v2-cbor"]}
            found = {**found, "metadata": {**found["metadata"], **spoken}}
        return found


@pytest.fixture(scope="module")
def transcribe(cloud: Any) -> Any:
    return client(cloud, "test", "test")


def client(cloud: Any, key: str, secret: str) -> Any:
    session = botocore.session.Session()
    session.register_component("data_loader", CborLoader(session.get_config_variable("data_path")))
    made = boto3.Session(key, secret, botocore_session=session, region_name=REGION).client(
        "transcribe", endpoint_url=cloud.endpoint, config=Config(proxies={}, retries={"total_max_attempts": 1})
    )
    assert made.meta.service_model.resolved_protocol == "smithy-rpc-v2-cbor"
    return made


@pytest.fixture(scope="module")
def bucket(cloud: Any) -> str:
    name = f"cbor-{uuid4().hex}"
    cloud.client("s3").create_bucket(Bucket=name)
    return name


def request(bucket: str, **more: Any) -> dict[str, Any]:
    return {
        "MedicalTranscriptionJobName": uuid4().hex,
        "LanguageCode": "en-US",
        "Specialty": "PRIMARYCARE",
        "Type": "DICTATION",
        "Media": {"MediaFileUri": f"s3://{bucket}/a.wav"},
        "OutputBucketName": bucket,
        "OutputKey": "a.json",
        "Tags": [{"Key": "ward", "Value": "7"}],
        **more,
    }


def test_a_job_is_started_read_listed_and_deleted_in_cbor(cloud: Any, transcribe: Any, bucket: str, tmp_path: Any):
    cloud.client("s3").upload_file(str(recording("0: Good morning.", tmp_path / "a.wav")), bucket, "a.wav")
    asked = request(bucket)
    name = asked["MedicalTranscriptionJobName"]
    started = transcribe.start_medical_transcription_job(**asked)["MedicalTranscriptionJob"]
    deadline = time.monotonic() + 20
    while (job := described(transcribe, name))["TranscriptionJobStatus"] == "IN_PROGRESS":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert job["TranscriptionJobStatus"] == "COMPLETED"
    assert job["CreationTime"] == started["CreationTime"] < job["CompletionTime"]
    assert job["Tags"] == asked["Tags"]
    assert job == described(cloud.client("transcribe"), name)
    listed = transcribe.list_medical_transcription_jobs(JobNameContains=name)["MedicalTranscriptionJobSummaries"]
    assert [each["MedicalTranscriptionJobName"] for each in listed] == [name]
    assert b"Good morning" in cloud.client("s3").get_object(Bucket=bucket, Key="a.json")["Body"].read()
    transcribe.delete_medical_transcription_job(MedicalTranscriptionJobName=name)
    assert refused(transcribe.get_medical_transcription_job, MedicalTranscriptionJobName=name)[0] == 400


def described(transcribe: Any, name: str) -> Any:
    return transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=name)["MedicalTranscriptionJob"]


def refused(call: Any, **asked: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as error:
        call(**asked)
    found = error.value.response
    return found["ResponseMetadata"]["HTTPStatusCode"], found["Error"]["Code"]


def test_errors_have_the_newest_model_s_statuses_in_cbor_and_400_in_json(cloud: Any, transcribe: Any, bucket: str):
    conflicting, unknown = request(bucket), {"VocabularyName": "nobody"}
    transcribe.start_medical_transcription_job(**conflicting)
    expected = {"in CBOR": (transcribe, 409, 404), "in JSON": (cloud.client("transcribe"), 400, 400)}
    for client_, conflict, missing in expected.values():
        assert refused(client_.start_medical_transcription_job, **conflicting) == (conflict, "ConflictException")
        assert refused(client_.get_medical_vocabulary, **unknown) == (missing, "NotFoundException")


def test_an_invalid_request_is_refused_in_cbor(transcribe: Any, bucket: str):
    asked = request(bucket, LanguageCode="de-DE")
    assert refused(transcribe.start_medical_transcription_job, **asked) == (400, "BadRequestException")


def test_policies_apply_to_requests_in_cbor(cloud: Any, bucket: str):
    iam, user = cloud.client("iam"), uuid4().hex
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    nobody = client(cloud, key["AccessKeyId"], key["SecretAccessKey"])
    assert refused(nobody.start_medical_transcription_job, **request(bucket))[1] == "AccessDeniedException"


def test_invalid_cbor_is_refused_in_cbor(transcribe: Any):
    def spoil(request: Any, **_event: Any) -> None:
        request.data = b"\xa1\x61"  # a map that ends within its first key

    transcribe.meta.events.register_first("before-sign.transcribe.ListMedicalVocabularies", spoil)
    try:
        assert refused(transcribe.list_medical_vocabularies) == (400, "SerializationException")
    finally:
        transcribe.meta.events.unregister("before-sign.transcribe.ListMedicalVocabularies", spoil)
