"""What stands before the cloud's door: no browser, no foreign host name, no maintenance by passers-by.

MiniStack answers any origin and trusts any Host. A web page open on the same laptop could otherwise read
recordings from 127.0.0.1, directly or by a name that is made to point there.
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
# A function's answer to CloudFormation carries a token of its own.
OPEN = ("/_ministack/health", "/_ministack/ready", "/_ministack/cfn-response/")


def guarded(app: App) -> App:
    """Wrap an ASGI app so that it hears only from programs on this machine."""

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
    """Return why a request is turned away, or nothing if it may pass."""
    sent = {name.lower(): value for name, value in headers}
    if any(name in sent for name in BROWSERS_SEND):
        return "This cloud answers programs, not web pages."
    if not _ours(sent.get(b"host", b"").decode("latin-1")):
        return "This cloud answers to 127.0.0.1 and localhost only."
    if path.startswith(MAINTENANCE) and not path.startswith(OPEN):
        return "This cloud takes no maintenance requests: start it with --fresh to forget everything."
    return None


def _ours(host: str) -> bool:
    name = host.rsplit(":", 1)[0].lower()
    return name in HOSTS or name.endswith(".localhost")  # bucket.localhost is S3's other way to name a bucket


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
