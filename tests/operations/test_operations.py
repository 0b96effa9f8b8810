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

from ledger import Sweep
from operations import deployment, overview, queues, show, uploading
from operations.__main__ import app
from operations.bookkeeping import _OF_ONE_ATTEMPT, Bookkeeping
from operations.deployment import Deployment
from operations.erasure import HANDS_SECONDS, Eraser
from operations.problems import Misused, Refused
from operations.recordings import Wanted, find, retry, wanted
from stethoscript import events, jobs
from stethoscript.events import Arrival
from stethoscript.rows import Row, State
from stethoscript.uploads import Upload
from tests import schemas
from tests.corpus.recordings import WEBM, wav
from tests.functions import far_ends
from tests.functions.clinic import PROFILES, WAV, Clinic
from tests.functions.far_ends import ACCOUNT, INTAKE, TRANSCRIPTS, WORK
from tests.refusals import refusal

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


class FakeTranscribe(far_ends.FakeTranscribe):
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
class Ward:
    """The clinic, and the tool over it."""

    clinic: Clinic
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
        upload = self.clinic.upload(key, **more)
        self.clinic.start(upload)
        job = self.name(upload)
        self.clinic.write_raw(job, text)
        self.clinic.transcribe.end(job)
        self.clinic.deliver(job)
        return upload

    def failed(self, key: str = KEY) -> Upload:
        upload = self.clinic.upload(key)
        self.clinic.start(upload)
        self.clinic.transcribe.end(self.name(upload), "FAILED", "Invalid file size")
        self.clinic.deliver(self.name(upload))
        return upload

    def name(self, upload: Upload) -> str:
        return jobs.recording("clinic", upload)

    def row(self, upload: Upload) -> Any:
        return self.clinic.ledger.find(self.name(upload))

    def age(self, upload: Upload, seconds: int, member: str = "updated") -> None:
        """Make the row look as if this happened so long ago."""
        self.clinic.dynamodb.update_item(
            TableName="ledger", Key={"recording": {"S": self.name(upload)}},
            UpdateExpression=f"SET {member} = :then", ExpressionAttributeValues={":then": {"N": str(now() - seconds)}},
        )  # fmt: skip

    def everything(self) -> str:
        """All that is kept anywhere, in one text."""
        s3 = self.clinic.s3
        kept: list[Any] = []
        for bucket in (INTAKE, WORK, TRANSCRIPTS):
            listed = s3.list_object_versions(Bucket=bucket)
            for version in listed.get("Versions", []):
                named = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
                kept += [named, s3.get_object(**named)["Body"].read().decode("latin-1")]
            kept += [marker["Key"] for marker in listed.get("DeleteMarkers", [])]
            kept += s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        kept += self.clinic.dynamodb.scan(TableName="ledger")["Items"]
        for queue in (self.clinic.intake_queue, self.clinic.completion_queue):
            kept += self.clinic.messages(queue) + self.clinic.messages(f"{queue}-dead-letters")
        kept += self.clinic.transcribe.jobs.values()
        return repr(kept)


def now() -> int:
    return int(datetime.now(UTC).timestamp())


@pytest.fixture
def ward(clinic: Clinic) -> Ward:
    """The clinic with queues and outputs as they are deployed, now."""
    made = [
        clinic.sqs.create_queue(QueueName=f"clinic-{name}")["QueueUrl"]
        for name in ("intake", "completion", "intake-dead-letters", "completion-dead-letters")
    ]
    clinic.s3.put_bucket_versioning(Bucket=TRANSCRIPTS, VersioningConfiguration={"Status": "Enabled"})
    there = replace(
        clinic, transcribe=FakeTranscribe(), intake_queue=made[0], completion_queue=made[1], clock=float(now())
    )
    stack = {
        "StackName": "clinic-storage",
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()],
    }
    environment = {"JOBS_AT_ONCE": "3", "PROFILES": json.dumps(PROFILES)}
    logged: list[dict[str, Any]] = []
    ends = {
        "s3": there.s3, "sqs": ImpatientSqs(there.sqs), "sns": there.sns, "events": there.events,
        "dynamodb": there.dynamodb, "transcribe": there.transcribe, "cloudformation": Pages({"Stacks": [stack]}),
        "lambda": Pages({"Environment": {"Variables": environment}}), "cloudwatch": Pages(refusal("AccessDenied")),
        "sts": Pages({"Arn": f"arn:aws:iam::{ACCOUNT}:user/operator"}), "logs": Pages({"events": logged}),
    }  # fmt: skip
    return Ward(there, ends, logged)


def send(ward: Ward, queue: str, *bodies: str) -> None:
    for body in bodies:
        ward.clinic.sqs.send_message(QueueUrl=queue, MessageBody=body)


# --- status, list, explain: reading ---


def test_status_counts_recordings_messages_and_jobs(ward):
    ward.delivered()
    ward.failed("dictation/b.wav")
    for number in range(3):
        ward.clinic.start(ward.clinic.upload(f"dictation/{number}.wav"))
    send(ward, f"{ward.clinic.intake_queue}-dead-letters", "poison")
    told = ward.json("status")
    assert told["states"] == dict.fromkeys(State, 0) | {"TRANSCRIBING": 3, "DELIVERED": 1, "FAILED": 1}
    assert told["queues"]["intake"]["deadLetters"] == 1
    assert told["transcribe"] == {"inProgress": 3, "quota": 3}
    assert told["waitingLongest"]["job"]
    assert "3 of 3 jobs in progress" in ward.run("status").stdout


