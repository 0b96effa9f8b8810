"""`estimate`: a monthly bill from one table of prices."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from operations import estimate, prices
from operations.__main__ import app
from operations.estimate import Month


def run(*options):
    ended = CliRunner().invoke(app, ["estimate", *options])
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def test_a_thousand_recordings_of_ten_minutes_cost_little_more_than_transcribe():
    answer = json.loads(run("--minutes", "10000", "--recordings", "1000", "--json"))
    assert answer["lines"][0] == {
        "what": "Transcribe Medical", "quantity": 10000.0, "unit": "minutes", "dollars": 750.0,
        "dollarsAtMost": 750.0, "byRecording": True,
    }  # fmt: skip
    assert 750 < answer["dollarsAMonth"] < 756
    assert answer["dollarsAMonth"] < answer["dollarsAMonthAtMost"] < 775
    assert 0.75 < answer["dollarsARecording"] < 0.76
    assert date.fromisoformat(answer["pricesOf"]) == prices.READ


def test_short_recordings_cost_fifteen_seconds_each():
    (line,) = [each for each in estimate.bill(Month(100 / 12, 100, 1)) if each.what == "Transcribe Medical"]
    assert line.dollars == pytest.approx(100 * prices.dollars(5)) == pytest.approx(1.875)


def test_the_minimum_charge_is_named_for_short_recordings():
    short = ("--minutes", "100", "--recordings", "1000")
    assert "Transcribe charges at least 15 s of each recording: 250.0 minutes." in run(*short)
    assert json.loads(run(*short, "--json"))["billedMinutes"] == 250
    assert "at least 15 s" not in run("--minutes", "10000", "--recordings", "1000")


def test_an_idle_month_costs_only_the_fixed_charges():
    answer = json.loads(run("--minutes", "0", "--recordings", "0", "--json"))
    assert answer["dollarsARecording"] is None
    assert 2.9 < answer["dollarsAMonth"] < 3.2
    assert answer["dollarsAMonthAtMost"] == pytest.approx(
        answer["dollarsAMonth"] + 3 + 2
    )  # a dashboard, a key's versions


def test_metrics_are_charged_by_the_hour_in_which_they_were_sent():
    def metrics(recordings):
        (line,) = [
            each for each in estimate.bill(Month(recordings, recordings, 1)) if each.what == "CloudWatch metrics"
        ]
        return line.dollars

    assert metrics(0) == 0
    assert metrics(1) == pytest.approx(
        estimate.METRICS_EACH * prices.PRICES["CloudWatch metrics"].dollars / 730, rel=0.01
    )
    assert metrics(10**6) < estimate.METRICS_EACH * prices.PRICES["CloudWatch metrics"].dollars


def test_no_line_exceeds_its_maximum():
    for recordings in (0, 1, 1000, 10**6):
        assert all(line.dollars <= line.ceiling for line in estimate.bill(Month(recordings, recordings, 5)))


def test_minutes_without_recordings_are_refused():
    ended = CliRunner().invoke(app, ["estimate", "--minutes", "10", "--recordings", "0"])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "there are no 10 minutes: say with --recordings" in ended.stderr


@given(st.floats(0, 10**6), st.integers(1, 10**5), st.integers(1, 9))
def test_more_of_anything_never_costs_less(minutes, recordings, forms):
    def dollars(month):
        return sum(line.dollars for line in estimate.bill(month))

    least = dollars(Month(minutes, recordings, forms))
    assert dollars(Month(minutes + 60, recordings, forms)) >= least
    assert dollars(Month(minutes, recordings + 1, forms)) >= least * (1 - 1e-9)
    assert dollars(Month(minutes, recordings, forms + 1)) >= least
    assert dollars(Month(minutes, recordings, forms, subscribers=2)) > least


def test_every_line_has_its_price_and_every_price_its_line():
    assert {line.what for line in estimate.bill(Month(60, 1, 1))} == set(prices.PRICES)


def test_the_estimate_lists_its_assumptions_and_the_date_of_the_prices():
    answer = run("--minutes", "60", "--recordings", "6")
    assert all(sentence in answer for sentence in estimate.ASSUMPTIONS)
    assert f"Prices of {prices.READ}." in answer
