"""The quota of concurrent jobs, on a service whose recogniser never finishes."""

import asyncio

import pytest

from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.fault_injection import CONCURRENT_JOBS
from local.transcribe_medical.request_validation import Refused
from local.transcribe_medical.service import Service

CALLER = Caller("000000000000", "us-east-1", "test")


class Permissive:
    """A cloud in which everything exists and every caller has every permission."""

    def region_of(self, _bucket):
        return CALLER.region

    def __getattr__(self, _question):
        return lambda *_asked, **_how: True


class BusyRecogniser:
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


def test_a_job_above_the_quota_is_refused_and_another_account_has_its_own_quota(tmp_path):
    async def starting():
        service = Service(Permissive(), BusyRecogniser(), temporary=tmp_path)
        for number in range(CONCURRENT_JOBS):
            service.answer("StartMedicalTranscriptionJob", CALLER, request(number))
        with pytest.raises(Refused) as refused:
            service.answer("StartMedicalTranscriptionJob", CALLER, request("too-many"))
        elsewhere = Caller("111111111111", CALLER.region, CALLER.access_key)
        service.answer("StartMedicalTranscriptionJob", elsewhere, request("elsewhere"))
        service.pause()
        return refused.value.code

    assert asyncio.run(starting()) == "LimitExceededException"
