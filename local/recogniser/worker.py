"""The recogniser's conversation: one order a line comes in, its progress and its answer go out.

Orders are worked on side by side and answered as they are done, each line with its order's id.
"""

import json
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Any, TextIO

from local.recogniser.refusals import INTERNAL_FAILURE
from local.recogniser.requests_and_results import Recognise, RecognitionRequest, RecordingRefused

log = logging.getLogger(__name__)

# A hundred lines of progress say as much as ten thousand.
_STEP = 0.01
# Each order under way holds its decoded sound; those beyond wait.
_CONCURRENT_REQUESTS = 8

Send = Callable[..., None]


def sender(answers: TextIO) -> Send:
    """Return a function that writes its named arguments as one line of JSON, at once."""
    writing = Lock()

    def send(**answer: Any) -> None:
        line = json.dumps(answer) + "\n"
        with writing:
            answers.write(line)
            answers.flush()

    return send


def serve(requests: Iterable[str], send: Send, recognise: Recognise) -> None:
    """Answer orders until there are no more; no order ends the service of another, nor waits for a longer one."""
    with ThreadPoolExecutor(_CONCURRENT_REQUESTS) as threads:
        for line in requests:
            try:
                request = RecognitionRequest.read(line)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                log.warning("not an order: %s", type(error).__name__)
            else:
                threads.submit(_serve, request, send, recognise)


def _serve(request: RecognitionRequest, send: Send, recognise: Recognise) -> None:
    with suppress(OSError):  # nobody reads the answers any more
        send(id=request.id, **answer(request, send, recognise))


def answer(request: RecognitionRequest, send: Send, recognise: Recognise) -> dict[str, Any]:
    """Return what was heard, or why nothing can be."""
    reported = -_STEP

    def progress(fraction: float) -> None:
        nonlocal reported
        if fraction >= reported + _STEP:
            reported = fraction
            send(id=request.id, progress=round(fraction, 3))

    try:
        return {"result": recognise(request, progress).as_json()}
    except RecordingRefused as refused:
        return {"failed": refused.reason}
    except Exception as error:  # noqa: BLE001 - the next order is served; a message may quote speech: class only
        log.warning("order %s failed: %s", request.id, type(error).__name__)
        return {"failed": INTERNAL_FAILURE}
