"""Transcribe Medical as one of MiniStack's services: its requests, its state, and the cloud around it.

Only this module of the package knows MiniStack; import it after `local.cloud` has set the environment up.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call"

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.concurrency import spawn_background
from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso, request_scope
from ministack.services import eventbridge, kms, s3

from local.transcribe_medical import jobs
from local.transcribe_medical.contract import Refused
from local.transcribe_medical.jobs import Job, Place
from local.transcribe_medical.service import Service, conditions
from local.transcribe_medical.surroundings import Caller, Encryption

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Response]]

STATE = "transcribe_medical"

# What this module uses of MiniStack, with the parameters it knows; checked before the cloud starts.
USES: dict[tuple[Any, str], tuple[str, ...] | None] = {
    (app, "SERVICE_HANDLERS"): None,
    (app, "SERVICE_REGISTRY"): None,
    (app, "_state_map"): None,
    (app, "_loaded_modules"): None,
    (eventbridge, "_dispatch_event"): ("event", "view"),
    (iam_actions, "s3_service_context"): ("iam_action", "query_params", "path", "headers"),
    (iam_evaluator, "enforce"): (
        "access_key_id",
        "iam_action",
        "service",
        "region",
        "resource_arn",
        "service_context",
    ),
    (kms, "_resolve_key"): ("key_id_or_arn",),
    (router, "extract_access_key_id"): ("headers", "query_params"),
    (s3, "_buckets"): None,
    (s3, "_get_object_data"): ("bucket_name", "key", "version_id"),
    (s3, "_put_object"): ("bucket_name", "key", "body", "headers"),
}


def install(service: Service) -> None:
    """Answer the medical operations, leave Transcribe's others to MiniStack, and keep the jobs with its state."""
    app.SERVICE_HANDLERS["transcribe"] = _before(app.SERVICE_HANDLERS["transcribe"], service)
    app.SERVICE_REGISTRY[STATE] = {"module": STATE}  # what a reset goes through
    app._state_map[STATE] = STATE  # what saving and loading go through
    app._loaded_modules[STATE] = _Kept(service)


class _Kept:
    """The service's state under the names MiniStack expects of a module."""

    def __init__(self, service: Service) -> None:
        self.get_state = service.remembered
        self.load_persisted_state = service.remember
        self.reset = service.forget


def _before(others: Handler, service: Service) -> Handler:
    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        operation = operation_of(headers)
        if operation not in service.operations:
            return await others(method, path, headers, body, query)
        caller = Caller(get_account_id(), get_region(), router.extract_access_key_id(headers, query))
        try:
            return _response(200, service.answer(operation, caller, _read(body)))
        except Refused as refused:
            return _response(refused.status, {"__type": refused.code, "Message": refused.message})

    return handle


def operation_of(headers: Mapping[str, str]) -> str:
    """Return which of Transcribe's operations a request is for."""
    return headers.get("x-amz-target", "").rpartition(".")[2]


