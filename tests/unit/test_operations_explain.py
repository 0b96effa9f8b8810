"""`explain` decides why a recording waits, from evidence alone."""

import ast
import doctest
import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from operations.doctor.findings import broken
from operations.erasure_certificate import Keeping, remaining, until
from operations.explain import Evidence, WaitReason, explain, way
from operations.medical_jobs import Job
from operations.retry_log import RetryLog, traces
from stethoscript import failure_reasons, stopping
from stethoscript.aws_errors import ErrorKind
from stethoscript.ledger_row import LedgerRow, State

NOW = 1_800_000_000
START, DELIVER = "start-transcription", "deliver-transcript"
CLAIMED = LedgerRow("clinic-0a", State.CLAIMED, "b", "dictation/Jane Doe.wav", "v1", NOW - 900, NOW - 900, "clinic-0a")
TRANSCRIBING = replace(CLAIMED, state=State.TRANSCRIBING, started=NOW - 600, updated=NOW - 600)
RUNNING = Job("clinic-0a", "IN_PROGRESS", NOW - 600)
COMPLETED = Job("clinic-0a", "COMPLETED", NOW - 600, NOW - 60)
BUSY = RetryLog(NOW - 60, START, ErrorKind.BUSY, None, 7, 30)
SILENT = RetryLog(NOW - 60, START, ErrorKind.UNAVAILABLE, "EndpointConnectionError", 3, 120)
BROKEN = RetryLog(NOW - 60, START, None, "KeyError")
FORBIDDEN = RetryLog(NOW - 60, START, ErrorKind.CONFIGURATION, "ClientError AccessDenied", 2, 60)


def ended(state, **more):
    return replace(TRANSCRIBING, state=state, updated=NOW - 50, **more)


def stopped(state):
    return replace(TRANSCRIBING, state=state, cancelled=NOW - 50, reason="Cancelled")


