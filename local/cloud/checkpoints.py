"""Saving while the cloud runs, so that a process that is killed loses seconds and not a day.

Objects are files from the moment they are written, and Transcribe Medical keeps a journal; all else MiniStack would
save only when it ends.
"""

import asyncio
import time
from collections.abc import Callable

from local.cloud.request_guard import App, Receive, Scope, Send

EVERY = 2.0  # seconds
SHARE = 20  # nothing else is answered meanwhile, so that much longer than it took is waited before the next
READING = ("GET", "HEAD")


class Checkpoints:
    """Saves every few seconds, if anything has been asked for since that may have changed something."""

    def __init__(self, save: Callable[[], None], *, every: float = EVERY) -> None:
        self._save = save
        self._every = every
        self._changed = False

    def tracking(self, app: App) -> App:
        """Wrap an ASGI app so that it is noticed when something may have changed."""

        async def tracked(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            finally:
                self._changed |= scope.get("method", "GET") not in READING

        return tracked

    async def run(self) -> None:
        """Save until cancelled; between two requests, so that what is saved fits together."""
        took = 0.0
        while True:
            await asyncio.sleep(max(self._every, SHARE * took))
            if self._changed:
                self._changed = False
                began = time.monotonic()
                self._save()
                took = time.monotonic() - began
