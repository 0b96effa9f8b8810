"""Other clients of the service: the AWS CLI with every operation, and moto's answers to the same calls."""

import json
import os
import subprocess
import sys
import time
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.cloud.cloud_process import ROOT
from local.recogniser.scripted import recording
from tests.medical_service import OPERATIONS, TABLE

CLI = ROOT / "build" / "aws-cli"
CLI_VERSION = "1.45.11"
BUCKET = "medical-clients"
SECONDS_TO_INSTALL = 240


@pytest.fixture(scope="module")
def bucket(cloud, tmp_path_factory):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    path = recording("0: Good morning.", tmp_path_factory.mktemp("audio") / "a.wav")
    s3.upload_file(str(path), BUCKET, "a.wav")
    s3.put_object(Bucket=BUCKET, Key="terms.txt", Body=TABLE.encode())
    return BUCKET


@pytest.fixture(scope="module")
def aws_cli():
    """The AWS CLI in a separate environment, because it needs another botocore than MiniStack."""
    program = CLI / "bin" / "aws"
    if not program.exists():
        steps = ["-m", "venv", str(CLI)], ["-m", "pip", "install", "--quiet", f"awscli=={CLI_VERSION}"]
        for python, step in zip((sys.executable, str(CLI / "bin" / "python")), steps, strict=True):
            try:
                subprocess.run([python, *step], check=True, capture_output=True, timeout=SECONDS_TO_INSTALL)
            except (subprocess.SubprocessError, OSError) as error:
                pytest.skip(f"the AWS CLI cannot be installed here: {type(error).__name__}")
    return str(program)


@pytest.fixture
def aws(cloud, aws_cli, tmp_path):
    def running(operation, **members):
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_PAGER": "", "NO_PROXY": "127.0.0.1",
            "AWS_EC2_METADATA_DISABLED": "true", **cloud.environment,
        }  # fmt: skip
        command = [aws_cli, "transcribe", operation, "--output", "json", "--cli-input-json", json.dumps(members)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "{}")

    return running


def start(name, bucket, **more):
    return {
        "MedicalTranscriptionJobName": name,
        "LanguageCode": "en-US",
        "Media": {"MediaFileUri": f"s3://{bucket}/a.wav"},
        "OutputBucketName": bucket,
        "Specialty": "PRIMARYCARE",
        "Type": "DICTATION",
        **more,
    }


def until(done, patience=15.0):
    deadline = time.monotonic() + patience
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_aws_cli_can_use_every_operation(aws, cloud, bucket):
    name = f"cli-{uuid4().hex}"
    arn = f"arn:aws:transcribe:us-east-1:000000000000:medical-vocabulary/{name}"
    words = {"VocabularyName": name, "LanguageCode": "en-US", "VocabularyFileUri": f"s3://{bucket}/terms.txt"}
    transcribe = cloud.client("transcribe")

    assert aws("create-medical-vocabulary", **words)["VocabularyState"] == "PENDING"
    until(lambda: transcribe.get_medical_vocabulary(VocabularyName=name)["VocabularyState"] == "READY")
    aws("update-medical-vocabulary", **words)
    until(lambda: transcribe.get_medical_vocabulary(VocabularyName=name)["VocabularyState"] == "READY")
    assert aws("get-medical-vocabulary", VocabularyName=name)["DownloadUri"].startswith(cloud.endpoint)
    [line] = aws("list-medical-vocabularies", NameContains=name)["Vocabularies"]
    assert line["VocabularyName"] == name

    aws("tag-resource", ResourceArn=arn, Tags=[{"Key": "ward", "Value": "3"}, {"Key": "a", "Value": ""}])
    aws("untag-resource", ResourceArn=arn, TagKeys=["a"])
    assert aws("list-tags-for-resource", ResourceArn=arn)["Tags"] == [{"Key": "ward", "Value": "3"}]

    job = aws("start-medical-transcription-job", **start(name, bucket, Settings={"VocabularyName": name}))
    assert job["MedicalTranscriptionJob"]["TranscriptionJobStatus"] == "IN_PROGRESS"
    until(lambda: transcribe.list_medical_transcription_jobs(JobNameContains=name, Status="COMPLETED")[
        "MedicalTranscriptionJobSummaries"
    ])  # fmt: skip
    got = aws("get-medical-transcription-job", MedicalTranscriptionJobName=name)["MedicalTranscriptionJob"]
    assert got["Transcript"]["TranscriptFileUri"].endswith(f"/{bucket}/medical/{name}.json")
    [line] = aws("list-medical-transcription-jobs", JobNameContains=name)["MedicalTranscriptionJobSummaries"]
    assert line["TranscriptionJobStatus"] == "COMPLETED"

    assert aws("delete-medical-transcription-job", MedicalTranscriptionJobName=name) == {}
    assert aws("delete-medical-vocabulary", VocabularyName=name) == {}


