"""The operator's commands, as typed, over a fake AWS that tests can inspect."""

import io
import json
import os
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ProfileNotFound
from botocore.parsers import ResponseParserError
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
    """A Transcribe that can also list and delete."""

    def list_medical_transcription_jobs(self, **asked: Any) -> dict[str, Any]:
        self._raise_error()
        running = [name for name, job in self.jobs.items() if job["TranscriptionJobStatus"] == asked["Status"]]
        at = int(asked.get("NextToken", 0))
        page = {"MedicalTranscriptionJobSummaries": running[at : at + 2]}
        return page | ({"NextToken": str(at + 2)} if len(running) > at + 2 else {})

    def delete_medical_transcription_job(self, MedicalTranscriptionJobName: str) -> None:  # noqa: N803
        assert self.jobs[MedicalTranscriptionJobName]["TranscriptionJobStatus"] != "IN_PROGRESS"
        del self.jobs[MedicalTranscriptionJobName]


@dataclass
class Pages:
    """A service with one answer, whole or in pages, or an error."""

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
    """moto waits in real time where SQS would. Like the embedded cloud, it cannot move dead letters itself."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs
        self.start_message_move_task = Pages(refusal("InvalidAction")).start

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    def receive_message(self, **asked: Any) -> Any:
        return self._sqs.receive_message(**asked | {"WaitTimeSeconds": 0})


@dataclass
class Operator:
    """The deployment, and the operator's tool over it."""

    pipeline: Pipeline
    clients: dict[str, Any]
    logged: list[dict[str, Any]] = field(default_factory=list)

    @property
    def deployment(self) -> Deployment:
        return deployment.find("clinic", self.client)

    def client(self, service: str) -> Any:
        return self.clients[service]

    def run(self, *command: str, code: int = 0, **more: Any) -> Any:
        """The command's result, checked for this exit code. Its output never names the patient without `--show-key`."""
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
        """A recording, uploaded, transcribed and delivered."""
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
        """Set a time of the row to this many seconds ago."""
        self.pipeline.dynamodb.update_item(
            TableName="ledger", Key={"recording": {"S": self.name(upload)}},
            UpdateExpression=f"SET {member} = :then", ExpressionAttributeValues={":then": {"N": str(now() - seconds)}},
        )  # fmt: skip

    def everything(self) -> str:
        """Everything in every store, as one text."""
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
def operator(pipeline: Pipeline) -> Operator:
    """The deployment with its deployed queues and outputs, at the current time."""
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
    clients = {
        "s3": there.s3, "sqs": ImpatientSqs(there.sqs), "sns": there.sns, "events": there.events,
        "dynamodb": there.dynamodb, "transcribe": there.transcribe, "cloudformation": Pages({"Stacks": [stack]}),
        "lambda": Pages({"Environment": {"Variables": environment}}), "cloudwatch": Pages(refusal("AccessDenied")),
        "sts": Pages({"Arn": f"arn:aws:iam::{ACCOUNT}:user/operator"}), "logs": Pages({"events": logged}),
    }  # fmt: skip
    return Operator(there, clients, logged)


def send(operator: Operator, queue: str, *bodies: str) -> None:
    for body in bodies:
        operator.pipeline.sqs.send_message(QueueUrl=queue, MessageBody=body)


# --- status, list, explain: reading ---


def test_status_counts_recordings_messages_and_jobs(operator):
    operator.delivered()
    operator.failed("dictation/b.wav")
    for number in range(3):
        operator.pipeline.start(operator.pipeline.upload(f"dictation/{number}.wav"))
    send(operator, f"{operator.pipeline.intake_queue}-dead-letters", "poison")
    answer = operator.json("status")
    assert answer["states"] == dict.fromkeys(State, 0) | {"TRANSCRIBING": 3, "DELIVERED": 1, "FAILED": 1}
    assert answer["queues"]["intake"]["deadLetters"] == 1
    assert answer["transcribe"] == {"inProgress": 3, "quota": 3}
    assert answer["waitingLongest"]["job"]
    assert "3 of 3 jobs in progress" in operator.run("status").stdout


def test_status_shows_the_age_of_the_oldest_message_from_cloudwatch(operator):
    points = [{"Timestamp": datetime.now(UTC) - timedelta(minutes=ago), "Maximum": 60.0 * ago} for ago in (1, 3, 2)]
    operator.clients["cloudwatch"] = Pages({"Datapoints": points})
    assert operator.json("status")["queues"]["intake"]["oldestSeconds"] == 60
    assert "60 s" in operator.run("status").stdout


def test_watch_fits_a_small_terminal_and_cuts_names_but_no_states(operator):
    for number in range(9):
        operator.pipeline.start(operator.pipeline.upload(f"dictation/{number}.wav"))
    letter = operator.pipeline.upload("dictation/letter.wav", b"no audio")
    operator.pipeline.start(letter)
    operator.age(letter, -1)
    latest = wanted(operator.deployment, Wanted(), 20)
    small = Console(width=80, height=22, file=io.StringIO(), force_terminal=True)
    lines = small.render_lines(output.watched(deployment_status.look(operator.deployment), latest, now(), small))
    assert len(lines) == small.height
    text = ["".join(segment.text for segment in line) for line in lines]
    shown = [line.split() for line in text if line.lstrip().startswith("clinic-")]
    assert 0 < len(shown) < len(latest)
    assert {row[1] for row in shown} == {"TRANSCRIBING", "REJECTED"}
    assert all(row[0].endswith("…") for row in shown)


def test_the_list_is_filtered_by_state_profile_and_time(operator):
    done = operator.delivered()
    talk = operator.delivered("conversation/a.wav")
    lost = operator.failed("dictation/b.wav")
    operator.age(talk, 7200)

    def listed(*options: str) -> set[str]:
        return {row["recording"] for row in operator.json("list", *options)["recordings"]}

    assert listed() == {operator.name(each) for each in (done, talk, lost)}
    assert listed("--state", "failed") == {operator.name(lost)}
    assert listed("--profile", "conversation") == listed("--profile", "conversation/") == {operator.name(talk)}
    assert listed("--since", "1h") == {operator.name(done), operator.name(lost)}
    assert len(listed("--most", "1")) == 1


