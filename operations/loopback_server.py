"""A page and its sound for one browser on this machine: served from memory, on loopback, until the tool ends.

The server refuses the network, other host names (DNS rebinding) and pages of other sites.
The process list shows the browser's address. So that address works once and redirects to another.
"""

import hmac
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import Any

from documents import html
from stethoscript import aws_errors

ADDRESS = "127.0.0.1"
QUIET_SECONDS = 60
"""After so long a browser that says nothing is hung up on."""
_POLL_SECONDS = 0.1
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
_HEADERS = {
    "Content-Security-Policy": f"{html.policy()}; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Sound:
    """A recording that can be read from one byte to another, both included; what cannot be read raises at once."""

    size: int
    content_type: str
    read: Callable[[int, int], Iterable[bytes]]


@contextmanager
def serving(page: bytes, sound: Sound | None, say: Callable[[str], None]) -> Iterator[str]:
    """Serve both; the address opens once. `say` receives a sentence if the sound cannot be read."""
    with _Server(page, sound, say) as server:
        Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()
        try:
            yield server.address
        finally:
            server.shutdown()


class _Server(ThreadingTCPServer):
    """Where it is, and what it holds; http.server's own would look its name up in the DNS."""

    daemon_threads = True

    def __init__(self, page: bytes, sound: Sound | None, say: Callable[[str], None]) -> None:
        super().__init__((ADDRESS, 0), _Handler)
        self.page, self.sound, self.say = page, sound, say
        self.port = self.server_address[1]
        self.room = f"/{secrets.token_urlsafe(24)}/"
        self._door: str | None = f"/{secrets.token_urlsafe(24)}/"
        self.address = f"http://{ADDRESS}:{self.port}{self._door}"

    def enter(self, path: str) -> bool:
        """Whether this path is the one-time address; the first use disables it."""
        if self._door is None or not same(path, self._door):
            return False
        self._door = None
        return True

    def handle_error(self, _request: Any, _client: Any) -> None:
        """Report an unreadable recording. Ignore closed connections, because browsers close them early."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.say(f"The recording cannot be read just now ({aws_errors.described(error)}).")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = QUIET_SECONDS

    def do_GET(self) -> None:
        """Answer the browser we were opened in."""
        if not self._ours():
            self.send_error(HTTPStatus.FORBIDDEN)
        elif self.command == "GET" and self.server.enter(self.path):
            self._begin(HTTPStatus.SEE_OTHER, {"Location": self.server.room, "Content-Length": "0"})
        elif same(self.path, self.server.room):
            self._begin(HTTPStatus.OK, _described("text/html; charset=utf-8", len(self.server.page)))
            self.wfile.write(self.server.page if self.command == "GET" else b"")
        elif self.server.sound and same(self.path, f"{self.server.room}audio"):
            self._play(self.server.sound)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say no, and nothing more; http.server would quote the request."""
        del message, explain
        self.close_connection = True
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code = HTTPStatus.METHOD_NOT_ALLOWED
        self._begin(code, {"Content-Length": "0", "Connection": "close"})

    def version_string(self) -> str:
        """The server's name, without a version."""
        return "stethoscript"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Nothing is noted down."""

    def _ours(self) -> bool:
        """Whether it is meant for this server, by a person or by the page itself."""
        hosts = self.headers.get_all("Host", [])
        known = hosts in ([f"{ADDRESS}:{self.server.port}"], [f"localhost:{self.server.port}"])
        return known and self.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")

    def _play(self, sound: Sound) -> None:
        wanted = self.headers.get("Range")
        asked = span(wanted, sound.size) if wanted else (0, sound.size - 1)
        if asked is None:
            none = {"Content-Range": f"bytes */{sound.size}", "Content-Length": "0"}
            self._begin(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, none)
            return
        first, last = asked
        headers = {**_described(sound.content_type, last - first + 1), "Accept-Ranges": "bytes"}
        if wanted:
            headers["Content-Range"] = f"bytes {first}-{last}/{sound.size}"
        try:
            parts = sound.read(first, last) if self.command == "GET" else ()
        except Exception:
            self.send_error(HTTPStatus.BAD_GATEWAY)
            raise
        self._begin(HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK, headers)
        self.wfile.writelines(parts)

    def _begin(self, code: int, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for name, value in {**_HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()


def span(wanted: str, size: int) -> tuple[int, int] | None:
    """The first and last byte that a Range header asks for; None if there are none. Takes one range only.

    >>> span("bytes=0-", 10), span("bytes=2-99", 10), span("bytes=-3", 10), span("bytes=10-", 10), span("lines=1", 10)
    ((0, 9), (2, 9), (7, 9), None, None)
    """
    match = _RANGE.fullmatch(wanted)
    if match is None or not (match[1] or match[2]):
        return None
    first = int(match[1]) if match[1] else max(0, size - int(match[2]))
    last = min(int(match[2]), size - 1) if match[1] and match[2] else size - 1
    return (first, last) if first <= last else None


def same(path: str, secret: str) -> bool:
    """Whether they are the same, in a time that does not tell how nearly."""
    return hmac.compare_digest(path.encode("latin-1", "replace"), secret.encode())


def _described(content_type: str, length: int) -> dict[str, str]:
    return {"Content-Type": content_type, "Content-Length": str(length)}
