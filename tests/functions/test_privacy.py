"""No signal contains planted patient data: logs, metrics, notifications, names, errors."""

import json
from collections.abc import Iterator

import pytest
from boto3.dynamodb.types import TypeDeserializer

from tests.client_errors import refusal
from tests.functions.deployment_harness import WAV
from tests.functions.fakes import TRANSCRIPTS, WORK

CANARY = "Zebulon-Quackenbush"


def said(pipeline) -> Iterator[str]:
    """Every notification: the message of every protocol with its subject and attributes, and the events."""
    for asked in (pipeline.sns.asked.get("publish", []), pipeline.events.asked.get("put_events", [])):
        yield from map(json.dumps, asked)


def indexed(pipeline) -> Iterator[str]:
    """The content of the ledger's index. It is in backups, and everybody with permission to list states reads it."""
    for item in pipeline.dynamodb.scan(TableName="ledger", IndexName="by-state")["Items"]:
        yield str({name: TypeDeserializer().deserialize(value) for name, value in item.items()})


@pytest.mark.parametrize("layout", ["opaque", "mirrored"])
@pytest.mark.parametrize("ending", ["delivered", "failed", "rejected", "gone", "put off", "unreadable"])
def test_nothing_of_a_patient_is_in_any_signal(pipeline, capsys, caplog, ending, layout):
    body = b"no audio" if ending == "rejected" else WAV
    upload = pipeline.upload(f"dictation/{CANARY}.wav", body, Metadata={"patient": CANARY}, Tagging=f"patient={CANARY}")
    if ending == "gone":
        pipeline.s3.delete_object(Bucket=upload.bucket, Key=upload.key, VersionId=upload.version)
    if ending == "put off":
        pipeline.s3.before["copy_object"] = [refusal("AccessDenied", f"not authorized to read {upload.key}")]
    pipeline.start(upload)
    for job in pipeline.transcribe.jobs:
        pipeline.write_raw(job, f"{CANARY} has a cough.")
        if ending == "unreadable":
            pipeline.s3.put_object(Bucket=WORK, Key=f"raw/{job}.json", Body=json.dumps({CANARY: 1}).encode())
        pipeline.transcribe.end(job, "FAILED" if ending == "failed" else "COMPLETED", f"bad s3://b/{CANARY}")
        pipeline.deliver(job, layout=layout)
    printed = capsys.readouterr()
    signals = [
        printed.out, printed.err, str([vars(record) for record in caplog.records]),
        json.dumps(pipeline.notifications()),
        *pipeline.keys(WORK), *(pipeline.keys(TRANSCRIPTS) if layout == "opaque" else []),
        *said(pipeline), *indexed(pipeline),
        json.dumps([message.body for message in pipeline.messages(pipeline.completion_queue)]),
        *(json.dumps({name: value for name, value in job.items() if name != "CompletionTime"})
          for job in pipeline.transcribe.jobs.values() if not job.get("FailureReason")),
    ]  # fmt: skip
    assert not [signal for signal in signals if CANARY in signal]
    assert (pipeline.notifications() and list(said(pipeline)) and list(indexed(pipeline))) or ending == "put off"


@pytest.mark.parametrize("layout", ["opaque", "mirrored"])
def test_the_download_name_of_a_document_identifies_no_patient(pipeline, layout):
    pipeline.start(pipeline.upload(f"dictation/{CANARY}.wav"))
    (job,) = pipeline.transcribe.jobs
    pipeline.write_raw(job)
    pipeline.transcribe.end(job)
    pipeline.deliver(job, layout=layout)
    for key in pipeline.keys(TRANSCRIPTS):
        head = pipeline.s3.head_object(Bucket=TRANSCRIPTS, Key=key)
        assert CANARY not in str({name: head[name] for name in ("ContentDisposition", "Metadata")})
