"""The recogniser's protocol: it reads one request a line, and writes lines of progress and of results.

Requests run in parallel. Each is answered when it is done, and each line carries its request's id.
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

# At most a hundred lines of progress for each request.
_STEP = 0.01
# Each running request holds its decoded samples; further requests wait.
_CONCURRENT_REQUESTS = 8

Send = Callable[..., None]


def sender(answers: TextIO) -> Send:
    """Return a function that writes its named arguments as one line of JSON and flushes it."""
    writing = Lock()

    def send(**answer: Any) -> None:
        line = json.dumps(answer) + "\n"
        with writing:
            answers.write(line)
            answers.flush()

    return send


def serve(requests: Iterable[str], send: Send, recognise: Recognise) -> None:
    """Answer requests until stdin ends. A failed request does not affect others."""
    with ThreadPoolExecutor(_CONCURRENT_REQUESTS) as threads:
        for line in requests:
            try:
                request = RecognitionRequest.read(line)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                log.warning("not a request: %s", type(error).__name__)
            else:
                threads.submit(_serve, request, send, recognise)


def _serve(request: RecognitionRequest, send: Send, recognise: Recognise) -> None:
    with suppress(OSError):  # the parent has closed the pipe
        send(id=request.id, **answer(request, send, recognise))


def answer(request: RecognitionRequest, send: Send, recognise: Recognise) -> dict[str, Any]:
    """Return the result, or the reason for the failure."""
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
    except Exception as error:  # noqa: BLE001 - the message may quote speech, so only the class is logged
        log.warning("request %s failed: %s", request.id, type(error).__name__)
        return {"failed": INTERNAL_FAILURE}
