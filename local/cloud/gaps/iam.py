"""IAM: the values that policies compare requests with.

Sources: "Actions, resources, and condition keys for Amazon S3" in the service authorization reference; "IAM JSON
policy elements: Resource" in the IAM user guide (a wildcard matches any characters); the same reference's pages of
SQS, Lambda, EventBridge and CloudWatch Logs (actions, and the ARNs of their resources).
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

import json
import re
from functools import lru_cache
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import s3

from local.cloud.gaps.table import Workarounds

KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id"
ALSO_ASKED = {
    "x-amz-tagging": "s3:PutObjectTagging",
    "x-amz-acl": "s3:PutObjectAcl",
    "x-amz-object-lock-legal-hold": "s3:PutObjectLegalHold",
    "x-amz-object-lock-mode": "s3:PutObjectRetention",
}
"""The permission that a write with such a header needs in addition to PutObject."""


ARN_OF: dict[tuple[str, str], tuple[str | None, str]] = {
    ("events", "ListTargetsByRule"): ("Rule", "arn:aws:events:{region}:{account}:rule/{named}"),
    ("logs", "DescribeLogGroups"): (None, "arn:aws:logs:{region}:{account}:log-group::log-stream:"),
    ("sqs", "ListMessageMoveTasks"): ("SourceArn", "{named}"),
    ("sqs", "StartMessageMoveTask"): ("SourceArn", "{named}"),
    ("transcribe", "ListTagsForResource"): ("ResourceArn", "{named}"),
}
"""What MiniStack takes for `*`: the request's member that names it, and the ARN that IAM compares."""


def wildcards_match_any_character() -> None:
    """Without it, `*` ends at a line feed, so every request for a key with one is denied."""

    @lru_cache(4096)
    def compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
        wild = {"*": ".*", "?": "."}
        expression = "".join(wild.get(character) or re.escape(character) for character in pattern)
        return re.compile(rf"{expression}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG))

    iam_evaluator._fnmatch_compile = compiled


def policies_see_the_key_of_an_upload() -> None:
    """Without it, no condition on an upload's KMS key matches, and uploads that name our key are denied."""
    context_of = iam_actions.s3_service_context

    def context(
        iam_action: str,
        query_params: dict[str, Any] | None,
        path: str = "",
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        found: dict[str, Any] = context_of(iam_action, query_params, path, headers)
        key = (headers or {}).get(KEY_ID) or _key_of_upload(s3._qp(query_params or {}, "uploadId", ""))
        return {**found, f"s3:{KEY_ID}": key} if key and iam_action == "s3:PutObject" else found

    iam_actions.s3_service_context = context


def _key_of_upload(upload_id: str) -> str | None:
    """Return the KMS key of a multipart upload; a part has no headers of its own, so the start of the upload counts."""
    upload = s3._multipart_uploads.get(upload_id) if upload_id else None
    if not upload or not upload.get("requested_sse"):
        return None
    key: str | None = upload["preserved_headers"].get(KEY_ID)
    return key


def writes_need_every_right() -> None:
    """Without it, an upload with tags, a canned ACL or a lock needs only the permission PutObject."""
    checks_of = iam_actions.s3_additional_checks

    def checks(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = checks_of(method, path, headers, body, query_params)
        bucket, _, key = path.lstrip("/").partition("/")
        if key and iam_actions._s3_action(method, path, query_params) == "PutObject":
            arn = f"arn:aws:s3:::{bucket}/{key}"
            found += [(action, arn) for header, action in ALSO_ASKED.items() if headers.get(header)]
        return found

    iam_actions.s3_additional_checks = checks


def actions_are_called_as_iam_calls_them() -> None:
    """Without it, SQS's batches need permissions that IAM does not know, and a concurrency is read as it is set."""
    action_of = iam_actions.extract_iam_action

    def action(  # noqa: PLR0917  # MiniStack's signature
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> str | None:
        found: str | None = action_of(service, method, path, headers, body, query_params)
        if found == "lambda:PutFunctionConcurrency" and method == "GET":
            return "lambda:GetFunctionConcurrency"
        return found.removesuffix("Batch") if found and service == "sqs" else found

    iam_actions.extract_iam_action = action


def resources_are_named_as_iam_names_them() -> None:
    """Without it, a rule of the default bus, a queue whose messages are moved and log groups are none of a policy's."""
    arn_of = iam_actions.extract_resource_arn

    def arn(  # noqa: PLR0917  # MiniStack's signature
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        found: str = arn_of(service, method, path, headers, body, query_params, region, account_id)
        if service == "events":
            found = found.replace(":rule/default/", ":rule/")
        name_of = ARN_OF.get((service, headers.get("x-amz-target", "").rpartition(".")[2]))
        if name_of is None:
            return found
        member, pattern = name_of
        named = json.loads(body or b"{}").get(member, "") if member else ""
        return pattern.format(region=region, account=account_id, named=named)

    iam_actions.extract_resource_arn = arn


WORKAROUNDS: Workarounds = {
    wildcards_match_any_character: {(iam_evaluator, "_fnmatch_compile"): ("pattern", "ignore_case")},
    policies_see_the_key_of_an_upload: {
        (iam_actions, "s3_service_context"): ("iam_action", "query_params", "path", "headers"),
        (s3, "_multipart_uploads"): None,
        (s3, "_qp"): ("params", "key", "default"),
    },
    writes_need_every_right: {
        (iam_actions, "s3_additional_checks"): ("method", "path", "headers", "body", "query_params"),
        (iam_actions, "_s3_action"): ("method", "path", "query_params"),
    },
    actions_are_called_as_iam_calls_them: {
        (iam_actions, "extract_iam_action"): ("service", "method", "path", "headers", "body", "query_params"),
    },
    resources_are_named_as_iam_names_them: {
        (iam_actions, "extract_resource_arn"): (
            "service",
            "method",
            "path",
            "headers",
            "body",
            "query_params",
            "region",
            "account_id",
        ),
    },
}
