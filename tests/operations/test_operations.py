"""The operator's commands, by their front door, over a pretended AWS one can look into."""

import io
import json
import os
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ProfileNotFound
from rich.console import Console
from typer.testing import CliRunner

from adapters.ledger import Sweep
from operations import deployment, deployment_status, output, queues, upload_recordings
from operations.__main__ import app
from operations.deployment import Deployment
from operations.erasure import HANDS_SECONDS, Eraser
from operations.errors import Misused, Refused
from operations.ledger_admin import _OF_ONE_ATTEMPT, LedgerAdmin
from operations.recordings import Wanted, find, retry, wanted
from stethoscript import jobs, queue_messages
from stethoscript.ledger_row import LedgerRow, State
from stethoscript.queue_messages import UploadMessage
from stethoscript.uploads import Upload
from tests import schemas
from tests.client_errors import refusal
from tests.corpus.recordings import WEBM, wav
from tests.functions import fakes
from tests.functions.deployment_harness import PROFILES, WAV, Pipeline
from tests.functions.fakes import ACCOUNT, INTAKE, TRANSCRIPTS, WORK

PATIENT = "Zebulon Quackenbush"
KEY = f"dictation/{PATIENT}.wav"
OUTPUTS = {
    "IntakeBucketName": INTAKE,
    "WorkBucketName": WORK,
    "TranscriptsBucketName": TRANSCRIPTS,
    "LedgerTableName": "ledger",
    "CompletionTopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:completion",
    "KeyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1",
}


class FakeTranscribe(fakes.FakeTranscribe):
    """One that can also list and delete."""

    def list_medical_transcription_jobs(self, **asked: Any) -> dict[str, Any]:
        self._trouble()
        running = [name for name, job in self.jobs.items() if job["TranscriptionJobStatus"] == asked["Status"]]
        at = int(asked.get("NextToken", 0))
        page = {"MedicalTranscriptionJobSummaries": running[at : at + 2]}
        return page | ({"NextToken": str(at + 2)} if len(running) > at + 2 else {})

    def delete_medical_transcription_job(self, MedicalTranscriptionJobName: str) -> None:  # noqa: N803
        assert self.jobs[MedicalTranscriptionJobName]["TranscriptionJobStatus"] != "IN_PROGRESS"
        del self.jobs[MedicalTranscriptionJobName]


@dataclass
class Pages:
    """A service that has one answer, whole or by the page; or an error."""

    answer: Any

    def __getattr__(self, _call: str) -> Any:
        def answered(**_asked: Any) -> Any:
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return answered

    def get_paginator(self, _call: str) -> Any:
        return SimpleNamespace(paginate=lambda **_asked: [self.call()])


class ImpatientSqs:
    """moto really waits where SQS would; and, as the embedded cloud, it cannot move dead letters by itself."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs
        self.start_message_move_task = Pages(refusal("InvalidAction")).start

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    def receive_message(self, **asked: Any) -> Any:
        return self._sqs.receive_message(**asked | {"WaitTimeSeconds": 0})


@dataclass
class OperatedPipeline:
    """The clinic, and the tool over it."""

    pipeline: Pipeline
    ends: dict[str, Any]
    logged: list[dict[str, Any]] = field(default_factory=list)

    @property
    def deployment(self) -> Deployment:
        return deployment.find("clinic", self.client)

    def client(self, service: str) -> Any:
        return self.ends[service]

    def run(self, *command: str, code: int = 0, **more: Any) -> Any:
        """The command's result, which must end with this code; its output never names the patient unless asked."""
        name = () if "--name" in command else ("--name", "clinic")
        result = CliRunner().invoke(app, [*command, *name], obj=self.client, **more)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        if "--show-key" not in command:
            assert PATIENT not in result.output
        return result

    def json(self, *command: str, code: int = 0) -> Any:
        return json.loads(self.run(*command, "--json", code=code).stdout)

    def delivered(self, key: str = KEY, text: str = f"{PATIENT} has a cough.", **more: Any) -> Upload:
        """A recording on its whole way."""
        upload = self.pipeline.upload(key, **more)
        self.pipeline.start(upload)
        job = self.name(upload)
        self.pipeline.write_raw(job, text)
        self.pipeline.transcribe.end(job)
        self.pipeline.deliver(job)
        return upload

    def failed(self, key: str = KEY) -> Upload:
        upload = self.pipeline.upload(key)
        self.pipeline.start(upload)
        self.pipeline.transcribe.end(self.name(upload), "FAILED", "Invalid file size")
        self.pipeline.deliver(self.name(upload))
        return upload

    def name(self, upload: Upload) -> str:
        return jobs.recording("clinic", upload)

    def row(self, upload: Upload) -> Any:
        return self.pipeline.ledger.find(self.name(upload))

    def age(self, upload: Upload, seconds: int, member: str = "updated") -> None:
        """Make the row look as if this happened so long ago."""
        self.pipeline.dynamodb.update_item(
            TableName="ledger", Key={"recording": {"S": self.name(upload)}},
            UpdateExpression=f"SET {member} = :then", ExpressionAttributeValues={":then": {"N": str(now() - seconds)}},
        )  # fmt: skip

    def everything(self) -> str:
        """All that is kept anywhere, in one text."""
        s3 = self.pipeline.s3
        kept: list[Any] = []
        for bucket in (INTAKE, WORK, TRANSCRIPTS):
            listed = s3.list_object_versions(Bucket=bucket)
            for version in listed.get("Versions", []):
                named = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
                kept += [named, s3.get_object(**named)["Body"].read().decode("latin-1")]
            kept += [marker["Key"] for marker in listed.get("DeleteMarkers", [])]
            kept += s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        kept += self.pipeline.dynamodb.scan(TableName="ledger")["Items"]
        for queue in (self.pipeline.intake_queue, self.pipeline.completion_queue):
            kept += self.pipeline.messages(queue) + self.pipeline.messages(f"{queue}-dead-letters")
        kept += self.pipeline.transcribe.jobs.values()
        return repr(kept)


def now() -> int:
    return int(datetime.now(UTC).timestamp())


