"""Whether the role by which the CDK deploys may do all that deploying takes."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from operations.deployment import ROOT
from operations.doctor.context import DoctorContext
from operations.doctor.findings import Finding, broken, ok, unknown
from operations.errors import unless_absent

RIGHTS = ROOT / "docs" / "rights"
QUALIFIER = "hnb659fds"
"""The CDK's own, where no other is chosen."""
_MOST_NAMED = 5


def rights(context: DoctorContext) -> Iterator[Finding]:
    """What IAM's simulator says of the execution role and the policies of docs/rights."""
    qualifier = (context.config.bootstrap_qualifier if context.config else None) or QUALIFIER
    where = context.where
    role = (
        f"arn:{where.partition}:iam::{where.account}:role/cdk-{qualifier}-cfn-exec-role-{where.account}-{where.region}"
    )
    refused: list[str] = []
    for statement in _statements(context, qualifier):
        found = unless_absent(lambda asked=statement: _refused(context, role, asked))
        if found is None:
            yield unknown("The CDK's role that deploys is not there.", "Bootstrap the account, then look again.")
            return
        refused += found
    if not refused:
        yield ok("The CDK's role may do all that deploying takes.")
        return
    more = f" and {len(refused) - _MOST_NAMED} more" if len(refused) > _MOST_NAMED else ""
    yield broken(
        f"The CDK's role that deploys may not {', '.join(refused[:_MOST_NAMED])}{more}: a deployment fails half-way.",
        "Bootstrap with policies that allow what docs/rights holds: docs/deploying.md says how.",
        evidence=refused,
    )


def _statements(context: DoctorContext, qualifier: str) -> Iterator[Mapping[str, Any]]:
    known = {**vars(context.where), "name": context.name, "qualifier": qualifier}
    for path in sorted(RIGHTS.glob("*.json")):
        filled = re.sub(r"<(\w+)>", lambda name: str(known[name[1]]), path.read_text(encoding="utf-8"))
        yield from json.loads(filled)["Statement"]


def _refused(context: DoctorContext, role: str, statement: Mapping[str, Any]) -> list[str]:
    """The actions of a statement that are not allowed on any resource of its kind."""
    pages = context.client("iam").get_paginator("simulate_principal_policy")
    given = [each.replace("*", "x") if each != "*" else each for each in statement["Resource"]]
    said: dict[str, bool] = {}
    for resource in given:
        asked = {"PolicySourceArn": role, "ActionNames": statement["Action"], "ResourceArns": [resource]}
        for page in pages.paginate(**asked):
            for result in page["EvaluationResults"]:
                action = result["EvalActionName"]
                said[action] = said.get(action, False) or result["EvalDecision"] == "allowed"
    return [action for action, allowed in said.items() if not allowed]
