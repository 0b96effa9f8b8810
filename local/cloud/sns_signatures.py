"""Sign the cloud's notifications as SNS does, with a certificate for each run.

Source: SNS developer guide, "Verifying the signatures of Amazon SNS messages".
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined"

import base64
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from ministack.services import sns

from local.cloud.request_guard import App, Receive, Scope, Send

VERSION = "2"  # SHA-256, as the stacks configure their topics
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}

USES: dict[tuple[Any, str], tuple[str, ...] | None] = {
    (sns, "_build_envelope"): ("topic_arn", "msg_id", "message", "subject", "message_attributes", "raw"),
    (sns, "_http_post_sync"): ("endpoint", "payload", "sns_message_type"),
    (sns, "_HOST"): None,
    (sns, "_PORT"): None,
}


class Signer:
    """The key of this run, and the path of its certificate."""

    def __init__(self) -> None:
        self.path = f"/SimpleNotificationService-{secrets.token_hex(16)}.pem"

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(65537, 2048)

    @cached_property
    def certificate(self) -> bytes:
        """The certificate of the key, in PEM format."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.localhost")])
        now, year = datetime.now(UTC), timedelta(days=365)
        begins, ends = now - timedelta(days=1), now + year
        made = x509.CertificateBuilder(
            name, name, self._key.public_key(), x509.random_serial_number(), begins, ends
        ).sign(self._key, SHA256())
        return made.public_bytes(Encoding.PEM)

    def signed(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the message with a valid signature in place of MiniStack's placeholder."""
        signed_text = "".join(f"{name}\n{message[name]}\n" for name in SIGNED[message["Type"]] if message.get(name))
        signature = self._key.sign(signed_text.encode(), padding.PKCS1v15(), SHA256())
        return {
            **message,
            "SignatureVersion": VERSION,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": f"http://{sns._HOST}:{sns._PORT}{self.path}",
        }

    def serving_certificate(self, app: App) -> App:
        """Wrap the cloud's ASGI app so that it serves the certificate."""

        async def with_certificate(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] != self.path:
                await app(scope, receive, send)
                return
            headers = [(b"content-type", b"application/x-pem-file")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self.certificate})

        return with_certificate


def install(signer: Signer) -> None:
    """Sign every envelope in every protocol, and the requests to confirm a subscription."""
    build, post = sns._build_envelope, sns._http_post_sync

    def envelope(  # noqa: PLR0917  # MiniStack's signature
        topic_arn: str, msg_id: str, message: str, subject: str, message_attributes: dict[str, Any], raw: bool
    ) -> str:
        built: str = build(topic_arn, msg_id, message, subject, message_attributes, raw)
        return built if raw else json.dumps(signer.signed(json.loads(built)))

    def posted(endpoint: str, payload: str, sns_message_type: str) -> int:
        if sns_message_type == "SubscriptionConfirmation":
            payload = json.dumps(signer.signed(json.loads(payload)))
        status: int = post(endpoint, payload, sns_message_type)
        return status

    sns._build_envelope = envelope
    sns._http_post_sync = posted
