"""Log the calls of roles and users with IAM's decisions: this shows which permissions a role uses."""

# mypy: disable-error-code="no-untyped-call"

import json
import os
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator

USES: dict[tuple[Any, str], tuple[str, ...] | None] = {
    (iam_evaluator, "enforce"): (
        "access_key_id",
        "iam_action",
        "service",
        "region",
        "resource_arn",
        "service_context",
    ),
    (iam_evaluator, "resolve_caller_identity"): ("access_key_id",),
}


def install(file: Path) -> None:
    """Append every decision of IAM to a file, one JSON object a line. Calls of the account's root are left out.

    Names of resources may contain patients' names, so the file's mode is 0600.
    """
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    enforce = iam_evaluator.enforce

    def logged(  # noqa: PLR0917  # MiniStack's signature
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        caller = iam_evaluator.resolve_caller_identity(access_key_id)
        if caller and not caller["userArn"].endswith(":root"):
            decision = {
                "by": caller["userArn"],
                "action": iam_action,
                "resource": resource_arn,
                "context": service_context or {},
                "allowed": denied is None,
            }
            os.write(descriptor, json.dumps(decision, default=str).encode() + b"\n")
        return denied

    iam_evaluator.enforce = logged
