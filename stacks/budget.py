"""A month's budget: who chose one is written to when the deployment costs more, or is about to."""

from aws_cdk import Aws
from aws_cdk import aws_budgets as budgets
from constructs import Construct

from stacks.config import Config

_WARNINGS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""Of what was spent or will be, the percentage of the budget at which AWS writes."""


def budget(scope: Construct, config: Config) -> budgets.CfnBudget:
    """What this deployment's resources and jobs in this Region may cost, told from all else by their tag.

    It counts nothing before the tag `application` is activated for cost allocation, once for the account. It has no
    name of its own: to tell somebody else CloudFormation makes a new one, beside which the old one still stands.
    """
    told = [
        budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=address)
        for address in config.budget.emails
    ]
    return budgets.CfnBudget(
        scope,
        "Budget",
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budgets.CfnBudget.SpendProperty(amount=config.budget.monthly_dollars, unit="USD"),
            cost_filters={"TagKeyValue": [f"user:application${config.name}"], "Region": [Aws.REGION]},
        ),
        notifications_with_subscribers=[
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    comparison_operator="GREATER_THAN",
                    notification_type=kind,
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                ),
                subscribers=told,
            )
            for kind, percent in _WARNINGS
        ],
    )
