"""The policies for the deploying role are complete by CloudFormation's schemas, and fit into IAM's limits."""

import json
import re

import pytest

from tests.stacks import deploy_permissions
from tests.stacks.policy_evaluator import Request, allowed
from tests.stacks.resolved_templates import ACCOUNT, DEPLOYMENTS


@pytest.fixture(scope="module")
def made(request):
    return deploy_permissions.policies([request.getfixturevalue(name) for name in DEPLOYMENTS])


@pytest.fixture(scope="module")
def statements(made):
    """All statements, for the deployment of cdk.json."""
    known = {"partition": "aws", "account": ACCOUNT, "region": "us-east-1", "name": "stethoscript", "qualifier": "q"}
    text = "[" + ",".join(made.values()) + "]"
    filled = json.loads(re.sub(r"<(\w+)>", lambda name: known[name[1]], text))
    return [statement for policy in filled for statement in policy["Statement"]]


def test_the_docs_have_the_current_policies(made):
    written = {name: (deploy_permissions.FOLDER / name).read_text(encoding="utf-8") for name in made}
    assert written == made, deploy_permissions.REMEDY


def test_each_policy_fits_into_a_managed_policy_with_the_longest_names(made):
    for written in made.values():
        longest = (
            written.replace("<name>", "a" * 23).replace("<region>", "ap-southeast-1").replace("<qualifier>", "q" * 10)
        )
        compact = json.dumps(json.loads(longest), separators=(",", ":"))
        assert (
            len(compact.replace("<account>", ACCOUNT).replace("<partition>", "aws-us-gov"))
            <= deploy_permissions.MOST_CHARACTERS
        )


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_action_of_a_resource_s_handlers_is_allowed(request, statements, name):
    deployment = request.getfixturevalue(name)
    kinds = {each["Type"] for template in deployment.templates.values() for each in template["Resources"].values()}
    held = {action for statement in statements for action in statement["Action"]}
    for kind in kinds:
        called = set(deploy_permissions.needed(kind))
        assert called, kind
        assert called <= held


def test_only_resources_with_the_deployment_s_name_may_be_created(deployment, statements):
    bucket, queue = deployment.bucket("intake"), deployment.queue("intake")
    assert allowed(statements, Request("s3:CreateBucket", bucket.arn))
    assert not allowed(statements, Request("s3:CreateBucket", "arn:aws:s3:::stethoscript2-intake"))
    assert allowed(statements, Request("sqs:CreateQueue", queue.arn))
    assert allowed(statements, Request("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/stethoscript-pipeline-Role1"))
    assert not allowed(statements, Request("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Admin"))
    assert not allowed(statements, Request("s3:DeleteObject", f"{bucket.arn}/dictation/a.wav"))


def test_every_generated_iam_name_begins_with_the_deployment_s(deployment):
    """Roles and policies without a name get their stack's name. Otherwise the policies would not cover them."""
    assert all(stack.startswith("stethoscript-") for stack in deployment.templates)
    for kind, name in (("AWS::IAM::Role", "RoleName"), ("AWS::IAM::ManagedPolicy", "ManagedPolicyName")):
        given = [each.properties[name] for each in deployment.all(kind) if name in each.properties]
        assert all(each.startswith("stethoscript-") for each in given)