@pytest.fixture
def operated(pipeline: Pipeline) -> OperatedPipeline:
    """The clinic with queues and outputs as they are deployed, now."""
    made = [
        pipeline.sqs.create_queue(QueueName=f"clinic-{name}")["QueueUrl"]
        for name in ("intake", "completion", "intake-dead-letters", "completion-dead-letters")
    ]
    pipeline.s3.put_bucket_versioning(Bucket=TRANSCRIPTS, VersioningConfiguration={"Status": "Enabled"})
    there = replace(
        pipeline, transcribe=FakeTranscribe(), intake_queue=made[0], completion_queue=made[1], clock=float(now())
    )
    stack = {
        "StackName": "clinic-storage",
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()],
    }
    environment = {"CONCURRENT_JOBS": "3", "PROFILES": json.dumps(PROFILES)}
    logged: list[dict[str, Any]] = []
    ends = {
        "s3": there.s3, "sqs": ImpatientSqs(there.sqs), "sns": there.sns, "events": there.events,
        "dynamodb": there.dynamodb, "transcribe": there.transcribe, "cloudformation": Pages({"Stacks": [stack]}),
        "lambda": Pages({"Environment": {"Variables": environment}}), "cloudwatch": Pages(refusal("AccessDenied")),
        "sts": Pages({"Arn": f"arn:aws:iam::{ACCOUNT}:user/operator"}), "logs": Pages({"events": logged}),
    }  # fmt: skip
    return OperatedPipeline(there, ends, logged)


def send(operated: OperatedPipeline, queue: str, *bodies: str) -> None:
    for body in bodies:
        operated.pipeline.sqs.send_message(QueueUrl=queue, MessageBody=body)


# --- status, list, explain: reading ---


def test_status_counts_recordings_messages_and_jobs(operated):
    operated.delivered()
    operated.failed("dictation/b.wav")
    for number in range(3):
        operated.pipeline.start(operated.pipeline.upload(f"dictation/{number}.wav"))
    send(operated, f"{operated.pipeline.intake_queue}-dead-letters", "poison")
    told = operated.json("status")
    assert told["states"] == dict.fromkeys(State, 0) | {"TRANSCRIBING": 3, "DELIVERED": 1, "FAILED": 1}
    assert told["queues"]["intake"]["deadLetters"] == 1
    assert told["transcribe"] == {"inProgress": 3, "quota": 3}
    assert told["waitingLongest"]["job"]
    assert "3 of 3 jobs in progress" in operated.run("status").stdout


def test_status_says_the_age_of_the_oldest_message_where_cloudwatch_tells_it(operated):
    points = [{"Timestamp": datetime.now(UTC) - timedelta(minutes=ago), "Maximum": 60.0 * ago} for ago in (1, 3, 2)]
    operated.ends["cloudwatch"] = Pages({"Datapoints": points})
    assert operated.json("status")["queues"]["intake"]["oldestSeconds"] == 60
    assert "60 s" in operated.run("status").stdout


def test_what_is_watched_fits_a_small_terminal_and_cuts_names_but_no_states(operated):
    for number in range(9):
        operated.pipeline.start(operated.pipeline.upload(f"dictation/{number}.wav"))
    letter = operated.pipeline.upload("dictation/letter.wav", b"no audio")
    operated.pipeline.start(letter)
    operated.age(letter, -1)
    latest = wanted(operated.deployment, Wanted(), 20)
    small = Console(width=80, height=22, file=io.StringIO(), force_terminal=True)
    lines = small.render_lines(output.watched(deployment_status.look(operated.deployment), latest, now(), small))
    assert len(lines) == small.height
    text = ["".join(segment.text for segment in line) for line in lines]
    shown = [line.split() for line in text if line.lstrip().startswith("clinic-")]
    assert 0 < len(shown) < len(latest)
    assert {row[1] for row in shown} == {"TRANSCRIBING", "REJECTED"}
    assert all(row[0].endswith("…") for row in shown)


def test_the_list_is_filtered_by_state_profile_and_time(operated):
    done = operated.delivered()
    talk = operated.delivered("conversation/a.wav")
    lost = operated.failed("dictation/b.wav")
    operated.age(talk, 7200)

    def listed(*options: str) -> set[str]:
        return {row["recording"] for row in operated.json("list", *options)["recordings"]}

    assert listed() == {operated.name(each) for each in (done, talk, lost)}
    assert listed("--state", "failed") == {operated.name(lost)}
    assert listed("--profile", "conversation") == listed("--profile", "conversation/") == {operated.name(talk)}
    assert listed("--since", "1h") == {operated.name(done), operated.name(lost)}
    assert len(listed("--most", "1")) == 1


def test_a_profile_that_is_not_there_is_told_with_those_that_are(operated):
    assert "No recordings." in operated.run("list", "--profile", "dictation").stdout
    said = operated.run("list", "--profile", "nope", code=2).stderr
    assert said == "There is no profile nope; there are: dictation, conversation.\n"
    operated.ends["lambda"] = Pages(refusal("AccessDenied"))
    assert "No recordings." in operated.run("list", "--profile", "nope").stdout


def test_the_list_says_when_each_was_received_and_its_correlation_id_where_any_has_one(operated):
    upload = operated.delivered()
    operated.age(upload, 7200, "received")
    listed = operated.run("list").stdout
    assert f"{datetime.fromtimestamp(operated.row(upload).received, UTC):%Y-%m-%d %H:%M:%S} UTC" in listed
    assert "correlation id" not in listed
    operated.delivered("dictation/b.wav", Metadata={"correlation-id": "visit-1"})
    listed = operated.run("list").stdout
    assert "correlation id" in listed
    assert "visit-1" in listed


def test_a_state_that_is_not_there_is_told_with_those_that_are(operated):
    said = operated.run("list", "--state", "deliverd", code=2).stderr
    assert said.startswith("There is no state DELIVERD; there are: WAITING, ANNOUNCED, CLAIMED, ")


def test_what_is_stuck_is_listed_longest_first(operated):
    uploads = [operated.pipeline.upload(f"dictation/{number}.wav") for number in range(3)]
    for upload, age in zip(uploads, (4000, 9000, 10), strict=True):
        operated.pipeline.start(upload)
        operated.age(upload, age, "started")
    listed = [row["recording"] for row in operated.json("list", "--stuck")["recordings"]]
    assert listed == [operated.name(uploads[1]), operated.name(uploads[0])]


