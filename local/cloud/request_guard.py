"""Refuse requests of browsers, for other host names, and for maintenance.

MiniStack accepts any origin and any Host. Without this check, a web page on the same laptop could read recordings from
127.0.0.1, directly or with a host name that resolves to it.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HOSTS = ("127.0.0.1", "localhost")
BROWSERS_SEND = (b"origin", b"sec-fetch-mode", b"sec-fetch-site", b"sec-fetch-dest")
MAINTENANCE = ("/_ministack/", "/_localstack/", "/_aws/")
# A function's answer to CloudFormation has a token of its own.
OPEN = ("/_ministack/health", "/_ministack/ready", "/_ministack/cfn-response/")


def guarded(app: App) -> App:
    """Wrap an ASGI app so that only programs on this machine can use it."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif reason := refusal(scope["path"], scope["headers"]):
            await _refuse(send, reason)
        else:
            await app(scope, receive, _without_cors(send))

    return guard


def refusal(path: str, headers: list[tuple[bytes, bytes]]) -> str | None:
    """Return the reason to refuse a request, or None."""
    sent = {name.lower(): value for name, value in headers}
    if any(name in sent for name in BROWSERS_SEND):
        return "The local cloud refuses requests of web pages."
    if not _is_local(sent.get(b"host", b"").decode("latin-1")):
        return "The local cloud accepts only the host names 127.0.0.1 and localhost."
    if path.startswith(MAINTENANCE) and not path.startswith(OPEN):
        return "The local cloud refuses maintenance requests: start it with --fresh to delete its state."
    return None


def _is_local(host: str) -> bool:
    name = host.rsplit(":", 1)[0].lower()
    return name in HOSTS or name.endswith(".localhost")  # S3's virtual-hosted style is bucket.localhost


async def _refuse(send: Send, reason: str) -> None:
    body = reason.encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _without_cors(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [
                header for header in message.get("headers", []) if not header[0].lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": kept}
        await send(message)

    return sending
