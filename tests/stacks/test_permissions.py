"""The functions' calls replayed against their roles' policies: every call is allowed, and every permission is used."""

from collections import Counter
from dataclasses import replace

import pytest

from operations import access_policies, permissions
from stacks.permissions import allow
from tests.recorded_calls import NOTED
from tests.stacks import generated_docs, iam_requests
from tests.stacks.iam_requests import Places
from tests.stacks.policy_evaluator import allowed, texts, used
from tests.stacks.resolved_templates import ROOT
from tests.stacks.service_permissions import EXERCISED

SEEDS = range(15)


@pytest.fixture(scope="session")
def roles(organised):
    """The statements of each role's policies."""
    held = {
        function["Handler"].removesuffix(".handler"): organised.rights(function["Role"])
        for function in organised.all("AWS::Lambda::Function")
    }
    return {**held, "schedule": organised.rights(organised.one("AWS::Scheduler::Schedule")["Target"]["RoleArn"])}


@pytest.fixture(scope="session")
def simulated(organised):
    """Every call of many simulated deployments, each with its IAM requests."""
    places = Places(organised)
    return [(call, places.requests(call)) for call in iam_requests.simulated(SEEDS)]


def outside(roles, asked):
    return Counter(
        (call.function, request.action, call.operation)
        for call, requests in asked
        for request in requests
        if not allowed(roles[call.function], request)
    )


def kinds(asked):
    """The kinds of requests of each function."""
    return {(call.function, call.operation) for call, _ in asked}


def test_every_call_of_a_simulated_function_is_allowed(roles, simulated, summary_line):
    assert not outside(roles, simulated)
    assert {operation for _, operation in kinds(simulated)} == iam_requests.ASKED.keys()
    summary_line(
        f"{len(simulated)} simulated calls of {len(kinds(simulated))} kinds replayed, 0 outside the roles' policies"
    )


@pytest.mark.parametrize(
    "member", ["Bucket", "QueueUrl", "TopicArn", "TableName", "OutputBucketName", "OutputEncryptionKMSKeyId"]
)
def test_a_call_on_a_foreign_resource_is_not_allowed(roles, organised, simulated, member):
    places = Places(organised)
    naming = {(call.function, call.operation): call for call, _ in simulated if member in call.arguments}
    foreign = [replace(call, arguments={**call.arguments, member: "another-intake"}) for call in naming.values()]
    refused = outside(roles, [(call, places.requests(call)) for call in foreign])
    assert naming
    assert {(function, operation) for function, _, operation in refused} == naming.keys()


@pytest.mark.afterwards
def test_every_call_of_a_function_in_other_tests_is_allowed(roles, organised, simulated, summary_line, request):
    places = Places(organised)
    asked = [(call, places.requests(call)) for call in NOTED]
    assert not outside(roles, asked)
    summary_line(f"{len(asked)} calls of the functions' tests replayed, 0 outside the roles' policies")
    if not {item.path for item in request.session.items} >= set((ROOT / "tests" / "functions").glob("test_*.py")):
        pytest.skip("not all tests of the functions were selected, so kinds of calls may be missing")
    assert kinds(asked) == kinds(simulated)


def test_every_permission_is_used_by_a_call_or_by_aws_on_a_function_s_behalf(roles, simulated, summary_line):
    held = {
        (role, statement["Sid"], action, resource)
        for role, statements in roles.items()
        for statement in statements
        for action in texts(statement["Action"])
        for resource in texts(statement["Resource"])
    }
    by_calls = {
        (call.function, *right)
        for call, requests in simulated
        for request in requests
        for right in used(roles[call.function], request)
    }
    by_aws = {
        right
        for exercised in EXERCISED
        for right in held
        if right[0] in exercised.roles and right[1] == exercised.sid and right[2] in exercised.actions
    }
    assert not held - by_calls - by_aws, "rights that nobody uses"
    assert not by_calls & by_aws, "rights that a function uses itself"
    summary_line(
        f"{len(held)} rights: {len(by_calls)} used by calls, {len(by_aws)} by AWS on a function's behalf, 0 unused"
    )


def test_every_permission_that_aws_uses_belongs_to_a_role(roles):
    for each in EXERCISED:
        for role in each.roles:
            [statement] = [statement for statement in roles[role] if statement["Sid"] == each.sid]
            assert set(each.actions) <= set(texts(statement["Action"]))


@pytest.mark.parametrize(
    ("action", "resource", "because"),
    [("s3:Get*", "arn:aws:s3:::a/b", None), ("s3:GetObject", "arn:aws:s3:::a/*", None), ("s3:GetObject", "a", "so")],
)
def test_only_a_permission_with_a_wildcard_has_a_reason(action, resource, because):
    with pytest.raises(ValueError, match="Read: give `because` for a permission with a wildcard"):
        allow("Read", [action], [resource], because=because)


def test_every_permission_that_a_command_needs_is_held_by_its_policy():
    for policy in access_policies.POLICIES.values():
        held = access_policies.held(policy)
        for command in policy.commands:
            required = [need for need in permissions.COMMANDS[command] if not need.optional and not need.when]
            assert {(need.on, action) for need in required for action in need.actions} <= held


def test_the_operators_page_lists_what_each_command_needs():
    assert generated_docs.commands() in generated_docs.OPERATOR.read_text(encoding="utf-8"), generated_docs.REMEDY


def test_the_page_on_security_lists_what_aws_exercises():
    assert generated_docs.on_our_behalf() in generated_docs.PATH.read_text(encoding="utf-8"), generated_docs.REMEDY
