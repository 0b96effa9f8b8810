"""Scan the templates that choices make, and fail at what is neither clean nor excepted: `make scan`."""

import sys
import tempfile
from pathlib import Path

from tests.scan import scanners
from tests.scan.exceptions import EXCEPTIONS
from tests.scan.scanners import SCANNERS, Finding
from tests.stacks.deployed import DEPLOYMENTS, synthesise


def main() -> int:
    """Scan all, print what was counted, and return the exit code."""
    scanners.install()
    accepted = {(each.scanner, Finding(each.rule, at)): each.reason for each in EXCEPTIONS for at in each.at}
    found, wrong = set(), 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("deployment", "organised"):
            deployment = synthesise(Path(folder) / name, **DEPLOYMENTS[name])
            for scanner, scan in SCANNERS.items():
                report = scan(deployment)
                known = {finding for finding in report.findings if (scanner, finding) in accepted}
                found |= {(scanner, finding) for finding in known}
                unlisted = sorted(report.findings - known)
                wrong += len(unlisted)
                print(f"{name:11} {scanner:14} {report.looked}: {len(unlisted)} findings, {len(known)} exceptions")
                for finding in unlisted:
                    print(f"  {finding.rule} at {finding.at}")
    for scanner, finding in sorted(accepted.keys() - found):
        wrong += 1
        print(f"An exception that nothing needs: {scanner} {finding.rule} at {finding.at}")
    print("\n".join(f"  {each.scanner} {each.rule} at {', '.join(each.at)}: {each.reason}" for each in EXCEPTIONS))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