# --- moto ---

UNKNOWN_TO_MOTO = {"UpdateMedicalVocabulary", "TagResource", "UntagResource", "ListTagsForResource"}


def answers_of(client, bucket, name):
    """The same calls for any client, with the comparable parts of each answer."""
    words = {"VocabularyName": name, "LanguageCode": "en-US", "VocabularyFileUri": f"s3://{bucket}/terms.txt"}
    settings = {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 2, "VocabularyName": name}
    of_job, of_words = {"MedicalTranscriptionJobName": name}, {"VocabularyName": name}

    def ended(get, member, good, **which):
        until(lambda: find(get(**which), member) == good)
        return get(**which)

    yield "CreateMedicalVocabulary", client.create_medical_vocabulary(**words)
    yield "GetMedicalVocabulary", ended(client.get_medical_vocabulary, "VocabularyState", "READY", **of_words)
    yield "ListMedicalVocabularies", client.list_medical_vocabularies(NameContains=name)
    yield "CreateMedicalVocabulary", refusal(client.create_medical_vocabulary, **words)
    yield (
        "StartMedicalTranscriptionJob",
        client.start_medical_transcription_job(**start(name, bucket, Settings=settings)),
    )
    yield "StartMedicalTranscriptionJob", refusal(client.start_medical_transcription_job, **start(name, bucket))
    get = client.get_medical_transcription_job
    yield "GetMedicalTranscriptionJob", ended(get, "TranscriptionJobStatus", "COMPLETED", **of_job)
    yield "ListMedicalTranscriptionJobs", client.list_medical_transcription_jobs(JobNameContains=name)
    yield "DeleteMedicalTranscriptionJob", client.delete_medical_transcription_job(**of_job)
    yield "DeleteMedicalTranscriptionJob", refusal(client.delete_medical_transcription_job, **of_job)
    yield "GetMedicalTranscriptionJob", refusal(get, **of_job)
    yield "DeleteMedicalVocabulary", client.delete_medical_vocabulary(**of_words)


def find(answer, member):
    return answer.get(member) or next((inner[member] for inner in answer.values() if member in inner), None)


def refusal(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return {"Code": error["Code"], "Message": error["Message"]}


ECHOED = {
    "VocabularyName", "LanguageCode", "MedicalTranscriptionJobName", "Media", "Settings", "Specialty", "Type",
    "TranscriptionJobStatus", "OutputLocationType", "Code", "Message",
}  # fmt: skip
MADE_UP_BY_MOTO = {"MediaSampleRateHertz", "MediaFormat"}  # it reads no file
EARLIER_THAN_MOTO = {"TranscriptionJobStatus", "StartTime"}  # it starts a job on the first read


def essence(answer):
    """The paths in an answer, and the values that cannot be random."""
    flat = {}

    def flatten(value, path):
        if isinstance(value, dict):
            for name, inner in value.items():
                if name != "ResponseMetadata":
                    flatten(inner, (*path, name))
        elif isinstance(value, list):
            for inner in value:
                flatten(inner, (*path, "[]"))
        else:
            flat[path] = value if ECHOED & set(path) else type(value).__name__

    flatten(answer, ())
    return flat


def test_our_answers_match_moto_s_where_moto_supports_the_call(cloud, bucket):
    name = f"moto-{uuid4().hex}"
    with mock_aws(), pytest.MonkeyPatch.context() as environment:
        for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(variable, "testing")
        theirs = list(answers_of(boto3.client("transcribe", region_name="us-east-1"), bucket, name))
    ours = list(answers_of(cloud.client("transcribe"), bucket, name))
    assert {operation for operation, _answer in ours} == set(OPERATIONS) - UNKNOWN_TO_MOTO
    for (operation, our), (_same, their) in zip(ours, theirs, strict=True):
        mine, motos = essence(our), essence(their)
        passed_over = MADE_UP_BY_MOTO | (EARLIER_THAN_MOTO if operation.startswith("Start") else set())
        differing = {
            path: (mine.get(path), said)
            for path, said in motos.items()
            if said is not None and mine.get(path) != said and not passed_over & set(path)
        }
        assert not differing, operation
