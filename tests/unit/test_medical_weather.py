import json

import pytest

from local.cloud.settings import Settings
from local.transcribe_medical.contract import Refused
from local.transcribe_medical.surroundings import Caller
from local.transcribe_medical.weather import AWS_RATES, BadForecast, Forecast, Weather
from tests.medical import CALLER, OPERATIONS

GET = "GetMedicalTranscriptionJob"


def refusals(weather, operation=GET, caller=CALLER, tries=1000):
    codes = []
    for _try in range(tries):
        try:
            weather.strike(operation, caller)
            weather.lose(operation)
        except Refused as refused:
            codes.append((refused.code, refused.status))
    return codes


def test_the_weather_is_fine_unless_asked_for():
    weather = Weather()
    assert refusals(weather) == []
    assert (weather.delay("job"), weather.tellings("job", "event")) == (0.0, 1)


def test_bad_luck_comes_about_as_often_as_forecast_and_the_same_from_the_same_seed():
    forecast = Forecast(limit_exceeded=0.2, fails_before=0.1, fails_after=0.1, seed=3)
    first, again = refusals(Weather(forecast)), refusals(Weather(forecast))
    assert first == again
    assert first != refusals(Weather(Forecast(limit_exceeded=0.2, fails_before=0.1, fails_after=0.1, seed=4)))
    assert 150 < first.count(("LimitExceededException", 400)) < 250
    assert 100 < first.count(("InternalFailureException", 500)) < 200


def test_only_the_named_operations_are_struck():
    weather = Weather(Forecast(fails_before=1.0, operations=("StartMedicalTranscriptionJob",)))
    assert refusals(weather) == []
    assert len(refusals(weather, "StartMedicalTranscriptionJob", tries=5)) == 5


def test_a_rate_is_kept_for_each_account_and_operation_and_fills_up_again():
    now = [0.0]
    weather = Weather(Forecast(rates={GET: 3}), clock=lambda: now[0])
    assert len(refusals(weather, tries=10)) == 7
    assert refusals(weather, caller=Caller("111111111111", "us-east-1", ""), tries=3) == []
    assert refusals(weather, "ListMedicalTranscriptionJobs", tries=100) == []
    now[0] = 1.0
    assert refusals(weather, tries=10) == [("LimitExceededException", 400)] * 7


def test_aws_rates_are_known_for_every_operation():
    assert set(AWS_RATES) == set(OPERATIONS)
    assert Forecast.read("rates=aws").rates == AWS_RATES


def test_signs_of_an_end_are_lost_and_doubled_as_forecast_and_the_same_each_time():
    weather = Weather(Forecast(lost_events=0.3, doubled_events=0.3, seed=1))
    tellings = [weather.tellings(f"job-{n}", "event") for n in range(1000)]
    assert tellings == [weather.tellings(f"job-{n}", "event") for n in range(1000)]
    for often in (0, 2):
        assert 250 < tellings.count(often) < 350
    assert tellings != [weather.tellings(f"job-{n}", "object") for n in range(1000)]


def test_a_forecast_is_read_from_a_file_and_from_the_command_line_alike(tmp_path):
    file = tmp_path / "storm.json"
    file.write_text(json.dumps({"seed": 7, "concurrent_jobs": 5, "rates": {GET: 3}, "operations": [GET]}))
    assert Forecast.read(str(file)) == Forecast.read(f"seed=7, concurrent_jobs=5,rates={GET}:3,operations={GET}")
    assert Settings.read(["--weather", str(file)]).weather.concurrent_jobs == 5
    assert Forecast.read("") == Forecast()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("storm=1", "unknown: storm; known: seed, concurrent_jobs"),
        ("fails_before=1.5", "fails_before is a probability"),
        ("fails_before=often", "fails_before cannot be 'often'"),
        ("lost_events=0.6,doubled_events=0.6", "more than 1 together"),
        ("concurrent_jobs=0", "concurrent_jobs"),
        ("rates=GetMedicalTranscriptionJob:0", "rates"),
        ("rates=fast", "rates cannot be 'fast'"),
        ("operations=StartTranscriptionJob", "no operation StartTranscriptionJob"),
        ("/nowhere/storm.json", "cannot be read"),
    ],
)
def test_weather_nobody_could_mean_is_named(text, problem, capsys):
    with pytest.raises(BadForecast, match=problem):
        Forecast.read(text)
    with pytest.raises(SystemExit):
        Settings.read(["--weather", text])
    assert problem.partition(";")[0] in capsys.readouterr().err
