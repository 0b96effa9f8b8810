"""Receives notifications over HTTPS: verifies each, confirms the subscription, and handles each id once.

    python -m examples.receiver --topic arn:aws:sns:us-east-1:111122223333:stethoscript-completion

It serves HTTP on the loopback address. A load balancer or proxy in front of it needs the certificate for HTTPS.
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

from examples.signatures import MAX_BYTES, Refused, Verifier, is_sns_url, trust_endpoint

Notification = dict[str, Any]


@dataclass(frozen=True)
class HandledIds:
    """The ids of handled notifications, in a file. SNS may send one twice, and sends it again after a crash."""

    path: Path

    def once(self, notification: Notification, handle: Callable[[Notification], None]) -> None:
        """Handle a notification unless its id is in the file. If `handle` raises, the id is not recorded."""
        connection = sqlite3.connect(self.path, timeout=30)
        try:
            with connection:
                connection.execute("CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY)")
                if connection.execute("INSERT OR IGNORE INTO handled VALUES (?)", (notification["id"],)).rowcount:
                    handle(notification)
        finally:
            connection.close()


@dataclass(frozen=True)
class Deliveries:
    """The location of the documents of each version of a recording, in a file.

    ERASED may arrive before the DELIVERED of the same version, so the file also lists erased versions.
    """

    path: Path

    def take(self, notification: Notification) -> None:
        """Record a delivery, or erase a version. A delivery of an erased version is ignored."""
        connection = sqlite3.connect(self.path, timeout=30)
        try:
            with connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept (version TEXT PRIMARY KEY, manifest TEXT)")
                if notification["status"] == "ERASED":  # also delete your own copies: text, documents, e-mails
                    connection.execute("INSERT OR REPLACE INTO kept VALUES (?, NULL)", (notification["versionId"],))
                elif notification["status"] == "DELIVERED":
                    manifest = json.dumps(notification["manifest"])
                    connection.execute(
                        "INSERT INTO kept VALUES (?, ?) ON CONFLICT (version) "
                        "DO UPDATE SET manifest = excluded.manifest WHERE manifest IS NOT NULL",
                        (notification["versionId"], manifest),
                    )
        finally:
            connection.close()


class Receiver(BaseHTTPRequestHandler):
    """Answers SNS: 200 for a handled message, 403 for a message that SNS did not sign, 500 to request a retry."""

    timeout = 30

    def __init__(
        self, verifier: Verifier, handled: HandledIds, handle: Callable[[Notification], None], *connection: Any
    ) -> None:
        self._verifier, self._handled, self._handle = verifier, handled, handle
        super().__init__(*connection)

    def do_POST(self) -> None:
        """Handle one message."""
        try:
            self._process(self._verifier.verified(self._body()))
        except Refused as reason:
            self.log_message("refused: %s", reason)
            self.send_error(403)
        except Exception as error:  # noqa: BLE001 - after any error SNS must retry
            self.log_message("failed: %s", type(error).__name__)
            self.send_error(500)
        else:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _process(self, message: dict[str, str]) -> None:
        if message["Type"] == "SubscriptionConfirmation":
            self._verifier.confirm(message)
            self.log_message("subscribed to %s", message["TopicArn"])
        elif message["Type"] == "Notification":
            self._handled.once(json.loads(message["Message"]), self._handle)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BYTES:
            raise Refused("no Content-Length, or too long")
        return self.rfile.read(int(length))


def server(port: int, verifier: Verifier, path: Path, handle: Callable[[Notification], None]) -> ThreadingHTTPServer:
    """A server that calls `handle` once for each verified notification."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Receiver, verifier, HandledIds(path), handle))


def main() -> None:
    """Print each notification's status, job, and the location of its manifest or its reason."""
    parser = argparse.ArgumentParser(prog="python -m examples.receiver", description=__doc__)
    parser.add_argument("--topic", action="append", required=True, help="ARN of the completion topic")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--handled", type=Path, default=Path("handled.sqlite"), help="file of handled ids")
    parser.add_argument("--kept", type=Path, default=Path("kept.sqlite"), help="file of deliveries")
    parser.add_argument("--endpoint", help="address of the local cloud, as `make cloud` prints it; default: AWS")
    arguments = parser.parse_args()
    try:
        trusted = trust_endpoint(arguments.endpoint) if arguments.endpoint is not None else is_sns_url
    except ValueError as error:
        parser.error(str(error))
    verifier = Verifier(arguments.topic, trusted=trusted)

    deliveries = Deliveries(arguments.kept)

    def show(notification: Notification) -> None:
        deliveries.take(notification)
        print(notification["status"], notification["job"], notification.get("manifest", notification.get("reason")))  # noqa: T201

    server(arguments.port, verifier, arguments.handled, show).serve_forever()


if __name__ == "__main__":
    main()
