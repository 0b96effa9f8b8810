"""The parts of docs/ that are made from the deployed resources; `make pages` writes them."""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from benchmarks import dashboard_day
from tests.scan.exceptions import EXCEPTIONS as SCANNED
from tests.stacks import dashboard_picture, deploy_permissions
from tests.stacks.policy_evaluator import texts
from tests.stacks.resolved_templates import ACCOUNT, DEPLOYMENTS, ROOT, Deployment, synthesise
from tests.stacks.service_permissions import EXERCISED
from tests.stacks.third_party_rules import LINT, LINT_EXCEPTIONS, PACKS, Review

PATH = ROOT / "docs" / "security.md"
REMEDY = "docs/security.md says something else: run `make pages`"


def exceptions(deployments: Iterable[Deployment]) -> str:
    """The table of the exceptions in any of the deployments, one line for each rule and reason."""
    found: dict[tuple[str, str], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for each in (accepted for deployment in deployments for accepted in Review.read(deployment.folder).accepted):
        pack = next(pack for pack in PACKS if each.rule.startswith(f"{pack}-"))
        rule = each.rule.removeprefix(f"{pack}-").partition("[")[0]
        packs, places = found[rule, each.reason]
        packs.add(pack)
        places.add(each.at.partition("-")[2])  # without the deployment's name
    lines = [
        (rule, ", ".join(sorted(packs)), ", ".join(f"`{place}`" for place in sorted(places)), reason)
        for (rule, reason), (packs, places) in found.items()
    ]
    lines += [(each.rule, each.scanner, ", ".join(f"`{at}`" for at in each.at), each.reason) for each in SCANNED]
    lines += [(rule, LINT, "whatever depends on something", reason) for rule, reason in LINT_EXCEPTIONS.items()]
    return table(("rule", "of", "at", "reason"), sorted(lines))


def key_statements(deployment: Deployment) -> str:
    """The table of the permissions that a key's policy must give to services, for any deployment and account."""
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
    written = table(("statement", "who", "may", "where"), lines)
    for value, name in ((ACCOUNT, "<account>"), (deployment.region, "<region>"), ("stethoscript", "<name>")):
        written = written.replace(value, name)
    return written


def on_our_behalf() -> str:
    """The table of permissions that AWS uses on behalf of a role."""
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


def table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ("---",) * len(head), *lines])


def main() -> None:
    """Write the parts, each between the marks with its name."""
    text = PATH.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        deployments = [synthesise(Path(folder) / name, **chosen) for name, chosen in DEPLOYMENTS.items()]
        parts = {
            "key": key_statements(deployments[0]),
            "exceptions": exceptions(deployments),
            "on our behalf": on_our_behalf(),
        }
        for name, part in parts.items():
            marked = rf"(<!-- {name}:[^>]*-->\n\n).*?(\n\n<!-- end -->)"
            text = re.sub(marked, lambda marks, part=part: f"{marks[1]}{part}{marks[2]}", text, flags=re.DOTALL)
        deploy_permissions.write(deployments)
        dashboard_picture.PATH.write_text(
            dashboard_picture.drawn(deployments[0], dashboard_day.lived()), encoding="utf-8"
        )
    PATH.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
