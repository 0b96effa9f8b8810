"""Costs: every resource has the deployment's tag, and a budget watches the month."""

import re

import pytest

from operations import estimate
from stacks import partitions
from stacks.config import Config, InvalidConfig, Reconciling
from tests.stacks.policy_evaluator import Request, allowed
from tests.stacks.resolved_templates import ROOT

# These have no tags in CloudFormation, or some partition refuses them.
WITHOUT_TAGS = {
    *partitions.untaggable(),
    "AWS::IAM::ManagedPolicy",
    "AWS::KMS::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
}
RUNBOOK = ROOT / "docs" / "operating.md"
LEAST = {"name": "clinic", "profiles": {"dictation/": {}}}


def untagged(deployment):
    """Charged resources without the deployment's tag."""
    name = next(iter(deployment.templates)).partition("-")[0]
    return {
        f"{stack}: {resource_id} ({resource['Type']})"
        for stack, template in deployment.templates.items()
        for resource_id, resource in template["Resources"].items()
        if resource["Type"] not in WITHOUT_TAGS
        and {"Key": "application", "Value": name} not in tags(resource["Properties"])
    }


def tags(properties):
    return properties.get("Tags") or properties.get("ResourceTags") or []


def test_every_taggable_resource_has_the_deployment_s_tag(deployment):
    assert not untagged(deployment)


def test_every_optional_resource_has_the_deployment_s_tag(organised):
    assert not untagged(organised)


@pytest.mark.parametrize("tag", ["stethoscript", "another", None])
def test_a_job_has_only_this_deployment_s_tag(deployment, functions, tag):
    rights = deployment.rights(functions["start_transcription.handler"]["Role"])
    context = {"aws:RequestTag/application": tag} if tag else {}
    request = Request("transcribe:TagResource", "*", context=context)
    assert allowed(rights, request) is (tag == "stethoscript")


def test_a_budget_counts_this_deployment_in_this_region_and_warns_early(organised):
    budget = organised.one("AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 800, "Unit": "USD"}
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:application$clinic"], "Region": ["us-east-1"]}
    notifications = [
        (each["Notification"]["NotificationType"], each["Notification"]["Threshold"], each["Subscribers"])
        for each in budget["NotificationsWithSubscribers"]
    ]
    whom = [{"SubscriptionType": "EMAIL", "Address": "finance@clinic.example"}]
    assert notifications == [("ACTUAL", 80, whom), ("ACTUAL", 100, whom), ("FORECASTED", 100, whom)]


def test_a_budget_can_be_replaced_as_its_subscribers_change(organised):
    """CloudFormation creates the new budget before it deletes the old one, and two cannot have the same name."""
    assert "BudgetName" not in organised.one("AWS::Budgets::Budget")["Budget"]


def test_there_is_no_budget_by_default(deployment):
    assert not deployment.all("AWS::Budgets::Budget")


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        ({"monthly_dollars": 800}, "budget needs both monthly_dollars and emails"),
        ({"emails": ["a@b.example"]}, "budget needs both monthly_dollars and emails"),
        ({"monthly_dollars": -1, "emails": ["a@b.example"]}, "budget.monthly_dollars must be at least 0"),
        ({"monthly_dollars": 1, "emails": ["nobody"]}, "budget.emails: 'nobody' is not an e-mail address"),
        ({"monthly_dollars": 1, "emails": [f"{n}@b.example" for n in range(11)]}, "budget.emails: AWS accepts at"),
    ],
)
def test_a_budget_without_subscribers_is_refused(budget, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        Config.read(LEAST | {"budget": budget})


def test_an_estimate_counts_the_deployed_queues_and_alarms(deployment, organised):
    for each, subscribers in ((deployment, 0), (organised, 5)):
        assert len(each.all("AWS::CloudWatch::Alarm")) == estimate.ALARMS + subscribers
        assert len(each.all("AWS::Lambda::EventSourceMapping")) == estimate.QUEUES
        assert len(each.all("AWS::CloudWatch::Dashboard")) == estimate.DASHBOARDS
    [schedule] = deployment.all("AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(5 minutes)"
    assert estimate.RUNS * 5 == estimate.SWEEPS * Reconciling().sweep_minutes == 730 * 60


def test_an_estimate_s_ceiling_counts_every_metric_of_ours():
    [number, by_reason] = re.findall(
        r"(\d+) metrics and at most (\d+) more by reason", RUNBOOK.read_text(encoding="utf-8")
    )[0]
    assert int(number) + int(by_reason) == estimate.METRICS


def test_the_reconciler_is_not_traced(functions):
    traced = {handler for handler, each in functions.items() if "TracingConfig" in each.properties}
    assert traced == {f"{each}.handler" for each in ("start_transcription", "deliver_transcript")}
