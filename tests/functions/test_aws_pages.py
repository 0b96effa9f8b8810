"""Lists of AWS are read to their end, and S3's lists of keys as S3 encodes them: by one helper, and nowhere else."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.paginate import PaginatorModel

from adapters import aws_pages
from adapters.aws_pages import ONWARD, onward, pages, pages_of_key
from tests.functions.fakes import INTAKE

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("lambdas", "operations") for path in (ROOT / folder).rglob("*.py"))
SESSION = boto3.Session("testing", "testing", region_name="us-east-1")
LOADER = Loader()
NEXT = re.compile(r"(Next)?(Continuation)?(Token|Marker)|LastEvaluatedKey|Next\w+Marker", re.IGNORECASE)
ONE_ANSWER = {
    ("operations/deployment.py", "describe_stacks"): "names one stack",
    ("operations/doctor/check_events.py", "describe_stacks"): "names one stack",
    ("operations/smoke/checks.py", "list_tags_for_resource"): "Transcribe answers all of a job's tags at once",
    ("operations/importing/__init__.py", "describe_change_set"): "only its pages of changes go on, which nobody reads",
}
ODD_KEYS = ["a\x01b", "a\nb", "a b+c%2B", "🩺\x7f", "é" * 512, "a&<b>\"'\r\t"]


@cache
def lists() -> dict[str, set[str]]:
    """By operation that AWS may answer in pages: the services, of those that the sources name, that have it."""
    named = re.compile(r"client\(\"([a-z0-9-]+)\"")
    services = {name for path in SOURCES for name in named.findall(path.read_text(encoding="utf-8"))}
    found: dict[str, set[str]] = {}
    for service in services:
        model = SESSION.client(service).meta.service_model
        for name in model.operation_names:
            output = model.operation_model(name).output_shape
            if output and any(NEXT.fullmatch(member) for member in output.members):
                found.setdefault(xform_name(name), set()).add(service)
    return found


def faults(name: str, source: str) -> Iterator[str]:
    """Lists that a source reads past the helper."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in lists() and (name, node.attr) not in ONE_ANSWER:
            yield f"{name}:{node.lineno}: {node.attr}"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("get_paginator"):
            (listed,) = node.args
            if not isinstance(listed, ast.Constant) or "s3" in lists()[str(listed.value)]:
                yield f"{name}:{node.lineno}: get_paginator"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_list_is_read_by_pages(path):
    name = str(path.relative_to(ROOT))
    assert not list(faults(name, path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "source",
    [
        's3.list_multipart_uploads(Bucket="b")',
        'client("sqs").list_queues()',
        "unless_denied(lambda: dynamodb.query(TableName=table))",
        "ask(s3.list_parts, Bucket=bucket)",
        'client("s3").get_paginator("list_object_versions")',
        "client.get_paginator(call)",
        "transcribe.list_medical_transcription_jobs()",
    ],
)
def test_a_list_that_is_read_past_the_helper_is_found(source):
    assert list(faults("operations/new.py", source))


def test_no_exception_outlives_its_call():
    for name, call in ONE_ANSWER:
        assert f".{call}(" in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("operation", ONWARD)
def test_each_list_goes_on_as_its_service_s_model_says(operation):
    (service,) = lists()[operation]
    client = SESSION.client(service)
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    assert set(ONWARD[operation]) <= set(model.input_shape.members)
    assert set(ONWARD[operation].values()) <= set(model.output_shape.members)
    if client.can_paginate(operation):
        following = PaginatorModel(LOADER.load_service_model(service, "paginators-1")).get_paginator(
            client.meta.method_to_api_mapping[operation]
        )
        given, answered = (
            [each] if isinstance(each, str) else each for each in (following["input_token"], following["output_token"])
        )
        assert dict(zip(given, answered, strict=True)) == dict(ONWARD[operation])


# --- keys ---


def answering(bodies: list[str]) -> tuple[Any, list[str]]:
    """An S3 client whose calls are answered by these bodies, and the addresses that it asks."""
    asked: list[str] = []
    s3 = SESSION.client("s3")

    def answer(request: Any, **_more: Any) -> AWSResponse:
        asked.append(request.url)
        return Answer(request.url, bodies.pop(0))

    s3.meta.events.register("before-send.s3", answer)
    return s3, asked


class Answer(AWSResponse):
    """What S3 answers, without a socket."""

    def __init__(self, url: str, body: str) -> None:
        super().__init__(url, 200, {"Content-Type": "application/xml"}, None)
        self._content = body.encode()


def uploads(keys: list[str], following: str = "") -> str:
    """A page of unfinished uploads, with keys as S3 encodes them."""
    onward = (
        f"<IsTruncated>true</IsTruncated><NextKeyMarker>{following}</NextKeyMarker>"
        if following
        else ("<IsTruncated>false</IsTruncated><NextKeyMarker>a</NextKeyMarker>")
    )
    listed = "".join(f"<Upload><Key>{quote_plus(key)}</Key><UploadId>{key[:1]}</UploadId></Upload>" for key in keys)
    return f"<R><EncodingType>url</EncodingType>{onward}<NextUploadIdMarker>u</NextUploadIdMarker>{listed}</R>"


def versions(keys: list[str]) -> str:
    listed = "".join(f"<Version><Key>{quote_plus(key)}</Key></Version>" for key in keys)
    return f"<R><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{listed}</R>"


def objects(keys: list[str]) -> str:
    return versions(keys).replace("Version>", "Contents>")


S3_LISTS = {
    "list_multipart_uploads": (uploads, "Uploads"),
    "list_object_versions": (versions, "Versions"),
    "list_objects_v2": (objects, "Contents"),
}


def test_every_list_of_keys_is_tried_here():
    assert set(S3_LISTS) == {operation for operation in ONWARD if "s3" in lists()[operation]}


@pytest.mark.parametrize("operation", S3_LISTS)
def test_keys_are_asked_for_encoded_and_come_back_as_they_were_uploaded(operation):
    body, member = S3_LISTS[operation]
    s3, asked = answering([body(ODD_KEYS)])
    (page,) = pages(s3, operation, Bucket="b", Prefix="a\x01")
    assert "encoding-type=url" in asked[0]
    assert [each["Key"] for each in page[member]] == ODD_KEYS


def test_an_answer_that_is_not_encoded_is_left_as_it_is():
    s3, _ = answering([uploads(["a%2Bb"]).replace("<EncodingType>url</EncodingType>", "").replace("%25", "%")])
    (page,) = pages(s3, "list_multipart_uploads", Bucket="b")
    assert page["Uploads"][0]["Key"] == "a%2Bb"


def test_a_list_goes_on_behind_the_last_key_of_a_page_whatever_its_characters():
    s3, asked = answering([uploads(["a"], quote_plus("a\x01+%")), uploads(["b"])])
    assert [each["Key"] for page in pages(s3, "list_multipart_uploads", Bucket="b") for each in page["Uploads"]] == [
        "a",
        "b",
    ]
    assert "key-marker=a%01%2B%25" in asked[1]
    assert "upload-id-marker=u" in asked[1]


def test_more_than_a_page_of_versions_of_odd_keys_comes_back_whole(pipeline):
    longest = "🩺" * 255 + "é" * 2  # 1,024 bytes
    keys = [*ODD_KEYS, longest, *(f"many/{number}" for number in range(1000))]
    for key in keys:
        pipeline.s3.put_object(Bucket=INTAKE, Key=key, Body=b"")
    listed = list(pages(pipeline.s3, "list_object_versions", Bucket=INTAKE))
    assert len(listed) == 2
    assert sorted(each["Key"] for page in listed for each in page["Versions"]) == sorted(keys)


class Bucket:
    """Thousands of versions and uploads under a key and under longer ones, in pages of 1,000."""

    def __init__(self, own: int, longer: int) -> None:
        self.all = [("k", f"{number:06}") for number in range(own)] + [(f"k\x01{n:06}", "") for n in range(longer)]
        self.calls = 0

    def list_multipart_uploads(self, **asked: Any) -> Any:
        after = asked.get("KeyMarker", ""), asked.get("UploadIdMarker", "")
        self.calls += 1
        rest = [each for each in self.all if each > after and each[0].startswith(asked["Prefix"])]
        page, more = rest[:1000], len(rest) > 1000
        markers = {"NextKeyMarker": page[-1][0], "NextUploadIdMarker": page[-1][1]} if page else {}
        return {"Uploads": [{"Key": key, "UploadId": name} for key, name in page], "IsTruncated": more, **markers}


def test_a_list_of_one_key_has_all_of_it_and_ends_where_longer_keys_begin():
    bucket = Bucket(own=2500, longer=9000)
    listed = [each for page in pages_of_key(bucket, "list_multipart_uploads", key="k") for each in page["Uploads"]]
    assert sum(each["Key"] == "k" for each in listed) == 2500
    assert bucket.calls == 3


def test_the_last_page_asks_for_nothing_more():
    assert onward("list_object_versions", {"IsTruncated": False, "NextKeyMarker": "k"}) == {}
    assert onward("query", {}) == {}


def test_a_marker_that_a_page_lacks_is_not_asked_for_again():
    answers = [{"IsTruncated": True, "NextKeyMarker": "b"}, {"IsTruncated": False}]
    asked: list[dict[str, Any]] = []

    class S3:
        def list_object_versions(self, **given: Any) -> Any:
            asked.append(given)
            return answers.pop(0)

    list(pages(S3(), "list_object_versions", KeyMarker="a", VersionIdMarker="v", Bucket="b"))
    assert asked[1] == {"KeyMarker": "b", "Bucket": "b"}


def test_a_page_that_is_refused_is_not_the_end_of_the_list():
    refusal = ClientError({"Error": {"Code": "SlowDown"}}, "ListObjectVersions")

    class S3:
        def list_object_versions(self, **asked: Any) -> Any:
            if "KeyMarker" in asked:
                raise refusal
            return {"IsTruncated": True, "NextKeyMarker": "k"}

    with pytest.raises(ClientError):
        list(pages(S3(), "list_object_versions"))


def test_the_helper_has_no_list_that_nobody_reads():
    others = [path.read_text(encoding="utf-8") for path in SOURCES if path.stem != aws_pages.__name__]
    assert not [operation for operation in ONWARD if not any(f'"{operation}"' in source for source in others)]
