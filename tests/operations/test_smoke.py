"""`smoke`: on a working deployment, on each broken one, and stopped at every point."""

import json
import re
import signal
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from operations.deployment import ROOT, Deployment, is_aws
from operations.erasure import Eraser
from operations.errors import Misused
from operations.smoke import SPEECH, Smoke, cleanup, usual_profile
from operations.smoke.open_questions import QUESTIONS
from operations.smoke.report import Outcome, Report
from stethoscript import jobs
from stethoscript.ledger_row import State
from stethoscript.uploads import Upload
from tests.client_errors import refusal
from tests.functions.fakes import ACCOUNT, INTAKE, TRANSCRIPTS, WORK
from tests.operations import test_operations
from tests.operations.test_operations import OUTPUTS, FakeTranscribe, Operator, Pages

operator = test_operations.operator
OPERATIONS = f"arn:aws:sns:us-east-1:{ACCOUNT}:operations"
PROFILES = {"telehealth/": {"type": "CONVERSATION", "channel_identification": True}, "dictation/": {}}


class TaggedTranscribe(FakeTranscribe):
    """A Transcribe that can also list a job's tags."""

    def list_tags_for_resource(self, ResourceArn: str) -> dict[str, Any]:  # noqa: N803
        return {"Tags": self.jobs[ResourceArn.rpartition("/")[2]]["Tags"]}


@dataclass
class Alarms:
    """CloudWatch with alarms. With `notifies`, a manual state change sends a notification."""

    sns: Any
    notifies: bool = True
    changed: dict[str, Any] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=lambda: {"clinic-stuck": "OK", "clinic-delayed": "ALARM"})

    def get_paginator(self, call: str) -> Any:
        assert call == "describe_alarms"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, AlarmNamePrefix: str) -> Any:  # noqa: N803
        assert AlarmNamePrefix == "clinic-"
        for name, state in self.states.items():
            usual = {"AlarmName": name, "StateValue": state, "ActionsEnabled": True, "AlarmActions": [OPERATIONS]}
            yield {"MetricAlarms": [usual | self.changed]}

    def set_alarm_state(self, AlarmName: str, StateValue: str, StateReason: str) -> None:  # noqa: N803
        self.states[AlarmName] = StateValue
        assert "nothing is wrong" in StateReason
        if self.notifies:
            answer = {"AlarmName": AlarmName, "NewStateValue": StateValue}
            self.sns.publish(TopicArn=OPERATIONS, Message=json.dumps(answer))

    def get_metric_statistics(self, **_asked: Any) -> dict[str, Any]:
        return {"Datapoints": []}


@dataclass
class NotForUs:
    """S3 for an operator who lacks the permission for one call on one bucket."""

    s3: Any
    bucket: str
    call: str

    def __getattr__(self, call: str) -> Any:
        def made(**asked: Any) -> Any:
            return _denied() if asked["Bucket"] == self.bucket else getattr(self.s3, call)(**asked)

        return made if call == self.call else getattr(self.s3, call)


