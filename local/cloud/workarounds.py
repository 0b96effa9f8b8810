"""Changes to MiniStack that the pipeline needs: one function for each gap, all in one table.

MiniStack is pinned exactly. `apply` first checks that everything it changes still exists with the known parameters. So
a new version is refused with a clear message, not found by a failing deployment.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

import inspect
import json
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any
from xml.etree import ElementTree as ET

import ministack.app
from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc, s3
from ministack.services.cloudformation import provisioners

from local.cloud import (
    email_files,
    environment,
    gaps,
    permission_log,
    request_log,
    rpc_cbor,
    s3_workarounds,
    sns_signatures,
    vocabulary_resource,
)
from local.cloud.errors import CannotStart
from local.transcribe_medical import ministack_port, ministack_service

KNOWN = "1.5.33"

Parameters = tuple[str, ...]
Touched = dict[tuple[Any, str], Parameters | None]


def loopback_counts_as_tls() -> None:
    """Without it, buckets refuse every request, because the loopback has no TLS."""
    pin = ministack.app.pin_request_origin

    def pinned(source_ip: str, secure_transport: bool) -> None:  # noqa: ARG001  # MiniStack's signature
        pin(source_ip, True)

    ministack.app.pin_request_origin = pinned


def policies_see_medical_requests() -> None:
    """Without the job's ARN and the request's output, a policy that names either would deny every request."""
    arn_of, tags_of = iam_actions.extract_resource_arn, iam_actions.request_tag_context

    def resource(  # noqa: PLR0917  # MiniStack's signature
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        operation = ministack_service.operation_of(headers)
        if service == "transcribe" and ministack_service.is_medical(operation):
            return ministack_service.resource_and_conditions(operation, body, region, account_id)[0]
        found: str = arn_of(service, method, path, headers, body, query_params, region, account_id)
        return found

    def context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = tags_of(service, iam_action, body, params)
        operation = iam_action.partition(":")[2]
        if service == "transcribe" and ministack_service.is_medical(operation):
            found = {**found, **ministack_service.resource_and_conditions(operation, body, "", "")[1]}
        return found

    iam_actions.extract_resource_arn = resource
    iam_actions.request_tag_context = context


def policies_see_the_source_of_events() -> None:
    """Without it, a policy that allows events of one source and type would deny them all."""
    tags_of = iam_actions.request_tag_context

    def context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = tags_of(service, iam_action, body, params)
        if iam_action == "events:PutEvents":
            entries = json.loads(body or b"{}").get("Entries", [])
            for name, member in (("events:source", "Source"), ("events:detail-type", "DetailType")):
                found = {**found, name: [entry.get(member, "") for entry in entries]}
        return found

    iam_actions.request_tag_context = context


def buckets_are_encrypted() -> None:
    """Without it, CloudFormation ignores a bucket's encryption, and no object has a key."""
    provisioners._S3_BUCKET_CONFIGURATIONS += (
        ("BucketEncryption", _encryption_xml, s3._put_bucket_encryption, s3._delete_bucket_encryption),
    )


def _encryption_xml(configuration: Mapping[str, Any]) -> bytes:
    """Convert the template's `BucketEncryption` to the format of S3's API."""
    root = ET.Element("ServerSideEncryptionConfiguration", xmlns=s3.S3_NS)
    for rule in configuration.get("ServerSideEncryptionConfiguration") or []:
        written = ET.SubElement(root, "Rule")
        default = ET.SubElement(written, "ApplyServerSideEncryptionByDefault")
        for name, value in (rule.get("ServerSideEncryptionByDefault") or {}).items():
            ET.SubElement(default, name).text = str(value)
        enabled = str(rule.get("BucketKeyEnabled", False)).lower()
        ET.SubElement(written, "BucketKeyEnabled").text = enabled
    return ET.tostring(root)