def test_the_error_for_an_unknown_profile_lists_the_profiles(operator):
    assert "No recordings." in operator.run("list", "--profile", "dictation").stdout
    said = operator.run("list", "--profile", "nope", code=2).stderr
    assert said == "There is no profile nope; there are: dictation, conversation.\n"
    operator.clients["lambda"] = Pages(refusal("AccessDenied"))
    assert "No recordings." in operator.run("list", "--profile", "nope").stdout


def test_the_list_shows_receipt_times_and_correlation_ids_if_any(operator):
    upload = operator.delivered()
    operator.age(upload, 7200, "received")
    listed = operator.run("list").stdout
    assert f"{datetime.fromtimestamp(operator.row(upload).received, UTC):%Y-%m-%d %H:%M:%S} UTC" in listed
    assert "correlation id" not in listed
    operator.delivered("dictation/b.wav", Metadata={"correlation-id": "visit-1"})
    listed = operator.run("list").stdout
    assert "correlation id" in listed
    assert "visit-1" in listed


def test_the_error_for_an_unknown_state_lists_the_states(operator):
    said = operator.run("list", "--state", "deliverd", code=2).stderr
    assert said.startswith("There is no state DELIVERD; there are: WAITING, ANNOUNCED, CLAIMED, ")


def test_stuck_recordings_are_listed_longest_first(operator):
    uploads = [operator.pipeline.upload(f"dictation/{number}.wav") for number in range(3)]
    for upload, age in zip(uploads, (4000, 9000, 10), strict=True):
        operator.pipeline.start(upload)
        operator.age(upload, age, "started")
    listed = [row["recording"] for row in operator.json("list", "--stuck")["recordings"]]
    assert listed == [operator.name(uploads[1]), operator.name(uploads[0])]


def test_the_key_is_shown_only_on_request(operator):
    operator.delivered()
    assert "key" not in operator.json("list")["recordings"][0]
    assert operator.json("list", "--show-key")["recordings"][0]["key"] == KEY
    name = operator.json("list")["recordings"][0]["job"]
    operator.run("explain", name)
    assert PATIENT in operator.run("explain", name, "--show-key").stdout
    assert operator.json("explain", name, "--show-key")["key"] == KEY
    assert PATIENT in operator.run("list", "--show-key").stdout


def test_a_recording_is_found_by_job_attempt_version_and_correlation_id(operator):
    upload = operator.delivered(Metadata={"correlation-id": "visit-1"})
    name = operator.name(upload)
    for called in (name, f"{name}-2", upload.version, "visit-1"):
        answer = operator.json("explain", called)
        assert (answer["recording"], answer["why"], answer["row"]["correlationId"]) == (name, "delivered", "visit-1")


def test_an_upload_without_a_row_is_found_in_the_bucket(operator):
    operator.pipeline.upload("dictation/other.wav")
    upload = operator.pipeline.upload(KEY)
    send(operator, operator.pipeline.intake_queue, "a message")
    for called in (operator.name(upload), upload.version):
        answer = operator.json("explain", called)
        assert (answer["recording"], answer["row"], answer["why"]) == (operator.name(upload), None, "queued")
    assert "NOT LOOKED AT YET" in operator.run("explain", upload.version).stdout


def test_a_correlation_id_of_several_recordings_is_ambiguous(operator):
    two = [operator.delivered(f"dictation/{number}.wav", Metadata={"correlation-id": "visit-1"}) for number in range(2)]
    said = operator.run("explain", "visit-1", code=2).stderr
    assert all(operator.name(each) in said for each in two)


def test_explain_counts_the_deferrals_in_the_logs(operator):
    upload = operator.pipeline.upload(KEY)
    for line in (
        {"message": "deferred", "job": operator.name(upload), "error": "ReadTimeoutError", "fault": "UNAVAILABLE"},
        {"message": "deferred", "job": operator.name(upload), "seconds": 60, "deferrals": 4},
        {"message": "deferred", "job": "clinic-somebody-elses", "seconds": 1, "deferrals": 9},
    ):
        operator.logged.append({"timestamp": now() * 1000, "message": json.dumps(line)})
    operator.logged.append({"timestamp": now() * 1000, "message": "START RequestId: 1\n"})
    answer = operator.json("explain", upload.version)
    assert (answer["why"], answer["deferrals"]) == ("outage", 4)


def test_lists_that_only_add_to_an_explanation_never_stop_it_and_are_named(operator):
    upload = operator.pipeline.upload(KEY)
    operator.pipeline.sqs.send_message(QueueUrl=f"{operator.pipeline.intake_queue}-dead-letters", MessageBody="{}")
    operator.pipeline.sqs.before["receive_message"] = [refusal("OverLimit")]
    operator.pipeline.transcribe.errors = [refusal("AccessDeniedException")]
    operator.clients["logs"] = Pages(refusal("AccessDeniedException"))
    told = operator.json("explain", operator.name(upload))
    assert told["why"] == "queued"
    assert set(told["unchecked"]) >= {"logs", "dead letters", "running jobs"}


def test_a_bucket_that_cannot_be_listed_hides_no_recording_of_the_ledger(operator):
    yesterday(operator)
    row = operator.row(operator.delivered())
    operator.pipeline.sqs.send_message(QueueUrl=operator.pipeline.intake_queue, MessageBody="{}")
    operator.pipeline.s3.before["list_object_versions"] = [refusal("AccessDenied")] * 2
    told = operator.json("list")
    assert [each["job"] for each in told["recordings"]] == [row.job]
    assert told["incomplete"]
    assert "S3 did not list more" in operator.run("list").stdout
    operator.pipeline.s3.before["list_object_versions"] = [refusal("AccessDenied")]
    operator.run("list", "--state", "WAITING", code=4)