def test_the_key_is_shown_to_whoever_asks_for_it_and_nobody_else(operated):
    operated.delivered()
    assert "key" not in operated.json("list")["recordings"][0]
    assert operated.json("list", "--show-key")["recordings"][0]["key"] == KEY
    name = operated.json("list")["recordings"][0]["job"]
    operated.run("explain", name)
    assert PATIENT in operated.run("explain", name, "--show-key").stdout
    assert operated.json("explain", name, "--show-key")["key"] == KEY
    assert PATIENT in operated.run("list", "--show-key").stdout


def test_a_recording_is_found_by_job_attempt_version_and_correlation_id(operated):
    upload = operated.delivered(Metadata={"correlation-id": "visit-1"})
    name = operated.name(upload)
    for called in (name, f"{name}-2", upload.version, "visit-1"):
        told = operated.json("explain", called)
        assert (told["recording"], told["why"], told["row"]["correlationId"]) == (name, "delivered", "visit-1")


def test_an_upload_nobody_has_looked_at_is_found_in_the_bucket(operated):
    operated.pipeline.upload("dictation/other.wav")
    upload = operated.pipeline.upload(KEY)
    send(operated, operated.pipeline.intake_queue, "a message")
    for called in (operated.name(upload), upload.version):
        told = operated.json("explain", called)
        assert (told["recording"], told["row"], told["why"]) == (operated.name(upload), None, "queued")
    assert "NOT LOOKED AT YET" in operated.run("explain", upload.version).stdout


def test_a_correlation_id_of_several_recordings_asks_which(operated):
    two = [operated.delivered(f"dictation/{number}.wav", Metadata={"correlation-id": "visit-1"}) for number in range(2)]
    said = operated.run("explain", "visit-1", code=2).stderr
    assert all(operated.name(each) in said for each in two)


def test_explain_knows_how_often_the_logs_say_it_was_put_off(operated):
    upload = operated.pipeline.upload(KEY)
    for line in (
        {"message": "deferred", "job": operated.name(upload), "error": "ReadTimeoutError", "fault": "UNAVAILABLE"},
        {"message": "deferred", "job": operated.name(upload), "seconds": 60, "deferrals": 4},
        {"message": "deferred", "job": "clinic-somebody-elses", "seconds": 1, "deferrals": 9},
    ):
        operated.logged.append({"timestamp": now() * 1000, "message": json.dumps(line)})
    operated.logged.append({"timestamp": now() * 1000, "message": "START RequestId: 1\n"})
    told = operated.json("explain", upload.version)
    assert (told["why"], told["deferrals"]) == ("outage", 4)


def test_explain_gathers_each_reason_to_wait(operated):
    upload = operated.pipeline.upload(KEY)
    others = [operated.pipeline.upload(f"dictation/{number}.wav") for number in range(3)]
    for other in others:
        operated.pipeline.start(other)
    name = operated.name(upload)
    assert operated.json("explain", name)["why"] == "over-quota"
    operated.pipeline.transcribe.end(operated.name(others[0]))
    operated.pipeline.start(upload)
    assert operated.json("explain", name)["why"] == "in-transcribe"
    operated.pipeline.transcribe.troubles = [refusal("InternalFailureException", status=500)]
    assert operated.json("explain", name)["why"] == "outage"
    operated.pipeline.transcribe.end(name)
    assert operated.json("explain", name)["why"] == "undelivered"
    operated.pipeline.ledger.lease(operated.row(upload), now(), 60)
    assert operated.json("explain", name)["why"] == "being-delivered"
    folder = f"{datetime.fromtimestamp(operated.row(upload).received, UTC):%Y-%m-%d}"
    operated.pipeline.s3.put_object(Bucket=TRANSCRIPTS, Key=f"{folder}/{name}/manifest.json", Body=b"{}")
    assert operated.json("explain", name)["why"] == "untold"
    send(operated, f"{operated.pipeline.completion_queue}-dead-letters", json.dumps({"job": name}))
    assert operated.json("explain", name)["why"] == "dead-letter"
    del operated.pipeline.transcribe.jobs[name]
    assert operated.json("explain", name)["why"] == "vanished"


def test_looking_at_dead_letters_leaves_them_where_they_are(operated):
    upload = operated.pipeline.upload(KEY)
    dead = f"{operated.pipeline.intake_queue}-dead-letters"
    send(operated, dead, "not JSON", queue_messages.upload_message(UploadMessage(upload)), *("{}" for _ in range(12)))
    for _ in range(2):
        assert operated.json("explain", upload.version)["why"] == "dead-letter"
    assert operated.json("status")["queues"]["intake"]["deadLetters"] == 14


# --- errors: one sentence, a code that means something ---


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "no AWS credentials"),
        (ProfileNotFound(profile="clinic"), "list-profiles"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "AWS_ENDPOINT_URL"),
        (refusal("ExpiredToken"), "sign in again"),
        (refusal("AccessDenied", f"no access to {KEY}"), "does not let you call Operation"),
        (refusal("ThrottlingException"), "try again in a minute"),
    ],
)
def test_a_cloud_that_does_not_let_us_in_is_told_in_one_sentence_with_code_4(operated, error, words):
    operated.ends["cloudformation"] = Pages(error)
    said = operated.run("status", code=4).stderr
    assert words in said
    assert len(said.splitlines()) == 1


def test_an_error_of_the_tool_itself_is_told_by_its_class_alone(operated):
    operated.ends["cloudformation"] = Pages(RuntimeError(KEY))
    assert "RuntimeError" in operated.run("status", code=1).stderr


def test_a_deployment_that_is_not_there_is_told_with_those_that_are(operated):
    stack = operated.ends["cloudformation"].answer

    class Stacks(Pages):
        def describe_stacks(self, **_asked: Any) -> Any:
            raise refusal("ValidationError")

    operated.ends["cloudformation"] = Stacks(stack)
    assert "(there are: clinic)" in operated.run("status", "--name", "other", code=3).stderr


def test_a_deployment_that_is_not_complete_is_told(operated):
    operated.ends["cloudformation"] = Pages({"Stacks": [{"StackName": "clinic-storage"}]})
    assert "cdk deploy" in operated.run("status", code=3).stderr


