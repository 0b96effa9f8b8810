"""Planted patients' data appears in no signal: logs, metrics, notifications, names, errors."""

import json
from collections.abc import Iterator

import pytest
from boto3.dynamodb.types import TypeDeserializer

from tests.functions.clinic import WAV
from tests.functions.far_ends import TRANSCRIPTS, WORK
from tests.refusals import refusal

CANARY = "Zebulon-Quackenbush"


def said(clinic) -> Iterator[str]:
    """Everything that was told: the message of every protocol with its subject and attributes, and the events."""
    for asked in (clinic.sns.asked.get("publish", []), clinic.events.asked.get("put_events", [])):
        yield from map(json.dumps, asked)


def indexed(clinic) -> Iterator[str]:
    """What the ledger's index holds: it stands in backups, and whoever may list states reads it."""
    for item in clinic.dynamodb.scan(TableName="ledger", IndexName="by-state")["Items"]:
        yield str({name: TypeDeserializer().deserialize(value) for name, value in item.items()})


@pytest.mark.parametrize("layout", ["opaque", "mirrored"])
@pytest.mark.parametrize("ending", ["delivered", "failed", "rejected", "gone", "put off", "unreadable"])
def test_nothing_of_a_patient_is_in_any_signal(clinic, capsys, caplog, ending, layout):
    body = b"no audio" if ending == "rejected" else WAV
    upload = clinic.upload(f"dictation/{CANARY}.wav", body, Metadata={"patient": CANARY}, Tagging=f"patient={CANARY}")
    if ending == "gone":
        clinic.s3.delete_object(Bucket=upload.bucket, Key=upload.key, VersionId=upload.version)
    if ending == "put off":
        clinic.s3.before["copy_object"] = [refusal("AccessDenied", f"not authorized to read {upload.key}")]
    clinic.start(upload)
    for job in clinic.transcribe.jobs:
        clinic.write_raw(job, f"{CANARY} has a cough.")
        if ending == "unreadable":
            clinic.s3.put_object(Bucket=WORK, Key=f"raw/{job}.json", Body=json.dumps({CANARY: 1}).encode())
        clinic.transcribe.end(job, "FAILED" if ending == "failed" else "COMPLETED", f"bad s3://b/{CANARY}")
        clinic.deliver(job, layout=layout)
    printed = capsys.readouterr()
    signals = [
        printed.out, printed.err, str([vars(record) for record in caplog.records]), json.dumps(clinic.told()),
        *clinic.keys(WORK), *(clinic.keys(TRANSCRIPTS) if layout == "opaque" else []), *said(clinic), *indexed(clinic),
        json.dumps([message.body for message in clinic.messages(clinic.completion_queue)]),
        *(json.dumps({name: value for name, value in job.items() if name != "CompletionTime"})
          for job in clinic.transcribe.jobs.values() if not job.get("FailureReason")),
    ]  # fmt: skip
    assert not [signal for signal in signals if CANARY in signal]
    assert (clinic.told() and list(said(clinic)) and list(indexed(clinic))) or ending == "put off"


@pytest.mark.parametrize("layout", ["opaque", "mirrored"])
def test_no_document_is_handed_out_under_a_name_that_says_whose_it_is(clinic, layout):
    clinic.start(clinic.upload(f"dictation/{CANARY}.wav"))
    (job,) = clinic.transcribe.jobs
    clinic.write_raw(job)
    clinic.transcribe.end(job)
    clinic.deliver(job, layout=layout)
    for key in clinic.keys(TRANSCRIPTS):
        head = clinic.s3.head_object(Bucket=TRANSCRIPTS, Key=key)
        assert CANARY not in str({name: head[name] for name in ("ContentDisposition", "Metadata")})
