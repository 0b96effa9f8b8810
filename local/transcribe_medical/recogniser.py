"""The client of the recogniser's process. One process serves the whole cloud and several recordings at once.

Recognition keeps a processor busy for minutes, and a damaged recording may crash a decoder. In a process of its own
neither stops the cloud. Requests and answers are lines of JSON; an answer has the id of its request.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from local.recogniser import RecognitionRequest, RecognitionResult

LONGEST_LINE = 256 * 1024 * 1024  # four hours of speech take about 10 MB
CONCURRENT_REQUESTS = 16  # sent before the first answer


class RecognitionFailed(Exception):
    """The recogniser could not transcribe a recording; the message is the job's FailureReason."""


class NotReady(Exception):
    """The recogniser did not start; the message is the reason."""


class RecogniserDied(Exception):
    """The process ended before it answered."""


class Recogniser:
    """Starts the recogniser's process, sends it several requests at once, and restarts it after a crash."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: str,
        environment: Mapping[str, str],
        concurrent_requests: int = CONCURRENT_REQUESTS,
    ) -> None:
        self._command = command
        self._folder = folder
        self._environment = environment
        self._worker: _Worker | None = None
        self._starting = asyncio.Lock()
        self._lock = _SharedLock(concurrent_requests)

    async def start(self) -> None:
        """Start the process if none runs, or raise NotReady."""
        await self._ready()

    async def recognise(self, request: RecognitionRequest) -> RecognitionResult:
        """Return the result of a request, or raise RecognitionFailed.

        After a crash, any of the running recordings may be the cause. So each is retried once, alone, and only a
        recording that crashes the process again fails.
        """
        try:
            with contextlib.suppress(RecogniserDied):
                async with self._lock.shared():
                    return await (await self._ready()).recognise(request)
            async with self._lock.exclusive():
                return await (await self._ready()).recognise(request)
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
    """One process, from start to end; `alive` until its output ends."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._reading: asyncio.Task[None] | None = None
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
            start_new_session=True,  # the cloud handles Ctrl-C and stops this process itself
        )
        worker = cls(process)
        try:
            greeting = await worker._next_answer()
        except RecogniserDied:
            greeting = {"ready": False, "problem": "it ended at once, see its output above."}
        if not greeting.get("ready"):
            await worker.end()
            raise NotReady(str(greeting.get("problem", "it gave no reason.")))
        worker._reading = asyncio.create_task(worker._read_answers())
        return worker

    async def recognise(self, request: RecognitionRequest) -> RecognitionResult:
        """Send one request and wait for its answer; raise RecognitionFailed or RecogniserDied."""
        name = uuid4().hex
        waiting = self._waiting[name] = asyncio.get_running_loop().create_future()
        try:
            await self._send({**request.as_json(), "id": name})
            answer = await waiting
        finally:
            del self._waiting[name]
        if "failed" in answer:
            raise RecognitionFailed(str(answer["failed"]))
        return RecognitionResult.read(answer["result"])

    async def end(self) -> None:
        """Kill the process and wait for its end."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        if self._reading:
            await self._reading

    async def _read_answers(self) -> None:
        """Pass each answer to its waiting request, until the process ends."""
        with contextlib.suppress(RecogniserDied):
            while True:
                answer = await self._next_answer()
                waiting = self._waiting.get(str(answer.get("id")))
                if waiting and not waiting.done() and ("result" in answer or "failed" in answer):
                    waiting.set_result(answer)
        self.alive = False
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(RecogniserDied())
        await self._process.wait()

    async def _send(self, request: Mapping[str, Any]) -> None:
        requests = self._process.stdin
        if requests is None or not self.alive:
            raise RecogniserDied
        try:
            requests.write(json.dumps(request).encode() + b"\n")
            await requests.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise RecogniserDied from error

    async def _next_answer(self) -> dict[str, Any]:
        """Return the next line that is an answer; libraries may print other lines."""
        answers = self._process.stdout
        while answers is not None and (line := await answers.readline()):
            with contextlib.suppress(ValueError):
                answer = json.loads(line)
                if isinstance(answer, dict):
                    return answer
        raise RecogniserDied


class _SharedLock:
    """A lock for several shared holders or one exclusive holder; an exclusive request has priority."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._holders = 0
        self._waiting_for_exclusive = 0
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Hold the lock with others."""
        async with self._held(lambda: not self._waiting_for_exclusive and self._holders < self._most):
            yield

    @contextlib.asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Hold the lock alone."""
        self._waiting_for_exclusive += 1
        try:
            async with self._held(lambda: not self._holders):
                yield
        finally:
            self._waiting_for_exclusive -= 1
            async with self._changed:
                self._changed.notify_all()

    @contextlib.asynccontextmanager
    async def _held(self, may_acquire: Callable[[], bool]) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(may_acquire)
            self._holders += 1
        try:
            yield
        finally:
            async with self._changed:
                self._holders -= 1
                self._changed.notify_all()
