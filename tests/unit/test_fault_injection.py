import json

import pytest

from local.cloud.settings import Settings
from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.fault_injection import AWS_RATES, FaultInjection, FaultRates, InvalidFaultRates
from local.transcribe_medical.request_validation import Refused
from tests.medical_service import CALLER, OPERATIONS

GET = "GetMedicalTranscriptionJob"


def refusals(faults, operation=GET, caller=CALLER, tries=1000):
    codes = []
    for _try in range(tries):
        try:
            faults.before_operation(operation, caller)
            faults.after_operation(operation)
        except Refused as refused:
            codes.append((refused.code, refused.status))
    return codes


def test_no_fault_is_injected_by_default():
    faults = FaultInjection()
    assert refusals(faults) == []
    assert (faults.delay("job"), faults.copies("job", "event")) == (0.0, 1)


def test_faults_occur_at_the_configured_rate_and_repeat_with_the_same_seed():
    fault_rates = FaultRates(limit_exceeded=0.2, fails_before=0.1, fails_after=0.1, seed=3)
    first, again = refusals(FaultInjection(fault_rates)), refusals(FaultInjection(fault_rates))
    assert first == again
    assert first != refusals(FaultInjection(FaultRates(limit_exceeded=0.2, fails_before=0.1, fails_after=0.1, seed=4)))
    assert 150 < first.count(("LimitExceededException", 400)) < 250
    assert 100 < first.count(("InternalFailureException", 500)) < 200


def test_faults_occur_only_in_the_named_operations():
    faults = FaultInjection(FaultRates(fails_before=1.0, operations=("StartMedicalTranscriptionJob",)))
    assert refusals(faults) == []
    assert len(refusals(faults, "StartMedicalTranscriptionJob", tries=5)) == 5


def test_a_rate_is_kept_for_each_account_and_operation_and_fills_up_again():
    now = [0.0]
    faults = FaultInjection(FaultRates(rates={GET: 3}), clock=lambda: now[0])
    assert len(refusals(faults, tries=10)) == 7
    assert refusals(faults, caller=Caller("111111111111", "us-east-1", ""), tries=3) == []
    assert refusals(faults, "ListMedicalTranscriptionJobs", tries=100) == []
    now[0] = 1.0
    assert refusals(faults, tries=10) == [("LimitExceededException", 400)] * 7


def test_aws_rates_are_known_for_every_operation():
    assert set(AWS_RATES) == set(OPERATIONS)
    assert FaultRates.read("rates=aws").rates == AWS_RATES


def test_completion_events_are_lost_and_doubled_at_the_configured_rate_and_repeatably():
    faults = FaultInjection(FaultRates(lost_events=0.3, doubled_events=0.3, seed=1))
    copies = [faults.copies(f"job-{n}", "event") for n in range(1000)]
    assert copies == [faults.copies(f"job-{n}", "event") for n in range(1000)]
    for often in (0, 2):
        assert 250 < copies.count(often) < 350
    assert copies != [faults.copies(f"job-{n}", "object") for n in range(1000)]


def test_fault_rates_are_read_from_a_file_and_from_the_command_line(tmp_path):
    file = tmp_path / "storm.json"
    file.write_text(json.dumps({"seed": 7, "concurrent_jobs": 5, "rates": {GET: 3}, "operations": [GET]}))
    assert FaultRates.read(str(file)) == FaultRates.read(f"seed=7, concurrent_jobs=5,rates={GET}:3,operations={GET}")
    assert Settings.read(["--faults", str(file)]).faults.concurrent_jobs == 5
    assert FaultRates.read("") == FaultRates()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("storm=1", "unknown: storm; known: seed, concurrent_jobs"),
        ("fails_before=1.5", "fails_before must be a probability"),
        ("fails_before=often", "fails_before cannot be 'often'"),
        ("lost_events=0.6,doubled_events=0.6", "must be at most 1"),
        ("concurrent_jobs=0", "concurrent_jobs"),
        ("rates=GetMedicalTranscriptionJob:0", "rates"),
        ("rates=fast", "rates cannot be 'fast'"),
        ("operations=StartTranscriptionJob", "no operation StartTranscriptionJob"),
        ("/nowhere/storm.json", "cannot be read"),
    ],
)
def test_the_error_names_an_impossible_fault_rate(text, problem, capsys):
    with pytest.raises(InvalidFaultRates, match=problem):
        FaultRates.read(text)
    with pytest.raises(SystemExit):
        Settings.read(["--faults", text])
    assert problem.partition(";")[0] in capsys.readouterr().err