@pytest.mark.parametrize(
    "command",
    [
        ("list", "--since", "soon"), ("list", "--state", "lost"), ("redrive", "middle"), ("explain",), ("nonsense",),
        ("upload", "missing.wav", "--profile", "dictation"), ("erase", "clinic-1", "--yes", "--most", "1"),
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_code_2(operated, command):
    operated.run(*command, code=2)


@pytest.mark.parametrize("command", ["explain", "retry", "erase"])
def test_what_is_not_there_ends_with_code_3(operated, command):
    said = operated.run(command, "visit-1", code=3).stderr
    assert said.startswith("No recording is called so (looked through the ledger and the uploads since ")
    assert "`--since` goes further back" in said


def test_the_name_comes_from_the_choices_of_the_project(tmp_path):
    assert deployment.chosen_name() == "stethoscript"
    (tmp_path / "cdk.json").write_text('{"context": {"stethoscript": "clinic-a.json"}}')
    with pytest.raises(Misused, match="--name"):
        deployment.chosen_name(tmp_path)
    (tmp_path / "clinic-a.json").write_text('{"name": "clinica"}')
    assert deployment.chosen_name(tmp_path) == "clinica"


# --- upload ---


def test_an_upload_is_told_with_its_version_and_job(operated, tmp_path):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    (told,) = operated.json("upload", str(file), "--profile", "dictation", "--correlation-id", "visit-1")
    upload = Upload(INTAKE, "dictation/visit.wav", told["versionId"])
    head = operated.pipeline.s3.head_object(Bucket=INTAKE, Key=upload.key, VersionId=upload.version)
    assert (head["Metadata"], told["job"]) == ({"correlation-id": "visit-1"}, operated.name(upload))
    assert "visit.wav: version " in operated.run("upload", str(file), "--profile", "dictation/").stdout


def test_waiting_for_an_upload_ends_with_what_became_of_it(operated, tmp_path):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    sent = [upload_recordings.send(operated.deployment, file, "dictation", None, lambda _bytes: None) for _ in range(2)]

    def pause(_seconds: float) -> None:
        each = next(each for each in sent if each.job not in operated.pipeline.transcribe.jobs)
        operated.pipeline.start(Upload(INTAKE, "dictation/visit.wav", each.version))
        operated.pipeline.transcribe.end(each.job, "FAILED", "Invalid file size")
        operated.pipeline.deliver(each.job)

    ended = upload_recordings.wait(operated.deployment, sent, lambda _line: None, pause=pause)
    assert [(row.recording, row.state) for row in ended] == [(each.job, State.FAILED) for each in sent]


class Working:
    """DynamoDB of a pipeline that takes one more step at a recording before each look into the ledger."""

    def __init__(self, operated: OperatedPipeline, file: str, status: str) -> None:
        self._ward, self._key, self._status = operated, f"dictation/{file}", status
        self._steps = iter((self._begin, self._end))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ward.pipeline.dynamodb, name)

    def batch_get_item(self, **asked: Any) -> Any:
        next(self._steps)()
        return self._ward.pipeline.dynamodb.batch_get_item(**asked)

    def _begin(self) -> None:
        version = self._ward.pipeline.s3.head_object(Bucket=INTAKE, Key=self._key)["VersionId"]
        self._upload = Upload(INTAKE, self._key, version)
        self._ward.pipeline.start(self._upload)

    def _end(self) -> None:
        job = self._ward.name(self._upload)
        self._ward.pipeline.write_raw(job)
        self._ward.pipeline.transcribe.end(job, self._status, "Invalid number of channels")
        self._ward.pipeline.deliver(job)


def test_whoever_waits_for_an_upload_is_told_of_each_of_its_states_on_standard_error(operated, tmp_path, monkeypatch):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    monkeypatch.setattr(upload_recordings, "_LOOK_SECONDS", 0)
    for as_json, lines in (((), "visit.wav: TRANSCRIBING\nvisit.wav: DELIVERED\n"), (("--json",), "")):
        operated.ends["dynamodb"] = Working(operated, file.name, "COMPLETED")
        assert operated.run("upload", str(file), "--profile", "dictation", "--wait", *as_json).stderr == lines


def test_what_helps_an_upload_that_was_not_delivered_stands_below_the_table(operated, tmp_path, monkeypatch):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    monkeypatch.setattr(upload_recordings, "_LOOK_SECONDS", 0)
    operated.ends["dynamodb"] = Working(operated, file.name, "FAILED")
    told = operated.run("upload", str(file), "--profile", "dictation", "--wait", code=1).stdout
    assert told.endswith("\nvisit.wav: Send mono or stereo audio.\n")
    other = replace(operated.row(operated.failed()), remedy=None)
    assert f"explain {other.job}`" in output.next_step(other)


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        (WAV, ("--profile", "dictations"), (2, "there are: dictation, conversation")),
        (WAV, ("--profile", "dictation", "--correlation-id", PATIENT), (2, "letters, digits")),
        (b"Dear colleague", ("--profile", "dictation"), (1, "UnsupportedMediaFormat")),
        (b"", ("--profile", "dictation"), (1, "Empty")),
        (wav(hertz=8000), ("--profile", "dictation"), (1, "InvalidSampleRate")),
    ],
)
def test_what_would_be_refused_is_not_even_uploaded(operated, tmp_path, content, options, told):
    file = tmp_path / "visit.wav"
    file.write_bytes(content)
    code, words = told
    assert words in operated.run("upload", str(file), *options, code=code).stderr
    assert not operated.pipeline.keys(INTAKE)


def test_of_several_files_every_one_that_would_be_refused_is_named_and_the_others_go_if_asked(operated, tmp_path):
    contents = {"empty.wav": b"", "telephone.wav": wav(hertz=8000), "visit.wav": WAV}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = [str(tmp_path / name) for name in contents]
    told = operated.run("upload", *files, "--profile", "dictation", code=1).stderr
    assert "2 of 3 files" in told
    assert "empty.wav: Empty." in told
    assert "telephone.wav: InvalidSampleRate. Its sample rate is 8,000 Hz" in told
    assert not operated.pipeline.keys(INTAKE)
    told = operated.run("upload", *files, "--profile", "dictation", "--skip-refused").stderr
    assert told.count("Left out: ") == 2
    assert operated.pipeline.keys(INTAKE) == ["dictation/visit.wav"]


