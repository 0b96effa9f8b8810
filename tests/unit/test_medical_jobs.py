from pathlib import Path

import pytest

from local.transcribe_medical import jobs
from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.job_operations import KEPT_SECONDS
from local.transcribe_medical.job_store import JobStore
from local.transcribe_medical.jobs import Job
from local.transcribe_medical.request_validation import Refused
from local.transcribe_medical.s3_locations import S3Location
from local.transcribe_medical.service import Service

REQUEST = {
    "MedicalTranscriptionJobName": "J",
    "LanguageCode": "en-US",
    "Media": {"MediaFileUri": "s3://clinic/a.wav"},
    "OutputBucketName": "B",
    "Specialty": "PRIMARYCARE",
    "Type": "DICTATION",
}
CALLER = Caller("000000000000", "us-east-1", "test")


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("my-transcript.json", "my-transcript.json"),
        ("test-files/my-transcript.json", "test-files/my-transcript.json"),
        ("my-transcript", "my-transcript/J.json"),
        ("test-files/my-transcript", "test-files/my-transcript/J.json"),
        ("my-output-files/", "my-output-files/J.json"),
        (None, "medical/J.json"),
    ],
)
def test_the_transcript_goes_where_the_output_key_says(key, written):
    assert jobs.output(REQUEST | {"OutputKey": key}) == S3Location("B", written)


@pytest.mark.parametrize(
    ("key", "probed"),
    [("raw/J.json", "raw/.write_access_check_file.temp"), ("J.json", ".write_access_check_file.temp")],
)
def test_the_write_probe_is_next_to_the_transcript(key, probed):
    assert jobs.probe(REQUEST | {"OutputKey": key}) == S3Location("B", probed)


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://clinic/a/b c+d%20e.wav", S3Location("clinic", "a/b c+d%20e.wav")),
        ("https://s3.us-east-1.amazonaws.com/clinic/a%20b.wav", S3Location("clinic", "a b.wav")),
        ("https://s3-us-west-2.amazonaws.com/clinic/a.wav", S3Location("clinic", "a.wav")),
        ("https://clinic.s3.us-east-1.amazonaws.com/a/b.wav", S3Location("clinic", "a/b.wav")),
        ("https://example.org/a.wav", None),
        ("s3://clinic", None),
    ],
)
def test_the_recording_is_found_by_each_form_of_its_uri(uri, place):
    assert jobs.media(REQUEST | {"Media": {"MediaFileUri": uri}}) == place


def job(name, created, status=jobs.COMPLETED, **more):
    return Job("000000000000", "us-east-1", REQUEST | {"MedicalTranscriptionJobName": name}, created, status, **more)


def service(*remembered, now=100.0):
    made = Service(cloud=None, recogniser=None, temporary=Path(), clock=lambda: now)
    for one in remembered:
        made.store.jobs.put(one)
    return made


def names(answer):
    return [line["MedicalTranscriptionJobName"] for line in answer["MedicalTranscriptionJobSummaries"]]


def listed(made, **request):
    return made.answer("ListMedicalTranscriptionJobs", CALLER, request)


def test_jobs_are_listed_newest_first_and_five_a_page():
    made = service(*(job(f"j{n}", created=float(n)) for n in range(7)))
    first = listed(made)
    assert names(first) == ["j6", "j5", "j4", "j3", "j2"]
    second = listed(made, NextToken=first["NextToken"])
    assert names(second) == ["j1", "j0"]
    assert "NextToken" not in second


def test_a_job_that_starts_between_two_pages_does_not_shift_the_list():
    made = service(*(job(f"j{n}", created=float(n)) for n in range(6)))
    token = listed(made)["NextToken"]
    made.store.jobs.put(job("new", created=9.0))
    assert names(listed(made, NextToken=token)) == ["j0"]


def test_jobs_of_the_same_moment_are_all_listed():
    made = service(*(job(f"j{n}", created=1.0) for n in range(9)))
    seen, token = [], {}
    while True:
        page = listed(made, MaxResults=2, **token)
        seen += names(page)
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sorted(seen) == [f"j{n}" for n in range(9)]


def test_jobs_are_listed_by_status_and_by_part_of_their_name():
    made = service(job("Clinic-a", 1.0), job("clinic-b", 2.0, jobs.FAILED, reason="no"), job("other", 3.0))
    assert names(listed(made, JobNameContains="CLINIC")) == ["clinic-b", "Clinic-a"]
    failed = listed(made, Status="FAILED")
    assert names(failed) == ["clinic-b"]
    assert failed["Status"] == "FAILED"
    assert failed["MedicalTranscriptionJobSummaries"][0]["FailureReason"] == "no"


def test_another_account_or_region_sees_no_jobs():
    made = service(job("j", 1.0))
    for caller in (Caller("111111111111", "us-east-1", ""), Caller("000000000000", "eu-west-1", "")):
        assert names(made.answer("ListMedicalTranscriptionJobs", caller, {})) == []


@pytest.mark.parametrize("token", ["nonsense", "bm9uc2Vuc2U=", "W10="])
def test_a_forged_token_is_refused(token):
    with pytest.raises(Refused, match="NextToken"):
        listed(service(job("j", 1.0)), NextToken=token)


def test_a_stored_job_is_read_back_unchanged(tmp_path):
    done = job("j", 1.0, finished=2.0, format="wav", sample_rate=16000)
    JobStore(tmp_path / "journal").jobs.put(done)
    assert list(JobStore(tmp_path / "journal").jobs) == [done]


def test_a_deleted_job_stays_deleted(tmp_path):
    store = JobStore(tmp_path / "journal")
    for name in ("a", "b"):
        store.jobs.put(job(name, 1.0))
    store.jobs.delete(job("a", 1.0))
    assert [one.name for one in JobStore(tmp_path / "journal").jobs] == ["b"]


def test_an_incomplete_last_line_of_the_journal_is_ignored(tmp_path):
    JobStore(tmp_path / "journal").jobs.put(job("whole", 1.0))
    with (tmp_path / "journal").open("a") as journal:
        journal.write('{"kind": "Job", "acc')
    assert [one.name for one in JobStore(tmp_path / "journal").jobs] == ["whole"]
    JobStore(tmp_path / "journal").jobs.put(job("next", 1.0))
    assert [one.name for one in JobStore(tmp_path / "journal").jobs] == ["whole", "next"]


def test_the_service_keeps_a_job_for_ninety_days():
    made = service(job("old", 1.0), job("young", 2.0), now=1.5 + KEPT_SECONDS)
    assert names(listed(made)) == ["young"]
    with pytest.raises(Refused, match="couldn't be found"):
        made.answer("GetMedicalTranscriptionJob", CALLER, {"MedicalTranscriptionJobName": "old"})


def test_a_failed_job_has_a_reason_and_no_transcript():
    described = jobs.described(job("j", 1.0, jobs.FAILED, finished=2.0, reason="Unsupported media format."))
    assert described["Transcript"] == {}
    assert described["FailureReason"] == "Unsupported media format."
    assert described["Settings"] == {"ChannelIdentification": False, "ShowAlternatives": False}
