"""Write SNS's e-mails, which MiniStack drops, as files that a mail program can open. No e-mail is sent."""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

import os
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from ministack.services import sns

PROTOCOLS = ("email", "email-json")
SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"
FOOTER = """

--
If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:
{unsubscribe}

Please do not reply directly to this email. If you have any questions or comments regarding this email, please \
contact us at https://aws.amazon.com/support
"""

USES: dict[tuple[Any, str], tuple[str, ...] | None] = {
    (sns, "_fanout"): (
        "topic_arn",
        "msg_id",
        "message",
        "subject",
        "message_structure",
        "message_attributes",
        "message_group_id",
        "message_dedup_id",
    ),
    (sns, "_build_envelope"): ("topic_arn", "msg_id", "message", "subject", "message_attributes", "raw"),
    (sns, "_matches_filter_policy"): ("sub", "message_attributes", "message"),
    (sns, "_resolve_message_for_protocol"): ("message", "message_structure", "protocol"),
    (sns, "_topic_by_arn_any_scope"): ("topic_arn",),
}


def install(folder: Path) -> None:
    """Write a file in the folder for each e-mail that SNS would send."""
    fanout = sns._fanout

    def with_mail(  # noqa: PLR0917  # MiniStack's signature
        topic_arn: str,
        msg_id: str,
        message: str,
        subject: str,
        message_structure: str = "",
        message_attributes: dict[str, Any] | None = None,
        **of_fifo: str,
    ) -> None:
        fanout(topic_arn, msg_id, message, subject, message_structure, message_attributes, **of_fifo)
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
        for subscription in topic["subscriptions"]:
            protocol = subscription["protocol"]
            if protocol not in PROTOCOLS or not subscription["confirmed"]:
                continue
            text = sns._resolve_message_for_protocol(message, message_structure, protocol)
            if not sns._matches_filter_policy(subscription, message_attributes or {}, text):
                continue
            if protocol == "email-json":
                text = sns._build_envelope(topic_arn, msg_id, text, subject, message_attributes or {}, False)
            _write(folder, written(subscription["endpoint"], subject, text, _unsubscribe(subscription)))

    sns._fanout = with_mail


def written(to: str, subject: str, text: str, unsubscribe: str) -> EmailMessage:
    """Compose an e-mail as SNS does, with the unsubscribe link in its footer."""
    mail = EmailMessage()
    mail["From"] = SENDER
    mail["To"] = to
    mail["Subject"] = subject or "AWS Notification Message"
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail.set_content(text + FOOTER.format(unsubscribe=unsubscribe))
    return mail


def _unsubscribe(subscription: dict[str, Any]) -> str:
    arn = subscription["arn"]
    region = arn.split(":")[3]
    return (
        f"https://sns.{region}.amazonaws.com/unsubscribe.html?SubscriptionArn={arn}&Endpoint={subscription['endpoint']}"
    )


def _write(folder: Path, mail: EmailMessage) -> None:
    """Write the file with mode 0600 and a unique name."""
    partial = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid4().hex[:8]}.half"
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(mail.as_bytes())
    partial.rename(partial.with_suffix(".eml"))
