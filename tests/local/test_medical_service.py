"""The service alone: its answers, its stored state, and two hundred jobs with injected faults."""

import asyncio

import pytest

from local.recogniser import Term
from local.transcribe_medical.fault_injection import FaultInjection, FaultRates
from local.transcribe_medical.job_store import JobStore
from local.transcribe_medical.request_validation import Refused
from local.transcribe_medical.s3_locations import S3Location
from tests.medical_service import CALLER, OPERATIONS, ServiceHarness, create, start, unknown

ARN = "arn:aws:transcribe:us-east-1:000000000000:"


@pytest.fixture
def harnesses():
    """Make service harnesses, and close them afterwards."""
    made = []

    def making(**settings):
        made.append(ServiceHarness(**settings))
        return made[-1]

    yield making
    for harness in made:
        harness.close()


async def ended(harness, *names):
    """Wait until jobs have ended, and return their statuses."""
    while True:
        statuses = [harness.service.store.jobs.find(CALLER, name).status for name in names]
        if "IN_PROGRESS" not in statuses:
            return statuses
        await asyncio.sleep(0.005)


class Checked:
    """A client that checks every answer against the model, and records its calls."""

    def __init__(self, harness):
        self.harness = harness
        self.asked = set()

    def __call__(self, operation, **request):
        answer = self.harness.ask(operation, **request)
        assert unknown(operation, answer) == []
        self.asked.add(operation)
        return answer


def test_every_answer_matches_the_model(harnesses):
    harness = harnesses(events_per_job=1)
    ask = Checked(harness)

    async def a_day():
        for name, file in (("good", "terms.txt"), ("bad", "a.wav")):
            ask("CreateMedicalVocabulary", **create(name, file, Tags=[{"Key": "ward", "Value": ""}]))
            ask("GetMedicalVocabulary", VocabularyName=name)
        harness.pass_time()
        ask("UpdateMedicalVocabulary", **create("bad", "a.wav"))
        harness.pass_time()
        settings = {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 2, "VocabularyName": "good"}
        more = {"Settings": settings, "ContentIdentificationType": "PHI", "Tags": [{"Key": "a", "Value": "b"}]}
        for name, media in (("job-1", "a.wav"), ("job-2", "bad.wav")):
            ask("StartMedicalTranscriptionJob", **start(name, media, **more))
            ask("GetMedicalTranscriptionJob", MedicalTranscriptionJobName=name)
        assert await ended(harness, "job-1", "job-2") == ["COMPLETED", "FAILED"]

    asyncio.run(a_day())
    for arn in ("medical-vocabulary/good", "medical-transcription-job/job-1"):
        ask("TagResource", ResourceArn=ARN + arn, Tags=[{"Key": "floor", "Value": "3"}])
        ask("ListTagsForResource", ResourceArn=ARN + arn)
        ask("UntagResource", ResourceArn=ARN + arn, TagKeys=["floor", "ward", "a"])
        ask("ListTagsForResource", ResourceArn=ARN + arn)
    for status in (None, "FAILED"):
        ask("ListMedicalVocabularies", StateEquals=status, MaxResults=1)
        ask("ListMedicalTranscriptionJobs", Status=status, MaxResults=1)
    for name in ("job-1", "job-2"):
        ask("GetMedicalTranscriptionJob", MedicalTranscriptionJobName=name)
        ask("DeleteMedicalTranscriptionJob", MedicalTranscriptionJobName=name)
    for name in ("good", "bad"):
        ask("GetMedicalVocabulary", VocabularyName=name)
        ask("DeleteMedicalVocabulary", VocabularyName=name)
    assert ask.asked == set(OPERATIONS)


def test_the_recogniser_gets_a_job_s_vocabulary_and_settings(harnesses):
    harness = harnesses()
    harness.ask("CreateMedicalVocabulary", **create())
    harness.pass_time()

    async def working():
        settings = {"VocabularyName": "drugs", "ShowAlternatives": True, "MaxAlternatives": 3}
        more = {"Settings": settings, "ContentIdentificationType": "PHI", "MediaFormat": "wav"}
        harness.ask("StartMedicalTranscriptionJob", **start(**more))
        await ended(harness, "job-1")

    asyncio.run(working())
    [request] = harness.recogniser.requests
    assert request.vocabulary == (Term("metoprolol", "Metoprolol"),)
    assert (request.alternatives, request.entities, request.format, request.channels) == (3, True, "wav", False)