class SmokeHarness:
    """A deployment that makes progress whenever the run pauses."""

    def __init__(self, operator: Operator) -> None:
        pipeline, clients = operator.pipeline, operator.clients
        for bucket in (WORK, TRANSCRIPTS):
            rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": OUTPUTS["KeyArn"]}
            pipeline.s3.put_bucket_encryption(
                Bucket=bucket,
                ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]},
            )
        pipeline.sns.create_topic(Name="operations")
        self.alarms = Alarms(pipeline.sns)
        transcribe = TaggedTranscribe()
        transcribe.meta = SimpleNamespace(endpoint_url="http://127.0.0.1:4566")
        self.operator = replace(operator, pipeline=replace(pipeline, transcribe=transcribe))
        self.pipeline = self.operator.pipeline
        named = {**OUTPUTS, "OperationsTopicArn": OPERATIONS}
        outputs = [{"OutputKey": name, "OutputValue": value} for name, value in named.items()]
        self.storage = {"StackName": "clinic-storage", "Outputs": outputs}
        clients["cloudformation"] = Pages({"Stacks": [self.storage]})
        clients["lambda"] = Pages({"Environment": {"Variables": {"PROFILES": json.dumps(PROFILES)}}})
        clients["cloudwatch"], clients["transcribe"] = self.alarms, transcribe
        self.failure: str | None = None
        self.asleep = False
        self.noticed_by = "object"

    def created(self, at: datetime) -> None:
        """The creation time of the deployment."""
        self.storage["CreationTime"] = at

    @property
    def deployment(self) -> Deployment:
        return self.operator.deployment

    def happen(self, _seconds: float) -> None:
        """Progress of the functions and Transcribe meanwhile."""
        if self.asleep:
            return
        for version in self.pipeline.s3.list_object_versions(Bucket=INTAKE).get("Versions", []):
            upload = Upload(INTAKE, version["Key"], version["VersionId"])
            if self.pipeline.ledger.find(jobs.recording("clinic", upload)) is None:
                self.pipeline.start(upload)
        for job in list(self.pipeline.transcribe.jobs):
            self.pipeline.write_raw(job)
            self.pipeline.transcribe.end(job, "FAILED" if self.failure else "COMPLETED", self.failure)
            self.pipeline.deliver(job, self.noticed_by)

    def smoke(self, **more: Any) -> Smoke:
        usual: dict[str, Any] = {"patience": 0.2, "pause": self.happen, "eraser": self.eraser}
        return Smoke(self.deployment, "dictation", **usual | more)

    def eraser(self, deployment: Deployment) -> Eraser:
        """An eraser an hour later, when no function is processing the recording."""
        return Eraser(deployment, now=lambda: time.time() + 3600, pause=lambda _seconds: None)

    def traces(self) -> list[str]:
        """Everything that a run may have left: nothing except tombstones."""
        pipeline = self.pipeline
        queues = pipeline.sqs.list_queues(QueueNamePrefix="clinic-smoke-").get("QueueUrls", [])
        endpoints = [each["Endpoint"] for each in pipeline.sns.list_subscriptions()["Subscriptions"]]
        rows = [row for state in State for row in self.deployment.ledger.in_state(state) if row.key]
        return [
            *queues,
            *(endpoint for endpoint in endpoints if "smoke" in endpoint),
            *(key for bucket in (INTAKE, WORK, TRANSCRIPTS) for key in pipeline.keys(bucket)),
            *pipeline.transcribe.jobs,
            *map(str, rows),
        ]


@pytest.fixture
def harness(operator: Operator) -> SmokeHarness:
    return SmokeHarness(operator)


def outcomes(report: Report) -> dict[str, str]:
    return {trial.what: f"{trial.outcome}: {trial.detail}" for trial in report.trials}


def test_a_working_deployment_passes_and_nothing_remains(harness):
    report = harness.smoke().run()
    assert not report.failed, outcomes(report)
    assert {trial.outcome for trial in report.trials} == {Outcome.PROVED, Outcome.OBSERVED}
    assert not harness.traces()
    assert harness.alarms.states == {"clinic-stuck": "OK", "clinic-delayed": "ALARM"}
    assert len(report.certificates) == 2


def test_a_report_can_be_stored_and_questions_for_aws_stay_open_elsewhere(harness):
    here = harness.smoke().run()
    kept = json.loads(json.dumps(here.plain()))
    assert (kept["passed"], kept["onAws"], len(kept["erased"])) == (True, False, 2)
    assert kept["versions"]["boto3"]
    assert len(kept["unanswered"]) == len(QUESTIONS)
    there = replace(here, aws=True)
    assert set(there.unanswered) == {
        "event, completed", "event, failed", "alarm, evaluation", "key rights", "identifiers", "formats", "speakers",
        "bill",
    }  # fmt: skip