def test_nothing_is_uploaded_where_all_files_would_be_refused(operated, tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"")
    files = [str(tmp_path / name) for name in ("a.wav", "b.wav")]
    assert "2 of 2 files" in operated.run("upload", *files, "--profile", "dictation", "--skip-refused", code=1).stderr


def test_an_upload_that_s3_does_not_take_is_told_in_one_sentence(operated, tmp_path):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    operated.pipeline.s3.delete_bucket(Bucket=INTAKE)
    assert "NoSuchBucket" in operated.run("upload", str(file), "--profile", "dictation", code=1).stderr


# --- retry ---


def test_a_failed_recording_is_transcribed_again_under_the_next_name(operated):
    upload = operated.failed()
    told = operated.json("retry", operated.name(upload))
    second = f"{operated.name(upload)}-2"
    assert told == {"recording": operated.name(upload), "job": second, "attempt": 2}
    (message,) = operated.pipeline.messages(operated.pipeline.intake_queue)
    (arrival,) = queue_messages.upload_messages(json.dumps(message.body))
    operated.pipeline.start(arrival.upload)
    assert operated.pipeline.keys(WORK) == [f"staging/{second}.wav"]
    operated.pipeline.write_raw(second)
    operated.pipeline.transcribe.end(second)
    operated.pipeline.deliver(operated.name(upload))  # a late signal of the first attempt
    assert operated.row(upload).state is State.TRANSCRIBING
    operated.pipeline.deliver(second)
    row = operated.row(upload)
    assert (row.state, row.job, row.attempt, row.reason, row.failure) == (State.DELIVERED, second, 2, None, None)
    assert operated.pipeline.keys(WORK) == [f"raw/{second}.json"]
    assert f"/{second}/" in row.manifest
    assert [told["id"] for told in operated.pipeline.told()] == [
        f"{operated.name(upload)}:FAILED",
        f"{second}:DELIVERED",
    ]


def test_a_third_attempt_has_the_third_name(operated):
    upload = operated.failed()
    operated.run("retry", upload.version)
    operated.pipeline.start(upload)
    second = f"{operated.name(upload)}-2"
    operated.pipeline.transcribe.end(second, "FAILED")
    operated.pipeline.deliver(second)
    assert operated.json("retry", second)["job"] == f"{operated.name(upload)}-3"


def test_two_who_retry_choose_the_same_name(operated):
    upload = operated.failed()
    seen = operated.row(upload)
    ledger = LedgerAdmin(operated.pipeline.dynamodb, "ledger")
    assert ledger.again(seen, now()).job == f"{seen.recording}-2"
    assert ledger.again(seen, now()) is None
    assert operated.json("retry", seen.recording)["job"] == f"{seen.recording}-2"
    assert operated.row(upload).attempt == 2


def test_a_retry_that_broke_off_before_it_was_announced_is_simply_repeated(operated):
    upload = operated.failed()
    operated.pipeline.sqs.before["send_message_batch"] = [refusal("InternalError", status=500)]
    operated.run("retry", operated.name(upload), code=4)
    assert operated.json("retry", operated.name(upload))["attempt"] == 2
    assert len(operated.pipeline.messages(operated.pipeline.intake_queue)) == 1


def test_only_what_failed_is_retried(operated):
    done, open_ = operated.delivered(), operated.pipeline.upload("dictation/b.wav")
    operated.pipeline.start(open_)
    refused = operated.pipeline.upload("dictation/d.wav", b"no audio")
    operated.pipeline.start(refused)
    gone = operated.failed("dictation/e.wav")
    operated.pipeline.s3.delete_object(Bucket=INTAKE, Key=gone.key, VersionId=gone.version)
    sentences = {
        done: "It was delivered", open_: "It is with Transcribe", refused: "It was refused",
        gone: "The upload itself is gone",
    }  # fmt: skip
    for upload, words in sentences.items():
        assert words in operated.run("retry", operated.name(upload), code=1).stderr
    assert not operated.pipeline.messages(operated.pipeline.intake_queue)


def test_what_transcribe_was_not_asked_about_is_only_announced_anew(operated):
    unseen, waiting = operated.pipeline.upload("dictation/a.wav"), operated.pipeline.upload("dictation/b.wav")
    operated.pipeline.transcribe.troubles = [refusal("InternalFailureException", status=500)]
    operated.pipeline.start(waiting)
    operated.pipeline.sqs.purge_queue(QueueUrl=operated.pipeline.intake_queue)
    for upload in (unseen, waiting):
        told = operated.json("retry", upload.version)
        assert (told["job"], told["attempt"]) == (operated.name(upload), 1)
    assert len(operated.pipeline.messages(operated.pipeline.intake_queue)) == 2
    assert operated.row(waiting).state is State.CLAIMED


# --- redrive ---


def test_dead_letters_go_back_where_the_service_cannot_move_them_itself(operated):
    dead = f"{operated.pipeline.intake_queue}-dead-letters"
    send(operated, dead, *(json.dumps({"n": number}) for number in range(23)))
    assert operated.json("redrive", "intake") == {"moved": {"intake": 23}}
    moved = sorted(message.body["n"] for message in operated.pipeline.messages(operated.pipeline.intake_queue))
    assert (moved, operated.pipeline.messages(dead)) == (list(range(23)), [])
    assert "no dead letters" in operated.run("redrive").stdout


def test_a_redrive_that_breaks_off_loses_nothing(operated):
    dead = f"{operated.pipeline.intake_queue}-dead-letters"
    send(operated, dead, '{"n": 1}')
    operated.pipeline.sqs.before["send_message"] = [refusal("InternalError", status=500)]
    operated.run("redrive", code=4)
    assert len(operated.pipeline.messages(dead)) == 1


