"""Transcribe Medical alone, with a cloud around it that tests can inspect, and a check of answers against its model."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.recogniser import RecognitionFailed
from local.transcribe_medical.recognition import RecognitionResult, Word
from local.transcribe_medical.s3_locations import S3Location
from local.transcribe_medical.service import Service

CALLER = Caller("000000000000", "us-east-1", "test")
TABLE = "Phrase\tIPA\tSoundsLike\tDisplayAs\nmetoprolol\t\t\tMetoprolol\n"
OPERATIONS = (
    "StartMedicalTranscriptionJob",
    "GetMedicalTranscriptionJob",
    "ListMedicalTranscriptionJobs",
    "DeleteMedicalTranscriptionJob",
    "CreateMedicalVocabulary",
    "GetMedicalVocabulary",
    "ListMedicalVocabularies",
    "UpdateMedicalVocabulary",
    "DeleteMedicalVocabulary",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
)


class Cloud:
    """Buckets in memory, permission for everything except `refused`, and every published event."""

    endpoint = "http://127.0.0.1:4566"

    def __init__(self, **objects):
        self.objects = {S3Location(*name.split("/", 1)): content for name, content in objects.items()}
        self.regions = {"clinic": "us-east-1", "work": "us-east-1", "abroad": "eu-west-1"}
        self.refused = set()
        self.events = []
        self.announced = []

    def may_read(self, _caller, _place):
        return "read" not in self.refused

    def may_write(self, _caller, _place, _encryption):
        return "write" not in self.refused

    def may_encrypt(self, _caller, _place, _encryption):
        return "encrypt" not in self.refused

    def may_tag(self, _caller, _tags, _context):
        return "tag" not in self.refused

    def region_of(self, bucket):
        return self.regions.get(bucket)

    def size_of(self, place):
        return len(self.objects[place]) if place in self.objects else None

    def fetch(self, _account, place, to):
        if place in self.objects:
            to.write_bytes(self.objects[place])
        return place in self.objects

    def write(self, _job, place, content, _encryption, *, tellings=1):
        self.objects[place] = content
        self.announced += [place] * tellings
        return True

    def tell(self, _job, detail):
        self.events.append(detail)


class Recognisers:
    """A recogniser that keeps every order and always returns the same words.

    A file with the content `bad` is unusable.
    """

    def __init__(self):
        self.orders = []

    async def hear(self, order):
        self.orders.append(order)
        await asyncio.sleep(0)
        if Path(order.audio).read_bytes() == b"bad":  # noqa: ASYNC240  # three bytes
            raise RecognitionFailed("Unsupported media format.")
        return RecognitionResult("wav", 16000, 1.0, 1, (Word("Hello", 0.0, 0.5, 0.9, "."),))


class ServiceHarness:
    """One service and its surroundings. `close` deletes `temporary`."""

    def __init__(self, **settings):
        self.temporary = Path(tempfile.mkdtemp())
        self.cloud = Cloud(**{"clinic/a.wav": b"RIFF", "clinic/bad.wav": b"bad", "clinic/terms.txt": TABLE.encode()})
        self.ears = Recognisers()
        self.due = []
        self.service = Service(
            self.cloud,
            self.ears,
            temporary=self.temporary,
            later=lambda _seconds, call: self.due.append(call),
            **settings,
        )

    def ask(self, operation, caller=CALLER, **request):
        return self.service.answer(operation, caller, request)

    def pass_time(self):
        """Run everything that was scheduled for later."""
        while self.due:
            self.due.pop(0)()

    def close(self):
        shutil.rmtree(self.temporary)


def start(name="job-1", media="a.wav", **more):
    """A request that starts a job."""
    return {
        "MedicalTranscriptionJobName": name,
        "LanguageCode": "en-US",
        "Media": {"MediaFileUri": f"s3://clinic/{media}"},
        "OutputBucketName": "work",
        "OutputKey": f"raw/{name}.json",
        "Specialty": "PRIMARYCARE",
        "Type": "DICTATION",
        **more,
    }


def create(name="drugs", file="terms.txt", **more):
    """A request that creates, or updates, a vocabulary."""
    uri = f"s3://clinic/{file}"
    return {"VocabularyName": name, "LanguageCode": "en-US", "VocabularyFileUri": uri, **more}


@cache
def model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("transcribe", "service-2"), "transcribe")


def unknown(operation: str, answer: Mapping) -> list[str]:
    """The members of an answer that the model does not have, or has with another type."""
    shape = model().operation_model(operation).output_shape
    return list(_unknown(shape, answer, operation)) if shape else [operation] if answer else []


_TYPES = {"string": str, "integer": int, "boolean": bool, "timestamp": (int, float), "list": list, "map": dict}


def _unknown(shape: Shape, value: object, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, inner in value.items():
            if name not in shape.members:
                yield f"{path}.{name}"
            else:
                yield from _unknown(shape.members[name], inner, f"{path}.{name}")
    elif not isinstance(value, _TYPES[shape.type_name]):
        yield f"{path} is no {shape.type_name}"
    elif isinstance(shape, ListShape):
        for inner in value:
            yield from _unknown(shape.member, inner, f"{path}[]")
    elif isinstance(shape, MapShape):
        for inner in value.values():
            yield from _unknown(shape.value, inner, f"{path}{{}}")
    elif "enum" in shape.metadata and value not in shape.metadata["enum"]:
        yield f"{path} is {value}"
