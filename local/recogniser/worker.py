"""The recogniser's conversation: one order a line comes in, its progress and its answer go out."""

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from local.recogniser.refusals import INTERNAL_FAILURE
from local.recogniser.words import Order, Recogniser, Unusable

log = logging.getLogger(__name__)

# A hundred lines of progress say as much as ten thousand.
_STEP = 0.01

Send = Callable[..., None]


def sender(answers: TextIO) -> Send:
    """Return a function that writes its named arguments as one line of JSON, at once."""

    def send(**answer: Any) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    return send


def serve(orders: Iterable[str], send: Send, recognise: Recogniser) -> None:
    """Answer order after order until there are no more; no order ends the service of the next."""
    for line in orders:
        try:
            order = Order.read(line)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("not an order: %s", type(error).__name__)
        else:
            send(id=order.id, **answer(order, send, recognise))


def answer(order: Order, send: Send, recognise: Recogniser) -> dict[str, Any]:
    """Return what was heard, or why nothing can be."""
    told = -_STEP

    def progress(fraction: float) -> None:
        nonlocal told
        if fraction >= told + _STEP:
            told = fraction
            send(id=order.id, progress=round(fraction, 3))

    try:
        return {"heard": recognise(order, progress).as_json()}
    except Unusable as refused:
        return {"failed": refused.reason}
    except Exception as error:  # noqa: BLE001 - the next order is served; a message may quote speech: class only
        log.warning("order %s failed: %s", order.id, type(error).__name__)
        return {"failed": INTERNAL_FAILURE}
