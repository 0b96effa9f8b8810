"""The monthly budget: AWS sends an e-mail when the deployment's cost, or its forecast, exceeds a share of it."""

from aws_cdk import Aws
from aws_cdk import aws_budgets as budgets
from constructs import Construct

from stacks.config import Config

_WARNINGS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""Kind of cost, and the percentage of the budget above which AWS sends an e-mail."""


def budget(scope: Construct, config: Config) -> budgets.CfnBudget:
    """A budget for this deployment's resources and jobs in this Region, which it identifies by their tag.

    It counts no cost until the tag `application` is activated for cost allocation, once per account. It has no name,
    because a change of subscribers replaces it: CloudFormation creates the new budget while the old one still exists.
    """
    subscribers = [
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
                subscribers=subscribers,
            )
            for kind, percent in _WARNINGS
        ],
    )
