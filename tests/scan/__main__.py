"""Scan the templates of each configuration. Fail on a finding that is not excepted: `make scan`."""

import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from tests.scan import scanners
from tests.scan.exceptions import EXCEPTIONS
from tests.scan.scanners import SCANNERS, Finding
from tests.stacks.resolved_templates import DEPLOYMENTS, synthesise


def main() -> int:
    """Scan all, print the counts, and return the exit code."""
    scanners.install()
    needless, wrong = {(each.scanner, each.rule, at) for each in EXCEPTIONS for at in each.at}, 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("deployment", "organised"):
            deployment = synthesise(Path(folder) / name, **DEPLOYMENTS[name])
            for scanner, scan in SCANNERS.items():
                report = scan(deployment)
                accepted = {finding: set(_exceptions(scanner, finding)) for finding in report.findings}
                needless -= set().union(*accepted.values())
                unlisted = sorted(finding for finding, exceptions in accepted.items() if not exceptions)
                wrong += len(unlisted)
                excepted = len(accepted) - len(unlisted)
                print(f"{name:11} {scanner:14} {report.looked}: {len(unlisted)} findings, {excepted} exceptions")
                for finding in unlisted:
                    print(f"  {finding.rule} at {finding.at}")
    for scanner, rule, at in sorted(needless):
        print(f"An exception that nothing needs: {scanner} {rule} at {at}")
    print("\n".join(f"  {each.scanner} {each.rule} at {', '.join(each.at)}: {each.reason}" for each in EXCEPTIONS))
    return 1 if wrong or needless else 0


def _exceptions(scanner: str, finding: Finding) -> Iterator[tuple[str, str, str]]:
    """The exceptions that accept a finding."""
    for each in EXCEPTIONS:
        if (each.scanner, each.rule) == (scanner, finding.rule):
            yield from ((scanner, each.rule, at) for at in each.at if fnmatchcase(finding.at, at))


if __name__ == "__main__":
    sys.exit(main())