def test_explain_gathers_each_reason_to_wait(operator):
    upload = operator.pipeline.upload(KEY)
    others = [operator.pipeline.upload(f"dictation/{number}.wav") for number in range(3)]
    for other in others:
        operator.pipeline.start(other)
    name = operator.name(upload)
    assert operator.json("explain", name)["why"] == "over-quota"
    operator.pipeline.transcribe.end(operator.name(others[0]))
    operator.pipeline.start(upload)
    assert operator.json("explain", name)["why"] == "in-transcribe"
    operator.pipeline.transcribe.errors = [refusal("InternalFailureException", status=500)]
    assert operator.json("explain", name)["why"] == "outage"
    operator.pipeline.transcribe.end(name)
    assert operator.json("explain", name)["why"] == "undelivered"
    operator.pipeline.ledger.lease(operator.row(upload), now(), 60)
    assert operator.json("explain", name)["why"] == "being-delivered"
    folder = f"{datetime.fromtimestamp(operator.row(upload).received, UTC):%Y-%m-%d}"
    operator.pipeline.s3.put_object(Bucket=TRANSCRIPTS, Key=f"{folder}/{name}/manifest.json", Body=b"{}")
    assert operator.json("explain", name)["why"] == "untold"
    send(operator, f"{operator.pipeline.completion_queue}-dead-letters", json.dumps({"job": name}))
    assert operator.json("explain", name)["why"] == "dead-letter"
    del operator.pipeline.transcribe.jobs[name]
    assert operator.json("explain", name)["why"] == "vanished"


def test_listing_dead_letters_leaves_them_in_the_queue(operator):
    upload = operator.pipeline.upload(KEY)
    dead = f"{operator.pipeline.intake_queue}-dead-letters"
    send(operator, dead, "not JSON", queue_messages.upload_message(UploadMessage(upload)), *("{}" for _ in range(12)))
    for _ in range(2):
        assert operator.json("explain", upload.version)["why"] == "dead-letter"
    assert operator.json("status")["queues"]["intake"]["deadLetters"] == 14


# --- errors: one sentence and an exit code ---


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "no AWS credentials"),
        (ProfileNotFound(profile="clinic"), "list-profiles"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "AWS_ENDPOINT_URL"),
        (refusal("ExpiredToken"), "sign in again"),
        (refusal("AccessDenied", f"no access to {KEY}"), "does not let you see a deployment called clinic"),
        (refusal("ThrottlingException"), "try again in a minute"),
    ],
)
def test_an_access_error_is_one_sentence_with_code_4(operator, error, words):
    operator.clients["cloudformation"] = Pages(error)
    said = operator.run("status", code=4).stderr
    assert words in said
    assert KEY not in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        ("AccessDenied", "is not authorized to perform: s3:GetObject on resource: " + KEY, "needs s3:GetObject, which"),
        ("AccessDeniedException", f"no access to {KEY}", "docs/operating.md lists what each command needs"),
        ("AccessDenied", "is not authorized to perform: ec2:RunInstances", "which no policy of the deployment holds"),
        ("KmsAccessDenied", KEY, "that needs kms:Decrypt"),
        ("KMS.AccessDeniedException", KEY, "that needs kms:Decrypt"),
    ],
)
def test_a_missing_permission_is_named_with_the_policies_that_hold_it(operator, code, message, words):
    operator.clients["dynamodb"] = Pages(refusal(code, message))
    said = operator.run("status", code=4).stderr
    assert words in said
    assert KEY not in said


def test_nothing_is_uploaded_that_could_not_be_waited_for(operator, tmp_path):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    operator.clients["dynamodb"] = Pages(refusal("AccessDeniedException"))
    said = operator.run("upload", str(file), "--profile", "dictation", "--wait", code=4).stderr
    assert "Nothing was uploaded: leave out --wait." in said
    assert "Versions" not in operator.pipeline.s3.list_object_versions(Bucket=INTAKE)


def test_without_a_right_to_list_deployments_the_sentence_says_so(operator):
    stacks = Pages(refusal("ValidationError"))
    stacks.get_paginator = Pages(refusal("AccessDenied")).get_paginator
    operator.clients["cloudformation"] = stacks
    assert "you may not see which there are" in operator.run("status", code=3).stderr


def test_an_internal_error_prints_only_its_class(operator):
    operator.clients["cloudformation"] = Pages(RuntimeError(KEY))
    assert "RuntimeError" in operator.run("status", code=1).stderr


def test_the_error_for_an_unknown_deployment_lists_the_deployments(operator):
    stack = operator.clients["cloudformation"].answer

    class Stacks(Pages):
        def describe_stacks(self, **_asked: Any) -> Any:
            raise refusal("ValidationError")

    operator.clients["cloudformation"] = Stacks(stack)
    assert "(there are: clinic)" in operator.run("status", "--name", "other", code=3).stderr


def test_an_incomplete_deployment_is_reported(operator):
    operator.clients["cloudformation"] = Pages({"Stacks": [{"StackName": "clinic-storage"}]})
    assert "cdk deploy" in operator.run("status", code=3).stderr


