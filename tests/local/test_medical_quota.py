"""The quota of jobs at once, on a service whose recogniser never finishes."""

import asyncio

import pytest

from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.fault_injection import CONCURRENT_JOBS
from local.transcribe_medical.request_validation import Refused
from local.transcribe_medical.service import Service

CALLER = Caller("000000000000", "us-east-1", "test")


class Permissive:
    """Surroundings in which everything exists and everybody may do everything."""

    def region_of(self, _bucket):
        return CALLER.region

    def __getattr__(self, _question):
        return lambda *_asked, **_how: True


class Listening:
    async def recognise(self, _order):
        await asyncio.Event().wait()


def request(number):
    return {
        "MedicalTranscriptionJobName": f"job-{number}",
        "LanguageCode": "en-US",
        "Media": {"MediaFileUri": "s3://clinic/a.wav"},
        "OutputBucketName": "work",
        "Specialty": "PRIMARYCARE",
        "Type": "DICTATION",
    }


def test_one_job_more_than_the_quota_is_refused_and_another_account_has_its_own(tmp_path):
    async def starting():
        service = Service(Permissive(), Listening(), temporary=tmp_path)
        for number in range(CONCURRENT_JOBS):
            service.answer("StartMedicalTranscriptionJob", CALLER, request(number))
        with pytest.raises(Refused) as refused:
            service.answer("StartMedicalTranscriptionJob", CALLER, request("too-many"))
        elsewhere = Caller("111111111111", CALLER.region, CALLER.access_key)
        service.answer("StartMedicalTranscriptionJob", elsewhere, request("elsewhere"))
        service.pause()
        return refused.value.code

    assert asyncio.run(starting()) == "LimitExceededException"