REASONS = [
    # over quota
    (Evidence(NOW, None, NOW - 900, running=250, quota=250, intake_messages=9), WaitReason.OVER_QUOTA, "250 of 250"),
    (Evidence(NOW, CLAIMED, running=250, quota=250, traces=(BUSY,)), WaitReason.OVER_QUOTA, "put off 7 times"),
    (Evidence(NOW, CLAIMED, running=3, quota=None, traces=(BUSY,)), WaitReason.OVER_QUOTA, "no free slot"),
    # outage
    (Evidence(NOW, CLAIMED, traces=(BUSY, SILENT)), WaitReason.OUTAGE, "EndpointConnectionError); put off 3 times"),
    (Evidence(NOW, CLAIMED, outage="ClientError InternalFailure"), WaitReason.OUTAGE, "InternalFailure"),
    (Evidence(NOW, TRANSCRIBING, outage="ReadTimeoutError"), WaitReason.OUTAGE, "ReadTimeoutError"),
    (
        Evidence(NOW, TRANSCRIBING, job=COMPLETED, traces=(replace(SILENT, function=DELIVER),)),
        WaitReason.OUTAGE,
        "Connection",
    ),
    # no version
    (Evidence(NOW, None, NOW - 900, unversioned=True), WaitReason.UNVERSIONED, "has no version id"),
    # a permission is missing
    (
        Evidence(NOW, CLAIMED, traces=(replace(FORBIDDEN, fault=ErrorKind.VOCABULARY),)),
        WaitReason.CONFIGURATION,
        "put off 2",
    ),
    (Evidence(NOW, CLAIMED, traces=(FORBIDDEN,)), WaitReason.CONFIGURATION, "AccessDenied"),
    (
        Evidence(NOW, TRANSCRIBING, job=COMPLETED, traces=(replace(FORBIDDEN, function=DELIVER),)),
        WaitReason.CONFIGURATION,
        "right",
    ),
    (
        Evidence(NOW, CLAIMED, traces=(replace(FORBIDDEN, fault=ErrorKind.SETTING),)),
        WaitReason.CONFIGURATION,
        "put off 2",
    ),
    # Transcribe Medical refuses it
    (
        Evidence(NOW, CLAIMED, traces=(replace(FORBIDDEN, fault=ErrorKind.VOCABULARY_NOT_READY),)),
        WaitReason.REFUSED,
        "not ready",
    ),
    (
        Evidence(NOW, CLAIMED, traces=(replace(FORBIDDEN, fault=ErrorKind.REFUSED),)),
        WaitReason.REFUSED,
        "do not know; put off 2",
    ),
    # being retried
    (Evidence(NOW, CLAIMED, traces=(BUSY, BROKEN), running=9, quota=9), WaitReason.RETRIED, "KeyError"),
    (Evidence(NOW, CLAIMED, intake_messages=1, intake_in_hand=1), WaitReason.RETRIED, "did not get to its end"),
    (Evidence(NOW, replace(CLAIMED, attempt=2, job="clinic-0a-2")), WaitReason.RETRIED, "Attempt 2"),
    # in Transcribe
    (Evidence(NOW, TRANSCRIBING, job=RUNNING), WaitReason.IN_TRANSCRIBE, "for 10 min, since"),
    (Evidence(NOW, TRANSCRIBING, job=replace(RUNNING, started=NOW - 90_000)), WaitReason.STUCK, "1 d 1 h"),
    (Evidence(NOW, replace(CLAIMED, announcements=10)), WaitReason.STUCK, "10 times in vain"),
    (Evidence(NOW, TRANSCRIBING), WaitReason.VANISHED, "no record of the job clinic-0a"),
    # transcribed and not delivered
    (Evidence(NOW, TRANSCRIBING, job=COMPLETED, completion_messages=2), WaitReason.UNDELIVERED, "about 2 signals"),
    (Evidence(NOW, TRANSCRIBING, job=COMPLETED, leased_until=NOW + 60), WaitReason.DELIVERING, "in hand until"),
    (
        Evidence(NOW, TRANSCRIBING, job=COMPLETED, leased_until=NOW + 60, written=NOW - 5),
        WaitReason.UNTOLD,
        "nobody is told",
    ),
    (
        Evidence(NOW, TRANSCRIBING, job=COMPLETED, leased_until=NOW - 1, written=NOW - 5),
        WaitReason.UNTOLD,
        "nobody has been",
    ),
    # in the dead-letter queue
    (
        Evidence(NOW, CLAIMED, dead_letters=("intake",), running=9, quota=9),
        WaitReason.DEAD_LETTER,
        "the intake queue's",
    ),
    (
        Evidence(NOW, TRANSCRIBING, job=COMPLETED, dead_letters=("completion",)),
        WaitReason.DEAD_LETTER,
        "the completion",
    ),
    # waiting for its turn, or without any message
    (Evidence(NOW, None, NOW - 900, intake_messages=40, quota=250), WaitReason.QUEUED, "about 40 messages"),
    (Evidence(NOW, None, NOW - 5), WaitReason.QUEUED, "its turn"),
    (Evidence(NOW, None, NOW - 7200), WaitReason.UNANNOUNCED, "for 2 h 0 min"),
    # ended
    (Evidence(NOW, ended(State.DELIVERED, manifest="2026-11-23/m.json")), WaitReason.DELIVERED, "2026-11-23/m.json"),
    (
        Evidence(NOW, ended(State.FAILED, reason="TooLarge", remedy="Split it.", failure="Big")),
        WaitReason.FAILED,
        "words: Big",
    ),
    (Evidence(NOW, ended(State.REJECTED, reason="Empty", remedy="Upload it again.")), WaitReason.REJECTED, "Empty"),
    (Evidence(NOW, ended(State.ERASED, key="")), WaitReason.ERASED, "was erased at"),
    (Evidence(NOW, ended(State.REJECTED, reason="Gone", remedy="R.")), WaitReason.GONE, "nothing was charged"),
    (Evidence(NOW, ended(State.FAILED, reason="Cancelled", remedy="R.")), WaitReason.CANCELLED, "nothing is delivered"),
    (Evidence(NOW, stopped(State.CLAIMED)), WaitReason.CANCELLED, "the start function ends it"),
    (Evidence(NOW, stopped(State.TRANSCRIBING)), WaitReason.CANCELLED, "output is removed as soon as the job ends"),
    (Evidence(NOW, ended(State.ERASING)), WaitReason.ERASED, "not come to its end"),
]


@pytest.mark.parametrize(("evidence", "why", "words"), REASONS)
def test_each_reason_has_a_sentence_and_a_remedy(evidence, why, words):
    explanation = explain(evidence)
    assert explanation.why is why
    assert words in explanation.sentence
    assert explanation.remedy
    assert "Jane Doe" not in explanation.sentence + explanation.remedy


@pytest.mark.parametrize("reason", sorted({*failure_reasons.CLASSES} - {*stopping.REASONS}))
def test_no_remedy_refers_the_operator_to_the_operator_or_to_a_useless_retry(reason):
    _, remedy = (
        failure_reasons.reason("") if reason == failure_reasons.UNKNOWN else (None, "Export the recording again.")
    )
    explanation = explain(Evidence(NOW, ended(State.FAILED, reason=reason, remedy=remedy))).remedy
    assert "operator" not in explanation
    audio_is_at_fault = reason not in (
        failure_reasons.UNKNOWN,
        failure_reasons.UNREADABLE,
        failure_reasons.MISSING,
        failure_reasons.VANISHED,
    )
    assert ("`retry" in explanation) is (not audio_is_at_fault and reason != failure_reasons.UNREADABLE)
    assert ("same way" in explanation) is (audio_is_at_fault or reason == failure_reasons.UNREADABLE)


