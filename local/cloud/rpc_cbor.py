"""Support Transcribe's protocol smithy-rpc-v2-cbor, which its newest model lists first.

A CBOR request is converted to JSON 1.1 first, and the answer is converted back. So services, policies and logs handle
one protocol. botocore parses and serialises CBOR.

Sources: botocore 1.44.1, `transcribe/2017-10-26/service-2.json` (protocols and statuses of errors);
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html.
"""

# ruff: noqa: SLF001  # neither botocore's serialisers nor MiniStack have a public interface for this
# mypy: disable-error-code="no-untyped-call,attr-defined"

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import DenormalizedStructureBuilder, ServiceModel, Shape
from botocore.parsers import ResponseParserError, RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
from ministack import app

Answer = tuple[int, dict[str, str], bytes]

PROTOCOL = "rpc-v2-cbor"
STATUSES = {"ConflictException": 409, "LimitExceededException": 429, "NotFoundException": 404}
"""The HTTP statuses of errors in the newest model; in JSON 1.1 all of them are 400."""
USES: dict[tuple[Any, str], tuple[str, ...] | None] = {
    (app, "_dispatch_service_request"): ("method", "path", "headers", "body", "query_params", "request_id"),
}
_PATH = re.compile(r"/service/Transcribe/operation/([A-Za-z]+)")
_TEXT = {"type": "string"}
_ERROR = DenormalizedStructureBuilder().with_members({"__type": _TEXT, "message": _TEXT}).build_model()


def install() -> None:
    """Let MiniStack accept Transcribe's requests in CBOR."""
    dispatch = app._dispatch_service_request

    async def dispatched(  # noqa: PLR0917  # MiniStack's signature
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any], request_id: str
    ) -> Answer:
        operation = _PATH.fullmatch(path)
        if operation is None or headers.get("smithy-protocol") != PROTOCOL:
            answer: Answer = await dispatch(method, path, headers, body, query_params, request_id)
            return answer
        try:
            asked = json.dumps(read(body)).encode()
        except ValueError:
            return _cbor(400, {}, {"__type": "SerializationException", "message": "The request is not CBOR."}, _ERROR)
        json_headers = {
            **{name: value for name, value in headers.items() if name not in ("smithy-protocol", "accept")},
            "content-type": "application/x-amz-json-1.1",
            "content-length": str(len(asked)),
            "x-amz-target": f"Transcribe.{operation[1]}",
        }
        answer = await dispatch(method, "/", json_headers, asked, query_params, request_id)
        return _as_cbor(operation[1], *answer)

    app._dispatch_service_request = dispatched


def read(body: bytes) -> Any:
    """Read a request's body.

    Raises:
        ValueError: it is not CBOR.
    """
    try:
        return RpcV2CBORParser()._initial_body_parse(body) or {}
    except ResponseParserError as error:
        raise ValueError(str(error)) from error


def _as_cbor(operation: str, status: int, headers: dict[str, str], body: bytes) -> Answer:
    found = json.loads(body or b"{}")
    if status < 400:  # noqa: PLR2004  # HTTP's errors
        return _cbor(status, headers, found, _model().operation_model(operation).output_shape)
    code = str(found.get("__type", "")).rpartition("#")[2]
    message = found.get("Message", found.get("message", ""))
    return _cbor(STATUSES.get(code, status), headers, {"__type": code, "message": message}, _ERROR)


def _cbor(status: int, headers: Mapping[str, str], answer: Mapping[str, Any], shape: Shape | None) -> Answer:
    body = bytearray()
    if shape is not None:
        RpcV2CBORSerializer()._serialize_data_item(body, _without_nulls(answer), shape)
    kept = {name: value for name, value in headers.items() if name.lower() not in ("content-type", "content-length")}
    return status, {**kept, "Content-Type": "application/cbor", "smithy-protocol": PROTOCOL}, bytes(body)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


@cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("transcribe", "service-2"), "transcribe")
