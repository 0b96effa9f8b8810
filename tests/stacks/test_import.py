"""What is left of a destroyed deployment can be taken back: by CloudFormation's own rules, over the real templates."""

import json

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from operations.importing import retained_resources
from operations.importing.retained_resources import IDENTIFIERS, RetainedStack, Stack
from stacks.key_policy import Where
from tests.stacks import third_party_rules
from tests.stacks.resolved_templates import ACCOUNT, DEPLOYMENTS

MOST_BYTES = 51_200
"""Of a template that is sent with the call."""


@pytest.fixture(params=DEPLOYMENTS)
def chosen(request):
    return request.getfixturevalue(request.param)


def stacks(deployment):
    name = min(deployment.templates).partition("-")[0]
    return retained_resources.read(deployment.folder, name, Where("aws", ACCOUNT, deployment.region))


def left(stack, *gone):
    """All of a stack but for what is gone, and the policy of a bucket that is."""
    there = [name for name, declared in stack.retained.items() if not {name, bucket(declared)} & {*gone}]
    return RetainedStack(stack, {name: name for name in there})


def bucket(declared):
    return declared["Properties"].get("Bucket", {}).get("Ref")


def test_what_a_destroyed_deployment_leaves_is_in_its_storage_and_its_pipeline(chosen):
    assert [stack.name.partition("-")[2] for stack in stacks(chosen)] == ["storage", "pipeline"]


def test_cloudformation_imports_each_kind_of_what_is_left_and_knows_it_by_what_we_tell(chosen):
    kinds = {declared["Type"] for stack in stacks(chosen) for declared in stack.retained.values()}
    assert len(kinds) >= 5
    for kind in kinds:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        assert schema["primaryIdentifier"] == [f"/properties/{IDENTIFIERS[kind]}"]
        assert "read" in schema["handlers"]


def test_an_import_holds_all_that_is_left_as_it_was_deployed_and_nothing_else(chosen):
    found = [left(stack) for stack in stacks(chosen)]
    exports = retained_resources.exports(found, Where("aws", ACCOUNT, chosen.region))
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


def test_whatever_else_is_gone_the_import_speaks_of_nothing_that_is_not_in_it(deployment):
    for stack in stacks(deployment):
        for gone in stack.retained:
            template = left(stack, gone).template({})
            assert gone not in json.dumps(template)
            assert not third_party_rules.lint(template)


def test_what_was_put_together_with_the_name_of_something_gone_goes_as_a_whole():
    joined = {"Fn::Join": ["", [{"Fn::GetAtt": ["Gone", "Arn"]}, "/*"]]}
    log = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain", "Properties": {"A": joined, "B": [joined, "b"]}}
    there = RetainedStack(Stack("clinic-storage", {"Resources": {"Log": log}}), {"Log": "log"})
    assert there.template({})["Resources"]["Log"]["Properties"] == {"B": ["b"]}


def test_each_is_looked_for_under_the_name_it_bears_in_the_account(deployment):
    where = Where("aws", ACCOUNT, deployment.region)
    for stack in stacks(deployment):
        names = {
            name: stack.called(name, where) for name, each in stack.retained.items() if each["Type"] != "AWS::KMS::Key"
        }
        for kind in IDENTIFIERS:
            for resource in deployment.all(kind):
                if resource.id in names:
                    assert names.pop(resource.id) in resource.properties.values()
        assert not names
