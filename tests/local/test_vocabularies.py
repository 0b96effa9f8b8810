"""Vocabularies as code: from a table file through the stacks' template to a ready vocabulary."""

import json
import time
import urllib.request
from uuid import uuid4

import aws_cdk as cdk
import pytest

from stacks.config import Config, InvalidConfig
from stacks.vocabularies import FOLDER, Vocabularies, named, tables
from tests.local.deployed import deploy
from tests.medical_service import TABLE

BUCKET = "vocabulary-tables"
LEAST_OF_THE_REST = 900
"""Characters of a function's environment besides profiles and vocabularies, with the longest names."""
PROFILES = {"dictation/": {"type": "DICTATION", "vocabulary_name": "drugs"}, "conversation/": {"type": "CONVERSATION"}}


# --- at synth ---


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "vocabularies"
    path.mkdir()
    (path / "drugs.txt").write_text(TABLE)
    return path


def synthesised(folder, tmp_path, profiles=PROFILES):
    app = cdk.App(outdir=str(tmp_path / "cdk.out"))
    stack = cdk.Stack(app, "clinic-pipeline")
    vocabularies = Vocabularies(stack, "Vocabularies", config=Config(name="clinic", profiles=profiles), folder=folder)
    app.synth()
    template = json.loads((tmp_path / "cdk.out" / "clinic-pipeline.template.json").read_text())
    return vocabularies.names, template.get("Resources", {})


def test_a_profile_s_table_is_deployed_and_its_name_is_in_the_environment(folder, tmp_path):
    names, resources = synthesised(folder, tmp_path)
    [resource] = [each for each in resources.values() if each["Type"] == "AWS::Transcribe::MedicalVocabulary"]
    properties = resource["Properties"]
    assert properties["LanguageCode"] == "en-US"
    assert properties["VocabularyName"].startswith("clinic-drugs-")
    assert names == {"drugs": properties["VocabularyName"]}
    assert "s3://" in properties["VocabularyFileUri"]["Fn::Sub"]


def test_a_table_without_a_profile_is_checked_and_not_deployed(folder, tmp_path):
    plain = {"dictation/": {"type": "DICTATION"}}
    assert not synthesised(folder, tmp_path, plain)[1]
    (folder / "other.txt").write_text("no table")
    with pytest.raises(InvalidConfig, match=r"vocabularies/other.txt is not a valid vocabulary: line 1"):
        synthesised(folder, tmp_path, plain)


@pytest.mark.parametrize(("number", "fits"), [(20, True), (40, False)])
def test_the_number_of_vocabularies_is_limited_by_a_function_s_environment(folder, tmp_path, number, fits):
    stems = [f"medicines-of-ward-{ward:02}" for ward in range(number)]
    for stem in stems:
        (folder / f"{stem}.txt").write_text(TABLE)
    profiles = {f"{stem[-2:]}/": {"vocabulary_name": stem} for stem in stems}
    if fits:
        names, _ = synthesised(folder, tmp_path, profiles)
        taken = {"PROFILES": json.dumps(profiles, sort_keys=True), "VOCABULARIES": json.dumps(names)}
        assert len(names) == number
        assert len(json.dumps(taken)) < 4096 - LEAST_OF_THE_REST
    else:
        with pytest.raises(InvalidConfig, match="vocabularies' names are too long"):
            synthesised(folder, tmp_path, profiles)


def test_different_content_gets_a_different_name(folder):
    [before] = tables(folder, "clinic")
    (folder / "drugs.txt").write_text(TABLE.replace("metoprolol", "bisoprolol"))
    [after] = tables(folder, "clinic")
    assert (before.stem, after.stem) == ("drugs", "drugs")
    assert before.vocabulary_name != after.vocabulary_name


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("drugs.txt", "vocabularies/drugs.txt is not a valid vocabulary: line 3: Phrase may hold"),
        ("my drugs.txt", "vocabularies/my drugs.txt: the file's name must have only letters"),
    ],
)
def test_a_broken_file_is_refused_with_line_and_reason(folder, file, sentence):
    (folder / file).write_text(TABLE + "B12\t\t\t\n")
    with pytest.raises(InvalidConfig) as bad:
        list(tables(folder, "clinic"))
    assert sentence in str(bad.value)


def test_the_error_for_a_name_without_a_file_lists_the_files(folder, tmp_path):
    with pytest.raises(InvalidConfig, match=r"name the vocabulary 'drug', .* no vocabularies/drug.txt; known: drugs"):
        named({"dictation/": {"vocabulary_name": "drug"}}, folder, "clinic")
    with pytest.raises(InvalidConfig, match="the folder has no table"):
        named({"dictation/": {"vocabulary_name": "drug"}}, tmp_path / "none", "clinic")


def test_the_shipped_tables_can_be_deployed():
    assert {table.stem for table in tables(FOLDER, "stethoscript")} >= {"drugs"}


# --- on the embedded cloud ---


@pytest.fixture(scope="module")
def s3(cloud):
    client = cloud.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