def test_a_move_that_is_under_way_is_waited_for(operated):
    class Sqs(ImpatientSqs):
        def list_message_move_tasks(self, **_asked: Any) -> Any:
            return {"Results": [{"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 4}]}

    operated.ends["sqs"] = sqs = Sqs(operated.pipeline.sqs)
    sqs.start_message_move_task = Pages(refusal("AWS.SimpleQueueService.UnsupportedOperation")).start
    send(operated, f"{operated.pipeline.intake_queue}-dead-letters", "{}")
    assert operated.json("redrive", "intake")["moved"] == {"intake": 4}
    sqs.list_message_move_tasks = Pages({"Results": []}).list
    assert "look at `status`" in operated.run("redrive", "intake", code=1).stderr


def test_dead_letters_are_moved_by_sqs_itself_where_it_can(operated):
    states = [{"Status": "RUNNING"}, {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 1}]
    asked = []

    class Sqs(ImpatientSqs):
        def list_message_move_tasks(self, **_asked: Any) -> Any:
            return {"Results": [states.pop(0)]}

    operated.ends["sqs"] = sqs = Sqs(operated.pipeline.sqs)
    sqs.start_message_move_task = lambda **task: asked.append(task)
    send(operated, f"{operated.pipeline.intake_queue}-dead-letters", "{}")
    assert queues.redrive(operated.deployment, "intake", pause=lambda _seconds: None) == 1
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:clinic-intake"
    assert asked == [{"SourceArn": f"{arn}-dead-letters", "DestinationArn": arn}]


# --- backfill ---


class SmallPages:
    """S3 that lists two versions a page, all of them as old as is asked for."""

    def __init__(self, s3: Any, seconds_old: int = 3600) -> None:
        self._s3, self._age = s3, timedelta(seconds=seconds_old)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def list_object_versions(self, **asked: Any) -> Any:
        page = self._s3.list_object_versions(**asked, MaxKeys=2)
        for version in page.get("Versions", []):
            version["LastModified"] -= self._age
        return page


def test_a_backfill_counts_and_prices_before_it_announces(operated):
    operated.delivered()
    for number, body in enumerate([wav(60), wav(3), WEBM]):
        operated.pipeline.upload(f"dictation/old {number}.wav", body)
    operated.pipeline.upload("elsewhere/a.wav")
    operated.pipeline.upload("dictation/", b"")
    operated.ends["s3"] = SmallPages(operated.pipeline.s3)
    told = operated.json("backfill")
    assert told == {
        "announced": False, "recordings": 3, "ofUnknownLength": 1, "minutes": 1.05,
        "dollarsAtLeast": round(0.075 + 2 * 0.01875, 2), "underNoProfile": 1, "tooYoung": 0, "known": 1,
    }  # fmt: skip
    assert not operated.pipeline.messages(operated.pipeline.intake_queue)
    assert "at least $0.11" in operated.run("backfill").stdout
    assert operated.json("backfill", "--prefix", "elsewhere/")["recordings"] == 0


def test_a_backfill_leaves_alone_what_may_be_on_its_way(operated):
    operated.pipeline.upload(KEY)
    told = operated.json("backfill", "--go")
    assert (told["recordings"], told["tooYoung"]) == (0, 1)
    assert not operated.pipeline.messages(operated.pipeline.intake_queue)
    assert "announced" not in operated.run("backfill", "--go").stdout


def test_a_backfill_that_broke_off_goes_on_where_it_was(operated):
    uploads = [operated.pipeline.upload(f"dictation/{number}.wav") for number in range(5)]
    operated.ends["s3"] = SmallPages(operated.pipeline.s3)
    operated.pipeline.sqs.after["send_message_batch"] = []
    operated.pipeline.dynamodb.after["put_item"] = [refusal("InternalServerError", status=500)]  # after the first page
    operated.run("backfill", "--go", code=4)
    assert operated.json("backfill", "--go")["recordings"] == 3
    announced = [
        message.body["upload"]["version"] for message in operated.pipeline.messages(operated.pipeline.intake_queue)
    ]
    assert sorted(announced) == sorted(upload.version for upload in uploads)
    assert operated.deployment.ledger.backfill_cursor() == {}


# --- erase ---


def late(operated: OperatedPipeline, upload: Upload) -> None:
    """All that may still come: the upload's event, an old signal, the reconciler's sweep."""
    operated.pipeline.start(upload)
    operated.pipeline.deliver(operated.name(upload))
    operated.pipeline.clock += 100_000
    operated.pipeline.reconciler(sweep_pages=3).run(operated.pipeline.clock + 100)


def yesterday(operated: OperatedPipeline) -> Any:
    """Let what follows have happened a while ago: nobody has it in hand any more."""
    operated.pipeline.clock -= 3600


def test_after_an_erasure_nothing_is_left_and_nothing_comes_back(operated):
    yesterday(operated)
    upload = operated.delivered()
    kept = operated.delivered("dictation/other.wav", "Somebody else is well.")
    operated.pipeline.s3.put_object(Bucket=WORK, Key=f"staging/{operated.name(upload)}.wav", Body=WAV)
    send(
        operated,
        f"{operated.pipeline.intake_queue}-dead-letters",
        queue_messages.upload_message(UploadMessage(upload)),
        '{"poison": 1}',
    )
    operated.pipeline.ledger.note_sweep(Sweep({"KeyMarker": KEY, "VersionIdMarker": upload.version}, 0, 0))
    (certificate,) = operated.json("erase", operated.name(upload), "--yes")
    operated.pipeline.clock = float(now())
    late(operated, upload)
    left = operated.everything()
    for secret in (PATIENT, upload.version, "cough"):
        assert secret not in left
    assert operated.row(kept).state is State.DELIVERED
    assert "Somebody else is well" in left
    assert "poison" in left
    assert operated.name(upload) not in operated.pipeline.transcribe.jobs
    counted = {each["what"]: each["count"] for each in certificate["removed"]}
    assert counted == {
        "versions of the upload, with their delete markers": 1, "frozen copies and Transcribe's outputs": 2,
        "documents, in all their versions": 3, "unfinished uploads": 0, "Transcribe's job records": 1,
        "dead letters": 1, "places in a sweep": 1, "ledger row": 1,
    }  # fmt: skip
    assert certificate["by"].endswith("user/operator")
    assert "S3's access logs" in {each["where"] for each in certificate["remains"]}
    assert "it was erased at" in operated.run("erase", operated.name(upload), "--yes", code=3).stderr
    assert operated.json("explain", operated.name(upload))["why"] == "erased"
    states = {row["recording"]: row["state"] for row in operated.json("list")["recordings"]}
    assert states == {operated.name(upload): "ERASED", operated.name(kept): "DELIVERED"}
    assert [row["recording"] for row in operated.json("list", "--state", "erased")["recordings"]] == [
        operated.name(upload)
    ]
    assert operated.json("list", "--state", "rejected")["recordings"] == []
    counted = operated.json("status")["states"]
    assert (counted["ERASED"], counted["REJECTED"], counted["DELIVERED"]) == (1, 0, 1)


def test_subscribers_are_notified_of_an_erasure_without_the_key(operated):
    yesterday(operated)
    upload = operated.delivered(Metadata={"correlation-id": "visit-7"})
    operated.run("erase", operated.name(upload), "--yes")
    told = operated.pipeline.told()[-1]
    assert (told["id"], told["status"]) == (f"{operated.name(upload)}:ERASED", "ERASED")
    assert (told["versionId"], told["correlationId"], told["profile"]) == (upload.version, "visit-7", "dictation")
    assert not {"manifest", "transcript", "reason"} & told.keys()
    assert schemas.errors(told, "notification-1.0") == []
    assert PATIENT not in json.dumps(told)
    assert operated.pipeline.events.events[-1]["DetailType"] == "Recording Erased"


@pytest.mark.parametrize(("service", "call"), [("sns", "publish"), ("events", "put_events"), ("dynamodb", "put_item")])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_erasure_that_breaks_off_around_its_notification_repeats_it_with_the_same_id(operated, service, call, when):
    yesterday(operated)
    upload = operated.delivered()
    getattr(operated.ends[service], when)[call] = [refusal("InternalError", status=500)]
    operated.run("erase", operated.name(upload), "--yes", code=4)
    if (call, when) != ("put_item", "after"):
        assert operated.row(upload).state is State.ERASING
        operated.run("erase", operated.name(upload), "--yes")
    assert operated.row(upload).state is State.ERASED
    assert {told["id"] for told in operated.pipeline.told()} == {
        f"{operated.name(upload)}:{end}" for end in ("DELIVERED", "ERASED")
    }


def test_an_unfinished_erasure_is_not_listed_as_erased(operated):
    upload = operated.pipeline.upload(KEY)
    operated.pipeline.start(upload)
    operated.run("erase", operated.name(upload), "--yes", "--no-wait", code=1)
    assert [row["state"] for row in operated.json("list")["recordings"]] == ["ERASING"]
    assert operated.json("list", "--state", "erased")["recordings"] == []
    assert operated.json("status")["states"]["ERASING"] == 1


def test_documents_under_the_upload_s_own_path_are_erased_too(operated):
    yesterday(operated)
    upload = operated.pipeline.upload(KEY)
    operated.pipeline.start(upload)
    operated.pipeline.write_raw(operated.name(upload), f"{PATIENT} has a cough.")
    operated.pipeline.transcribe.end(operated.name(upload))
    operated.pipeline.deliver(operated.name(upload), layout="mirrored")
    assert any(key.startswith(KEY) for key in operated.pipeline.keys(TRANSCRIPTS))
    operated.run("erase", operated.name(upload), "--yes")
    assert not operated.pipeline.keys(TRANSCRIPTS)


@pytest.mark.parametrize("inside", [f"{KEY}/{{job}}/copy.wav", "1970-01-01/{job}/copy.wav"])
def test_documents_of_an_upload_whose_path_leads_into_another_s_folder_outlive_it(operated, inside):
    yesterday(operated)
    upload = operated.delivered()
    day = f"{datetime.fromtimestamp(operated.row(upload).received, UTC):%Y-%m-%d}"
    folder = inside.format(job=operated.name(upload)).replace("1970-01-01", day)
    theirs = f"{folder}/clinic-other/transcript.txt"
    operated.pipeline.s3.put_object(Bucket=TRANSCRIPTS, Key=theirs, Body=b"Somebody else is well.")
    operated.run("erase", operated.name(upload), "--yes")
    assert operated.pipeline.keys(TRANSCRIPTS) == [theirs]


def test_every_attempt_of_a_recording_is_erased(operated):
    yesterday(operated)
    upload = operated.failed()
    retry(operated.deployment, operated.name(upload), operated.pipeline.clock)
    operated.pipeline.start(upload)
    second = f"{operated.name(upload)}-2"
    operated.pipeline.write_raw(second, f"{PATIENT} has a cough.")
    operated.pipeline.transcribe.end(second)
    operated.pipeline.deliver(second)
    operated.run("erase", second, "--yes")
    assert not operated.pipeline.transcribe.jobs
    assert not operated.pipeline.keys(TRANSCRIPTS)
    operated.pipeline.sqs.purge_queue(QueueUrl=operated.pipeline.intake_queue)  # the retry's own message was taken
    assert PATIENT not in operated.everything()


def test_other_versions_of_the_key_stay_unless_they_are_meant_too(operated):
    yesterday(operated)
    first, second = operated.delivered(), operated.delivered()
    unseen = operated.pipeline.upload(KEY)
    operated.pipeline.s3.delete_object(Bucket=INTAKE, Key=KEY)  # a marker on top
    operated.run("erase", operated.name(first), "--yes")
    assert operated.row(second).state is State.DELIVERED
    listed = operated.pipeline.s3.list_object_versions(Bucket=INTAKE)
    assert [version["VersionId"] for version in listed["Versions"]] == [unseen.version, second.version]
    certificates = operated.json("erase", second.version, "--all-versions", "--yes")
    assert {each["recording"] for each in certificates} == {operated.name(second), operated.name(unseen)}
    assert PATIENT not in operated.everything()
    late(operated, unseen)
    assert not operated.row(unseen).open


def test_an_upload_nobody_has_looked_at_is_erased_too(operated):
    upload = operated.pipeline.upload(KEY)
    operated.pipeline.s3.create_multipart_upload(Bucket=INTAKE, Key=KEY)
    operated.run("erase", upload.version, "--yes")
    late(operated, upload)
    assert PATIENT not in operated.everything()
    assert [told["status"] for told in operated.pipeline.told()] == ["ERASED"]


class Locked:
    """S3 with Object Lock, which moto does not answer as S3 does: for one version, or not."""

    def __init__(self, s3: Any, version: str, *, held: bool = False, until: datetime | None = None) -> None:
        self._s3, self._version = s3, version
        self._hold = {"LegalHold": {"Status": "ON" if held else "OFF"}}
        self._retention = {"Retention": {"Mode": "COMPLIANCE", "RetainUntilDate": until}} if until else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def get_object_lock_configuration(self, Bucket: str) -> Any:  # noqa: N803
        if Bucket != INTAKE:
            raise refusal("ObjectLockConfigurationNotFoundError")
        return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}

    def get_object_legal_hold(self, **named: Any) -> Any:
        if named["VersionId"] != self._version:
            raise refusal("NoSuchObjectLockConfiguration")
        return self._hold

    def get_object_retention(self, **named: Any) -> Any:
        if named["VersionId"] != self._version or not self._retention:
            raise refusal("NoSuchObjectLockConfiguration")
        return self._retention


@pytest.mark.parametrize(
    ("lock", "words"),
    [({"held": True}, "legal hold"), ({"until": datetime(2100, 1, 1, tzinfo=UTC)}, "until 2100-01-01")],
)
def test_what_must_be_kept_is_not_erased(operated, lock, words):
    yesterday(operated)
    kept, other = operated.delivered(), operated.delivered()
    operated.ends["s3"] = Locked(operated.pipeline.s3, kept.version, **lock)
    for options in ((operated.name(kept),), (operated.name(other), "--all-versions")):
        said = operated.run("erase", *options, "--yes", code=1).stderr
        assert words in said
        assert "nothing was erased" in said
    assert {operated.row(kept).state, operated.row(other).state} == {State.DELIVERED}


def test_what_was_held_once_is_erased(operated):
    yesterday(operated)
    upload = operated.delivered()
    operated.ends["s3"] = Locked(operated.pipeline.s3, upload.version, until=datetime(2020, 1, 1, tzinfo=UTC))
    operated.run("erase", operated.name(upload), "--yes")
    assert PATIENT not in operated.everything()


def test_a_hold_that_cannot_be_looked_up_stops_the_erasure(operated):
    upload = operated.delivered()
    operated.pipeline.s3.before["get_object_lock_configuration"] = [refusal("AccessDenied")]
    operated.run("erase", operated.name(upload), "--yes", code=4)
    assert operated.row(upload).state is State.DELIVERED


@pytest.mark.parametrize(
    "call", ["delete_object", "delete_objects", "list_multipart_uploads", "put_item", "update_item"]
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_erasure_that_breaks_off_is_simply_repeated(operated, call, when):
    yesterday(operated)
    upload = operated.delivered()
    end = operated.pipeline.dynamodb if call.endswith("item") else operated.pipeline.s3
    getattr(end, when)[call] = [refusal("InternalError", status=500)]
    operated.run("erase", operated.name(upload), "--yes", code=4)
    late(operated, upload)
    again = operated.run(
        "erase", operated.name(upload), "--yes", code=3 if (call, when) == ("put_item", "after") else 0
    )
    assert again
    assert PATIENT not in operated.everything()


def test_a_recording_on_its_way_is_closed_and_what_it_still_leaves_is_waited_for(operated):
    upload = operated.pipeline.upload(KEY)
    operated.pipeline.start(upload)
    name = operated.name(upload)
    begun, said = operated.pipeline.clock, []

    def pause(seconds: float) -> None:
        operated.pipeline.sleep(seconds)
        if operated.pipeline.transcribe.jobs[name]["TranscriptionJobStatus"] == "IN_PROGRESS":
            operated.pipeline.write_raw(name, f"{PATIENT} has a cough.")
            operated.pipeline.transcribe.end(name)
            operated.pipeline.deliver(name)

    eraser = Eraser(operated.deployment, say=said.append, now=operated.pipeline.now, pause=pause)
    certificate = eraser.erase(find(operated.deployment, name))
    assert operated.pipeline.clock - begun >= HANDS_SECONDS
    assert "waiting until" in said[0]
    assert certificate.recording == name
    assert PATIENT not in operated.everything()
    assert [told["status"] for told in operated.pipeline.told()] == ["ERASED"]
    assert not operated.pipeline.transcribe.jobs


def test_who_does_not_want_to_wait_is_told_when_to_come_back(operated):
    upload = operated.pipeline.upload(KEY)
    operated.pipeline.start(upload)
    assert (
        "run `erase` again after that"
        in operated.run("erase", operated.name(upload), "--yes", "--no-wait", code=1).stderr
    )
    assert operated.json("explain", operated.name(upload))["why"] == "erased"
    operated.pipeline.transcribe.end(operated.name(upload))
    eraser = Eraser(operated.deployment, wait=False, now=lambda: now() + 400.0)
    assert eraser.erase(find(operated.deployment, operated.name(upload)))
    assert PATIENT not in operated.everything()


def test_documents_that_cannot_be_deleted_keep_the_row(operated):
    yesterday(operated)
    upload = operated.delivered()

    class Stubborn(SmallPages):
        def delete_objects(self, **_asked: Any) -> Any:
            return {"Errors": [{"Code": "InternalError"}]}

    operated.ends["s3"] = Stubborn(operated.pipeline.s3)
    assert "run `erase` again" in operated.run("erase", operated.name(upload), "--yes", code=1).stderr
    assert operated.row(upload).key == KEY
    with pytest.raises(Refused, match="It was erased"):
        retry(operated.deployment, operated.name(upload), now())


def test_nobody_erases_by_accident(operated):
    yesterday(operated)
    upload = operated.delivered()
    assert "Nothing was erased" in operated.run("erase", operated.name(upload), code=1, input="n\n").stderr
    operated.run("erase", operated.name(upload), "--json", code=2)
    assert operated.row(upload).state is State.DELIVERED
    assert "Certificate of erasure" in operated.run("erase", operated.name(upload), input="y\n").stdout


def test_the_tools_clients_are_the_ordinary_ones(monkeypatch):
    for name, value in {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    meta = deployment.ordinary()("sqs").meta
    assert (meta.region_name, meta.endpoint_url) == ("eu-west-1", "http://127.0.0.1:9")


def test_a_retry_forgets_all_that_its_last_attempt_came_to():
    of_the_recording = {
        "recording", "state", "bucket", "key", "version", "received", "updated", "job", "attempt", "profile",
        "job_settings", "media_format",
        "correlation_id", "announcements", "expires", "schema", "entered", "audio_ms", "declared_ms",
        "cut_off", "warning", "refused",
    }  # fmt: skip
    assert {each.name for each in fields(LedgerRow)} - of_the_recording == set(_OF_ONE_ATTEMPT)