def test_status_says_the_age_of_the_oldest_message_where_cloudwatch_tells_it(ward):
    points = [{"Timestamp": datetime.now(UTC) - timedelta(minutes=ago), "Maximum": 60.0 * ago} for ago in (1, 3, 2)]
    ward.ends["cloudwatch"] = Pages({"Datapoints": points})
    assert ward.json("status")["queues"]["intake"]["oldestSeconds"] == 60
    assert "60 s" in ward.run("status").stdout


def test_what_is_watched_fits_a_small_terminal_and_cuts_names_but_no_states(ward):
    for number in range(9):
        ward.clinic.start(ward.clinic.upload(f"dictation/{number}.wav"))
    letter = ward.clinic.upload("dictation/letter.wav", b"no audio")
    ward.clinic.start(letter)
    ward.age(letter, -1)
    latest = wanted(ward.deployment, Wanted(), 20)
    small = Console(width=80, height=22, file=io.StringIO(), force_terminal=True)
    lines = small.render_lines(show.watched(overview.look(ward.deployment), latest, now(), small))
    assert len(lines) == small.height
    text = ["".join(segment.text for segment in line) for line in lines]
    shown = [line.split() for line in text if line.lstrip().startswith("clinic-")]
    assert 0 < len(shown) < len(latest)
    assert {row[1] for row in shown} == {"TRANSCRIBING", "REJECTED"}
    assert all(row[0].endswith("…") for row in shown)


def test_the_list_is_filtered_by_state_profile_and_time(ward):
    done = ward.delivered()
    talk = ward.delivered("conversation/a.wav")
    lost = ward.failed("dictation/b.wav")
    ward.age(talk, 7200)

    def listed(*options: str) -> set[str]:
        return {row["recording"] for row in ward.json("list", *options)["recordings"]}

    assert listed() == {ward.name(each) for each in (done, talk, lost)}
    assert listed("--state", "failed") == {ward.name(lost)}
    assert listed("--profile", "conversation") == listed("--profile", "conversation/") == {ward.name(talk)}
    assert listed("--since", "1h") == {ward.name(done), ward.name(lost)}
    assert len(listed("--most", "1")) == 1


def test_a_profile_that_is_not_there_is_told_with_those_that_are(ward):
    assert "No recordings." in ward.run("list", "--profile", "dictation").stdout
    said = ward.run("list", "--profile", "nope", code=2).stderr
    assert said == "There is no profile nope; there are: dictation, conversation.\n"
    ward.ends["lambda"] = Pages(refusal("AccessDenied"))
    assert "No recordings." in ward.run("list", "--profile", "nope").stdout


def test_the_list_says_when_each_was_received_and_its_correlation_id_where_any_has_one(ward):
    upload = ward.delivered()
    ward.age(upload, 7200, "received")
    listed = ward.run("list").stdout
    assert f"{datetime.fromtimestamp(ward.row(upload).received, UTC):%Y-%m-%d %H:%M:%S} UTC" in listed
    assert "correlation id" not in listed
    ward.delivered("dictation/b.wav", Metadata={"correlation-id": "visit-1"})
    listed = ward.run("list").stdout
    assert "correlation id" in listed
    assert "visit-1" in listed


def test_a_state_that_is_not_there_is_told_with_those_that_are(ward):
    said = ward.run("list", "--state", "deliverd", code=2).stderr
    assert said.startswith("There is no state DELIVERD; there are: WAITING, ANNOUNCED, CLAIMED, ")


def test_what_is_stuck_is_listed_longest_first(ward):
    uploads = [ward.clinic.upload(f"dictation/{number}.wav") for number in range(3)]
    for upload, age in zip(uploads, (4000, 9000, 10), strict=True):
        ward.clinic.start(upload)
        ward.age(upload, age, "started")
    listed = [row["recording"] for row in ward.json("list", "--stuck")["recordings"]]
    assert listed == [ward.name(uploads[1]), ward.name(uploads[0])]


def test_the_key_is_shown_to_whoever_asks_for_it_and_nobody_else(ward):
    ward.delivered()
    assert "key" not in ward.json("list")["recordings"][0]
    assert ward.json("list", "--show-key")["recordings"][0]["key"] == KEY
    name = ward.json("list")["recordings"][0]["job"]
    ward.run("explain", name)
    assert PATIENT in ward.run("explain", name, "--show-key").stdout
    assert ward.json("explain", name, "--show-key")["key"] == KEY
    assert PATIENT in ward.run("list", "--show-key").stdout


def test_a_recording_is_found_by_job_attempt_version_and_correlation_id(ward):
    upload = ward.delivered(Metadata={"correlation-id": "visit-1"})
    name = ward.name(upload)
    for called in (name, f"{name}-2", upload.version, "visit-1"):
        told = ward.json("explain", called)
        assert (told["recording"], told["why"], told["row"]["correlationId"]) == (name, "delivered", "visit-1")


def test_an_upload_nobody_has_looked_at_is_found_in_the_bucket(ward):
    ward.clinic.upload("dictation/other.wav")
    upload = ward.clinic.upload(KEY)
    send(ward, ward.clinic.intake_queue, "a message")
    for called in (ward.name(upload), upload.version):
        told = ward.json("explain", called)
        assert (told["recording"], told["row"], told["why"]) == (ward.name(upload), None, "queued")
    assert "NOT LOOKED AT YET" in ward.run("explain", upload.version).stdout


