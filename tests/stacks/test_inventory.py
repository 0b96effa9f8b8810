import json
import re

import pytest
from aws_cdk.assertions import Template

STACKS = ["stethoscript-monitoring", "stethoscript-pipeline", "stethoscript-storage"]
MODULES = ["deliver_transcript", "reconcile", "start_transcription"]


def test_a_deployment_has_three_stacks_with_its_name(deployment, organised):
    assert sorted(deployment.templates) == STACKS
    assert sorted(organised.templates) == ["clinic-monitoring", "clinic-pipeline", "clinic-storage"]


def test_only_our_three_functions_run_and_all_come_from_one_zip(functions):
    assert sorted(functions) == [f"{module}.handler" for module in MODULES]
    assert len({function["Code"]["S3Key"] for function in functions.values()}) == 1


@pytest.mark.parametrize("stack", STACKS)
def test_no_function_of_the_cdk_runs_in_the_customer_s_account(deployment, stack):
    kinds = {resource["Type"] for resource in deployment.templates[stack]["Resources"].values()}
    assert kinds
    assert not {kind for kind in kinds if kind.startswith("Custom::") or kind.endswith("::CustomResource")}


KINDS = {
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
}


def test_only_reviewed_kinds_of_resources_are_deployed(deployment):
    kinds = {each["Type"] for template in deployment.templates.values() for each in template["Resources"].values()}
    assert kinds == KINDS


def test_stacks_import_only_the_key_s_arn_from_each_other(deployment):
    """Each lookup would add a call during a deployment, and would be a change when drift is reverted."""
    written = json.dumps(deployment.templates)
    assert "Fn::GetStackOutput" not in written
    assert set(re.findall(r'"Fn::ImportValue": "([^"]+)"', written)) == {"stethoscript-key-arn"}


def test_a_customer_key_is_not_imported(organised):
    assert "Fn::ImportValue" not in json.dumps(organised.templates)


def test_event_sources_have_names_so_that_reverting_drift_does_not_replace_them(deployment):
    for template in deployment.templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Lambda::EventSourceMapping":
                assert "Fn::ImportValue" not in json.dumps(resource)


def test_the_storage_stack_is_protected_against_deletion(deployment):
    artifacts = json.loads((deployment.folder / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    protected = {stack: artifacts[stack]["properties"]["terminationProtection"] for stack in STACKS}
    assert protected == {stack: stack.endswith("-storage") for stack in STACKS}


def test_stacks_are_deployed_in_the_order_of_their_dependencies(deployment):
    artifacts = json.loads((deployment.folder / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    assert "stethoscript-storage" in artifacts["stethoscript-pipeline"]["dependencies"]
    assert "stethoscript-pipeline" in artifacts["stethoscript-monitoring"]["dependencies"]


@pytest.mark.parametrize("stack", STACKS)
def test_no_dependencies_are_circular(deployment, stack):
    assert Template.from_json(deployment.templates[stack]) is not None  # refuses a cycle of dependencies


@pytest.mark.parametrize("stack", STACKS)
def test_a_template_names_no_account_and_no_region(deployment, stack):
    written = json.dumps(deployment.templates[stack])
    assert not re.findall(r"(?<![0-9a-f])\d{12}(?![0-9a-f])", written)
    assert not re.findall(r"\b(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov|-iso\w?)?-[a-z]+-\d\b", written)


def test_buckets_and_functions_have_the_deployment_s_name(organised):
    tagged = organised.all("AWS::S3::Bucket") + organised.all("AWS::Lambda::Function")
    assert len(tagged) == 7
    assert all({"Key": "application", "Value": "clinic"} in each["Tags"] for each in tagged)


LONGEST_NAMES = {
    "AWS::S3::Bucket": ("BucketName", 63),
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::Events::Rule": ("Name", 64),
    "AWS::Scheduler::Schedule": ("Name", 64),
    "AWS::DynamoDB::Table": ("TableName", 255),
    "AWS::SNS::Topic": ("TopicName", 256),
}


@pytest.mark.parametrize("kind", LONGEST_NAMES)
def test_the_longest_deployment_name_fits_into_every_name_in_the_longest_region(crowded, kind):
    name, most = LONGEST_NAMES[kind]
    lengths = [len(each[name]) for each in crowded.all(kind)]
    assert lengths
    assert max(lengths) <= most


def test_the_maximum_of_profiles_fits_into_a_function_s_environment(crowded):
    for function in crowded.all("AWS::Lambda::Function"):
        variables = function["Environment"]["Variables"]
        assert len(json.dumps(variables, separators=(",", ":"))) <= 4096


def test_the_maximum_of_profiles_fits_into_every_policy(crowded):
    for policy in crowded.all("AWS::IAM::ManagedPolicy"):
        assert len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) <= 6144
