"""The recogniser's process: one for the whole cloud, fed with recordings one after the other.

Recognising keeps a processor busy for minutes, and a broken recording may kill a decoder; in a process of its own
neither stops the cloud. Orders and answers are lines of JSON.
"""

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from local.transcribe_medical.heard import Heard

LONGEST_LINE = 256 * 1024 * 1024  # four hours of speech are some ten megabytes of words
TRIES = 2


class NotHeard(Exception):
    """The recogniser could not make words of a recording; the message is the job's FailureReason."""


class NotReady(Exception):
    """The recogniser did not start; the message says why."""


class Died(Exception):
    """The process ended in the middle of a recording."""


@dataclass(frozen=True)
class Order:
    """One recording to be heard, and how."""

    audio: str
    channels: bool
    max_speakers: int
    format: str | None
    sample_rate: int | None


class Recogniser:
    """A recogniser that is started once, hears one recording at a time, and is started anew when it dies."""

    def __init__(self, command: Sequence[str], *, folder: str, environment: Mapping[str, str]) -> None:
        self._command = command
        self._folder = folder
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Start the process if none runs, or raise NotReady."""
        async with self._turn:
            await self._start()

    async def hear(self, order: Order) -> Heard:
        """Wait for this recording's turn and return its words, or raise NotHeard.

        Whoever kills the process may well be the recording, so it is given one more try and no third.
        """
        for _try in range(TRIES):
            async with self._turn:
                try:
                    await self._start()
                    return await self._hear(order)
                except Died:
                    continue
                except NotReady as reason:
                    raise NotHeard(f"The recogniser could not be started again: {reason}") from reason
        raise NotHeard(f"The recogniser ended {TRIES} times while it worked on this recording.")

    async def stop(self) -> None:
        """End the process."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _start(self) -> None:
        if self._process is not None and self._process.returncode is None:
            return
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=self._folder,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for the cloud, which then stops this process itself
        )
        try:
            greeting = await self._answer()
        except Died:
            greeting = {"ready": False, "problem": "it ended at once, see what it printed above."}
        if not greeting.get("ready"):
            await self.stop()
            raise NotReady(str(greeting.get("problem", "it gave no reason.")))

    async def _hear(self, order: Order) -> Heard:
        name = uuid4().hex
        await self._say({"id": name, **asdict(order)})
        while True:
            answer = await self._answer()
            if answer.get("id") != name:
                continue
            if "failed" in answer:
                raise NotHeard(str(answer["failed"]))
            if "heard" in answer:
                return Heard.read(answer["heard"])

    async def _say(self, order: Mapping[str, Any]) -> None:
        orders, _answers = self._pipes()
        try:
            orders.write(json.dumps(order).encode() + b"\n")
            await orders.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Died from error

    async def _answer(self) -> dict[str, Any]:
        """Return the next line that is an answer; a library may print lines of its own."""
        _orders, answers = self._pipes()
        while line := await answers.readline():
            with contextlib.suppress(ValueError):
                answer = json.loads(line)
                if isinstance(answer, dict):
                    return answer
        await self.stop()
        raise Died

    def _pipes(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise Died
        return process.stdin, process.stdout