def test_a_correlation_id_of_several_recordings_asks_which(ward):
    two = [ward.delivered(f"dictation/{number}.wav", Metadata={"correlation-id": "visit-1"}) for number in range(2)]
    said = ward.run("explain", "visit-1", code=2).stderr
    assert all(ward.name(each) in said for each in two)


def test_explain_knows_how_often_the_logs_say_it_was_put_off(ward):
    upload = ward.clinic.upload(KEY)
    for line in (
        {"message": "put off", "job": ward.name(upload), "error": "ReadTimeoutError", "fault": "UNAVAILABLE"},
        {"message": "put off", "job": ward.name(upload), "seconds": 60, "deferrals": 4},
        {"message": "put off", "job": "clinic-somebody-elses", "seconds": 1, "deferrals": 9},
    ):
        ward.logged.append({"timestamp": now() * 1000, "message": json.dumps(line)})
    ward.logged.append({"timestamp": now() * 1000, "message": "START RequestId: 1\n"})
    told = ward.json("explain", upload.version)
    assert (told["why"], told["deferrals"]) == ("outage", 4)


def test_explain_gathers_each_reason_to_wait(ward):
    upload = ward.clinic.upload(KEY)
    others = [ward.clinic.upload(f"dictation/{number}.wav") for number in range(3)]
    for other in others:
        ward.clinic.start(other)
    name = ward.name(upload)
    assert ward.json("explain", name)["why"] == "over-quota"
    ward.clinic.transcribe.end(ward.name(others[0]))
    ward.clinic.start(upload)
    assert ward.json("explain", name)["why"] == "in-transcribe"
    ward.clinic.transcribe.troubles = [refusal("InternalFailureException", status=500)]
    assert ward.json("explain", name)["why"] == "outage"
    ward.clinic.transcribe.end(name)
    assert ward.json("explain", name)["why"] == "undelivered"
    ward.clinic.ledger.lease(ward.row(upload), now(), 60)
    assert ward.json("explain", name)["why"] == "being-delivered"
    folder = f"{datetime.fromtimestamp(ward.row(upload).received, UTC):%Y-%m-%d}"
    ward.clinic.s3.put_object(Bucket=TRANSCRIPTS, Key=f"{folder}/{name}/manifest.json", Body=b"{}")
    assert ward.json("explain", name)["why"] == "untold"
    send(ward, f"{ward.clinic.completion_queue}-dead-letters", json.dumps({"job": name}))
    assert ward.json("explain", name)["why"] == "dead-letter"
    del ward.clinic.transcribe.jobs[name]
    assert ward.json("explain", name)["why"] == "vanished"


def test_looking_at_dead_letters_leaves_them_where_they_are(ward):
    upload = ward.clinic.upload(KEY)
    dead = f"{ward.clinic.intake_queue}-dead-letters"
    send(ward, dead, "not JSON", events.arrival_message(Arrival(upload)), *("{}" for _ in range(12)))
    for _ in range(2):
        assert ward.json("explain", upload.version)["why"] == "dead-letter"
    assert ward.json("status")["queues"]["intake"]["deadLetters"] == 14


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
def test_a_cloud_that_does_not_let_us_in_is_told_in_one_sentence_with_code_4(ward, error, words):
    ward.ends["cloudformation"] = Pages(error)
    said = ward.run("status", code=4).stderr
    assert words in said
    assert len(said.splitlines()) == 1


def test_an_error_of_the_tool_itself_is_told_by_its_class_alone(ward):
    ward.ends["cloudformation"] = Pages(RuntimeError(KEY))
    assert "RuntimeError" in ward.run("status", code=1).stderr


def test_a_deployment_that_is_not_there_is_told_with_those_that_are(ward):
    stack = ward.ends["cloudformation"].answer

    class Stacks(Pages):
        def describe_stacks(self, **_asked: Any) -> Any:
            raise refusal("ValidationError")

    ward.ends["cloudformation"] = Stacks(stack)
    assert "(there are: clinic)" in ward.run("status", "--name", "other", code=3).stderr


def test_a_deployment_that_is_not_complete_is_told(ward):
    ward.ends["cloudformation"] = Pages({"Stacks": [{"StackName": "clinic-storage"}]})
    assert "cdk deploy" in ward.run("status", code=3).stderr


