"""A batch of a queue's messages, each answered for itself.

Powertools has a processor for it, but that imports the events of every AWS service: a tenth of a cold start.
"""

from collections.abc import Callable
from typing import Any

from adapters.telemetry import log
from stethoscript import aws_errors
from stethoscript.log_messages import RETURNED


def answer(event: dict[str, Any], take: Callable[[str], None]) -> dict[str, list[dict[str, str]]]:
    """Have each message's body taken; one whose body raises goes back to the queue, and no other does."""
    failures = []
    for message in event["Records"]:
        try:
            take(message["body"])
        except Exception as error:  # noqa: BLE001 - whatever it is, the queue counts it and dead-letters the message
            log.error(RETURNED, message_id=message["messageId"], error=aws_errors.described(error))
            failures.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failures}