def test_an_aws_event_is_detected_by_the_ledger_s_signal_or_by_its_rule(harness):
    harness.alarms.get_metric_statistics = lambda **_asked: {"Datapoints": [{"Sum": 2.0}, {"Sum": 1.0}]}
    report = harness.smoke().run()
    assert outcomes(report)["AWS's own events of a job's end"] == "observed: 3 came"
    assert "event, completed" not in replace(report, aws=True).unanswered


@pytest.mark.parametrize(
    ("age", "outcome", "says"),
    [
        (timedelta(minutes=9), "observed", "too early to tell"),
        (timedelta(minutes=11), "failed", "Only the reconciler noticed it"),
    ],
)
def test_a_missing_main_signal_differs_from_one_that_cannot_exist_yet(harness, age, outcome, says):
    """S3 starts sending events to EventBridge some minutes after a bucket is created."""
    harness.noticed_by = "reconcile"
    harness.created(datetime.now(UTC) - age)
    report = harness.smoke().run()
    seen = outcomes(report)["The first signal of the job's end"]
    assert seen.startswith(f"{outcome}: ")
    assert says in seen
    assert report.failed is (outcome == "failed")


def test_an_event_possibly_of_another_failed_job_settles_no_question(harness):
    harness.alarms.get_metric_statistics = lambda **_asked: {"Datapoints": [{"Sum": 2.0}]}
    transcribe_fails(harness)
    harness.pipeline.upload("dictation/Jane Doe.wav")
    report = harness.smoke().run()
    assert outcomes(report)["AWS's own events of a job's end"].startswith("observed: 2 came; jobs of others")
    assert "event, completed" in replace(report, aws=True).unanswered


def test_a_question_that_was_not_asked_is_not_settled(harness):
    no_function_runs(harness)
    report = harness.smoke().run()
    assert "Transcribe's write probe" not in outcomes(report)
    assert "write probe" in replace(report, aws=True).unanswered


def test_unknown_notifications_are_ignored(harness):
    tell = harness.alarms.set_alarm_state

    def answer(**asked: Any) -> None:
        for message in ("AWS Budgets: the budget is exceeded.", "[]", "7", "{}"):
            harness.pipeline.sns.publish(TopicArn=OPERATIONS, Message=message)
        tell(**asked)

    harness.alarms.set_alarm_state = answer
    report = harness.smoke().run()
    assert not report.failed, outcomes(report)


@pytest.mark.parametrize(
    ("url", "aws"),
    [("https://transcribe.us-east-1.amazonaws.com", True), ("http://127.0.0.1:4566", False),
     ("https://amazonaws.com.evil.example", False)],
)  # fmt: skip
def test_only_aws_endpoints_count_as_aws(url, aws):
    assert is_aws(SimpleNamespace(meta=SimpleNamespace(endpoint_url=url))) is aws


def no_function_runs(harness: SmokeHarness) -> None:
    harness.asleep = True


def transcribe_fails(harness: SmokeHarness) -> None:
    harness.failure = "Invalid file size: it is too large."


def no_notification(harness: SmokeHarness) -> None:
    harness.operator.clients["sns"] = SimpleNamespace(
        subscribe=lambda **_asked: {"SubscriptionArn": "arn:aws:sns:::1"},
        get_paginator=harness.pipeline.sns.get_paginator,
        unsubscribe=lambda **_asked: None,
        publish=lambda **_asked: None,
    )


def key_in_notification(harness: SmokeHarness) -> None:
    sns = harness.pipeline.sns

    def leaking(Message: str, **asked: Any) -> Any:  # noqa: N803
        body = {**json.loads(json.loads(Message)["default"]), "key": "dictation/Stethoscript smoke test 1.wav"}
        return sns.publish(Message=json.dumps({"default": json.dumps(body)}), **asked)

    harness.pipeline.sns = SimpleNamespace(publish=leaking, list_subscriptions=sns.list_subscriptions)


