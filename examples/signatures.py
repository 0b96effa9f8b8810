"""Tells messages that SNS posts over HTTPS from those that somebody else does.

Source: SNS developer guide, "Verifying the signatures of Amazon SNS messages". Needs the package `cryptography`.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

FRESH_SECONDS = 2 * 3600
"""SNS tries for up to an hour; what is older was recorded by somebody and is played again."""
MOST_BYTES = 300_000
"""A message has 256 KB at most."""
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""What is signed of each type of message, in this order."""
_CERTIFICATE = re.compile(r"https?://[^/?#]+/SimpleNotificationService-\w+\.pem", re.ASCII)
"""A file, and no answer of SNS's API: that may quote what anybody has made it keep, a certificate too."""


class Refused(Exception):
    """Not a message of SNS's, or not one for us; says why."""


def amazons(url: str, topic: str) -> bool:
    """Whether an address is that of SNS itself, in the topic's Region.

    >>> amazons("https://sns.us-east-1.amazonaws.com/a.pem", "arn:aws:sns:us-east-1:111122223333:clinic-completion")
    True
    >>> amazons("https://sns.us-east-1.amazonaws.com.evil.example/a.pem", "arn:aws:sns:us-east-1:111122223333:t")
    False
    """
    region = topic.split(":")[3]
    host = f"sns.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
    parts = urlsplit(url)
    return (parts.scheme, parts.netloc) == ("https", host)


_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def of_endpoint(endpoint: str) -> Callable[[str, str], bool]:
    """What tells whether an address is at an endpoint that is trusted instead of AWS, such as the local cloud's.

    The names of the loopback mean the same machine: the local cloud prints 127.0.0.1 and signs as localhost.

    >>> trusted = of_endpoint("http://127.0.0.1:4566")
    >>> trusted("http://localhost:4566/a.pem", ""), trusted("http://localhost:4567/a.pem", "")
    (True, False)
    >>> trusted("http://127.0.0.1:4566@evil.example/a.pem", "")
    False

    Raises:
        ValueError: the endpoint is not an http or https address.
    """
    wanted = _origin(endpoint)
    if wanted is None:
        raise ValueError(f"{endpoint!r} is not an endpoint: use the address that `make cloud` prints")
    return lambda url, _topic: _origin(url) == wanted


def _origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of an address, every name of the loopback being the same host; None if it has none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    return parts.scheme, "localhost" if host in _LOOPBACK else host, port


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_request: Any) -> None:
        """Follow nobody anywhere: urllib then raises the answer as an error."""


_ONE_AT_A_TIME = threading.Lock()
"""Whose message names a certificate that is not there costs one request at a time, whoever sends many."""
_NOT_THERE = (400, 403, 404, 410)
"""Of the client's errors those that do not pass: 408 and 429 do."""


def fetched(url: str) -> bytes:
    """What is at an address that is known to be SNS's; a certificate is fetched once.

    Raises:
        Refused: there is nothing, as SNS says.
    """
    with _ONE_AT_A_TIME:
        content = _answer(url)
    if content is None:
        raise Refused("nothing is there")
    return content


@lru_cache(maxsize=64)
def _answer(url: str) -> bytes | None:
    """None if nothing is there, which is remembered too; of what may pass, an error is raised."""
    try:
        with build_opener(_NoRedirects()).open(url, timeout=10) as answer:
            content: bytes = answer.read(MOST_BYTES)
    except HTTPError as error:
        with error:
            if error.code not in _NOT_THERE:
                raise
        return None
    return content


@dataclass(frozen=True)
class Verifier:
    """Takes messages about these topics alone. Whose addresses are trusted, the network and the clock can be others."""

    topics: Collection[str]
    trusted: Callable[[str, str], bool] = amazons
    fetch: Callable[[str], bytes] = fetched
    now: Callable[[], float] = time.time

    def verified(self, body: bytes) -> dict[str, str]:
        """The message in a request's body: what is signed of it, and nothing else. It may have no `Subject`.

        Raises:
            Refused: SNS has not said this, or not about our topics, or not lately.
        """
        try:
            message = json.loads(body)
            names = [name for name in _SIGNED[message["Type"]] if name in message or name != "Subject"]
            said = {name: str(message[name]) for name in names}
            signed = "".join(f"{name}\n{text}\n" for name, text in said.items())
            topic, certificate, signature = message["TopicArn"], message["SigningCertURL"], message["Signature"]
            if topic not in self.topics:
                raise Refused("about another topic")
            if message["SignatureVersion"] != "2":
                raise Refused("signed with SHA-1, or not at all")
            self._check_time(message["Timestamp"])
            self._key(certificate, topic).verify(base64.b64decode(signature), signed.encode(), PKCS1v15(), SHA256())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Refused(f"not a message of SNS's ({type(error).__name__})") from error
        except InvalidSignature as error:
            raise Refused("not signed by SNS") from error
        return said

    def confirm(self, message: dict[str, str]) -> None:
        """Say yes to a verified SubscriptionConfirmation.

        Raises:
            Refused: its address is not SNS's.
        """
        if not self.trusted(message["SubscribeURL"], message["TopicArn"]):
            raise Refused("to be confirmed somewhere else")
        self.fetch(message["SubscribeURL"])

    def _check_time(self, timestamp: str) -> None:
        said = datetime.fromisoformat(timestamp).timestamp()
        if abs(self.now() - said) > FRESH_SECONDS:
            raise Refused("said long ago, or not yet")

    def _key(self, url: str, topic: str) -> RSAPublicKey:
        if not self.trusted(url, topic) or not _CERTIFICATE.fullmatch(url):
            raise Refused("the certificate is somebody else's")
        certificate = load_pem_x509_certificate(self.fetch(url))
        now = datetime.fromtimestamp(self.now(), UTC)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise Refused("the certificate is not valid now")
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise Refused("the certificate is of another kind")
        return key
