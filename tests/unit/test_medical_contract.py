"""Every limit of the service model, at the last valid value and the first invalid one."""

import re

import pytest
from botocore.model import ListShape, MapShape, StructureShape

from local.transcribe_medical import request_validation
from local.transcribe_medical.request_validation import Refused
from tests.medical_service import OPERATIONS, create, model, start

ARN = "arn:aws:transcribe:us-east-1:000000000000:medical-vocabulary/"
SMALLEST = {
    "StartMedicalTranscriptionJob": {name: value for name, value in start().items() if name != "OutputKey"},
    "GetMedicalTranscriptionJob": {"MedicalTranscriptionJobName": "job"},
    "ListMedicalTranscriptionJobs": {},
    "DeleteMedicalTranscriptionJob": {"MedicalTranscriptionJobName": "job"},
    "CreateMedicalVocabulary": create(),
    "GetMedicalVocabulary": {"VocabularyName": "drugs"},
    "ListMedicalVocabularies": {},
    "UpdateMedicalVocabulary": create(),
    "DeleteMedicalVocabulary": {"VocabularyName": "drugs"},
    "TagResource": {"ResourceArn": f"{ARN}drugs", "Tags": [{"Key": "ward", "Value": "3"}]},
    "UntagResource": {"ResourceArn": f"{ARN}drugs", "TagKeys": ["ward"]},
    "ListTagsForResource": {"ResourceArn": f"{ARN}drugs"},
}

# For each pattern of the model: a function that makes a matching text of a given length, and texts that do not match.
PATTERNS = {
    "^[0-9a-zA-Z._-]+": (lambda n: "a" * n, ["a b", "a/b", "ä", "a:b", "a%b"]),
    "(s3://|http(s*)://).+": (lambda n: "s3://b/".ljust(n, "k"), ["ftp://a/b", "a/b", "s3:/a"]),
    r"[a-z0-9][\.\-a-z0-9]{1,61}[a-z0-9]": (lambda n: "b" * n, ["Clinic", "s3://clinic", "-ab", "ab", "a_b"]),
    "[a-zA-Z0-9-_.!*'()/]{1,1024}$": (lambda n: "k" * n, ["a b", "a%20b", "a+b", "a=b", "ü"]),
    "^[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,2048}$": (lambda n: "k" * n, ["-k", "k k", "k!"]),
    r"^[\x20-\x7E]+$": (lambda n: "v" * n, ["ä", "a\tb"]),
    ".+": (lambda n: "t" * n, ["a\nb"]),
    r"arn:aws(-[^:]+)?:transcribe:[a-zA-Z0-9-]*:[0-9]{12}:[a-zA-Z-]*/[0-9a-zA-Z._-]+": (
        lambda n: ARN.ljust(n, "a"),
        [ARN, "arn:aws:s3:::clinic", ARN.replace("000000000000", "1") + "a"],
    ),
}
# Rules that are narrower than the model: the bucket's pattern, and the guide's rules on tags.
MOST = {"OutputBucketName": 63, "Tags": 50}
ONLY = {"LanguageCode": ["en-US"]}
SHORTEST = {"OutputBucketName": 3, "MediaFileUri": 7, "RedactedMediaFileUri": 7, "VocabularyFileUri": 7}
# Other members that the service needs beside this one.
COMPANIONS = {
    "MaxSpeakerLabels": {"ShowSpeakerLabels": True},
    "MaxAlternatives": {"ShowAlternatives": True},
    "KMSEncryptionContext": {"OutputEncryptionKMSKeyId": "alias/clinic"},
}
NEVER_ACCEPTED = ("RedactedMediaFileUri",)  # belongs to another API that shares the shape