def alarms_notify_no_subscriber(harness: SmokeHarness) -> None:
    harness.alarms.notifies = False


def every_alarm_is_set(harness: SmokeHarness) -> None:
    harness.alarms.states = {"clinic-stuck": "ALARM"}


def every_alarm_is_muted(harness: SmokeHarness) -> None:
    harness.alarms.changed = {"ActionsEnabled": False}


def alarms_cannot_be_set(harness: SmokeHarness) -> None:
    harness.alarms.set_alarm_state = _denied


def transcripts_cannot_be_read(harness: SmokeHarness) -> None:
    harness.operator.clients["s3"] = NotForUs(harness.pipeline.s3, TRANSCRIPTS, "get_object")


def the_work_bucket_cannot_be_read(harness: SmokeHarness) -> None:
    harness.operator.clients["s3"] = NotForUs(harness.pipeline.s3, WORK, "list_objects_v2")


def transcribe_does_not_answer(harness: SmokeHarness) -> None:
    def busy(**_asked: Any) -> None:
        raise refusal("InternalFailureException")

    harness.pipeline.transcribe.list_tags_for_resource = busy


def _denied(**_asked: Any) -> None:
    raise refusal("AccessDenied")


def another_key(bucket: str) -> Callable[[SmokeHarness], None]:
    def plant(harness: SmokeHarness) -> None:
        harness.pipeline.s3.delete_bucket_encryption(Bucket=bucket)

    return plant


def jobs_are_untagged(harness: SmokeHarness) -> None:
    harness.pipeline.transcribe.list_tags_for_resource = lambda **_asked: {}


def an_unknown_job_is_answered_otherwise(harness: SmokeHarness) -> None:
    harness.pipeline.transcribe.get_medical_transcription_job = _answered_otherwise(harness.pipeline.transcribe)


def _answered_otherwise(transcribe: Any) -> Any:
    known = transcribe.get_medical_transcription_job

    def get(MedicalTranscriptionJobName: str) -> Any:  # noqa: N803
        if "smoke" in MedicalTranscriptionJobName:
            raise refusal("BadRequestException", "Something nobody has ever said.")
        return known(MedicalTranscriptionJobName=MedicalTranscriptionJobName)

    return get


def no_queue_may_be_made(harness: SmokeHarness) -> None:
    harness.pipeline.sqs.before["create_queue"] = [refusal("AccessDenied")]


def nothing_may_be_uploaded(harness: SmokeHarness) -> None:
    harness.pipeline.s3.before["upload_file"] = [refusal("AccessDenied")]


def nothing_may_be_listed(harness: SmokeHarness) -> None:
    harness.operator.clients["s3"] = NotForUs(harness.pipeline.s3, INTAKE, "list_object_versions")


def a_legal_hold(harness: SmokeHarness) -> None:
    harness.pipeline.s3.get_object_lock_configuration = lambda **_asked: {}
    harness.pipeline.s3.get_object_legal_hold = lambda **_asked: {"LegalHold": {"Status": "ON"}}


def nothing_may_be_deleted(harness: SmokeHarness) -> None:
    harness.pipeline.s3.before["delete_object"] = [refusal("AccessDenied")] * 9


def metrics_cannot_be_read(harness: SmokeHarness) -> None:
    harness.alarms.get_metric_statistics = _denied


