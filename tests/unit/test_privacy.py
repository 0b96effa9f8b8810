"""Planted patients' data appears in no signal: logs, metrics, notifications, names, errors."""

import json

import pytest

from tests.unit.conftest import TRANSCRIPTS, WAV, WORK, refusal

CANARY = "Zebulon-Quackenbush"


@pytest.mark.parametrize("ending", ["delivered", "failed", "rejected", "gone", "put off", "unreadable"])
def test_nothing_of_a_patient_is_in_any_signal(clinic, capsys, caplog, ending):
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
        clinic.deliver(job)
    printed = capsys.readouterr()
    signals = [
        printed.out, printed.err, str([vars(record) for record in caplog.records]), json.dumps(clinic.told()),
        *clinic.keys(WORK), *clinic.keys(TRANSCRIPTS),
        json.dumps([message.body for message in clinic.messages(clinic.completion_queue)]),
        *(json.dumps({name: value for name, value in job.items() if name != "CompletionTime"})
          for job in clinic.transcribe.jobs.values() if not job.get("FailureReason")),
    ]  # fmt: skip
    assert not [signal for signal in signals if CANARY in signal]
    assert clinic.told() or ending == "put off"
