"""Verifies that SNS signed a message that arrived over HTTPS.

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
"""Maximum age of a message. SNS retries for up to an hour, so an older message may be a replay."""
MAX_BYTES = 300_000
"""Maximum size of a request. A message has at most 256 KB."""
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""The signed members of each type of message, in the order of the signature."""
_CERTIFICATE = re.compile(r"https?://[^/?#]+/SimpleNotificationService-\w+\.pem", re.ASCII)
"""The path of a certificate file. Other paths lead to SNS's API, which may return a certificate of an attacker."""


class Refused(Exception):
    """The message is not from SNS, or not for this receiver. The text gives the reason."""


def is_sns_url(url: str, topic: str) -> bool:
    """Whether a URL has the host of SNS in the topic's Region.

    >>> is_sns_url("https://sns.us-east-1.amazonaws.com/a.pem", "arn:aws:sns:us-east-1:111122223333:clinic-completion")
    True
    >>> is_sns_url("https://sns.us-east-1.amazonaws.com.evil.example/a.pem", "arn:aws:sns:us-east-1:111122223333:t")
    False
    """
    region = topic.split(":")[3]
    host = f"sns.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
    parts = urlsplit(url)
    return (parts.scheme, parts.netloc) == ("https", host)


_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def trust_endpoint(endpoint: str) -> Callable[[str, str], bool]:
    """A function that trusts the URLs of one endpoint instead of AWS, such as the local cloud's.

    All names of the loopback address are equal: the local cloud prints 127.0.0.1 and signs as localhost.

    >>> trusted = trust_endpoint("http://127.0.0.1:4566")
    >>> trusted("http://localhost:4566/a.pem", ""), trusted("http://localhost:4567/a.pem", "")
    (True, False)
    >>> trusted("http://127.0.0.1:4566@evil.example/a.pem", "")
    False

    Raises:
        ValueError: the endpoint is not an http or https address.
    """
    trusted = _origin(endpoint)
    if trusted is None:
        raise ValueError(f"{endpoint!r} is not an endpoint: use the address that `make cloud` prints")
    return lambda url, _topic: _origin(url) == trusted


def _origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of a URL, or None if it is not valid. Every name of the loopback address is `localhost`."""
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
        """Follow no redirect: urllib then raises an error."""


_ONE_REQUEST = threading.Lock()
"""Limits forged messages with missing certificates to one request at a time."""
_PERMANENT_ERRORS = (400, 403, 404, 410)
"""HTTP status codes that a retry does not change. 408 and 429 are temporary."""


def fetch_from_sns(url: str) -> bytes:
    """The content at a trusted URL. It is requested once, then cached.

    Raises:
        Refused: SNS answers that there is none.
    """
    with _ONE_REQUEST:
        content = _cached(url)
    if content is None:
        raise Refused("the URL has no content")
    return content


@lru_cache(maxsize=64)
def _cached(url: str) -> bytes | None:
    """The content, or None after a permanent error; both are cached. A temporary error is raised, and not cached."""
    try:
        with build_opener(_NoRedirects()).open(url, timeout=10) as response:
            content: bytes = response.read(MAX_BYTES)
    except HTTPError as error:
        with error:
            if error.code not in _PERMANENT_ERRORS:
                raise
        return None
    return content


@dataclass(frozen=True)
class Verifier:
    """Verifies messages of these topics. `trusted`, `fetch` and `now` can replace trusted URLs, network and clock."""

    topics: Collection[str]
    trusted: Callable[[str, str], bool] = is_sns_url
    fetch: Callable[[str], bytes] = fetch_from_sns
    now: Callable[[], float] = time.time

    def verified(self, body: bytes) -> dict[str, str]:
        """The signed members of the message in a request's body. Only `Subject` may be missing.

        Raises:
            Refused: SNS did not sign it, its topic is another, or it is older than `FRESH_SECONDS`.
        """
        try:
            message = json.loads(body)
            names = [name for name in _SIGNED[message["Type"]] if name in message or name != "Subject"]
            members = {name: str(message[name]) for name in names}
            signed = "".join(f"{name}\n{text}\n" for name, text in members.items())
            topic, certificate, signature = message["TopicArn"], message["SigningCertURL"], message["Signature"]
            if topic not in self.topics:
                raise Refused("another topic")
            if message["SignatureVersion"] != "2":
                raise Refused("not signed with SHA-256")
            self._check_time(message["Timestamp"])
            self._key(certificate, topic).verify(base64.b64decode(signature), signed.encode(), PKCS1v15(), SHA256())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Refused(f"not a message from SNS ({type(error).__name__})") from error
        except InvalidSignature as error:
            raise Refused("not signed by SNS") from error
        return members

    def confirm(self, message: dict[str, str]) -> None:
        """Confirm the subscription of a verified SubscriptionConfirmation.

        Raises:
            Refused: its `SubscribeURL` is not trusted.
        """
        if not self.trusted(message["SubscribeURL"], message["TopicArn"]):
            raise Refused("the SubscribeURL is not trusted")
        self.fetch(message["SubscribeURL"])

    def _check_time(self, timestamp: str) -> None:
        sent = datetime.fromisoformat(timestamp).timestamp()
        if abs(self.now() - sent) > FRESH_SECONDS:
            raise Refused("too old, or from the future")

    def _key(self, url: str, topic: str) -> RSAPublicKey:
        if not self.trusted(url, topic) or not _CERTIFICATE.fullmatch(url):
            raise Refused("the certificate's URL is not trusted")
        certificate = load_pem_x509_certificate(self.fetch(url))
        now = datetime.fromtimestamp(self.now(), UTC)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise Refused("the certificate is not valid now")
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise Refused("the certificate has no RSA key")
        return key
