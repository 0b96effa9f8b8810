"""The recogniser's process: one for the whole cloud, which is sent several recordings at once and shares its time out.

Recognising keeps a processor busy for minutes, and a broken recording may kill a decoder; in a process of its own
neither stops the cloud. Orders and answers are lines of JSON, and an answer names its order.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from local.transcribe_medical.recognition import RecognitionResult

LONGEST_LINE = 256 * 1024 * 1024  # four hours of speech are some ten megabytes of words
AT_ONCE = 16  # recordings sent before the first is answered


class RecognitionFailed(Exception):
    """The recogniser could not make words of a recording; the message is the job's FailureReason."""


class NotReady(Exception):
    """The recogniser did not start; the message says why."""


class RecogniserDied(Exception):
    """The process ended before it had answered."""


@dataclass(frozen=True)
class Order:
    """One recording to be heard, and how."""

    audio: str
    channels: bool
    max_speakers: int
    format: str | None
    sample_rate: int | None
    alternatives: int = 0
    entities: bool = False
    vocabulary: tuple[Mapping[str, str | None], ...] = ()


class Recogniser:
    """A recogniser that is started once, hears several recordings at once, and is started anew when it dies."""

    def __init__(
        self, command: Sequence[str], *, folder: str, environment: Mapping[str, str], at_once: int = AT_ONCE
    ) -> None:
        self._command = command
        self._folder = folder
        self._environment = environment
        self._worker: _Worker | None = None
        self._starting = asyncio.Lock()
        self._door = _Door(at_once)

    async def start(self) -> None:
        """Start the process if none runs, or raise NotReady."""
        await self._ready()

    async def hear(self, order: Order) -> RecognitionResult:
        """Wait for this recording's turn and return its words, or raise NotHeard.

        When the process dies, any of the recordings it had may have killed it. So each is tried once more, by
        itself, and only one that kills the process then is given up.
        """
        try:
            with contextlib.suppress(RecogniserDied):
                async with self._door.together():
                    return await (await self._ready()).hear(order)
            async with self._door.alone():
                return await (await self._ready()).hear(order)
        except RecogniserDied:
            raise RecognitionFailed("The recogniser ended 2 times while it worked on this recording.") from None
        except NotReady as reason:
            raise RecognitionFailed(f"The recogniser could not be started again: {reason}") from reason

    async def stop(self) -> None:
        """End the process."""
        if self._worker:
            await self._worker.end()

    async def _ready(self) -> "_Worker":
        async with self._starting:
            if self._worker is None or not self._worker.alive:
                self._worker = await _Worker.begin(self._command, self._folder, self._environment)
            return self._worker


class _Worker:
    """One process, from its start to its end; `alive` until it says no more."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._awaited: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._listening: asyncio.Task[None] | None = None
        self.alive = True

    @classmethod
    async def begin(cls, command: Sequence[str], folder: str, environment: Mapping[str, str]) -> "_Worker":
        """Start a process and wait until it is ready, or raise NotReady."""
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for the cloud, which then stops this process itself
        )
        worker = cls(process)
        try:
            greeting = await worker._answer()
        except RecogniserDied:
            greeting = {"ready": False, "problem": "it ended at once, see what it printed above."}
        if not greeting.get("ready"):
            await worker.end()
            raise NotReady(str(greeting.get("problem", "it gave no reason.")))
        worker._listening = asyncio.create_task(worker._listen())
        return worker

    async def hear(self, order: Order) -> RecognitionResult:
        """Send one recording and wait for its answer; raises NotHeard or Died."""
        name = uuid4().hex
        awaited = self._awaited[name] = asyncio.get_running_loop().create_future()
        try:
            await self._say({"id": name, **asdict(order)})
            answer = await awaited
        finally:
            del self._awaited[name]
        if "failed" in answer:
            raise RecognitionFailed(str(answer["failed"]))
        return RecognitionResult.read(answer["heard"])

    async def end(self) -> None:
        """End the process, whatever it is doing."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        if self._listening:
            await self._listening

    async def _listen(self) -> None:
        """Hand each answer to whoever waits for it, until the process ends."""
        with contextlib.suppress(RecogniserDied):
            while True:
                answer = await self._answer()
                awaited = self._awaited.get(str(answer.get("id")))
                if awaited and not awaited.done() and ("heard" in answer or "failed" in answer):
                    awaited.set_result(answer)
        self.alive = False
        for awaited in self._awaited.values():
            if not awaited.done():
                awaited.set_exception(RecogniserDied())
        await self._process.wait()

    async def _say(self, order: Mapping[str, Any]) -> None:
        orders = self._process.stdin
        if orders is None or not self.alive:
            raise RecogniserDied
        try:
            orders.write(json.dumps(order).encode() + b"\n")
            await orders.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise RecogniserDied from error

    async def _answer(self) -> dict[str, Any]:
        """Return the next line that is an answer; a library may print lines of its own."""
        answers = self._process.stdout
        while answers is not None and (line := await answers.readline()):
            with contextlib.suppress(ValueError):
                answer = json.loads(line)
                if isinstance(answer, dict):
                    return answer
        raise RecogniserDied


class _Door:
    """Several may be inside together, or one alone; whoever wants to be alone goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside = 0
        self._waiting_to_be_alone = 0
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Be inside with others."""
        async with self._held(lambda: not self._waiting_to_be_alone and self._inside < self._most):
            yield

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Be inside while nobody else is."""
        self._waiting_to_be_alone += 1
        try:
            async with self._held(lambda: not self._inside):
                yield
        finally:
            self._waiting_to_be_alone -= 1
            async with self._changed:
                self._changed.notify_all()

    @contextlib.asynccontextmanager
    async def _held(self, may_enter: Callable[[], bool]) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(may_enter)
            self._inside += 1
        try:
            yield
        finally:
            async with self._changed:
                self._inside -= 1
                self._changed.notify_all()