# the defect → the trial that reports it, its outcome, its text
DEFECTS: dict[str, tuple[Callable[[SmokeHarness], None], str, str]] = {
    "nobody works": (no_function_runs, "The speech was DELIVERED", "failed: It has come to no end in 0 s. "),
    "no end, no news": (no_function_runs, "Subscribers were told of both", "not tried: not both came to their end"),
    "Transcribe fails": (transcribe_fails, "The speech was DELIVERED", "failed: It is FAILED: TooLarge."),
    "nobody is told": (no_notification, "Subscribers were told of both", "failed: The ledger knows their end, and"),
    "the key is told": (key_in_notification, "Subscribers were told of both", "failed: A notification carries"),
    "alarms tell nobody": (alarms_notify_no_subscriber, "An alarm's action reaches its subscribers",
                           "failed: clinic-stuck was set, and its action did not arrive"),
    "every alarm is set": (every_alarm_is_set, "An alarm's action reaches its subscribers",
                           "failed: There is no alarm that is not set"),
    "every alarm is muted": (every_alarm_is_muted, "An alarm's action reaches its subscribers",
                             "failed: There is no alarm that is not set and would tell"),
    "alarms are not ours to set": (alarms_cannot_be_set, "An alarm's action reaches its subscribers",
                                   "not tried: needs cloudwatch:DescribeAlarms, cloudwatch:SetAlarmState"),
    "transcripts are for others": (transcripts_cannot_be_read, "The documents are there, under the key",
                                   "not tried: needs s3:GetObject on the transcripts, and to be one of their readers"),
    "the work bucket is not for us": (the_work_bucket_cannot_be_read, "Transcribe's write probe",
                                      "not tried: needs s3:ListBucket on the work bucket"),
    "Transcribe does not answer": (transcribe_does_not_answer, "The job is tagged for the bill",
                                   "failed: AWS cannot answer Operation just now"),
    "documents under another key": (another_key(TRANSCRIPTS), "The documents are there, under the key",
                                    "failed: One is not encrypted under the deployment's key."),
    "output under another key": (another_key(WORK), "Transcribe wrote its output under the key",
                                 "failed: It is not encrypted under the deployment's key."),
    "jobs are untagged": (jobs_are_untagged, "The job is tagged for the bill", "failed: It does not carry the tag"),
    "an unknown answer": (an_unknown_job_is_answered_otherwise, "Transcribe's answer to an unknown job is understood",
                          "failed: BadRequestException: Something nobody has ever said."),
    "no queue may be made": (no_queue_may_be_made, "The run", "failed: AWS does not let you call Operation"),
    "nothing may be uploaded": (nothing_may_be_uploaded, "The run", "failed: AWS does not let you call Operation"),
    "nothing may be listed": (nothing_may_be_listed, "What was uploaded is erased",
                              "failed: What there is cannot be seen."),
    "a legal hold": (a_legal_hold, "What was uploaded is erased", "not tried: A legal hold is on it"),
    "what cannot be erased": (nothing_may_be_deleted, "What was uploaded is erased", "failed: clinic-"),
    "no metrics": (metrics_cannot_be_read, "AWS's own events of a job's end", "not tried: needs cloudwatch:Get"),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_has_its_own_sentence(harness, defect):
    plant, what, sentence = DEFECTS[defect]
    plant(harness)
    report = harness.smoke().run()
    assert outcomes(report)[what].startswith(sentence)
    assert report.failed is (not sentence.startswith(("not tried: needs", "not tried: A legal hold")))
    assert set(outcomes(report)) >= {"What was uploaded is erased", "AWS's own events of a job's end"}
    if what != "What was uploaded is erased":
        assert not harness.traces()


def test_a_stuck_recording_is_explained(harness):
    harness.asleep = True
    said = outcomes(harness.smoke().run())["The speech was DELIVERED"]
    assert "waiting its turn in the intake queue" in said


TRIALS = 12


@pytest.mark.parametrize("number", range(1, TRIALS + 1))
def test_a_run_stopped_at_any_point_leaves_nothing(harness, number):
    said: list[Any] = []

    def interrupt(trial: Any) -> None:
        said.append(trial)
        if len(said) == number:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        harness.smoke(say=interrupt).run()
    assert not harness.traces()
    assert harness.alarms.states["clinic-stuck"] == "OK"


def test_a_run_stopped_while_it_waits_leaves_nothing(harness):
    def stopped(_seconds: float) -> None:
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        harness.smoke(pause=stopped).run()
    assert not harness.traces()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_run_stopped_with_an_alarm_set_restores_the_alarm(harness):
    harness.alarms.notifies = False

    def stopped(_seconds: float) -> None:
        if harness.alarms.states["clinic-stuck"] == "ALARM":
            raise KeyboardInterrupt
        harness.happen(0)

    with pytest.raises(KeyboardInterrupt):
        harness.smoke(pause=stopped, patience=5).run()
    assert harness.alarms.states["clinic-stuck"] == "OK"
    assert not harness.traces()


TOKEN = "0a1b2c3d"


def left_by_a_killed_run(harness: SmokeHarness, token: str = TOKEN) -> list[str]:
    """What a run leaves that is killed while it waits."""
    url = harness.pipeline.sqs.create_queue(QueueName=f"clinic-smoke-{token}")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:clinic-smoke-{token}"
    harness.pipeline.sns.subscribe(TopicArn=OPERATIONS, Protocol="sqs", Endpoint=arn)
    keys = [f"{profile}/Stethoscript smoke test {token} + speech é.wav" for profile in ("dictation", "telehealth")]
    for key in keys:
        harness.pipeline.upload(key)
    return [url, arn, *keys]


def others_of_similar_names(harness: SmokeHarness) -> list[str]:
    """A running smoke test's, and what others may call so, with the token in it or not."""
    queues = ["clinic-smoke-ffffffff", f"clinic-smoke-{TOKEN}-archive", "clinic-smoke-alarm", f"clinic2-smoke-{TOKEN}"]
    keys = [
        "dictation/Stethoscript smoke test ffffffff + speech é.wav",
        f"dictation/Stethoscript smoke test {TOKEN} + speech é.wav.bak",
        f"dictation/Stethoscript smoke test of ward {TOKEN}.wav",
        "dictation/Jane Doe.wav",
    ]
    for key in keys:
        harness.pipeline.upload(key)
    return [*(harness.pipeline.sqs.create_queue(QueueName=name)["QueueUrl"] for name in queues), *keys]


def everything(harness: SmokeHarness) -> set[str]:
    pipeline = harness.pipeline
    return {
        *pipeline.sqs.list_queues()["QueueUrls"],
        *(each["Endpoint"] for each in pipeline.sns.list_subscriptions()["Subscriptions"]),
        *pipeline.keys(INTAKE),
    }


def test_a_run_removes_what_it_has_made_and_nothing_else_however_old_it_is(harness):
    others = {*others_of_similar_names(harness), *left_by_a_killed_run(harness)}
    before = everything(harness)
    harness.smoke(now=lambda: time.time() + 365 * 86400).run()
    assert others <= before
    assert everything(harness) == before


def test_what_a_killed_run_left_behind_is_removed_by_its_token_and_nothing_else_is(harness):
    others, left = others_of_similar_names(harness), left_by_a_killed_run(harness)
    before = everything(harness)
    trials = list(cleanup.clean(harness.deployment, ["dictation", "telehealth"], harness.eraser, TOKEN))
    assert {trial.outcome for trial in trials} == {Outcome.PROVED}
    assert everything(harness) == before - set(left)
    assert set(others) <= everything(harness)


def test_two_runs_at_once_leave_each_other_alone(harness):
    second = harness.smoke(token="22222222")
    reports = [second]

    def happen(seconds: float) -> None:
        if reports:
            harness.happen(seconds)
            reports.pop().run()
        harness.happen(seconds)

    first = harness.smoke(token="11111111", pause=happen, patience=5).run()
    assert not first.failed, outcomes(first)
    assert not harness.traces()


def test_what_cannot_be_removed_by_its_token_is_said(harness):
    left_by_a_killed_run(harness)
    harness.pipeline.sqs.before["delete_queue"] = [refusal("AccessDenied")]
    first, *_ = cleanup.clean(harness.deployment, ["dictation"], harness.eraser, TOKEN)
    assert first.outcome is Outcome.FAILED
    assert "use credentials" in first.detail


@pytest.mark.parametrize("token", ["", "*", "0a1b2c3", "0a1b2c3d-", "../..", "0A1B2C3D"])
def test_only_a_whole_token_removes_anything(harness, token):
    left = left_by_a_killed_run(harness)
    assert "token" in harness.operator.run("smoke", "--clean", token, code=2).stderr
    assert set(left) <= everything(harness)


def test_the_command_says_its_token_and_cleans_up_after_another(harness):
    no_queue_may_be_made(harness)
    said = harness.operator.run("smoke", "--yes", code=1).stderr
    token = re.search(r"`smoke --clean ([0-9a-f]{8})`", said)
    assert token
    url, _arn, *_keys = left_by_a_killed_run(harness, token[1])
    assert "proved" in harness.operator.run("smoke", "--clean", token[1], "--profile", "nothing-here").stdout
    assert url not in everything(harness)


@pytest.mark.parametrize("answered", [0, 1])
def test_a_lost_answer_to_subscribe_leaves_nothing(harness, answered):
    sns, answers = harness.pipeline.sns, iter(range(answered))

    def subscribe(**asked: Any) -> Any:
        made = sns.subscribe(**asked)
        if next(answers, None) is None:
            raise refusal("InternalError", status=500)
        return made

    harness.operator.clients["sns"] = SimpleNamespace(
        subscribe=subscribe, unsubscribe=sns.unsubscribe, get_paginator=sns.get_paginator
    )
    assert harness.smoke().run().failed
    assert not harness.traces()


def test_a_subscription_not_yet_listed_is_deleted_too(harness):
    sns = harness.pipeline.sns
    unlisted = SimpleNamespace(paginate=lambda **_asked: [{"Subscriptions": []}])
    harness.operator.clients["sns"] = SimpleNamespace(
        subscribe=sns.subscribe, unsubscribe=sns.unsubscribe, get_paginator=lambda _call: unlisted
    )

    def stopped(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        harness.smoke(pause=stopped).run()
    assert not harness.traces()


def test_what_is_locked_disturbs_no_later_run(harness):
    a_legal_hold(harness)
    said = outcomes(harness.smoke().run())["What was uploaded is erased"]
    assert "smoke --clean" in said
    assert not harness.smoke().run().failed


def test_the_alarm_trial_can_be_skipped(harness):
    report = harness.smoke(with_alarm=False).run()
    assert outcomes(report)["An alarm's action reaches its subscribers"] == "not tried: left out"
    assert not report.failed


def test_the_default_profile_is_the_first_with_one_channel(harness):
    assert usual_profile(harness.deployment) == "dictation"
    harness.operator.clients["lambda"] = Pages(refusal("AccessDenied"))
    with pytest.raises(Misused, match="--profile"):
        usual_profile(harness.deployment)


def test_the_speech_is_part_of_the_demo_s_dictation():
    with wave.open(str(SPEECH)) as cut, wave.open(str(ROOT / "local/recordings/dictation.wav")) as whole:
        assert cut.getparams()[:3] == whole.getparams()[:3]
        assert 1 < cut.getnframes() / cut.getframerate() < 2
        assert cut.readframes(cut.getnframes()) in whole.readframes(whole.getnframes())


# --- the command ---


def test_nothing_is_done_before_confirmation(harness):
    said = harness.operator.run("smoke", code=1, input="n\n").stderr
    assert "Upload a second of speech" in said
    assert "set an alarm off" in said
    assert "alarm" not in harness.operator.run("smoke", "--no-alarm", code=1, input="n\n").stderr
    assert not harness.traces()


def test_a_script_must_confirm_with_an_option(harness):
    assert "--yes" in harness.operator.run("smoke", "--json", code=2).stderr


def test_the_command_exits_with_1_after_a_failure_and_prints_the_page(harness):
    no_queue_may_be_made(harness)
    said = harness.operator.run("smoke", "--yes", code=1).stdout
    assert "failed" in said
    assert "Still to be proved on AWS" in said
