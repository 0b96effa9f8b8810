"""The pages for deploying and operating are complete, give reasons, and have valid links."""

import json
import re
from pathlib import Path

import pytest

from operations.__main__ import app
from stacks.config import Config
from stethoscript.profiles import SETTINGS
from tests.stacks.policy_evaluator import Request, allowed
from tests.stacks.resolved_templates import ROOT
from tests.stacks.test_config import leaves

DOCS = ROOT / "docs"
PAGE = (DOCS / "deploying.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    under = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"(?m)^\| `.*$", under)]


def test_the_page_lists_only_existing_settings():
    assert {row[0].strip("`") for row in rows("Settings")} == {name for name, _default in leaves(Config)}


def test_the_example_configuration_file_can_be_deployed():
    (example,) = [block for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) if '"profiles"' in block]
    assert Config.read(json.loads(example)).name == "clinic"


def test_every_setting_has_a_description_and_a_reason_for_its_default():
    assert all(len(row) == 4 and row[2] and row[3] for row in rows("Settings"))


def test_every_setting_of_a_profile_is_on_the_page():
    assert {row[0].strip("`") for row in rows("Profiles")} == {*SETTINGS, "documents", "locked"}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_every_link_on_a_page_is_valid(page: Path):
    for target in re.findall(r"\]\((?!https?:)([^)#\s]*)", page.read_text(encoding="utf-8")):
        assert not target or (page.parent / target).exists(), target


def test_the_operators_page_lists_every_command():
    commands = {each.name or each.callback.__name__ for each in app.registered_commands}
    page = (DOCS / "operating.md").read_text(encoding="utf-8")
    listed = page.partition("| command | what it does |")[2].partition("\n\n")[0]
    assert {re.split(r"[ `]", row, maxsplit=1)[0] for row in re.findall(r"(?m)^\| `(.*)$", listed)} == commands


@pytest.mark.parametrize(
    ("action", "what", "may"),
    [
        ("s3:GetObject", "/dictation/ward 3/Jane Doe.wav/job/transcript.txt", True),
        ("s3:GetObject", "/dictation/ward 33/Jane Doe.wav/job/transcript.txt", False),
        ("s3:GetObject", "/2026-11-23/job/manifest.json", False),
        ("s3:PutObject", "/dictation/ward 3/Jane Doe.wav/job/transcript.txt", False),
        ("s3:ListBucket", "", True),
        ("kms:Decrypt", None, True),
    ],
)
def test_a_ward_s_example_policy_reads_only_the_ward_s_documents(deployment, action, what, may):
    (written,) = [block for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) if "ward 3" in block]
    bucket, key = deployment.bucket("transcripts"), str(deployment.one("AWS::KMS::Key").arn)
    names = {"<TranscriptsBucketName>": bucket["BucketName"], "<KeyArn>": key, "<region>": deployment.region}
    for name, value in names.items():
        written = written.replace(name, value)
    context = {
        "s3:prefix": "dictation/ward 3/",
        "kms:ViaService": "s3.us-east-1.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": str(bucket.arn),
    }
    request = Request(action, key if what is None else f"{bucket.arn}{what}", context=context)
    assert allowed(json.loads(written)["Statement"], request) is may
