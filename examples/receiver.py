"""Receives notifications over HTTPS: verifies each, confirms the subscription, and handles each id once.

    python -m examples.receiver --topic arn:aws:sns:us-east-1:111122223333:stethoscript-completion

It listens on the loopback; what stands before it (a load balancer, a proxy) has the certificate for https.
"""

import argparse
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from examples.signatures import MOST_BYTES, Refused, Verifier, amazons, of_endpoint

Notice = dict[str, Any]


@dataclass(frozen=True)
class Handled:
    """The ids that were handled, in a file: SNS may say the same twice, and says it again after a crash."""

    path: Path

    def once(self, notice: Notice, handle: Callable[[Notice], None]) -> None:
        """Handle a notice unless that was done; if handling fails, it counts as not done."""
        connection = sqlite3.connect(self.path, timeout=30)
        try:
            with connection:
                connection.execute("CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY)")
                if connection.execute("INSERT OR IGNORE INTO handled VALUES (?)", (notice["id"],)).rowcount:
                    handle(notice)
        finally:
            connection.close()


@dataclass(frozen=True)
class Deliveries:
    """What a receiver keeps of each version of a recording: here the place of its documents, in a file.

    An ERASED may come before the DELIVERED of the same version, so an erased version is remembered.
    """

    path: Path

    def take(self, notice: Notice) -> None:
        """Keep a delivery. After an erasure keep nothing of that version, and nothing that comes later."""
        connection = sqlite3.connect(self.path, timeout=30)
        try:
            with connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept (version TEXT PRIMARY KEY, manifest TEXT)")
                if notice["status"] == "ERASED":  # delete here all that you have made of it: text, documents, e-mails
                    connection.execute("INSERT OR REPLACE INTO kept VALUES (?, NULL)", (notice["versionId"],))
                elif notice["status"] == "DELIVERED":
                    manifest = json.dumps(notice["manifest"])
                    connection.execute(
                        "INSERT INTO kept VALUES (?, ?) ON CONFLICT (version) "
                        "DO UPDATE SET manifest = excluded.manifest WHERE manifest IS NOT NULL",
                        (notice["versionId"], manifest),
                    )
        finally:
            connection.close()


class Receiver(BaseHTTPRequestHandler):
    """Answers SNS: 200 for what is done, 403 for what is not SNS's, 500 for what SNS should say again."""

    timeout = 30

    def __init__(
        self, verifier: Verifier, handled: Handled, handle: Callable[[Notice], None], *connection: Any
    ) -> None:
        self._verifier, self._handled, self._handle = verifier, handled, handle
        super().__init__(*connection)

    def do_POST(self) -> None:
        """Take one message."""
        try:
            self._take(self._verifier.verified(self._body()))
        except Refused as reason:
            self.log_message("refused: %s", reason)
            self.send_error(403)
        except Exception as error:  # noqa: BLE001 - whatever it is, SNS says it again
            self.log_message("failed: %s", type(error).__name__)
            self.send_error(500)
        else:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _take(self, message: dict[str, str]) -> None:
        if message["Type"] == "SubscriptionConfirmation":
            self._verifier.confirm(message)
            self.log_message("subscribed to %s", message["TopicArn"])
        elif message["Type"] == "Notification":
            self._handled.once(json.loads(message["Message"]), self._handle)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            raise Refused("without a length, or too long")
        return self.rfile.read(int(length))


def server(port: int, verifier: Verifier, path: Path, handle: Callable[[Notice], None]) -> ThreadingHTTPServer:
    """A server that hands each verified notice to `handle`, once."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Receiver, verifier, Handled(path), handle))


def main() -> None:
    """Print each notice's status and where its documents are listed."""
    parser = argparse.ArgumentParser(prog="python -m examples.receiver", description=__doc__)
    parser.add_argument("--topic", action="append", required=True, help="ARN of the completion topic")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--handled", type=Path, default=Path("handled.sqlite"), help="where ids are kept")
    parser.add_argument("--kept", type=Path, default=Path("kept.sqlite"), help="where deliveries are kept")
    parser.add_argument("--endpoint", help="address of the local cloud, as `make cloud` prints it; without it, AWS")
    given = parser.parse_args()
    try:
        trusted = of_endpoint(given.endpoint) if given.endpoint is not None else amazons
    except ValueError as error:
        parser.error(str(error))
    verifier = Verifier(given.topic, trusted=trusted)

    deliveries = Deliveries(given.kept)

    def show(notice: Notice) -> None:
        deliveries.take(notice)
        print(notice["status"], notice["job"], notice.get("manifest", notice.get("reason")))  # noqa: T201

    server(given.port, verifier, given.handled, show).serve_forever()


if __name__ == "__main__":
    main()
