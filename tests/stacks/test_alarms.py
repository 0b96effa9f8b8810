"""Each alarm in parts: its fault publishes the watched metric, and its text names a section of the runbook.

AWS itself raises the alarm from the metric. Tests on the embedded cloud show that its action arrives.
"""

import json
import re

import pytest

from adapters import document_store
from documents import FORMATS, DocumentFormat
from stacks.config import Reconciling
from stethoscript import aws_errors, failure_reasons, rejections, stopping
from tests.client_errors import refusal
from tests.functions.deployment_harness import pipeline
from tests.functions.fakes import _fake_clients
from tests.functions.published_metrics import Metric, Watched
from tests.stacks import dashboard_picture
from tests.stacks.resolved_templates import ROOT

__all__ = ("_fake_clients", "pipeline")  # fixtures

HOUR = 3600
NAMESPACE = "Stethoscript"
RUNBOOK = ROOT / "docs" / "operating.md"


@pytest.fixture
def watched(pipeline, monkeypatch, capsys):
    return Watched(pipeline, monkeypatch, capsys)


def transcribing(watched):
    watched.take(watched.pipeline.upload())
    return watched.pipeline.row().job


def denied_by_s3(watched):
    watched.pipeline.s3.before["copy_object"] = [refusal("AccessDenied", status=403)]
    watched.take(watched.pipeline.upload())


def in_progress_for_a_day(watched):
    transcribing(watched)
    watched.pipeline.clock += 25 * HOUR
    watched.reconcile()


def recovered_in_vain(watched):
    watched.pipeline.upload()
    for _ in range(30):
        watched.pipeline.clock += 7 * HOUR
        watched.reconcile()
        watched.pipeline.drain(watched.pipeline.intake_queue)


def deleted_by_transcribe(watched):
    job = transcribing(watched)
    watched.pipeline.write_raw(job)
    watched.pipeline.transcribe.jobs.clear()
    watched.pipeline.clock += 2 * HOUR
    watched.deliver(job)


def a_format_fails(watched):
    def broken(_transcript, _facts):
        raise KeyError

    job = transcribing(watched)
    watched.pipeline.write_raw(job)
    watched.pipeline.transcribe.end(job)
    watched.patch.setattr(
        document_store, "FORMATS", {**FORMATS, "txt": DocumentFormat("broken.txt", "text/plain", broken)}
    )
    watched.deliver(job)


def throttled_for_hours(watched):
    upload = watched.pipeline.upload()
    for _ in range(2):
        watched.pipeline.transcribe.errors += [refusal("LimitExceededException")] * 1000
        watched.take(upload)
        watched.pipeline.clock += 5 * HOUR


def not_delivered_for_hours(watched):
    watched.pipeline.transcribe.end(transcribing(watched))
    watched.pipeline.clock += 5 * HOUR
    watched.reconcile()


def fails_in_transcribe(watched):
    job = transcribing(watched)
    watched.pipeline.transcribe.end(job, "FAILED", "Invalid sample rate")
    watched.deliver(job)


FAULTS = {
    "a right that is missing": ("configuration", denied_by_s3),
    "a job in progress for a day": ("stuck", in_progress_for_a_day),
    "an upload that is brought back in vain": ("stuck", recovered_in_vain),
    "a job that Transcribe has forgotten": ("vanished", deleted_by_transcribe),
    "a form that breaks": ("format-failed", a_format_fails),
    "a Transcribe that is busy for hours": ("delayed", throttled_for_hours),
    "a transcript that is not fetched for hours": ("delayed", not_delivered_for_hours),
    "a recording that fails": ("failures", fails_in_transcribe),
}
OF_AWS = {
    "intake-dead-letters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"),
    "completion-dead-letters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"),
    "undelivered": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"),
    "intake-waits": ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName"),
    "start-errors": ("AWS/Lambda", "Errors", "FunctionName"),
    "deliver-errors": ("AWS/Lambda", "Errors", "FunctionName"),
    "reconcile-stopped": ("AWS/Lambda", "Errors", "FunctionName"),
    "transcript-written-fails": ("AWS/Events", "FailedInvocations", "RuleName"),
    "job-ended-fails": ("AWS/Events", "FailedInvocations", "RuleName"),
}
"""Alarms on AWS's own metrics, by the names in its user guides, and the resource of their one dimension."""


@pytest.fixture(scope="session")
def alarms(organised):
    """All alarms of the deployment with the name clinic, by the rest of their names; one for all subscribers."""
    named = {each["AlarmName"].removeprefix("clinic-"): each for each in organised.all("AWS::CloudWatch::Alarm")}
    return {"undelivered" if name.startswith("undelivered-") else name: each for name, each in named.items()}


def metric(alarm):
    dimensions = frozenset((each["Name"], each["Value"]) for each in alarm["Dimensions"])
    return Metric(alarm["Namespace"], alarm["MetricName"], dimensions)