SWITCHED_OFF = broken("The start function's queue is switched off.", "make restore")


@pytest.mark.parametrize(
    "evidence", [Evidence(NOW, None, NOW - 900, intake_messages=40), Evidence(NOW, TRANSCRIBING, job=RUNNING)]
)
def test_explain_advises_no_action_only_if_doctor_finds_nothing_broken(evidence):
    assert explain(evidence).remedy.startswith("Nothing is to be done")
    explanation = explain(replace(evidence, faults=(("queues", SWITCHED_OFF),), unchecked=("alarms",)))
    assert explanation.why is explain(evidence).why
    assert explanation.remedy.endswith("mend it:")
    assert "Nothing is to be done" not in explanation.remedy
    assert (explanation.faults, explanation.unchecked) == ((("queues", SWITCHED_OFF),), ("alarms",))


def test_explain_adds_doctor_s_findings_to_a_reason_with_its_own_remedy():
    explanation = explain(Evidence(NOW, CLAIMED, dead_letters=("intake",), faults=(("queues", SWITCHED_OFF),)))
    assert (explanation.why, explanation.remedy.endswith("This is broken meanwhile:")) == (WaitReason.DEAD_LETTER, True)


def test_every_reason_is_tested_above():
    assert {why for _, why, _ in REASONS} == set(WaitReason)


@pytest.mark.parametrize(("trace", "deferrals"), [(BUSY, 7), (SILENT, 3), (FORBIDDEN, 2)])
def test_the_number_of_deferrals_comes_from_the_logs(trace, deferrals):
    assert explain(Evidence(NOW, CLAIMED, traces=(trace,))).deferrals == deferrals


def test_the_steps_are_in_order():
    row = ended(State.DELIVERED, manifest="m", completed=NOW - 60, signal="object", attempt=2)
    steps = way(Evidence(NOW, row, NOW - 1000, traces=(replace(BUSY, at=NOW - 800), replace(BUSY, at=NOW - 700))))
    assert [step.what.split(" (")[0] for step in steps] == [
        "uploaded", "first looked at", "put off", "Transcribe began", "Transcribe ended", "DELIVERED, told by object",
    ]  # fmt: skip
    assert steps == sorted(steps, key=lambda step: step.at)
    assert "2 times, last at" in steps[2].what


def test_a_retry_that_has_not_started_is_in_progress():
    assert way(Evidence(NOW, replace(CLAIMED, attempt=2)))[-1].what == "attempt 2 asked for"


def test_log_lines_become_traces_with_their_error():
    lines = [
        {"at": 1, "message": "deferred", "job": "j", "seconds": 30, "deferrals": 1},
        {"at": 2, "message": "deferred", "job": "j", "error": "ReadTimeoutError", "fault": "UNAVAILABLE"},
        {"at": 2, "message": "deferred", "job": "j", "seconds": 60, "deferrals": 2},
        {"at": 3, "message": "deferred", "job": "j", "seconds": 30, "deferrals": 3},
        {"at": 4, "message": "returned to the queue", "job": "j", "error": "KeyError"},
        {"at": 5, "message": "transcribing", "job": "j"},
    ]
    assert list(traces(START, lines)) == [
        RetryLog(1, START, ErrorKind.BUSY, None, 1, 30),
        RetryLog(2, START, ErrorKind.UNAVAILABLE, "ReadTimeoutError", 2, 60),
        RetryLog(3, START, ErrorKind.BUSY, None, 3, 30),
        RetryLog(4, START, None, "KeyError"),
    ]
    assert list(traces(DELIVER, lines[1:2])) == [RetryLog(2, DELIVER, ErrorKind.UNAVAILABLE, "ReadTimeoutError")]


def test_an_erasure_certificate_gives_the_date_when_the_last_copy_expires():
    days = {each.where: each.until and (each.until - NOW) // 86400 for each in remaining(NOW, Keeping(30, 35, 365))}
    assert days["S3's access logs"] == 30
    assert days["the ledger's point-in-time backups"] == 35
    assert days["the functions' logs"] == 365
    assert days["subscribers"] is None
    usual = {each.where: until(each) for each in remaining(0, Keeping())}
    assert usual["S3's access logs"] == "1970-04-01"
    assert usual["subscribers"] == "not known here"


MODULES = sorted((Path(__file__).parents[2] / "operations").glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_tool_imports_neither_stacks_nor_local(path):
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert not {name.partition(".")[0] for name in names} & {"stacks", "local", "aws_cdk", "ministack"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_doctest_examples_pass(path):
    assert doctest.testmod(importlib.import_module(f"operations.{path.stem}")).failed == 0