def _read(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise Refused("SerializationException", "The request is not a JSON object.")
    return request


def _response(status: int, answer: Mapping[str, Any]) -> Response:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()


def resource_and_conditions(operation: str, body: bytes, region: str, account: str) -> tuple[str, dict[str, str]]:
    """Return what IAM compares a medical request with: the resource's ARN and the service's condition keys."""
    try:
        request = _read(body)
    except Refused:
        return "*", {}
    name = request.get("MedicalTranscriptionJobName")
    if operation == "StartMedicalTranscriptionJob":
        return "*", conditions(request)
    if isinstance(name, str):
        return jobs.arn(region, account, name), {}
    return "*", {}


class MiniStack:
    """MiniStack as the service's surroundings: the service acts with the rights of its caller."""

    def may_read(self, caller: Caller, place: Place) -> bool:
        """Tell whether the caller may read the object, its key included."""
        if not _allowed(caller, "s3:GetObject", "s3", place.arn, _s3_conditions("s3:GetObject", place, {})):
            return False
        found = _object(place)
        key = found and found.get("preserved_headers", {}).get("x-amz-server-side-encryption-aws-kms-key-id")
        return not key or _may_use(caller, "kms:Decrypt", place, Encryption(key, {}))

    def may_write(self, caller: Caller, place: Place, encryption: Encryption) -> bool:
        """Tell whether the caller may write the object so encrypted."""
        headers = _headers(encryption)
        return _allowed(caller, "s3:PutObject", "s3", place.arn, _s3_conditions("s3:PutObject", place, headers))

    def may_encrypt(self, caller: Caller, place: Place, encryption: Encryption) -> bool:
        """Tell whether the key exists and the caller may encrypt the object with it."""
        return encryption.key is None or _may_use(caller, "kms:GenerateDataKey", place, encryption)

    def may_tag(self, caller: Caller, tags: Mapping[str, str], context: Mapping[str, str]) -> bool:
        """Tell whether the caller may tag the job it starts."""
        asked = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
        return _allowed(
            caller, "transcribe:TagResource", "transcribe", "*", {**asked, "aws:TagKeys": list(tags), **context}
        )

    def bucket_exists(self, _caller: Caller, bucket: str) -> bool:
        """Tell whether there is such a bucket."""
        return bucket in s3._buckets

    def object_exists(self, _caller: Caller, place: Place) -> bool:
        """Tell whether there is such an object."""
        return _object(place) is not None

    def read(self, job: Job, place: Place) -> bytes | None:
        """Return an object's content, or nothing if it is gone."""
        with request_scope(job.account, job.region):
            content: bytes | None = s3._get_object_data(place.bucket, place.key)
            return content

    def write(self, job: Job, place: Place, content: bytes, encryption: Encryption) -> bool:
        """Write an object and tell whether that was possible."""
        headers = {
            "content-type": "application/json",
            "content-length": str(len(content)),
            **_headers(encryption),
        }
        with request_scope(job.account, job.region):
            status = s3._put_object(place.bucket, place.key, content, headers)[0]
            return bool(status < 300)  # noqa: PLR2004  # HTTP's success

    def tell(self, job: Job, detail: Mapping[str, Any]) -> None:
        """Put a `Transcribe Job State Change` on the account's default event bus.

        Targets are invoked while the event is handed over, so that is done on a thread of its own.
        """
        event = {
            "EventId": new_uuid(),
            "Source": "aws.transcribe",
            "DetailType": "Transcribe Job State Change",
            "Detail": json.dumps(detail),
            "EventBusName": "default",
            "Time": now_iso(),
            "Resources": [],
            "Account": job.account,
            "Region": job.region,
        }
        with request_scope(job.account, job.region):
            spawn_background(eventbridge._dispatch_event, event, thread_name="medical-job-state-change")


def _object(place: Place) -> dict[str, Any] | None:
    bucket = s3._buckets.get(place.bucket)
    found: dict[str, Any] | None = bucket and bucket["objects"].get(place.key)
    return found


def _headers(encryption: Encryption) -> dict[str, str]:
    if encryption.key is None:
        return {"x-amz-server-side-encryption": "AES256"}
    key = kms._resolve_key(encryption.key)
    return {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": key["Arn"] if key else encryption.key,
    }


def _s3_conditions(action: str, place: Place, headers: Mapping[str, str]) -> dict[str, Any]:
    path = f"/{place.bucket}/{place.key}"
    context: dict[str, Any] = iam_actions.s3_service_context(action, {}, path, dict(headers))
    key = headers.get("x-amz-server-side-encryption-aws-kms-key-id")
    return {**context, "s3:x-amz-server-side-encryption-aws-kms-key-id": key} if key else context


def _may_use(caller: Caller, action: str, place: Place, encryption: Encryption) -> bool:
    """Tell whether the caller may use the key for this object, as S3 would on its behalf."""
    key = kms._resolve_key(encryption.key)
    if key is None or key["KeyState"] != "Enabled":
        return False
    context = {f"kms:EncryptionContext:{name}": value for name, value in encryption.context.items()}
    via = {"kms:ViaService": f"s3.{caller.region}.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": place.arn}
    return _allowed(caller, action, "kms", key["Arn"], {**via, **context})


def _allowed(caller: Caller, action: str, service: str, resource: str, context: Mapping[str, Any]) -> bool:
    through = {"aws:ViaAWSService": "true", "aws:CalledVia": ["transcribe.amazonaws.com"]}
    denied = iam_evaluator.enforce(
        caller.access_key, action, service, caller.region, resource_arn=resource, service_context={**through, **context}
    )
    return denied is None