def test_every_alarm_has_a_fault_in_these_tests(alarms):
    assert set(alarms) == {name for name, _ in FAULTS.values()} | set(OF_AWS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_publishes_the_metric_that_its_alarm_names(fault, watched, alarms):
    name, happen = FAULTS[fault]
    happen(watched)
    values = watched.published().get(metric(alarms[name]), [])
    assert sum(values) >= 1
    assert alarms[name]["Statistic"] == "Sum"


@pytest.mark.parametrize("name", sorted({name for name, _ in FAULTS.values()}))
def test_a_successful_recording_triggers_no_alarm(name, watched, alarms):
    job = transcribing(watched)
    watched.pipeline.write_raw(job)
    watched.pipeline.transcribe.end(job)
    watched.deliver(job)
    watched.reconcile()
    assert metric(alarms[name]) not in watched.published()
    assert alarms[name]["TreatMissingData"] == "notBreaching"


def test_the_reconciler_alarm_covers_failed_and_missing_runs(alarms, organised):
    """Lambda counts an error of 0 for a successful run. So the minimum of an hour is 1 only without a success."""
    alarm = alarms["reconcile-stopped"]
    assert (alarm["Statistic"], alarm["Threshold"], alarm["Period"]) == ("Minimum", 1, HOUR)
    assert alarm["TreatMissingData"] == "breaching"
    [once] = organised.all("AWS::Lambda::EventInvokeConfig")
    assert (once["FunctionName"], once["MaximumRetryAttempts"]) == ("clinic-reconcile", 0)


def test_a_run_of_the_reconciler_without_findings_sends_no_metric(watched):
    watched.reconcile()
    assert not watched.published()


@pytest.mark.parametrize("name", OF_AWS)
def test_an_alarm_on_an_aws_metric_names_our_queue_or_function(name, alarms, organised):
    watched = metric(alarms[name])
    [(dimension, value)] = watched.dimensions
    assert (watched.namespace, watched.name, dimension) == OF_AWS[name]
    kind, name_of_kind = {
        "QueueName": ("AWS::SQS::Queue", "QueueName"),
        "FunctionName": ("AWS::Lambda::Function", "FunctionName"),
        "RuleName": ("AWS::Events::Rule", "Name"),
    }[dimension]
    assert value in [each[name_of_kind] for each in organised.all(kind)]


def test_every_alarm_s_text_ends_with_its_runbook_section(organised):
    for alarm in organised.all("AWS::CloudWatch::Alarm"):
        page, _, section = alarm["AlarmDescription"].rpartition(" What to do: ")[2].partition("#")
        headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert section in headings


@pytest.fixture(scope="session")
def explained():
    """The metrics on the operators' page."""
    [table] = re.findall(r"^\| metric \|.*?\n\n", RUNBOOK.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return set(re.findall(r"`([A-Z]\w+)`", table))


def test_every_watched_or_shown_metric_of_ours_is_explained(organised, explained):
    body = json.loads(organised.one("AWS::CloudWatch::Dashboard")["DashboardBody"])
    shown = re.findall(rf'"{NAMESPACE}", "(\w+)"', json.dumps(body))
    watched = [each["MetricName"] for each in organised.all("AWS::CloudWatch::Alarm") if each["Namespace"] == NAMESPACE]
    assert shown
    assert {*shown, *watched} <= explained


def test_the_page_has_the_number_of_charged_metrics(explained):
    counted = (
        {*rejections.CLASSES} - {*stopping.REASONS},
        {*failure_reasons.CLASSES} - {*stopping.REASONS},
        stopping.REASONS,
    )
    by_reason = sum(map(len, counted))
    assert f"{len(explained)} metrics and at most {by_reason} more by reason" in RUNBOOK.read_text(encoding="utf-8")


def test_every_count_of_the_functions_is_explained(explained):
    lambdas = ROOT / "lambdas"
    durations = lambdas / "stethoscript" / "durations.py"
    sources = [
        path.read_text(encoding="utf-8")
        for path in [*lambdas.glob("*.py"), *(lambdas / "adapters").glob("*.py"), durations]
    ]
    counted = {
        name for source in sources for name in re.findall(r'(?:\bcount|\bmeasure|yield)\(? ?"([A-Z]\w+)"', source)
    }
    assert explained - counted <= {"Delivered", "Failed"}  # counted under the name of the state
    assert counted <= explained


def test_the_dashboard_picture_matches_the_deployed_dashboard(deployment):
    shown, deployed = dashboard_picture.PATH.read_text(encoding="utf-8"), dashboard_picture.drawn(deployment, {})
    words = re.compile(r"<text[^>]*>([^<]*[a-z][^<]*)<")
    assert set(words.findall(shown)) >= set(words.findall(deployed)), "run `make pages`"
    assert shown.count("<rect") == deployed.count("<rect")


def test_the_dashboard_shows_every_alarm_first(organised):
    first, *_ = json.loads(organised.one("AWS::CloudWatch::Dashboard")["DashboardBody"])["widgets"]
    assert set(first["properties"]["alarms"]) == {each.arn for each in organised.all("AWS::CloudWatch::Alarm")}


@pytest.mark.parametrize("name", ["configuration", "delayed", "stuck"])
def test_an_alarm_on_a_periodic_metric_is_raised_once(name, alarms):
    alarm, looks = alarms[name], Reconciling()
    assert alarm["DatapointsToAlarm"] == 1
    assert alarm["Period"] * alarm["EvaluationPeriods"] > max(aws_errors.MOST_DELAY, looks.grace_seconds) + 60