def objects_are_encrypted() -> None:
    """S3 encrypts every object. `aws:kms` without a key means the bucket's key or the account's `aws/s3`.

    MiniStack refuses the latter, but the CDK uploads its assets with it.
    """
    default_of, resolve = s3._bucket_default_sse_headers, s3._resolve_sse_write_headers
    kind, key = "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"

    def default(bucket_name: str) -> dict[str, str]:
        return default_of(bucket_name) or {kind: "AES256"}

    def resolved(headers: dict[str, str], bucket_name: str) -> Any:
        if headers.get(kind) == "aws:kms" and not headers.get(key):
            account_key = f"arn:aws:kms:{get_region()}:{get_account_id()}:alias/aws/s3"
            headers = {**headers, key: default(bucket_name).get(key, account_key)}
        return resolve(headers, bucket_name)

    s3._bucket_default_sse_headers = default
    s3._resolve_sse_write_headers = resolved


def queues_share_the_workers() -> None:
    """A batch without a free worker stays invisible for its visibility timeout, so none is received then."""
    allowed = lambda_svc._sqs_esm_concurrency

    def shared(
        esm: dict[str, Any], func_rec: dict[str, Any], config: dict[str, Any], queue: dict[str, Any] | None = None
    ) -> int:
        share = environment.WORKERS_FOR_QUEUES // max(1, len(lambda_svc._esms._data))
        return min(allowed(esm, func_rec, config, queue), max(1, share))

    lambda_svc._sqs_esm_concurrency = shared


def bucket_policies_can_be_imported() -> None:
    """Without it, CloudFormation can import everything that a deleted stack leaves, except policies of buckets."""
    handlers: Any = provisioners._RESOURCE_HANDLERS
    handlers["AWS::S3::BucketPolicy"]["import"] = lambda identifier: (f"{identifier['Bucket']}-policy", {})


WORKAROUNDS: dict[Callable[[], None], Touched] = {
    loopback_counts_as_tls: {
        (ministack.app, "pin_request_origin"): ("source_ip", "secure_transport"),
    },
    policies_see_medical_requests: {
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
        (iam_actions, "request_tag_context"): ("service", "iam_action", "body", "params"),
    },
    policies_see_the_source_of_events: {
        (iam_actions, "request_tag_context"): ("service", "iam_action", "body", "params"),
    },
    buckets_are_encrypted: {
        (provisioners, "_S3_BUCKET_CONFIGURATIONS"): None,
        (s3, "_put_bucket_encryption"): ("name", "body"),
        (s3, "_delete_bucket_encryption"): ("name",),
    },
    objects_are_encrypted: {
        (s3, "_bucket_default_sse_headers"): ("bucket_name",),
        (s3, "_resolve_sse_write_headers"): ("headers", "bucket_name"),
    },
    queues_share_the_workers: {
        (lambda_svc, "_sqs_esm_concurrency"): ("esm", "func_rec", "config", "queue"),
        (lambda_svc, "_esms"): None,
    },
    bucket_policies_can_be_imported: {
        (provisioners, "_RESOURCE_HANDLERS"): None,
        (provisioners, "_import_resource"): ("resource_type", "identifier"),
    },
    **s3_workarounds.WORKAROUNDS,
    **gaps.WORKAROUNDS,
}


def apply() -> None:
    """Apply every workaround, after checking everything that they change.

    Raises:
        CannotStart: MiniStack differs from the known version.
    """
    if (found := version("ministack")) != KNOWN:
        raise CannotStart(f"MiniStack is {found}, but the cloud needs {KNOWN}: install local/requirements.txt.")
    parts = (
        ministack_port,
        ministack_service,
        vocabulary_resource,
        permission_log,
        request_log,
        sns_signatures,
        email_files,
        rpc_cbor,
    )
    for touched in (*(part.USES for part in parts), *WORKAROUNDS.values()):
        for (owner, name), parameters in touched.items():
            _check(owner, name, parameters)
    for workaround in WORKAROUNDS:
        workaround()


def _check(owner: Any, name: str, parameters: Parameters | None) -> None:
    where = f"{owner.__name__}.{name}"
    changed = getattr(owner, name, None)
    if changed is None:
        raise CannotStart(f"MiniStack has no {where}, which the cloud needs: install local/requirements.txt.")
    if parameters is not None and tuple(inspect.signature(changed).parameters) != parameters:
        raise CannotStart(
            f"MiniStack's {where} has other parameters than the cloud needs: install local/requirements.txt."
        )
