"""Transcribe Medical as a service of MiniStack: its requests and its state.

Only this module and `ministack_port` import MiniStack. Import them after `local.cloud` has set the environment.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call"

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack import app
from ministack.core import router
from ministack.core.responses import get_account_id, get_region

from local.transcribe_medical import jobs, ministack_port, tag_operations, vocabularies
from local.transcribe_medical.caller_permissions import conditions
from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.request_validation import Refused
from local.transcribe_medical.service import Service
from local.transcribe_medical.vocabulary_operations import DOWNLOADS

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Response]]

NAME = "transcribe_medical"

# What this module uses of MiniStack, with parameters; the cloud checks this before it starts.
USES: dict[tuple[Any, str], tuple[str, ...] | None] = {
    (app, "SERVICE_HANDLERS"): None,
    (app, "SERVICE_REGISTRY"): None,
    (app, "_loaded_modules"): None,
    (router, "extract_access_key_id"): ("headers", "query_params"),
}


def install(service: Service) -> None:
    """Answer the medical operations; MiniStack answers Transcribe's others."""
    app.SERVICE_HANDLERS["transcribe"] = _before(app.SERVICE_HANDLERS["transcribe"], service)
    app.SERVICE_REGISTRY[NAME] = {"module": NAME}  # a reset calls these
    app._loaded_modules[NAME] = _Resettable(service)
    ministack_port.repeat_events()


class _Resettable:
    """The service with the `reset` that MiniStack expects of a module."""

    def __init__(self, service: Service) -> None:
        self.reset = service.reset


def _before(others: Handler, service: Service) -> Handler:
    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        operation = operation_of(headers)
        if operation not in service.operations:
            return await others(method, path, headers, body, query)
        caller = Caller(get_account_id(), get_region(), router.extract_access_key_id(headers, query))
        try:
            request = _read(body)
            if not service.takes(operation, request):
                return await others(method, path, headers, body, query)
            return _response(200, service.answer(operation, caller, request))
        except Refused as refused:
            return _response(refused.status, {"__type": refused.code, "Message": refused.message})

    return handle


def downloads(inner: Any, service: Service) -> Any:
    """Wrap the cloud's ASGI app so that it serves a vocabulary's table at its DownloadUri."""

    async def with_downloads(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(DOWNLOADS):
            await inner(scope, receive, send)
            return
        table = service.vocabularies.download(scope["path"])
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": 404 if table is None else 200, "headers": headers})
        await send({"type": "http.response.body", "body": table or b""})

    return with_downloads


def operation_of(headers: Mapping[str, str]) -> str:
    """Return the name of the operation in a request of Transcribe."""
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
    """Return a medical request's resource ARN and condition keys, for IAM."""
    try:
        request = _read(body)
    except Refused:
        return "*", {}
    if operation == "StartMedicalTranscriptionJob":
        return "*", conditions(request)
    for member, arn in (("MedicalTranscriptionJobName", jobs.arn), ("VocabularyName", vocabularies.arn)):
        name = request.get(member)
        if isinstance(name, str) and operation != "CreateMedicalVocabulary":
            return arn(region, account, name), {}
    return "*", {}


def is_medical(operation: str) -> bool:
    """Return whether an operation is, or may be, about medical jobs and vocabularies."""
    return "Medical" in operation or operation in tag_operations.OPERATIONS
