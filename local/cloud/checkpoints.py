"""Save the state every few seconds, so that a killed process loses seconds of changes and not all of them.

S3's objects are files at once, and Transcribe Medical writes a journal. MiniStack saves everything else only when it
ends.
"""

import asyncio
import time
from collections.abc import Callable

from local.cloud.request_guard import App, Receive, Scope, Send

EVERY = 2.0  # seconds
SHARE = 20  # no request is answered while it saves, so it waits this many times as long before the next
READING = ("GET", "HEAD")


class Checkpoints:
    """Saves every few seconds if a request since the last save may have changed the state."""

    def __init__(self, save: Callable[[], None], *, every: float = EVERY) -> None:
        self._save = save
        self._every = every
        self._changed = False

    def tracking(self, app: App) -> App:
        """Wrap an ASGI app to record the requests that may change the state."""

        async def tracked(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            finally:
                self._changed |= scope.get("method", "GET") not in READING

        return tracked

    async def run(self) -> None:
        """Save until cancelled. It saves between two requests, so the saved state is consistent."""
        took = 0.0
        while True:
            await asyncio.sleep(max(self._every, SHARE * took))
            if self._changed:
                self._changed = False
                began = time.monotonic()
                self._save()
                took = time.monotonic() - began