class Stack:
    """A stack of one vocabulary."""

    def __init__(self, cloud, s3):
        self.formation, self.transcribe, self.s3 = cloud.client("cloudformation"), cloud.client("transcribe"), s3
        self.name = f"words-{uuid4().hex}"

    def template(self, name, table):
        key = f"{uuid4().hex}.txt"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=table.encode())
        properties = {
            "VocabularyName": name, "LanguageCode": "en-US", "VocabularyFileUri": f"s3://{BUCKET}/{key}",
            "Tags": [{"Key": "application", "Value": "clinic"}],
        }  # fmt: skip
        resource = {"Type": "AWS::Transcribe::MedicalVocabulary", "Properties": properties}
        outputs = {"Name": {"Value": {"Ref": "Words"}}, "Arn": {"Value": {"Fn::GetAtt": ["Words", "Arn"]}}}
        return json.dumps({"Resources": {"Words": resource}, "Outputs": outputs})

    def create(self, name, table=TABLE):
        self.formation.create_stack(StackName=self.name, TemplateBody=self.template(name, table))
        return self.ended()

    def update(self, name, table=TABLE):
        self.formation.update_stack(StackName=self.name, TemplateBody=self.template(name, table))
        return self.ended()

    def delete(self):
        self.formation.delete_stack(StackName=self.name)
        deadline = time.monotonic() + 10
        while self.formation.describe_stacks()["Stacks"] and self.alive():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def alive(self):
        stacks = self.formation.describe_stacks()["Stacks"]
        return self.name in [stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"]

    def ended(self):
        deadline = time.monotonic() + 10
        while True:
            [stack] = self.formation.describe_stacks(StackName=self.name)["Stacks"]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack["StackStatus"]
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def outputs(self):
        [stack] = self.formation.describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def reasons(self):
        events = self.formation.describe_stack_events(StackName=self.name)["StackEvents"]
        return " ".join(event.get("ResourceStatusReason", "") for event in events)

    def vocabularies(self):
        answer = self.transcribe.list_medical_vocabularies(NameContains=self.name, MaxResults=100)
        return {each["VocabularyName"]: each["VocabularyState"] for each in answer["Vocabularies"]}


@pytest.fixture
def stack(cloud, s3):
    return Stack(cloud, s3)


def test_a_stack_creates_its_vocabulary_and_deletes_it(stack):
    name = f"{stack.name}-1"
    assert stack.create(name) == "CREATE_COMPLETE"
    assert stack.vocabularies() == {name: "READY"}
    arn = f"arn:aws:transcribe:us-east-1:000000000000:medical-vocabulary/{name}"
    assert stack.outputs() == {"Name": name, "Arn": arn}
    assert {"Key": "application", "Value": "clinic"} in stack.transcribe.list_tags_for_resource(ResourceArn=arn)["Tags"]
    stack.delete()
    assert stack.vocabularies() == {}


def test_a_new_name_replaces_the_old_vocabulary(stack):
    stack.create(f"{stack.name}-1")
    assert stack.update(f"{stack.name}-2", TABLE.replace("metoprolol", "bisoprolol")) == "UPDATE_COMPLETE"
    assert stack.vocabularies() == {f"{stack.name}-2": "READY"}
    assert stack.outputs()["Name"] == f"{stack.name}-2"


def test_an_invalid_table_fails_the_stack_with_line_and_reason_and_leaves_nothing(stack):
    assert stack.create(f"{stack.name}-1", TABLE + "B12\t\t\t\n") == "ROLLBACK_COMPLETE"
    assert "line 3: Phrase may hold letters" in stack.reasons()
    assert stack.vocabularies() == {}


@pytest.mark.parametrize("name", ["1", "2"])
def test_a_broken_update_keeps_the_old_table_under_the_same_name_and_the_old_vocabulary_under_another(stack, name):
    stack.create(f"{stack.name}-1")
    before = stack.transcribe.get_medical_vocabulary(VocabularyName=f"{stack.name}-1")["DownloadUri"]
    assert stack.update(f"{stack.name}-{name}", "no table") == "UPDATE_ROLLBACK_COMPLETE"
    assert list(stack.vocabularies()) == [f"{stack.name}-1"]
    after = stack.transcribe.get_medical_vocabulary(VocabularyName=f"{stack.name}-1")
    assert after["DownloadUri"] == before


def test_a_name_in_use_fails_the_stack_and_keeps_its_owner(cloud, s3, stack):
    other = Stack(cloud, s3)
    taken = f"{stack.name}-taken"
    other.create(taken)
    assert stack.create(taken) == "ROLLBACK_COMPLETE"
    assert "name already exists" in stack.reasons()
    assert stack.vocabularies() == {taken: "READY"}


def test_the_cdk_deploys_the_profiles_tables_and_the_function_knows_them(cloud, tmp_path):
    profiles = {"dictation/": {"type": "DICTATION", "vocabulary_name": "drugs"}}
    deploy(cloud, tmp_path, name="words", profiles=profiles)
    environment = cloud.client("lambda").get_function_configuration(FunctionName="words-start-transcription")
    name = json.loads(environment["Environment"]["Variables"]["VOCABULARIES"])["drugs"]
    found = cloud.client("transcribe").get_medical_vocabulary(VocabularyName=name)
    assert found["VocabularyState"] == "READY"
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(found["DownloadUri"]) as answer:
        assert answer.read() == (FOLDER / "drugs.txt").read_bytes()
