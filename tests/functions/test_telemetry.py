"""Metrics of a recording: how it ended and how long it took, and nothing about a patient."""

from dataclasses import replace

import pytest

from deliver_transcript import durations
from stethoscript import failure_reasons, rejections
from stethoscript.ledger_row import LedgerRow, State
from tests.client_errors import refusal
from tests.functions.published_metrics import Metric, Watched


@pytest.fixture
def watched(pipeline, monkeypatch, capsys):
    return Watched(pipeline, monkeypatch, capsys)


def of(name, **more):
    return Metric("Stethoscript", name, frozenset({"service": "clinic", **more}.items()))


def delivered(watched, waits, works, lies):
    """Transcribe a recording with this many seconds in each state."""
    pipeline = watched.pipeline
    pipeline.start(pipeline.upload())
    row = pipeline.row()
    pipeline.write_raw(row.job, "Hello there.")
    pipeline.transcribe.end(row.job)
    ended = pipeline.transcribe.jobs[row.job]["CompletionTime"].timestamp()
    started = int(ended) - works
    pipeline.ledger.advance(row, row.state, pipeline.now(), started=started, received=started - waits)
    pipeline.clock = int(ended) + lies
    watched.deliver(row.job)


def test_a_delivery_measures_the_time_in_each_state_and_in_total_once(watched):
    delivered(watched, waits=30, works=200, lies=4)
    watched.deliver(watched.pipeline.row().job)
    published = watched.published()
    names = ("WaitingSeconds", "TranscribingSeconds", "DeliveringSeconds", "TurnaroundSeconds")
    assert [published[of(name)] for name in names] == [[30], [200], [4], [234]]
    assert published[of("Delivered")] == [1]


@pytest.mark.parametrize(
    ("change", "measured"),
    [
        ({}, {"WaitingSeconds": [30], "TurnaroundSeconds": [234]}),
        ({"received": 0}, {"WaitingSeconds": [10], "TurnaroundSeconds": [214]}),
        ({"attempt": 2}, {}),
    ],
    ids=["an upload", "an old upload that a backfill announced", "a retry"],
)
def test_turnaround_starts_at_the_upload_or_at_a_later_announcement(change, measured):
    row = LedgerRow(
        "r", State.DELIVERED, "b", "k", "v", received=10**9, updated=10**9 + 234, job="r", entered=10**9 + 20,
        started=10**9 + 30, completed=10**9 + 230,
    )  # fmt: skip
    times: dict[str, list[int]] = {}
    for name, seconds in durations(replace(row, **change)):
        times.setdefault(name, []).append(seconds)
    parts = {"TranscribingSeconds": [200], "DeliveringSeconds": [4]}
    assert times == parts | measured


def test_the_minutes_of_transcribed_audio_are_measured(watched):
    watched.pipeline.start(watched.pipeline.upload())
    job = watched.pipeline.row().job
    watched.pipeline.write_raw(job, " ".join(["word"] * 240))  # half a second for each
    watched.pipeline.transcribe.end(job)
    watched.deliver(job)
    assert watched.published()[of("AudioMinutes")] == [2]
    assert watched.pipeline.row().seconds == 120


def test_a_start_measures_the_quota_utilization(watched):
    for number in range(3):
        watched.pipeline.start(watched.pipeline.upload(f"dictation/{number}.wav"))
    watched.published()
    watched.take(watched.pipeline.upload("dictation/4.wav"))
    assert watched.published()[of("QuotaUtilization")][-1] == pytest.approx(100 * 3 / 250)


def test_a_rejection_is_counted_in_total_and_by_its_reason(watched):
    watched.take(watched.pipeline.upload("dictation/Jane Doe.wav", b"Dear colleague"))
    published = watched.published()
    assert published[of("Rejected")] == [1]
    assert published[of("Rejected", reason="UnsupportedMediaFormat")] == [1]
    assert len({*rejections.CLASSES, *failure_reasons.CLASSES}) < 30  # each is a billed metric


def test_a_failure_is_counted_in_total_and_by_its_reason(watched):
    watched.pipeline.start(watched.pipeline.upload())
    job = watched.pipeline.row().job
    watched.pipeline.transcribe.end(job, "FAILED", "Invalid sample rate: Jane Doe")
    watched.deliver(job)
    published = watched.published()
    assert published[of("Failed", reason="InvalidSampleRate")] == published[of("Failed")] == [1]


def test_a_recording_deferred_for_hours_is_counted_as_delayed(watched):
    upload = watched.pipeline.upload()
    for hours in (0, 3, 2):
        watched.pipeline.clock += hours * 3600
        watched.pipeline.transcribe.errors += [refusal("LimitExceededException")] * 1000
        watched.take(upload)
        said = watched.published()
        assert said[of("Deferred")] == [1]
        assert (of("Delayed") in said) == (hours == 2)


def test_a_job_undelivered_for_hours_is_counted_as_delayed(watched):
    watched.pipeline.start(watched.pipeline.upload())
    watched.pipeline.transcribe.end(watched.pipeline.row().job)
    watched.pipeline.clock += 3600
    watched.reconcile()
    assert of("Delayed") not in watched.published()
    watched.pipeline.clock += 4 * 3600
    watched.reconcile()
    assert watched.published()[of("Delayed")] == [1]


def test_metrics_of_an_invocation_are_not_sent_again_by_the_next(watched):
    delivered(watched, waits=1, works=1, lies=1)
    assert watched.published()
    watched.deliver("clinic-unknown")
    assert set(watched.published()) == {of("Ignored")}
