"""Processes a batch of SQS messages one by one, and reports the failed ones.

Powertools has such a processor, but it imports the events of every AWS service, which is a tenth of a cold start.
"""

from collections.abc import Callable
from typing import Any

from adapters.telemetry import log
from stethoscript import aws_errors
from stethoscript.log_messages import RETURNED


def answer(event: dict[str, Any], take: Callable[[str], None]) -> dict[str, list[dict[str, str]]]:
    """Call `take` for each message's body. Only the messages for which it raised return to the queue."""
    failures = []
    for message in event["Records"]:
        try:
            take(message["body"])
        except Exception as error:  # noqa: BLE001 - after any error SQS counts the attempt, and finally dead-letters the message
            log.error(RETURNED, message_id=message["messageId"], error=aws_errors.described(error))
            failures.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failures}
