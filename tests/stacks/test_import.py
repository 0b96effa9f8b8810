"""The retained resources of a destroyed deployment can be imported by CloudFormation's rules."""

import json

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from operations.importing import retained_resources
from operations.importing.retained_resources import IDENTIFIERS, RetainedStack, Stack
from stacks.key_policy import KeyLocation
from tests.stacks import third_party_rules
from tests.stacks.resolved_templates import ACCOUNT, DEPLOYMENTS

MOST_BYTES = 51_200
"""The limit of a template that is sent with the call."""


@pytest.fixture(params=DEPLOYMENTS)
def chosen(request):
    return request.getfixturevalue(request.param)


def stacks(deployment):
    name = min(deployment.templates).partition("-")[0]
    return retained_resources.read(deployment.folder, name, KeyLocation("aws", ACCOUNT, deployment.region))


def left(stack, *gone):
    """The resources of a stack without the missing ones, and without the policy of a missing bucket."""
    there = [name for name, declared in stack.retained.items() if not {name, bucket(declared)} & {*gone}]
    return RetainedStack(stack, {name: name for name in there})


def bucket(declared):
    return declared["Properties"].get("Bucket", {}).get("Ref")


def test_retained_resources_are_in_the_storage_and_pipeline_stacks(chosen):
    assert [stack.name.partition("-")[2] for stack in stacks(chosen)] == ["storage", "pipeline"]


def test_cloudformation_can_import_each_retained_kind_by_our_identifiers(chosen):
    kinds = {declared["Type"] for stack in stacks(chosen) for declared in stack.retained.values()}
    assert len(kinds) >= 5
    for kind in kinds:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        assert schema["primaryIdentifier"] == [f"/properties/{IDENTIFIERS[kind]}"]
        assert "read" in schema["handlers"]


def test_an_import_has_exactly_the_retained_resources_as_deployed(chosen):
    found = [left(stack) for stack in stacks(chosen)]
    exports = retained_resources.exports(found, KeyLocation("aws", ACCOUNT, chosen.region))
    for each in found:
        template = each.template(exports)
        assert template.keys() == {"Resources"}
        assert {name: (taken["Type"], taken["Properties"]) for name, taken in template["Resources"].items()} == {
            name: (declared["Type"], chosen.standing_alone(declared["Properties"], each.stack.name))
            for name, declared in chosen.templates[each.stack.name]["Resources"].items()
            if declared.get("DeletionPolicy", "Delete") != "Delete"
        }
        assert {taken["DeletionPolicy"] for taken in template["Resources"].values()} == {"Retain"}
        assert not any("DependsOn" in taken for taken in template["Resources"].values())
        assert not third_party_rules.lint(template)
        assert len(json.dumps(template)) <= MOST_BYTES


def test_an_import_has_no_reference_to_a_missing_resource(deployment):
    for stack in stacks(deployment):
        for gone in stack.retained:
            template = left(stack, gone).template({})
            assert gone not in json.dumps(template)
            assert not third_party_rules.lint(template)


def test_a_value_built_from_a_missing_name_is_removed_completely():
    joined = {"Fn::Join": ["", [{"Fn::GetAtt": ["Gone", "Arn"]}, "/*"]]}
    log = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain", "Properties": {"A": joined, "B": [joined, "b"]}}
    there = RetainedStack(Stack("clinic-storage", {"Resources": {"Log": log}}), {"Log": "log"})
    assert there.template({})["Resources"]["Log"]["Properties"] == {"B": ["b"]}


def test_each_resource_is_searched_by_its_name_in_the_account(deployment):
    where = KeyLocation("aws", ACCOUNT, deployment.region)
    for stack in stacks(deployment):
        names = {
            name: stack.called(name, where) for name, each in stack.retained.items() if each["Type"] != "AWS::KMS::Key"
        }
        for kind in IDENTIFIERS:
            for resource in deployment.all(kind):
                if resource.id in names:
                    assert names.pop(resource.id) in resource.properties.values()
        assert not names
