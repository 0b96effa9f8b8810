"""Notifications and manifests match docs/schemas, checked by another project's validator."""

import json
import re

import pytest

from stethoscript import notifications
from tests import schemas
from tests.sample_rows import BUCKET, ENDS, KEY, ends

SCHEMA = json.loads((schemas.PUBLISHED / "notification-1.0.json").read_text(encoding="utf-8"))
PAGE = schemas.PUBLISHED.parent / "notifications.md"


def mistakes(body):
    return schemas.errors(body, "notification-1.0")


@ends
def test_the_body_matches_its_published_schema(end):
    assert mistakes(notifications.body(end, BUCKET)) == []


@pytest.mark.parametrize("example", SCHEMA["examples"], ids=lambda example: example["status"])
def test_the_schema_s_examples_are_current(example):
    assert mistakes(example) == []


def test_the_page_s_example_of_a_manifest_is_current():
    page = PAGE.read_text(encoding="utf-8")
    (example,) = [block for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if '"documents"' in block]
    assert schemas.errors(json.loads(example), "manifest-1.0") == []


WRONG = {
    "no id": {"id": None},
    "an id of another shape": {"id": "1"},
    "an unknown status": {"status": "DONE"},
    "a time in another form": {"ended": "23 November"},
    "a delivery with a reason": {"reason": {"class": "TooShort", "remedy": "No."}},
    "a failure without one": {"status": "FAILED"},
    "a delivery without documents": {"manifest": ...},
    "a band that is none": {"transcript": {"words": 1, "confidence": "0.9"}},
    "a key beside the manifest's": {"manifest": {"bucket": "b", "key": "k", "source": KEY}},
    "a correlation id that says more": {"correlationId": "Jane Doe"},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
def test_the_schema_rejects_an_impossible_notification(changed):
    body = notifications.body(ENDS["delivered"], BUCKET) | changed
    assert mistakes({name: value for name, value in body.items() if value is not ...})


def test_the_schema_describes_every_member_and_no_other():
    body = [notifications.body(end, BUCKET) for end in ENDS.values()]
    assert set().union(*body) == set(SCHEMA["properties"])