def test_tags_added_during_a_job_are_kept(harnesses):
    harness = harnesses()

    async def working():
        harness.ask("StartMedicalTranscriptionJob", **start())
        arn = f"{ARN}medical-transcription-job/job-1"
        harness.ask("TagResource", ResourceArn=arn, Tags=[{"Key": "ward", "Value": "3"}])
        await ended(harness, "job-1")

    asyncio.run(working())
    job = harness.ask("GetMedicalTranscriptionJob", MedicalTranscriptionJobName="job-1")["MedicalTranscriptionJob"]
    assert job["Tags"] == [{"Key": "ward", "Value": "3"}]


def test_the_next_run_continues_jobs_in_progress(harnesses, tmp_path):
    first = harnesses(store=JobStore(tmp_path / "journal"))
    first.ask("CreateMedicalVocabulary", **create())

    async def interrupted():
        first.ask("StartMedicalTranscriptionJob", **start("with-words"))
        first.service.pause()

    asyncio.run(interrupted())
    second = harnesses(store=JobStore(tmp_path / "journal"))

    async def resumed():
        second.service.resume()
        return await ended(second, "with-words")

    assert asyncio.run(resumed()) == ["COMPLETED"]
    assert second.ask("GetMedicalVocabulary", VocabularyName="drugs")["VocabularyState"] == "READY"
    assert second.cloud.objects[S3Location("work", "raw/with-words.json")]


def test_a_job_without_its_vocabulary_fails_after_a_restart(harnesses, tmp_path):
    first = harnesses(store=JobStore(tmp_path / "journal"))
    first.ask("CreateMedicalVocabulary", **create())
    first.pass_time()

    async def interrupted():
        first.ask("StartMedicalTranscriptionJob", **start(Settings={"VocabularyName": "drugs"}))
        first.ask("DeleteMedicalVocabulary", VocabularyName="drugs")
        first.service.pause()

    asyncio.run(interrupted())
    second = harnesses(store=JobStore(tmp_path / "journal"))

    async def resumed():
        second.service.resume()

    asyncio.run(resumed())
    job = second.ask("GetMedicalTranscriptionJob", MedicalTranscriptionJobName="job-1")["MedicalTranscriptionJob"]
    assert job["TranscriptionJobStatus"] == "FAILED"
    assert "vocabulary couldn't be found" in job["FailureReason"]


def test_only_slow_jobs_are_delayed(harnesses):
    harness = harnesses(faults=FaultInjection(FaultRates(slow_jobs=0.5, slow_seconds=0.3, seed=1)))
    names = [f"job-{n}" for n in range(12)]

    async def working():
        for name in names:
            harness.ask("StartMedicalTranscriptionJob", **start(name))
        await asyncio.sleep(0.15)
        early = [harness.service.store.jobs.find(CALLER, name).status for name in names]
        await ended(harness, *names)
        return early

    early = asyncio.run(working())
    assert {"IN_PROGRESS", "COMPLETED"} == set(early)
    slow = [name for name in names if harness.service.faults.delay(name)]
    assert slow == [name for name, status in zip(names, early, strict=True) if status == "IN_PROGRESS"]


def test_two_hundred_jobs_with_faults_all_end_once(harnesses):
    """A client that only retries. It finds by name the jobs whose start answer was lost."""
    fault_rates = FaultRates(
        seed=7, concurrent_jobs=5, limit_exceeded=0.1, fails_before=0.1, fails_after=0.1, slow_jobs=0.2,
        slow_seconds=0.05, lost_events=0.2, doubled_events=0.2,
    )  # fmt: skip
    harness = harnesses(faults=FaultInjection(fault_rates), events_per_job=1)
    names = [f"job-{n}" for n in range(200)]
    refusals = []

    async def client(name):
        while True:
            try:
                harness.ask("StartMedicalTranscriptionJob", **start(name))
            except Refused as refused:
                refusals.append(refused.code)
                if refused.code == "ConflictException":
                    return
                await asyncio.sleep(0.01)
            else:
                return

    async def working():
        most = 0
        clients = asyncio.gather(*map(client, names))
        while not clients.done():
            most = max(most, sum(job.status == "IN_PROGRESS" for job in harness.service.store.jobs))
            await asyncio.sleep(0)
        await ended(harness, *names)
        return most

    assert asyncio.run(working()) == 5
    written = [place.key for place in harness.cloud.objects if place.bucket == "work" and place.key.endswith(".json")]
    orders = len(harness.recogniser.requests)
    assert (sorted(written), orders) == (sorted(f"raw/{name}.json" for name in names), 200)
    assert {"LimitExceededException", "InternalFailureException", "ConflictException"} == set(refusals)
    events = [detail["MedicalTranscriptionJobName"] for detail in harness.cloud.events]
    assert 0 < len(set(names) - set(events)) < 200
    assert max(map(events.count, set(events))) == 2