@pytest.mark.parametrize(
    "command",
    [
        ("list", "--since", "soon"), ("list", "--state", "lost"), ("redrive", "middle"), ("explain",), ("nonsense",),
        ("upload", "missing.wav", "--profile", "dictation"), ("erase", "clinic-1", "--yes", "--most", "1"),
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_code_2(ward, command):
    ward.run(*command, code=2)


@pytest.mark.parametrize("command", ["explain", "retry", "erase"])
def test_what_is_not_there_ends_with_code_3(ward, command):
    said = ward.run(command, "visit-1", code=3).stderr
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


def test_an_upload_is_told_with_its_version_and_job(ward, tmp_path):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    (told,) = ward.json("upload", str(file), "--profile", "dictation", "--correlation-id", "visit-1")
    upload = Upload(INTAKE, "dictation/visit.wav", told["versionId"])
    head = ward.clinic.s3.head_object(Bucket=INTAKE, Key=upload.key, VersionId=upload.version)
    assert (head["Metadata"], told["job"]) == ({"correlation-id": "visit-1"}, ward.name(upload))
    assert "visit.wav: version " in ward.run("upload", str(file), "--profile", "dictation/").stdout


def test_waiting_for_an_upload_ends_with_what_became_of_it(ward, tmp_path):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    sent = [uploading.send(ward.deployment, file, "dictation", None, lambda _bytes: None) for _ in range(2)]

    def pause(_seconds: float) -> None:
        each = next(each for each in sent if each.job not in ward.clinic.transcribe.jobs)
        ward.clinic.start(Upload(INTAKE, "dictation/visit.wav", each.version))
        ward.clinic.transcribe.end(each.job, "FAILED", "Invalid file size")
        ward.clinic.deliver(each.job)

    ended = uploading.wait(ward.deployment, sent, lambda _line: None, pause=pause)
    assert [(row.recording, row.state) for row in ended] == [(each.job, State.FAILED) for each in sent]


class Working:
    """DynamoDB of a pipeline that takes one more step at a recording before each look into the ledger."""

    def __init__(self, ward: Ward, file: str, status: str) -> None:
        self._ward, self._key, self._status = ward, f"dictation/{file}", status
        self._steps = iter((self._begin, self._end))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ward.clinic.dynamodb, name)

    def batch_get_item(self, **asked: Any) -> Any:
        next(self._steps)()
        return self._ward.clinic.dynamodb.batch_get_item(**asked)

    def _begin(self) -> None:
        version = self._ward.clinic.s3.head_object(Bucket=INTAKE, Key=self._key)["VersionId"]
        self._upload = Upload(INTAKE, self._key, version)
        self._ward.clinic.start(self._upload)

    def _end(self) -> None:
        job = self._ward.name(self._upload)
        self._ward.clinic.write_raw(job)
        self._ward.clinic.transcribe.end(job, self._status, "Invalid number of channels")
        self._ward.clinic.deliver(job)


def test_whoever_waits_for_an_upload_is_told_of_each_of_its_states_on_standard_error(ward, tmp_path, monkeypatch):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    monkeypatch.setattr(uploading, "_LOOK_SECONDS", 0)
    for as_json, lines in (((), "visit.wav: TRANSCRIBING\nvisit.wav: DELIVERED\n"), (("--json",), "")):
        ward.ends["dynamodb"] = Working(ward, file.name, "COMPLETED")
        assert ward.run("upload", str(file), "--profile", "dictation", "--wait", *as_json).stderr == lines


def test_what_helps_an_upload_that_was_not_delivered_stands_below_the_table(ward, tmp_path, monkeypatch):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    monkeypatch.setattr(uploading, "_LOOK_SECONDS", 0)
    ward.ends["dynamodb"] = Working(ward, file.name, "FAILED")
    told = ward.run("upload", str(file), "--profile", "dictation", "--wait", code=1).stdout
    assert told.endswith("\nvisit.wav: Send mono or stereo audio.\n")
    other = replace(ward.row(ward.failed()), remedy=None)
    assert f"explain {other.job}`" in show.next_step(other)


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
def test_what_would_be_refused_is_not_even_uploaded(ward, tmp_path, content, options, told):
    file = tmp_path / "visit.wav"
    file.write_bytes(content)
    code, words = told
    assert words in ward.run("upload", str(file), *options, code=code).stderr
    assert not ward.clinic.keys(INTAKE)


def test_of_several_files_every_one_that_would_be_refused_is_named_and_the_others_go_if_asked(ward, tmp_path):
    contents = {"empty.wav": b"", "telephone.wav": wav(hertz=8000), "visit.wav": WAV}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = [str(tmp_path / name) for name in contents]
    told = ward.run("upload", *files, "--profile", "dictation", code=1).stderr
    assert "2 of 3 files" in told
    assert "empty.wav: Empty." in told
    assert "telephone.wav: InvalidSampleRate. Its sample rate is 8,000 Hz" in told
    assert not ward.clinic.keys(INTAKE)
    told = ward.run("upload", *files, "--profile", "dictation", "--skip-refused").stderr
    assert told.count("Left out: ") == 2
    assert ward.clinic.keys(INTAKE) == ["dictation/visit.wav"]


def test_nothing_is_uploaded_where_all_files_would_be_refused(ward, tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"")
    files = [str(tmp_path / name) for name in ("a.wav", "b.wav")]
    assert "2 of 2 files" in ward.run("upload", *files, "--profile", "dictation", "--skip-refused", code=1).stderr


def test_an_upload_that_s3_does_not_take_is_told_in_one_sentence(ward, tmp_path):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    ward.clinic.s3.delete_bucket(Bucket=INTAKE)
    assert "NoSuchBucket" in ward.run("upload", str(file), "--profile", "dictation", code=1).stderr


# --- retry ---


def test_a_failed_recording_is_transcribed_again_under_the_next_name(ward):
    upload = ward.failed()
    told = ward.json("retry", ward.name(upload))
    second = f"{ward.name(upload)}-2"
    assert told == {"recording": ward.name(upload), "job": second, "attempt": 2}
    (message,) = ward.clinic.messages(ward.clinic.intake_queue)
    (arrival,) = events.arrivals(json.dumps(message.body))
    ward.clinic.start(arrival.upload)
    assert ward.clinic.keys(WORK) == [f"staging/{second}.wav"]
    ward.clinic.write_raw(second)
    ward.clinic.transcribe.end(second)
    ward.clinic.deliver(ward.name(upload))  # a late signal of the first attempt
    assert ward.row(upload).state is State.TRANSCRIBING
    ward.clinic.deliver(second)
    row = ward.row(upload)
    assert (row.state, row.job, row.attempt, row.reason, row.failure) == (State.DELIVERED, second, 2, None, None)
    assert ward.clinic.keys(WORK) == [f"raw/{second}.json"]
    assert f"/{second}/" in row.manifest
    assert [told["id"] for told in ward.clinic.told()] == [f"{ward.name(upload)}:FAILED", f"{second}:DELIVERED"]


def test_a_third_attempt_has_the_third_name(ward):
    upload = ward.failed()
    ward.run("retry", upload.version)
    ward.clinic.start(upload)
    second = f"{ward.name(upload)}-2"
    ward.clinic.transcribe.end(second, "FAILED")
    ward.clinic.deliver(second)
    assert ward.json("retry", second)["job"] == f"{ward.name(upload)}-3"


def test_two_who_retry_choose_the_same_name(ward):
    upload = ward.failed()
    seen = ward.row(upload)
    ledger = Bookkeeping(ward.clinic.dynamodb, "ledger")
    assert ledger.again(seen, now()).job == f"{seen.recording}-2"
    assert ledger.again(seen, now()) is None
    assert ward.json("retry", seen.recording)["job"] == f"{seen.recording}-2"
    assert ward.row(upload).attempt == 2


def test_a_retry_that_broke_off_before_it_was_announced_is_simply_repeated(ward):
    upload = ward.failed()
    ward.clinic.sqs.before["send_message_batch"] = [refusal("InternalError", status=500)]
    ward.run("retry", ward.name(upload), code=4)
    assert ward.json("retry", ward.name(upload))["attempt"] == 2
    assert len(ward.clinic.messages(ward.clinic.intake_queue)) == 1


def test_only_what_failed_is_retried(ward):
    done, open_ = ward.delivered(), ward.clinic.upload("dictation/b.wav")
    ward.clinic.start(open_)
    refused = ward.clinic.upload("dictation/d.wav", b"no audio")
    ward.clinic.start(refused)
    gone = ward.failed("dictation/e.wav")
    ward.clinic.s3.delete_object(Bucket=INTAKE, Key=gone.key, VersionId=gone.version)
    sentences = {
        done: "It was delivered", open_: "It is with Transcribe", refused: "It was refused",
        gone: "The upload itself is gone",
    }  # fmt: skip
    for upload, words in sentences.items():
        assert words in ward.run("retry", ward.name(upload), code=1).stderr
    assert not ward.clinic.messages(ward.clinic.intake_queue)


def test_what_transcribe_was_not_asked_about_is_only_announced_anew(ward):
    unseen, waiting = ward.clinic.upload("dictation/a.wav"), ward.clinic.upload("dictation/b.wav")
    ward.clinic.transcribe.troubles = [refusal("InternalFailureException", status=500)]
    ward.clinic.start(waiting)
    ward.clinic.sqs.purge_queue(QueueUrl=ward.clinic.intake_queue)
    for upload in (unseen, waiting):
        told = ward.json("retry", upload.version)
        assert (told["job"], told["attempt"]) == (ward.name(upload), 1)
    assert len(ward.clinic.messages(ward.clinic.intake_queue)) == 2
    assert ward.row(waiting).state is State.CLAIMED


# --- redrive ---


def test_dead_letters_go_back_where_the_service_cannot_move_them_itself(ward):
    dead = f"{ward.clinic.intake_queue}-dead-letters"
    send(ward, dead, *(json.dumps({"n": number}) for number in range(23)))
    assert ward.json("redrive", "intake") == {"moved": {"intake": 23}}
    moved = sorted(message.body["n"] for message in ward.clinic.messages(ward.clinic.intake_queue))
    assert (moved, ward.clinic.messages(dead)) == (list(range(23)), [])
    assert "no dead letters" in ward.run("redrive").stdout


def test_a_redrive_that_breaks_off_loses_nothing(ward):
    dead = f"{ward.clinic.intake_queue}-dead-letters"
    send(ward, dead, '{"n": 1}')
    ward.clinic.sqs.before["send_message"] = [refusal("InternalError", status=500)]
    ward.run("redrive", code=4)
    assert len(ward.clinic.messages(dead)) == 1


def test_a_move_that_is_under_way_is_waited_for(ward):
    class Sqs(ImpatientSqs):
        def list_message_move_tasks(self, **_asked: Any) -> Any:
            return {"Results": [{"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 4}]}

    ward.ends["sqs"] = sqs = Sqs(ward.clinic.sqs)
    sqs.start_message_move_task = Pages(refusal("AWS.SimpleQueueService.UnsupportedOperation")).start
    send(ward, f"{ward.clinic.intake_queue}-dead-letters", "{}")
    assert ward.json("redrive", "intake")["moved"] == {"intake": 4}
    sqs.list_message_move_tasks = Pages({"Results": []}).list
    assert "look at `status`" in ward.run("redrive", "intake", code=1).stderr


def test_dead_letters_are_moved_by_sqs_itself_where_it_can(ward):
    states = [{"Status": "RUNNING"}, {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 1}]
    asked = []

    class Sqs(ImpatientSqs):
        def list_message_move_tasks(self, **_asked: Any) -> Any:
            return {"Results": [states.pop(0)]}

    ward.ends["sqs"] = sqs = Sqs(ward.clinic.sqs)
    sqs.start_message_move_task = lambda **task: asked.append(task)
    send(ward, f"{ward.clinic.intake_queue}-dead-letters", "{}")
    assert queues.redrive(ward.deployment, "intake", pause=lambda _seconds: None) == 1
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


def test_a_backfill_counts_and_prices_before_it_announces(ward):
    ward.delivered()
    for number, body in enumerate([wav(60), wav(3), WEBM]):
        ward.clinic.upload(f"dictation/old {number}.wav", body)
    ward.clinic.upload("elsewhere/a.wav")
    ward.clinic.upload("dictation/", b"")
    ward.ends["s3"] = SmallPages(ward.clinic.s3)
    told = ward.json("backfill")
    assert told == {
        "announced": False, "recordings": 3, "ofUnknownLength": 1, "minutes": 1.05,
        "dollarsAtLeast": round(0.075 + 2 * 0.01875, 2), "underNoProfile": 1, "tooYoung": 0, "known": 1,
    }  # fmt: skip
    assert not ward.clinic.messages(ward.clinic.intake_queue)
    assert "at least $0.11" in ward.run("backfill").stdout
    assert ward.json("backfill", "--prefix", "elsewhere/")["recordings"] == 0


def test_a_backfill_leaves_alone_what_may_be_on_its_way(ward):
    ward.clinic.upload(KEY)
    told = ward.json("backfill", "--go")
    assert (told["recordings"], told["tooYoung"]) == (0, 1)
    assert not ward.clinic.messages(ward.clinic.intake_queue)
    assert "announced" not in ward.run("backfill", "--go").stdout


def test_a_backfill_that_broke_off_goes_on_where_it_was(ward):
    uploads = [ward.clinic.upload(f"dictation/{number}.wav") for number in range(5)]
    ward.ends["s3"] = SmallPages(ward.clinic.s3)
    ward.clinic.sqs.after["send_message_batch"] = []
    ward.clinic.dynamodb.after["put_item"] = [refusal("InternalServerError", status=500)]  # after the first page
    ward.run("backfill", "--go", code=4)
    assert ward.json("backfill", "--go")["recordings"] == 3
    announced = [message.body["upload"]["version"] for message in ward.clinic.messages(ward.clinic.intake_queue)]
    assert sorted(announced) == sorted(upload.version for upload in uploads)
    assert ward.deployment.ledger.backfill_cursor() == {}


# --- erase ---


def late(ward: Ward, upload: Upload) -> None:
    """All that may still come: the upload's event, an old signal, the reconciler's sweep."""
    ward.clinic.start(upload)
    ward.clinic.deliver(ward.name(upload))
    ward.clinic.clock += 100_000
    ward.clinic.reconciler(sweep_pages=3).run(ward.clinic.clock + 100)


def yesterday(ward: Ward) -> Any:
    """Let what follows have happened a while ago: nobody has it in hand any more."""
    ward.clinic.clock -= 3600


def test_after_an_erasure_nothing_is_left_and_nothing_comes_back(ward):
    yesterday(ward)
    upload = ward.delivered()
    kept = ward.delivered("dictation/other.wav", "Somebody else is well.")
    ward.clinic.s3.put_object(Bucket=WORK, Key=f"staging/{ward.name(upload)}.wav", Body=WAV)
    send(ward, f"{ward.clinic.intake_queue}-dead-letters", events.arrival_message(Arrival(upload)), '{"poison": 1}')
    ward.clinic.ledger.note_sweep(Sweep({"KeyMarker": KEY, "VersionIdMarker": upload.version}, 0, 0))
    (certificate,) = ward.json("erase", ward.name(upload), "--yes")
    ward.clinic.clock = float(now())
    late(ward, upload)
    left = ward.everything()
    for secret in (PATIENT, upload.version, "cough"):
        assert secret not in left
    assert ward.row(kept).state is State.DELIVERED
    assert "Somebody else is well" in left
    assert "poison" in left
    assert ward.name(upload) not in ward.clinic.transcribe.jobs
    counted = {each["what"]: each["count"] for each in certificate["removed"]}
    assert counted == {
        "versions of the upload, with their delete markers": 1, "frozen copies and Transcribe's outputs": 2,
        "documents, in all their versions": 3, "unfinished uploads": 0, "Transcribe's job records": 1,
        "dead letters": 1, "places in a sweep": 1, "ledger row": 1,
    }  # fmt: skip
    assert certificate["by"].endswith("user/operator")
    assert "S3's access logs" in {each["where"] for each in certificate["remains"]}
    assert "it was erased at" in ward.run("erase", ward.name(upload), "--yes", code=3).stderr
    assert ward.json("explain", ward.name(upload))["why"] == "erased"
    states = {row["recording"]: row["state"] for row in ward.json("list")["recordings"]}
    assert states == {ward.name(upload): "ERASED", ward.name(kept): "DELIVERED"}
    assert [row["recording"] for row in ward.json("list", "--state", "erased")["recordings"]] == [ward.name(upload)]
    assert ward.json("list", "--state", "rejected")["recordings"] == []
    counted = ward.json("status")["states"]
    assert (counted["ERASED"], counted["REJECTED"], counted["DELIVERED"]) == (1, 0, 1)


def test_subscribers_are_notified_of_an_erasure_without_the_key(ward):
    yesterday(ward)
    upload = ward.delivered(Metadata={"correlation-id": "visit-7"})
    ward.run("erase", ward.name(upload), "--yes")
    told = ward.clinic.told()[-1]
    assert (told["id"], told["status"]) == (f"{ward.name(upload)}:ERASED", "ERASED")
    assert (told["versionId"], told["correlationId"], told["profile"]) == (upload.version, "visit-7", "dictation")
    assert not {"manifest", "transcript", "reason"} & told.keys()
    assert schemas.errors(told, "notification-1.0") == []
    assert PATIENT not in json.dumps(told)
    assert ward.clinic.events.events[-1]["DetailType"] == "Recording Erased"


@pytest.mark.parametrize(("service", "call"), [("sns", "publish"), ("events", "put_events"), ("dynamodb", "put_item")])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_erasure_that_breaks_off_around_its_notification_repeats_it_with_the_same_id(ward, service, call, when):
    yesterday(ward)
    upload = ward.delivered()
    getattr(ward.ends[service], when)[call] = [refusal("InternalError", status=500)]
    ward.run("erase", ward.name(upload), "--yes", code=4)
    if (call, when) != ("put_item", "after"):
        assert ward.row(upload).state is State.ERASING
        ward.run("erase", ward.name(upload), "--yes")
    assert ward.row(upload).state is State.ERASED
    assert {told["id"] for told in ward.clinic.told()} == {
        f"{ward.name(upload)}:{end}" for end in ("DELIVERED", "ERASED")
    }


def test_an_unfinished_erasure_is_not_listed_as_erased(ward):
    upload = ward.clinic.upload(KEY)
    ward.clinic.start(upload)
    ward.run("erase", ward.name(upload), "--yes", "--no-wait", code=1)
    assert [row["state"] for row in ward.json("list")["recordings"]] == ["ERASING"]
    assert ward.json("list", "--state", "erased")["recordings"] == []
    assert ward.json("status")["states"]["ERASING"] == 1


def test_documents_under_the_upload_s_own_path_are_erased_too(ward):
    yesterday(ward)
    upload = ward.clinic.upload(KEY)
    ward.clinic.start(upload)
    ward.clinic.write_raw(ward.name(upload), f"{PATIENT} has a cough.")
    ward.clinic.transcribe.end(ward.name(upload))
    ward.clinic.deliver(ward.name(upload), layout="mirrored")
    assert any(key.startswith(KEY) for key in ward.clinic.keys(TRANSCRIPTS))
    ward.run("erase", ward.name(upload), "--yes")
    assert not ward.clinic.keys(TRANSCRIPTS)


@pytest.mark.parametrize("inside", [f"{KEY}/{{job}}/copy.wav", "1970-01-01/{job}/copy.wav"])
def test_documents_of_an_upload_whose_path_leads_into_another_s_folder_outlive_it(ward, inside):
    yesterday(ward)
    upload = ward.delivered()
    day = f"{datetime.fromtimestamp(ward.row(upload).received, UTC):%Y-%m-%d}"
    folder = inside.format(job=ward.name(upload)).replace("1970-01-01", day)
    theirs = f"{folder}/clinic-other/transcript.txt"
    ward.clinic.s3.put_object(Bucket=TRANSCRIPTS, Key=theirs, Body=b"Somebody else is well.")
    ward.run("erase", ward.name(upload), "--yes")
    assert ward.clinic.keys(TRANSCRIPTS) == [theirs]


def test_every_attempt_of_a_recording_is_erased(ward):
    yesterday(ward)
    upload = ward.failed()
    retry(ward.deployment, ward.name(upload), ward.clinic.clock)
    ward.clinic.start(upload)
    second = f"{ward.name(upload)}-2"
    ward.clinic.write_raw(second, f"{PATIENT} has a cough.")
    ward.clinic.transcribe.end(second)
    ward.clinic.deliver(second)
    ward.run("erase", second, "--yes")
    assert not ward.clinic.transcribe.jobs
    assert not ward.clinic.keys(TRANSCRIPTS)
    ward.clinic.sqs.purge_queue(QueueUrl=ward.clinic.intake_queue)  # the retry's own message was taken
    assert PATIENT not in ward.everything()


def test_other_versions_of_the_key_stay_unless_they_are_meant_too(ward):
    yesterday(ward)
    first, second = ward.delivered(), ward.delivered()
    unseen = ward.clinic.upload(KEY)
    ward.clinic.s3.delete_object(Bucket=INTAKE, Key=KEY)  # a marker on top
    ward.run("erase", ward.name(first), "--yes")
    assert ward.row(second).state is State.DELIVERED
    listed = ward.clinic.s3.list_object_versions(Bucket=INTAKE)
    assert [version["VersionId"] for version in listed["Versions"]] == [unseen.version, second.version]
    certificates = ward.json("erase", second.version, "--all-versions", "--yes")
    assert {each["recording"] for each in certificates} == {ward.name(second), ward.name(unseen)}
    assert PATIENT not in ward.everything()
    late(ward, unseen)
    assert not ward.row(unseen).open


def test_an_upload_nobody_has_looked_at_is_erased_too(ward):
    upload = ward.clinic.upload(KEY)
    ward.clinic.s3.create_multipart_upload(Bucket=INTAKE, Key=KEY)
    ward.run("erase", upload.version, "--yes")
    late(ward, upload)
    assert PATIENT not in ward.everything()
    assert [told["status"] for told in ward.clinic.told()] == ["ERASED"]


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
def test_what_must_be_kept_is_not_erased(ward, lock, words):
    yesterday(ward)
    kept, other = ward.delivered(), ward.delivered()
    ward.ends["s3"] = Locked(ward.clinic.s3, kept.version, **lock)
    for options in ((ward.name(kept),), (ward.name(other), "--all-versions")):
        said = ward.run("erase", *options, "--yes", code=1).stderr
        assert words in said
        assert "nothing was erased" in said
    assert {ward.row(kept).state, ward.row(other).state} == {State.DELIVERED}


def test_what_was_held_once_is_erased(ward):
    yesterday(ward)
    upload = ward.delivered()
    ward.ends["s3"] = Locked(ward.clinic.s3, upload.version, until=datetime(2020, 1, 1, tzinfo=UTC))
    ward.run("erase", ward.name(upload), "--yes")
    assert PATIENT not in ward.everything()


def test_a_hold_that_cannot_be_looked_up_stops_the_erasure(ward):
    upload = ward.delivered()
    ward.clinic.s3.before["get_object_lock_configuration"] = [refusal("AccessDenied")]
    ward.run("erase", ward.name(upload), "--yes", code=4)
    assert ward.row(upload).state is State.DELIVERED


@pytest.mark.parametrize(
    "call", ["delete_object", "delete_objects", "list_multipart_uploads", "put_item", "update_item"]
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_erasure_that_breaks_off_is_simply_repeated(ward, call, when):
    yesterday(ward)
    upload = ward.delivered()
    end = ward.clinic.dynamodb if call.endswith("item") else ward.clinic.s3
    getattr(end, when)[call] = [refusal("InternalError", status=500)]
    ward.run("erase", ward.name(upload), "--yes", code=4)
    late(ward, upload)
    again = ward.run("erase", ward.name(upload), "--yes", code=3 if (call, when) == ("put_item", "after") else 0)
    assert again
    assert PATIENT not in ward.everything()


def test_a_recording_on_its_way_is_closed_and_what_it_still_leaves_is_waited_for(ward):
    upload = ward.clinic.upload(KEY)
    ward.clinic.start(upload)
    name = ward.name(upload)
    begun, said = ward.clinic.clock, []

    def pause(seconds: float) -> None:
        ward.clinic.sleep(seconds)
        if ward.clinic.transcribe.jobs[name]["TranscriptionJobStatus"] == "IN_PROGRESS":
            ward.clinic.write_raw(name, f"{PATIENT} has a cough.")
            ward.clinic.transcribe.end(name)
            ward.clinic.deliver(name)

    eraser = Eraser(ward.deployment, say=said.append, now=ward.clinic.now, pause=pause)
    certificate = eraser.erase(find(ward.deployment, name))
    assert ward.clinic.clock - begun >= HANDS_SECONDS
    assert "waiting until" in said[0]
    assert certificate.recording == name
    assert PATIENT not in ward.everything()
    assert [told["status"] for told in ward.clinic.told()] == ["ERASED"]
    assert not ward.clinic.transcribe.jobs


def test_who_does_not_want_to_wait_is_told_when_to_come_back(ward):
    upload = ward.clinic.upload(KEY)
    ward.clinic.start(upload)
    assert "run `erase` again after that" in ward.run("erase", ward.name(upload), "--yes", "--no-wait", code=1).stderr
    assert ward.json("explain", ward.name(upload))["why"] == "erased"
    ward.clinic.transcribe.end(ward.name(upload))
    eraser = Eraser(ward.deployment, wait=False, now=lambda: now() + 400.0)
    assert eraser.erase(find(ward.deployment, ward.name(upload)))
    assert PATIENT not in ward.everything()


def test_documents_that_cannot_be_deleted_keep_the_row(ward):
    yesterday(ward)
    upload = ward.delivered()

    class Stubborn(SmallPages):
        def delete_objects(self, **_asked: Any) -> Any:
            return {"Errors": [{"Code": "InternalError"}]}

    ward.ends["s3"] = Stubborn(ward.clinic.s3)
    assert "run `erase` again" in ward.run("erase", ward.name(upload), "--yes", code=1).stderr
    assert ward.row(upload).key == KEY
    with pytest.raises(Refused, match="It was erased"):
        retry(ward.deployment, ward.name(upload), now())


def test_nobody_erases_by_accident(ward):
    yesterday(ward)
    upload = ward.delivered()
    assert "Nothing was erased" in ward.run("erase", ward.name(upload), code=1, input="n\n").stderr
    ward.run("erase", ward.name(upload), "--json", code=2)
    assert ward.row(upload).state is State.DELIVERED
    assert "Certificate of erasure" in ward.run("erase", ward.name(upload), input="y\n").stdout


def test_the_tools_clients_are_the_ordinary_ones(monkeypatch):
    for name, value in {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    meta = deployment.ordinary()("sqs").meta
    assert (meta.region_name, meta.endpoint_url) == ("eu-west-1", "http://127.0.0.1:9")


def test_a_retry_forgets_all_that_its_last_attempt_came_to():
    of_the_recording = {
        "recording", "state", "bucket", "key", "version", "received", "updated", "job", "attempt", "profile", "recipe",
        "media_format", "correlation_id", "announcements", "expires", "schema", "entered", "audio_ms", "declared_ms",
        "cut_off", "warning", "refused",
    }  # fmt: skip
    assert {each.name for each in fields(Row)} - of_the_recording == set(_OF_ONE_ATTEMPT)