def values(name, shape):
    """The last values inside a shape's limits and the first ones outside them."""
    limits = shape.metadata
    if "enum" in limits:
        return ONLY.get(name, limits["enum"]), ["", "none-of-these", limits["enum"][0].swapcase()]
    if shape.type_name == "integer":
        return [limits["min"], limits["max"]], [limits["min"] - 1, limits["max"] + 1]
    least, most = SHORTEST.get(name, limits.get("min")), MOST.get(name, limits.get("max"))
    if shape.type_name == "string":
        make, wrong = PATTERNS.get(limits.get("pattern"), (lambda n: "x" * n, []))
        inside = [make(n) for n in (least, most) if n and len(make(n)) == n]
        return inside, [*wrong, *([make(most + 1)] if most else []), *([""] if limits.get("min") else [])]
    inside = [sized(shape, n) for n in (least, most) if n]
    return inside, [sized(shape, most + 1), *([sized(shape, 0)] if least else [])]


def sized(shape, n):
    """A list or map with so many entries, no two alike."""
    if isinstance(shape, MapShape):
        return {f"k{number}": "v" for number in range(n)}
    if isinstance(shape.member, StructureShape):
        return [{"Key": f"k{number}", "Value": "v"} for number in range(n)]
    return [f"k{number}" for number in range(n)]


def cases(shape, place=lambda value: value):
    """For each constrained member below a shape: its name, and a function that puts a value there into a request."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            within = lambda value, name=name: {name: value, **COMPANIONS.get(name, {})}  # noqa: E731  # a step of a path
            put = lambda value, within=within: place(within(value))  # noqa: E731
            if {"min", "max", "pattern", "enum"} & set(member.metadata):
                yield name, member, put
            yield from cases(member, put)
    elif isinstance(shape, ListShape):
        whole = (lambda value: {"Key": "k", "Value": "v", **value}) if shape.member.type_name == "structure" else None
        put = lambda value: place([whole(value) if whole else value])  # noqa: E731
        if not whole:
            yield "member", shape.member, put
        yield from cases(shape.member, put)
    elif isinstance(shape, MapShape):
        yield "key", shape.key, lambda value: place({value: "v"})
        yield "value", shape.value, lambda value: place({"k": value})


CASES = [
    pytest.param(operation, name, member, put, id=f"{operation}-{name}")
    for operation in OPERATIONS
    for name, member, put in cases(model().operation_model(operation).input_shape)
]


def merged(operation, more):
    """The smallest valid request with other members merged into it."""
    request = {**SMALLEST[operation], **more}
    for name in ("Media", "Settings"):
        if isinstance(more.get(name), dict):
            request[name] = {**SMALLEST[operation].get(name, {}), **more[name]}
    return request


@pytest.mark.parametrize(("operation", "name", "member", "put"), CASES)
def test_the_last_values_inside_a_limit_are_accepted(operation, name, member, put):
    for value in values(name, member)[0]:
        request = merged(operation, put(value))
        if name in NEVER_ACCEPTED:
            with pytest.raises(Refused, match="Call Analytics"):
                request_validation.check(operation, request)
        else:
            request_validation.check(operation, request)


@pytest.mark.parametrize(("operation", "name", "member", "put"), CASES)
def test_the_first_values_outside_a_limit_are_bad_requests(operation, name, member, put):
    outside = values(name, member)[1]
    assert outside
    for value in outside:
        with pytest.raises(Refused) as refused:
            request_validation.check(operation, merged(operation, put(value)))
        assert (refused.value.code, refused.value.status) == ("BadRequestException", 400), value


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_error_names_each_missing_required_member(operation):
    request_validation.check(operation, SMALLEST[operation])
    for name in model().operation_model(operation).input_shape.required_members:
        request = {member: value for member, value in SMALLEST[operation].items() if member != name}
        with pytest.raises(Refused, match=rf"Value null at '{name[0].lower()}{name[1:]}' failed to satisfy"):
            request_validation.check(operation, request)


def test_every_pattern_of_the_model_is_tested():
    patterns = {case.values[2].metadata.get("pattern") for case in CASES} - {None}
    assert patterns == set(PATTERNS)
    for pattern, (make, wrong) in PATTERNS.items():
        assert re.fullmatch(pattern, make(63))
        assert not [text for text in wrong if re.fullmatch(pattern, text)]


def test_every_limit_of_the_model_is_tested():
    assert len(CASES) == 50
    assert all(inside and outside for _id, inside, outside in tried())


def tried():
    for case in CASES:
        _operation, name, member, _put = case.values
        yield case.id, *values(name, member)
