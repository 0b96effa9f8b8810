"""Log the requests to the cloud: the operation, the user agent and the names of parameters, never a value.

This shows which operations of AWS a program needs.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call"

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import router

from local.cloud.sdk_requests import described

USES: dict[tuple[Any, str], tuple[str, ...] | None] = {
    (app, "_dispatch_service_request"): ("method", "path", "headers", "body", "query_params", "request_id"),
    (app, "_routing_params"): ("method", "path", "headers", "body", "query_params"),
    (router, "detect_service"): ("method", "path", "headers", "query_params"),
}
MODELS = {"monitoring": "cloudwatch"}
"""botocore's names of services that have another name in MiniStack."""


def install(file: Path) -> None:
    """Append every request to a file, one JSON object a line."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    dispatch = app._dispatch_service_request

    async def dispatched(  # noqa: PLR0917  # MiniStack's signature
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any], request_id: str
    ) -> Any:
        with suppress(Exception):  # logging must not change the answer
            routed = app._routing_params(method, path, headers, body, query_params)
            service = router.detect_service(method, path, headers, routed)
            read = described(MODELS.get(service, service), method, path, headers, body, query_params)
            if read:
                line = {"by": headers.get("user-agent", ""), "operation": read[0], "parameters": sorted(read[1])}
                os.write(descriptor, json.dumps(line).encode() + b"\n")
        return await dispatch(method, path, headers, body, query_params, request_id)

    app._dispatch_service_request = dispatched
