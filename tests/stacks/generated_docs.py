"""Writes the generated parts of docs/security.md, docs/rights and the dashboard picture: `make pages`."""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from benchmarks import dashboard_day
from operations import access_policies, permissions
from operations.permissions import Need
from stacks.resources import RESOURCES
from tests.scan.exceptions import EXCEPTIONS as SCANNED
from tests.stacks import dashboard_picture, deploy_permissions
from tests.stacks.policy_evaluator import texts
from tests.stacks.resolved_templates import ACCOUNT, DEPLOYMENTS, ROOT, Deployment, synthesise
from tests.stacks.service_permissions import EXERCISED
from tests.stacks.third_party_rules import LINT, LINT_EXCEPTIONS, PACKS, Review

PATH = ROOT / "docs" / "security.md"
OPERATOR = ROOT / "docs" / "operating.md"
REMEDY = "the page in docs/ says something else: run `make pages`"


def exceptions(deployments: Iterable[Deployment]) -> str:
    """A table of the exceptions of all deployments, one line per rule and reason."""
    found: dict[tuple[str, str], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for each in (accepted for deployment in deployments for accepted in Review.read(deployment.folder).accepted):
        pack = next(pack for pack in PACKS if each.rule.startswith(f"{pack}-"))
        rule = each.rule.removeprefix(f"{pack}-").partition("[")[0]
        packs, places = found[rule, each.reason]
        packs.add(pack)
        place = each.at.partition("-")[2]  # without the deployment's name
        places.add(re.sub(r"/[0-9a-f]{8}-undelivered", "/*-undelivered", place))
    lines = [
        (rule, ", ".join(sorted(packs)), ", ".join(f"`{place}`" for place in sorted(places)), reason)
        for (rule, reason), (packs, places) in found.items()
    ]
    lines += [(each.rule, each.scanner, ", ".join(f"`{at}`" for at in each.at), each.reason) for each in SCANNED]
    lines += [(rule, LINT, "each resource with a dependency", reason) for rule, reason in LINT_EXCEPTIONS.items()]
    return table(("rule", "pack", "resource", "reason"), sorted(lines))


def key_statements(deployment: Deployment) -> str:
    """A table of the statements that a key's policy needs, with placeholders for name, account and Region."""
    [key] = deployment.all("AWS::KMS::Key")
    lines = []
    for statement in key["KeyPolicy"]["Statement"]:
        if service := statement["Principal"] != "*" and statement["Principal"].get("Service"):
            actions = ", ".join(f"`{action}`" for action in texts(statement["Action"]))
            conditions = [
                f"`{operator}` `{name}`: `{value}`"
                for operator, keys in statement["Condition"].items()
                for name, value in keys.items()
            ]
            lines.append((statement["Sid"], f"`{service}`", actions, "<br>".join(conditions)))
    written = table(("statement", "service", "actions", "conditions"), lines)
    for value, name in ((ACCOUNT, "<account>"), (deployment.region, "<region>"), ("stethoscript", "<name>")):
        written = written.replace(value, name)
    return written


def on_our_behalf() -> str:
    """A table of the permissions that AWS exercises on behalf of a role."""
    lines = [
        (
            ", ".join(each.roles),
            each.sid,
            ", ".join(f"`{action}`" for action in each.actions),
            f"[{each.by}]({each.source})",
        )
        for each in EXERCISED
    ]
    return table(("role", "statement", "actions", "exercised by"), lines)


def commands() -> str:
    """The table of what each command needs, and of the policies that hold it."""
    lines = []
    for command, needs in permissions.COMMANDS.items():
        held_by = [f"`{name}PolicyArn`" for name, each in access_policies.POLICIES.items() if command in each.commands]
        needed = "; ".join(dict.fromkeys(map(_need, needs))) or "none"
        lines.append((f"`{command}`", ", ".join(held_by) or "none", needed))
    return table(("command", "policy", "permissions"), lines)


def _need(need: Need) -> str:
    actions = ", ".join(f"`{action}`" for action in need.actions)
    on = "" if RESOURCES[need.on].arns == ("*",) else f" on {RESOURCES[need.on].words}"
    text = f"{need.when}: {actions}{on}" if need.when else f"{actions}{on}"
    return f"({text})" if need.optional else text


def table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ("---",) * len(head), *lines])


def _with(text: str, name: str, part: str) -> str:
    """A page with the part of this name anew."""
    marked = rf"(<!-- {name}:[^>]*-->\n\n).*?(\n\n<!-- end -->)"
    return re.sub(marked, lambda marks: f"{marks[1]}{part}{marks[2]}", text, flags=re.DOTALL)


def main() -> None:
    """Replace each part between its markers."""
    text = PATH.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        deployments = [synthesise(Path(folder) / name, **chosen) for name, chosen in DEPLOYMENTS.items()]
        parts = {
            "key": key_statements(deployments[0]),
            "exceptions": exceptions(deployments),
            "on our behalf": on_our_behalf(),
        }
        for name, part in parts.items():
            text = _with(text, name, part)
        OPERATOR.write_text(_with(OPERATOR.read_text(encoding="utf-8"), "commands", commands()), encoding="utf-8")
        deploy_permissions.write(deployments)
        dashboard_picture.PATH.write_text(
            dashboard_picture.drawn(deployments[0], dashboard_day.lived()), encoding="utf-8"
        )
    PATH.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