@pytest.mark.parametrize(
    "command",
    [
        ("list", "--since", "soon"), ("list", "--state", "lost"), ("redrive", "middle"), ("explain",), ("nonsense",),
        ("upload", "missing.wav", "--profile", "dictation"), ("erase", "clinic-1", "--yes", "--most", "1"),
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_code_2(operator, command):
    operator.run(*command, code=2)


@pytest.mark.parametrize("command", ["explain", "retry", "erase"])
def test_a_missing_recording_ends_with_code_3(operator, command):
    said = operator.run(command, "visit-1", code=3).stderr
    assert said.startswith("No recording is called so (looked through the ledger and the uploads since ")
    assert "`--since` goes further back" in said


def test_the_name_comes_from_the_project_s_configuration(tmp_path):
    assert deployment.chosen_name() == "stethoscript"
    (tmp_path / "cdk.json").write_text('{"context": {"stethoscript": "clinic-a.json"}}')
    with pytest.raises(Misused, match="--name"):
        deployment.chosen_name(tmp_path)
    (tmp_path / "clinic-a.json").write_text('{"name": "clinica"}')
    assert deployment.chosen_name(tmp_path) == "clinica"


# --- upload ---


def test_upload_prints_the_version_and_the_job(operator, tmp_path):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    (answer,) = operator.json("upload", str(file), "--profile", "dictation", "--correlation-id", "visit-1")
    upload = Upload(INTAKE, "dictation/visit.wav", answer["versionId"])
    head = operator.pipeline.s3.head_object(Bucket=INTAKE, Key=upload.key, VersionId=upload.version)
    assert (head["Metadata"], answer["job"]) == ({"correlation-id": "visit-1"}, operator.name(upload))
    assert "visit.wav: version " in operator.run("upload", str(file), "--profile", "dictation/").stdout


def test_waiting_for_an_upload_ends_with_its_outcome(operator, tmp_path):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    sent = [upload_recordings.send(operator.deployment, file, "dictation", None, lambda _bytes: None) for _ in range(2)]

    def pause(_seconds: float) -> None:
        each = next(each for each in sent if each.job not in operator.pipeline.transcribe.jobs)
        operator.pipeline.start(Upload(INTAKE, "dictation/visit.wav", each.version))
        operator.pipeline.transcribe.end(each.job, "FAILED", "Invalid file size")
        operator.pipeline.deliver(each.job)

    ended = upload_recordings.wait(operator.deployment, sent, lambda _line: None, pause=pause)
    assert [(row.recording, row.state) for row in ended] == [(each.job, State.FAILED) for each in sent]


class Working:
    """DynamoDB of a pipeline that takes one more step at a recording before each read of the ledger.

    The first read is before the upload: it tells whether the caller may read the ledger at all.
    """

    def __init__(self, operator: Operator, file: str, status: str) -> None:
        self._operator, self._key, self._status = operator, f"dictation/{file}", status
        self._steps = iter((lambda: None, self._begin, self._end))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operator.pipeline.dynamodb, name)

    def batch_get_item(self, **asked: Any) -> Any:
        next(self._steps)()
        return self._operator.pipeline.dynamodb.batch_get_item(**asked)

    def _begin(self) -> None:
        version = self._operator.pipeline.s3.head_object(Bucket=INTAKE, Key=self._key)["VersionId"]
        self._upload = Upload(INTAKE, self._key, version)
        self._operator.pipeline.start(self._upload)

    def _end(self) -> None:
        job = self._operator.name(self._upload)
        self._operator.pipeline.write_raw(job)
        self._operator.pipeline.transcribe.end(job, self._status, "Invalid number of channels")
        self._operator.pipeline.deliver(job)


def test_waiting_for_an_upload_prints_each_state_on_standard_error(operator, tmp_path, monkeypatch):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    monkeypatch.setattr(upload_recordings, "_LOOK_SECONDS", 0)
    for as_json, lines in (((), "visit.wav: TRANSCRIBING\nvisit.wav: DELIVERED\n"), (("--json",), "")):
        operator.clients["dynamodb"] = Working(operator, file.name, "COMPLETED")
        assert operator.run("upload", str(file), "--profile", "dictation", "--wait", *as_json).stderr == lines


def test_the_remedy_for_an_undelivered_upload_is_below_the_table(operator, tmp_path, monkeypatch):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    monkeypatch.setattr(upload_recordings, "_LOOK_SECONDS", 0)
    operator.clients["dynamodb"] = Working(operator, file.name, "FAILED")
    answer = operator.run("upload", str(file), "--profile", "dictation", "--wait", code=1).stdout
    assert answer.endswith("\nvisit.wav: Send mono or stereo audio.\n")
    other = replace(operator.row(operator.failed()), remedy=None)
    assert f"explain {other.job}`" in output.next_step(other)


@pytest.mark.parametrize(
    ("content", "options", "answer"),
    [
        (WAV, ("--profile", "dictations"), (2, "there are: dictation, conversation")),
        (WAV, ("--profile", "dictation", "--correlation-id", PATIENT), (2, "letters, digits")),
        (b"Dear colleague", ("--profile", "dictation"), (1, "UnsupportedMediaFormat")),
        (b"", ("--profile", "dictation"), (1, "Empty")),
        (wav(hertz=8000), ("--profile", "dictation"), (1, "InvalidSampleRate")),
    ],
)
def test_a_file_that_would_be_rejected_is_not_uploaded(operator, tmp_path, content, options, answer):
    file = tmp_path / "visit.wav"
    file.write_bytes(content)
    code, words = answer
    assert words in operator.run("upload", str(file), *options, code=code).stderr
    assert not operator.pipeline.keys(INTAKE)


def test_every_file_that_would_be_rejected_is_named_and_the_others_are_uploaded_on_request(operator, tmp_path):
    contents = {"empty.wav": b"", "telephone.wav": wav(hertz=8000), "visit.wav": WAV}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = [str(tmp_path / name) for name in contents]
    answer = operator.run("upload", *files, "--profile", "dictation", code=1).stderr
    assert "2 of 3 files" in answer
    assert "empty.wav: Empty." in answer
    assert "telephone.wav: InvalidSampleRate. Its sample rate is 8,000 Hz" in answer
    assert not operator.pipeline.keys(INTAKE)
    answer = operator.run("upload", *files, "--profile", "dictation", "--skip-refused").stderr
    assert answer.count("Left out: ") == 2
    assert operator.pipeline.keys(INTAKE) == ["dictation/visit.wav"]


def test_nothing_is_uploaded_if_all_files_would_be_rejected(operator, tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"")
    files = [str(tmp_path / name) for name in ("a.wav", "b.wav")]
    assert "2 of 2 files" in operator.run("upload", *files, "--profile", "dictation", "--skip-refused", code=1).stderr


def test_an_upload_that_s3_refuses_is_reported_in_one_sentence(operator, tmp_path):
    file = tmp_path / "visit.wav"
    file.write_bytes(WAV)
    operator.pipeline.s3.delete_bucket(Bucket=INTAKE)
    assert "NoSuchBucket" in operator.run("upload", str(file), "--profile", "dictation", code=1).stderr


# --- retry ---


def test_a_failed_recording_is_transcribed_again_under_the_next_name(operator):
    upload = operator.failed()
    answer = operator.json("retry", operator.name(upload))
    second = f"{operator.name(upload)}-2"
    assert answer == {"recording": operator.name(upload), "job": second, "attempt": 2}
    (message,) = operator.pipeline.messages(operator.pipeline.intake_queue)
    (arrival,) = queue_messages.upload_messages(json.dumps(message.body))
    operator.pipeline.start(arrival.upload)
    assert operator.pipeline.keys(WORK) == [f"staging/{second}.wav"]
    operator.pipeline.write_raw(second)
    operator.pipeline.transcribe.end(second)
    operator.pipeline.deliver(operator.name(upload))  # a late signal of the first attempt
    assert operator.row(upload).state is State.TRANSCRIBING
    operator.pipeline.deliver(second)
    row = operator.row(upload)
    assert (row.state, row.job, row.attempt, row.reason, row.failure) == (State.DELIVERED, second, 2, None, None)
    assert operator.pipeline.keys(WORK) == [f"raw/{second}.json"]
    assert f"/{second}/" in row.manifest
    assert [answer["id"] for answer in operator.pipeline.notifications()] == [
        f"{operator.name(upload)}:FAILED",
        f"{second}:DELIVERED",
    ]


def test_a_third_attempt_has_the_third_name(operator):
    upload = operator.failed()
    operator.run("retry", upload.version)
    operator.pipeline.start(upload)
    second = f"{operator.name(upload)}-2"
    operator.pipeline.transcribe.end(second, "FAILED")
    operator.pipeline.deliver(second)
    assert operator.json("retry", second)["job"] == f"{operator.name(upload)}-3"


def test_two_simultaneous_retries_use_the_same_name(operator):
    upload = operator.failed()
    seen = operator.row(upload)
    ledger = LedgerAdmin(operator.pipeline.dynamodb, "ledger")
    assert ledger.again(seen, now()).job == f"{seen.recording}-2"
    assert ledger.again(seen, now()) is None
    assert operator.json("retry", seen.recording)["job"] == f"{seen.recording}-2"
    assert operator.row(upload).attempt == 2


def test_a_retry_interrupted_before_its_announcement_can_be_repeated(operator):
    upload = operator.failed()
    operator.pipeline.sqs.before["send_message_batch"] = [refusal("InternalError", status=500)]
    operator.run("retry", operator.name(upload), code=4)
    assert operator.json("retry", operator.name(upload))["attempt"] == 2
    assert len(operator.pipeline.messages(operator.pipeline.intake_queue)) == 1


def test_only_failed_recordings_are_retried(operator):
    done, open_ = operator.delivered(), operator.pipeline.upload("dictation/b.wav")
    operator.pipeline.start(open_)
    refused = operator.pipeline.upload("dictation/d.wav", b"no audio")
    operator.pipeline.start(refused)
    gone = operator.failed("dictation/e.wav")
    operator.pipeline.s3.delete_object(Bucket=INTAKE, Key=gone.key, VersionId=gone.version)
    sentences = {
        done: "It was delivered", open_: "It is with Transcribe", refused: "It was refused",
        gone: "The upload itself is gone",
    }  # fmt: skip
    for upload, words in sentences.items():
        assert words in operator.run("retry", operator.name(upload), code=1).stderr
    assert not operator.pipeline.messages(operator.pipeline.intake_queue)


def test_a_recording_without_a_job_is_only_announced_again(operator):
    unseen, waiting = operator.pipeline.upload("dictation/a.wav"), operator.pipeline.upload("dictation/b.wav")
    operator.pipeline.transcribe.errors = [refusal("InternalFailureException", status=500)]
    operator.pipeline.start(waiting)
    operator.pipeline.sqs.purge_queue(QueueUrl=operator.pipeline.intake_queue)
    for upload in (unseen, waiting):
        answer = operator.json("retry", upload.version)
        assert (answer["job"], answer["attempt"]) == (operator.name(upload), 1)
    assert len(operator.pipeline.messages(operator.pipeline.intake_queue)) == 2
    assert operator.row(waiting).state is State.CLAIMED


# --- redrive ---


def test_dead_letters_are_redriven_without_the_service_s_move_task(operator):
    dead = f"{operator.pipeline.intake_queue}-dead-letters"
    send(operator, dead, *(json.dumps({"n": number}) for number in range(23)))
    assert operator.json("redrive", "intake") == {"moved": {"intake": 23}}
    moved = sorted(message.body["n"] for message in operator.pipeline.messages(operator.pipeline.intake_queue))
    assert (moved, operator.pipeline.messages(dead)) == (list(range(23)), [])
    assert "no dead letters" in operator.run("redrive").stdout


def test_an_interrupted_redrive_loses_nothing(operator):
    dead = f"{operator.pipeline.intake_queue}-dead-letters"
    send(operator, dead, '{"n": 1}')
    operator.pipeline.sqs.before["send_message"] = [refusal("InternalError", status=500)]
    operator.run("redrive", code=4)
    assert len(operator.pipeline.messages(dead)) == 1


def test_redrive_waits_for_a_running_move_task(operator):
    class Sqs(ImpatientSqs):
        def list_message_move_tasks(self, **_asked: Any) -> Any:
            return {"Results": [{"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 4}]}

    operator.clients["sqs"] = sqs = Sqs(operator.pipeline.sqs)
    sqs.start_message_move_task = Pages(refusal("AWS.SimpleQueueService.UnsupportedOperation")).start
    send(operator, f"{operator.pipeline.intake_queue}-dead-letters", "{}")
    assert operator.json("redrive", "intake")["moved"] == {"intake": 4}
    sqs.list_message_move_tasks = Pages({"Results": []}).list
    assert "look at `status`" in operator.run("redrive", "intake", code=1).stderr


def test_dead_letters_are_moved_by_sqs_if_possible(operator):
    states = [{"Status": "RUNNING"}, {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 1}]
    asked = []

    class Sqs(ImpatientSqs):
        def list_message_move_tasks(self, **_asked: Any) -> Any:
            return {"Results": [states.pop(0)]}

    operator.clients["sqs"] = sqs = Sqs(operator.pipeline.sqs)
    sqs.start_message_move_task = lambda **task: asked.append(task)
    send(operator, f"{operator.pipeline.intake_queue}-dead-letters", "{}")
    assert queues.redrive(operator.deployment, "intake", pause=lambda _seconds: None) == 1
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:clinic-intake"
    assert asked == [{"SourceArn": f"{arn}-dead-letters", "DestinationArn": arn}]


# --- backfill ---


class SmallPages:
    """S3 that lists two versions a page, all with the required age."""

    def __init__(self, s3: Any, seconds_old: int = 3600) -> None:
        self._s3, self._age = s3, timedelta(seconds=seconds_old)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def list_object_versions(self, **asked: Any) -> Any:
        page = self._s3.list_object_versions(**asked, MaxKeys=2)
        for version in page.get("Versions", []):
            version["LastModified"] -= self._age
        return page


def test_a_backfill_counts_and_prices_before_it_announces(operator):
    operator.delivered()
    for number, body in enumerate([wav(60), wav(3), WEBM]):
        operator.pipeline.upload(f"dictation/old {number}.wav", body)
    operator.pipeline.upload("elsewhere/a.wav")
    operator.pipeline.upload("dictation/", b"")
    operator.clients["s3"] = SmallPages(operator.pipeline.s3)
    answer = operator.json("backfill")
    assert answer == {
        "announced": False, "recordings": 3, "ofUnknownLength": 1, "minutes": 1.05,
        "dollarsAtLeast": round(0.075 + 2 * 0.01875, 2), "underNoProfile": 1, "tooYoung": 0, "known": 1,
        "withoutVersion": 0,
    }  # fmt: skip
    assert not operator.pipeline.messages(operator.pipeline.intake_queue)
    assert "at least $0.11" in operator.run("backfill").stdout
    assert operator.json("backfill", "--prefix", "elsewhere/")["recordings"] == 0


def test_a_backfill_leaves_recent_uploads_alone(operator):
    operator.pipeline.upload(KEY)
    answer = operator.json("backfill", "--go")
    assert (answer["recordings"], answer["tooYoung"]) == (0, 1)
    assert not operator.pipeline.messages(operator.pipeline.intake_queue)
    assert "announced" not in operator.run("backfill", "--go").stdout


def test_an_interrupted_backfill_continues(operator):
    uploads = [operator.pipeline.upload(f"dictation/{number}.wav") for number in range(5)]
    operator.clients["s3"] = SmallPages(operator.pipeline.s3)
    operator.pipeline.sqs.after["send_message_batch"] = []
    operator.pipeline.dynamodb.after["put_item"] = [refusal("InternalServerError", status=500)]  # after the first page
    operator.run("backfill", "--go", code=4)
    assert operator.json("backfill", "--go")["recordings"] == 3
    announced = [
        message.body["upload"]["version"] for message in operator.pipeline.messages(operator.pipeline.intake_queue)
    ]
    assert sorted(announced) == sorted(upload.version for upload in uploads)
    assert operator.deployment.ledger.backfill_cursor() == {}


def suspended(operator: Operator) -> Upload:
    """An upload while versioning is suspended, over another one: S3 has kept only this."""
    operator.pipeline.s3.put_bucket_versioning(Bucket=INTAKE, VersioningConfiguration={"Status": "Suspended"})
    for body in (WAV, WAV + b"second"):
        operator.pipeline.s3.put_object(Bucket=INTAKE, Key=KEY, Body=body)
    return Upload(INTAKE, KEY, "null")


def test_an_upload_without_a_version_is_explained_and_not_announced(operator):
    upload = suspended(operator)
    operator.clients["s3"] = SmallPages(operator.pipeline.s3)
    assert (operator.json("backfill", "--go")["withoutVersion"], operator.json("backfill")["recordings"]) == (1, 0)
    assert "copy-object" in " ".join(operator.run("backfill").stdout.split())
    assert operator.json("explain", operator.name(upload))["why"] == "unversioned"
    assert "copy-object" in operator.run("retry", operator.name(upload), code=1).stderr
    assert not operator.pipeline.messages(operator.pipeline.intake_queue)


def test_an_upload_without_a_version_goes_through_once_it_has_one(operator):
    upload = suspended(operator)
    operator.pipeline.s3.put_bucket_versioning(Bucket=INTAKE, VersioningConfiguration={"Status": "Enabled"})
    source = {"Bucket": INTAKE, "Key": KEY, "VersionId": "null"}
    version = operator.pipeline.s3.copy_object(Bucket=INTAKE, Key=KEY, CopySource=source)["VersionId"]
    operator.run("erase", operator.name(upload), "--yes")
    assert operator.pipeline.s3.get_object(Bucket=INTAKE, Key=KEY)["Body"].read() == WAV + b"second"
    operator.pipeline.start(replace(upload, version=version))
    assert operator.row(replace(upload, version=version)).state is State.TRANSCRIBING


# --- erase ---


def late(operator: Operator, upload: Upload) -> None:
    """Everything that may still arrive: the upload's event, an old signal, the reconciler's sweep."""
    operator.pipeline.start(upload)
    operator.pipeline.deliver(operator.name(upload))
    operator.pipeline.clock += 100_000
    operator.pipeline.reconciler(sweep_pages=3).run(operator.pipeline.clock + 100)


def yesterday(operator: Operator) -> Any:
    """Move all events into the past, so that no function is still processing them."""
    operator.pipeline.clock -= 3600


def test_after_an_erasure_nothing_remains_and_nothing_is_recreated(operator):
    yesterday(operator)
    upload = operator.delivered()
    kept = operator.delivered("dictation/other.wav", "Somebody else is well.")
    operator.pipeline.s3.put_object(Bucket=WORK, Key=f"staging/{operator.name(upload)}.wav", Body=WAV)
    send(
        operator,
        f"{operator.pipeline.intake_queue}-dead-letters",
        queue_messages.upload_message(UploadMessage(upload)),
        '{"poison": 1}',
    )
    operator.pipeline.ledger.note_sweep(Sweep({"KeyMarker": KEY, "VersionIdMarker": upload.version}, 0, 0))
    (certificate,) = operator.json("erase", operator.name(upload), "--yes")
    operator.pipeline.clock = float(now())
    late(operator, upload)
    left = operator.everything()
    for secret in (PATIENT, upload.version, "cough"):
        assert secret not in left
    assert operator.row(kept).state is State.DELIVERED
    assert "Somebody else is well" in left
    assert "poison" in left
    assert operator.name(upload) not in operator.pipeline.transcribe.jobs
    counted = {each["what"]: each["count"] for each in certificate["removed"]}
    assert counted == {
        "versions of the upload, with their delete markers": 1, "frozen copies and Transcribe's outputs": 2,
        "documents, in all their versions": 3, "unfinished uploads": 0, "Transcribe's job records": 1,
        "dead letters": 1, "places in a sweep": 1, "ledger row": 1,
    }  # fmt: skip
    assert certificate["by"].endswith("user/operator")
    assert "S3's access logs" in {each["where"] for each in certificate["remains"]}
    assert "it was erased at" in operator.run("erase", operator.name(upload), "--yes", code=3).stderr
    assert operator.json("explain", operator.name(upload))["why"] == "erased"
    states = {row["recording"]: row["state"] for row in operator.json("list")["recordings"]}
    assert states == {operator.name(upload): "ERASED", operator.name(kept): "DELIVERED"}
    assert [row["recording"] for row in operator.json("list", "--state", "erased")["recordings"]] == [
        operator.name(upload)
    ]
    assert operator.json("list", "--state", "rejected")["recordings"] == []
    counted = operator.json("status")["states"]
    assert (counted["ERASED"], counted["REJECTED"], counted["DELIVERED"]) == (1, 0, 1)


def test_subscribers_are_notified_of_an_erasure_without_the_key(operator):
    yesterday(operator)
    upload = operator.delivered(Metadata={"correlation-id": "visit-7"})
    operator.run("erase", operator.name(upload), "--yes")
    answer = operator.pipeline.notifications()[-1]
    assert (answer["id"], answer["status"]) == (f"{operator.name(upload)}:ERASED", "ERASED")
    assert (answer["versionId"], answer["correlationId"], answer["profile"]) == (upload.version, "visit-7", "dictation")
    assert not {"manifest", "transcript", "reason"} & answer.keys()
    assert schemas.errors(answer, "notification-1.0") == []
    assert PATIENT not in json.dumps(answer)
    assert operator.pipeline.events.events[-1]["DetailType"] == "Recording Erased"


@pytest.mark.parametrize(("service", "call"), [("sns", "publish"), ("events", "put_events"), ("dynamodb", "put_item")])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_erasure_interrupted_around_its_notification_repeats_it_with_the_same_id(operator, service, call, when):
    yesterday(operator)
    upload = operator.delivered()
    getattr(operator.clients[service], when)[call] = [refusal("InternalError", status=500)]
    operator.run("erase", operator.name(upload), "--yes", code=4)
    if (call, when) != ("put_item", "after"):
        assert operator.row(upload).state is State.ERASING
        operator.run("erase", operator.name(upload), "--yes")
    assert operator.row(upload).state is State.ERASED
    assert {answer["id"] for answer in operator.pipeline.notifications()} == {
        f"{operator.name(upload)}:{end}" for end in ("DELIVERED", "ERASED")
    }


def test_an_unfinished_erasure_is_not_listed_as_erased(operator):
    upload = operator.pipeline.upload(KEY)
    operator.pipeline.start(upload)
    operator.run("erase", operator.name(upload), "--yes", "--no-wait", code=1)
    assert [row["state"] for row in operator.json("list")["recordings"]] == ["ERASING"]
    assert operator.json("list", "--state", "erased")["recordings"] == []
    assert operator.json("status")["states"]["ERASING"] == 1


def test_documents_under_the_upload_s_own_path_are_erased_too(operator):
    yesterday(operator)
    upload = operator.pipeline.upload(KEY)
    operator.pipeline.start(upload)
    operator.pipeline.write_raw(operator.name(upload), f"{PATIENT} has a cough.")
    operator.pipeline.transcribe.end(operator.name(upload))
    operator.pipeline.deliver(operator.name(upload), layout="mirrored")
    assert any(key.startswith(KEY) for key in operator.pipeline.keys(TRANSCRIPTS))
    operator.run("erase", operator.name(upload), "--yes")
    assert not operator.pipeline.keys(TRANSCRIPTS)


@pytest.mark.parametrize("inside", [f"{KEY}/{{job}}/copy.wav", "1970-01-01/{job}/copy.wav"])
def test_an_erasure_leaves_documents_in_a_subfolder_of_another_upload(operator, inside):
    yesterday(operator)
    upload = operator.delivered()
    day = f"{datetime.fromtimestamp(operator.row(upload).received, UTC):%Y-%m-%d}"
    folder = inside.format(job=operator.name(upload)).replace("1970-01-01", day)
    theirs = f"{folder}/clinic-other/transcript.txt"
    operator.pipeline.s3.put_object(Bucket=TRANSCRIPTS, Key=theirs, Body=b"Somebody else is well.")
    operator.run("erase", operator.name(upload), "--yes")
    assert operator.pipeline.keys(TRANSCRIPTS) == [theirs]


def test_every_attempt_of_a_recording_is_erased(operator):
    yesterday(operator)
    upload = operator.failed()
    retry(operator.deployment, operator.name(upload), operator.pipeline.clock)
    operator.pipeline.start(upload)
    second = f"{operator.name(upload)}-2"
    operator.pipeline.write_raw(second, f"{PATIENT} has a cough.")
    operator.pipeline.transcribe.end(second)
    operator.pipeline.deliver(second)
    operator.run("erase", second, "--yes")
    assert not operator.pipeline.transcribe.jobs
    assert not operator.pipeline.keys(TRANSCRIPTS)
    operator.pipeline.sqs.purge_queue(QueueUrl=operator.pipeline.intake_queue)  # the retry's own message was consumed
    assert PATIENT not in operator.everything()


def test_other_versions_of_the_key_are_erased_only_on_request(operator):
    yesterday(operator)
    first, second = operator.delivered(), operator.delivered()
    unseen = operator.pipeline.upload(KEY)
    operator.pipeline.s3.delete_object(Bucket=INTAKE, Key=KEY)  # a marker on top
    operator.run("erase", operator.name(first), "--yes")
    assert operator.row(second).state is State.DELIVERED
    listed = operator.pipeline.s3.list_object_versions(Bucket=INTAKE)
    assert [version["VersionId"] for version in listed["Versions"]] == [unseen.version, second.version]
    certificates = operator.json("erase", second.version, "--all-versions", "--yes")
    assert {each["recording"] for each in certificates} == {operator.name(second), operator.name(unseen)}
    assert PATIENT not in operator.everything()
    late(operator, unseen)
    assert not operator.row(unseen).open


def test_an_upload_without_a_row_is_erased_too(operator):
    upload = operator.pipeline.upload(KEY)
    operator.pipeline.s3.create_multipart_upload(Bucket=INTAKE, Key=KEY)
    operator.run("erase", upload.version, "--yes")
    late(operator, upload)
    assert PATIENT not in operator.everything()
    assert [answer["status"] for answer in operator.pipeline.notifications()] == ["ERASED"]


class Locked:
    """S3 with Object Lock, which moto answers differently: on one version or none."""

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
def test_a_locked_version_is_not_erased(operator, lock, words):
    yesterday(operator)
    kept, other = operator.delivered(), operator.delivered()
    operator.clients["s3"] = Locked(operator.pipeline.s3, kept.version, **lock)
    for options in ((operator.name(kept),), (operator.name(other), "--all-versions")):
        said = operator.run("erase", *options, "--yes", code=1).stderr
        assert words in said
        assert "nothing was erased" in said
    assert {operator.row(kept).state, operator.row(other).state} == {State.DELIVERED}


def test_a_version_with_an_expired_lock_is_erased(operator):
    yesterday(operator)
    upload = operator.delivered()
    operator.clients["s3"] = Locked(operator.pipeline.s3, upload.version, until=datetime(2020, 1, 1, tzinfo=UTC))
    operator.run("erase", operator.name(upload), "--yes")
    assert PATIENT not in operator.everything()


def test_an_unreadable_lock_stops_the_erasure(operator):
    upload = operator.delivered()
    operator.pipeline.s3.before["get_object_lock_configuration"] = [refusal("AccessDenied")]
    operator.run("erase", operator.name(upload), "--yes", code=4)
    assert operator.row(upload).state is State.DELIVERED


@pytest.mark.parametrize(
    "error", [refusal("InternalError", status=500), refusal("AccessDenied"), ResponseParserError()]
)
def test_unfinished_uploads_that_cannot_be_listed_stop_no_erasure_and_stand_in_the_certificate(operator, error):
    yesterday(operator)
    upload = operator.delivered()
    operator.pipeline.s3.before["list_multipart_uploads"] = [error]
    (certificate,) = operator.json("erase", operator.name(upload), "--yes")
    assert operator.row(upload).state is State.ERASED
    assert PATIENT not in operator.everything()
    assert "unfinished uploads" not in [each["what"] for each in certificate["removed"]]
    (left,) = (each for each in certificate["remains"] if each["what"].startswith("unfinished uploads"))
    assert left["until"]
    assert "list-multipart-uploads" in left["note"]


def test_dead_letters_that_cannot_be_read_stop_no_erasure_and_stand_in_the_certificate(operator):
    yesterday(operator)
    upload = operator.delivered()
    operator.pipeline.sqs.before["receive_message"] = [refusal("OverLimit")]
    (certificate,) = operator.json("erase", operator.name(upload), "--yes")
    assert operator.row(upload).state is State.ERASED
    assert [each["note"] for each in certificate["remains"] if each["where"] == "dead-letter queues"]


@pytest.mark.parametrize("call", ["delete_object", "delete_objects", "put_item", "update_item"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_interrupted_erasure_can_be_repeated(operator, call, when):
    yesterday(operator)
    upload = operator.delivered()
    end = operator.pipeline.dynamodb if call.endswith("item") else operator.pipeline.s3
    getattr(end, when)[call] = [refusal("InternalError", status=500)]
    operator.run("erase", operator.name(upload), "--yes", code=4)
    late(operator, upload)
    again = operator.run(
        "erase", operator.name(upload), "--yes", code=3 if (call, when) == ("put_item", "after") else 0
    )
    assert again
    assert PATIENT not in operator.everything()


def test_an_erasure_closes_a_recording_in_progress_and_waits_for_its_last_output(operator):
    upload = operator.pipeline.upload(KEY)
    operator.pipeline.start(upload)
    name = operator.name(upload)
    begun, said = operator.pipeline.clock, []

    def pause(seconds: float) -> None:
        operator.pipeline.sleep(seconds)
        if operator.pipeline.transcribe.jobs[name]["TranscriptionJobStatus"] == "IN_PROGRESS":
            operator.pipeline.write_raw(name, f"{PATIENT} has a cough.")
            operator.pipeline.transcribe.end(name)
            operator.pipeline.deliver(name)

    eraser = Eraser(operator.deployment, say=said.append, now=operator.pipeline.now, pause=pause)
    certificate = eraser.erase(find(operator.deployment, name))
    assert operator.pipeline.clock - begun >= HANDS_SECONDS
    assert "waiting until" in said[0]
    assert certificate.recording == name
    assert PATIENT not in operator.everything()
    assert [answer["status"] for answer in operator.pipeline.notifications()] == ["ERASED"]
    assert not operator.pipeline.transcribe.jobs


def test_an_erasure_without_waiting_prints_when_to_repeat_it(operator):
    upload = operator.pipeline.upload(KEY)
    operator.pipeline.start(upload)
    assert (
        "run `erase` again after that"
        in operator.run("erase", operator.name(upload), "--yes", "--no-wait", code=1).stderr
    )
    assert operator.json("explain", operator.name(upload))["why"] == "erased"
    operator.pipeline.transcribe.end(operator.name(upload))
    eraser = Eraser(operator.deployment, wait=False, now=lambda: now() + 400.0)
    assert eraser.erase(find(operator.deployment, operator.name(upload)))
    assert PATIENT not in operator.everything()


def test_documents_that_cannot_be_deleted_keep_the_row(operator):
    yesterday(operator)
    upload = operator.delivered()

    class Stubborn(SmallPages):
        def delete_objects(self, **_asked: Any) -> Any:
            return {"Errors": [{"Code": "InternalError"}]}

    operator.clients["s3"] = Stubborn(operator.pipeline.s3)
    assert "run `erase` again" in operator.run("erase", operator.name(upload), "--yes", code=1).stderr
    assert operator.row(upload).key == KEY
    with pytest.raises(Refused, match="It was erased"):
        retry(operator.deployment, operator.name(upload), now())


def test_erase_asks_for_confirmation(operator):
    yesterday(operator)
    upload = operator.delivered()
    assert "Nothing was erased" in operator.run("erase", operator.name(upload), code=1, input="n\n").stderr
    operator.run("erase", operator.name(upload), "--json", code=2)
    assert operator.row(upload).state is State.DELIVERED
    assert "Certificate of erasure" in operator.run("erase", operator.name(upload), input="y\n").stdout


def test_the_tool_s_clients_are_the_default_ones(monkeypatch):
    for name, value in {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    meta = deployment.ordinary()("sqs").meta
    assert (meta.region_name, meta.endpoint_url) == ("eu-west-1", "http://127.0.0.1:9")


def test_a_retry_clears_the_result_of_its_last_attempt():
    of_the_recording = {
        "recording", "state", "bucket", "key", "version", "received", "updated", "job", "attempt", "profile",
        "job_settings", "media_format",
        "correlation_id", "announcements", "expires", "schema", "entered", "audio_ms", "declared_ms",
        "profile_settings",
        "cut_off", "warning", "refused",
    }  # fmt: skip
    assert {each.name for each in fields(LedgerRow)} - of_the_recording == set(_OF_ONE_ATTEMPT)
