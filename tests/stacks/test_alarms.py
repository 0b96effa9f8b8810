"""Each alarm in parts: its fault publishes the very metric it watches, and its text leads to a section of the runbook.

That AWS raises the alarm once the metric is there is AWS's; that its action arrives is seen on the embedded cloud.
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
from tests.functions.fakes import _far_ends
from tests.functions.published_metrics import Metric, Watched
from tests.stacks import dashboard_picture
from tests.stacks.resolved_templates import ROOT

__all__ = ("_far_ends", "pipeline")  # fixtures

HOUR = 3600
NAMESPACE = "Stethoscript"
RUNBOOK = ROOT / "docs" / "operations.md"


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


def brought_back_in_vain(watched):
    watched.pipeline.upload()
    for _ in range(30):
        watched.pipeline.clock += 7 * HOUR
        watched.reconcile()
        watched.pipeline.drain(watched.pipeline.intake_queue)


def forgotten_by_transcribe(watched):
    job = transcribing(watched)
    watched.pipeline.write_raw(job)
    watched.pipeline.transcribe.jobs.clear()
    watched.pipeline.clock += 2 * HOUR
    watched.deliver(job)


def a_form_breaks(watched):
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
        watched.pipeline.transcribe.troubles += [refusal("LimitExceededException")] * 1000
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
    "an upload that is brought back in vain": ("stuck", brought_back_in_vain),
    "a job that Transcribe has forgotten": ("vanished", forgotten_by_transcribe),
    "a form that breaks": ("format-failed", a_form_breaks),
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
"""Alarms on what AWS itself publishes, under names of its user guides, and what their one dimension names."""


@pytest.fixture(scope="session")
def alarms(organised):
    """All alarms of the deployment called clinic, by what comes after its name; one for all subscribers."""
    named = {each["AlarmName"].removeprefix("clinic-"): each for each in organised.all("AWS::CloudWatch::Alarm")}
    return {"undelivered" if name.startswith("undelivered-") else name: each for name, each in named.items()}


def metric(alarm):
    dimensions = frozenset((each["Name"], each["Value"]) for each in alarm["Dimensions"])
    return Metric(alarm["Namespace"], alarm["MetricName"], dimensions)


def test_there_is_no_alarm_but_those_whose_fault_is_tried_here(alarms):
    assert set(alarms) == {name for name, _ in FAULTS.values()} | set(OF_AWS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_publishes_the_metric_that_its_alarm_names(fault, watched, alarms):
    name, happen = FAULTS[fault]
    happen(watched)
    values = watched.published().get(metric(alarms[name]), [])
    assert sum(values) >= 1
    assert alarms[name]["Statistic"] == "Sum"


@pytest.mark.parametrize("name", sorted({name for name, _ in FAULTS.values()}))
def test_a_recording_that_ends_well_rings_no_alarm(name, watched, alarms):
    job = transcribing(watched)
    watched.pipeline.write_raw(job)
    watched.pipeline.transcribe.end(job)
    watched.deliver(job)
    watched.reconcile()
    assert metric(alarms[name]) not in watched.published()
    assert alarms[name]["TreatMissingData"] == "notBreaching"


def test_the_reconciler_has_stopped_when_every_run_failed_or_none_ran(alarms, organised):
    """Lambda counts an error of 0 for a run that ended well: the least of an hour is 1 where none did."""
    alarm = alarms["reconcile-stopped"]
    assert (alarm["Statistic"], alarm["Threshold"], alarm["Period"]) == ("Minimum", 1, HOUR)
    assert alarm["TreatMissingData"] == "breaching"
    [once] = organised.all("AWS::Lambda::EventInvokeConfig")
    assert (once["FunctionName"], once["MaximumRetryAttempts"]) == ("clinic-reconcile", 0)


def test_a_run_of_the_reconciler_that_finds_nothing_sends_no_metric(watched):
    watched.reconcile()
    assert not watched.published()


@pytest.mark.parametrize("name", OF_AWS)
def test_an_alarm_on_aws_s_own_metric_names_a_queue_or_function_of_ours(name, alarms, organised):
    watched = metric(alarms[name])
    [(dimension, value)] = watched.dimensions
    assert (watched.namespace, watched.name, dimension) == OF_AWS[name]
    kind, name_of_kind = {
        "QueueName": ("AWS::SQS::Queue", "QueueName"),
        "FunctionName": ("AWS::Lambda::Function", "FunctionName"),
        "RuleName": ("AWS::Events::Rule", "Name"),
    }[dimension]
    assert value in [each[name_of_kind] for each in organised.all(kind)]


def test_every_alarm_s_text_ends_with_its_section_of_the_runbook(organised):
    for alarm in organised.all("AWS::CloudWatch::Alarm"):
        page, _, section = alarm["AlarmDescription"].rpartition(" What to do: ")[2].partition("#")
        headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert section in headings


@pytest.fixture(scope="session")
def explained():
    """The metrics that the page for operators explains."""
    [table] = re.findall(r"^\| metric \|.*?\n\n", RUNBOOK.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return set(re.findall(r"`([A-Z]\w+)`", table))


def test_every_metric_of_ours_that_is_watched_or_shown_is_explained(organised, explained):
    body = json.loads(organised.one("AWS::CloudWatch::Dashboard")["DashboardBody"])
    shown = re.findall(rf'"{NAMESPACE}", "(\w+)"', json.dumps(body))
    watched = [each["MetricName"] for each in organised.all("AWS::CloudWatch::Alarm") if each["Namespace"] == NAMESPACE]
    assert shown
    assert {*shown, *watched} <= explained


def test_the_page_says_how_many_metrics_there_are_to_be_paid_for(explained):
    counted = (
        {*rejections.CLASSES} - {*stopping.REASONS},
        {*failure_reasons.CLASSES} - {*stopping.REASONS},
        stopping.REASONS,
    )
    by_reason = sum(map(len, counted))
    assert f"{len(explained)} metrics and at most {by_reason} more by reason" in RUNBOOK.read_text(encoding="utf-8")


def test_what_the_functions_count_is_explained(explained):
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


def test_the_picture_of_the_dashboard_is_drawn_from_what_is_deployed(deployment):
    shown, deployed = dashboard_picture.PATH.read_text(encoding="utf-8"), dashboard_picture.drawn(deployment, {})
    words = re.compile(r"<text[^>]*>([^<]*[a-z][^<]*)<")
    assert set(words.findall(shown)) >= set(words.findall(deployed)), "run `make pages`"
    assert shown.count("<rect") == deployed.count("<rect")


def test_the_dashboard_shows_every_alarm_first(organised):
    first, *_ = json.loads(organised.one("AWS::CloudWatch::Dashboard")["DashboardBody"])["widgets"]
    assert set(first["properties"]["alarms"]) == {each.arn for each in organised.all("AWS::CloudWatch::Alarm")}


@pytest.mark.parametrize("name", ["configuration", "delayed", "stuck"])
def test_what_is_tried_again_or_looked_at_from_time_to_time_rings_once_and_not_each_time(name, alarms):
    alarm, looks = alarms[name], Reconciling()
    assert alarm["DatapointsToAlarm"] == 1
    assert alarm["Period"] * alarm["EvaluationPeriods"] > max(aws_errors.MOST_DELAY, looks.grace_seconds) + 60
