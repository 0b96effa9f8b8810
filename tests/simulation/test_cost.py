"""The calls of each recording and of an idle month are recorded, so that a change in cost is visible."""

import json

import pytest

from adapters.ledger import Ledger
from benchmarks import cost, cost_report
from operations import estimate
from operations.prices import PRICES

WRITTEN = json.loads((cost_report.RESULTS / "cost.json").read_text(encoding="utf-8"))
REMEDY = "this changes what a recording costs: run `make bench-cost`, and look at what it writes"
NEAR = {"rel": 0.02, "abs": 0.02}


@pytest.fixture(scope="module")
def idle():
    return cost.month(0)


@pytest.fixture(scope="module")
def usual():
    return cost.month(cost.USUAL)


def test_a_recording_makes_the_recorded_calls(idle, usual):
    assert cost.calls_a_recording(usual, idle) == pytest.approx(WRITTEN["calls a recording"], **NEAR), REMEDY


def test_an_idle_month_has_the_recorded_cost_below_three_dollars(idle):
    now = cost_report.dollars(vars(idle), estimate.ALARMS)
    assert now == pytest.approx(WRITTEN["after"]["0"], **NEAR), REMEDY
    assert sum(now.values()) < 3


def test_other_services_cost_at_most_one_percent_of_transcribe_above_an_idle_month(idle, usual):
    spent, nothing = (sum(cost_report.dollars(vars(each), estimate.ALARMS).values()) for each in (usual, idle))
    recognition = cost.USUAL * cost_report.MINUTES_EACH * PRICES["Transcribe Medical"].dollars
    assert (spent - nothing) / recognition < 0.01
    assert WRITTEN["after"]["1000"] == pytest.approx(cost_report.dollars(vars(usual), estimate.ALARMS), **NEAR), REMEDY


def test_one_more_call_for_each_recording_is_detected(idle, monkeypatch):
    find = Ledger.find
    monkeypatch.setattr(Ledger, "find", lambda self, recording: find(self, recording) and find(self, recording))
    dearer = cost.calls_a_recording(cost.month(cost.USUAL), idle)
    assert dearer != pytest.approx(WRITTEN["calls a recording"], **NEAR)


@pytest.mark.parametrize("recordings", cost.MONTHS)
def test_the_estimate_matches_the_functions_usage(recordings):
    month = estimate.Month(cost_report.MINUTES_EACH * recordings, recordings, cost_report.DOCUMENTS, subscribers=0)
    beside = [line for line in estimate.bill(month) if line.what != "Transcribe Medical"]
    seen = sum(WRITTEN["after"][str(recordings)].values())
    assert sum(line.dollars for line in beside) == pytest.approx(seen, rel=0.1)
    assert sum(line.ceiling for line in beside) > seen


def test_a_recording_has_as_many_metrics_as_the_estimate(idle, usual):
    """In each of the twelve hours with recordings."""
    assert idle.metric_hours == 0
    hours = usual.metric_hours / cost.DAYS
    assert 11 * estimate.METRICS_EACH <= hours <= 13 * estimate.METRICS_EACH
