"""A clock that jumps to the next event, and tasks that alternate on it.

A task is ordinary code in a thread of its own. Only one thread runs at a time: a task runs until it waits, and the next
task continues. So a run is one sequence, the same for the same seed.
"""

import heapq
import itertools
import threading
from collections.abc import Callable

BEGINNING = 1_800_000_000.0


class Abandoned(BaseException):
    """The simulation ended while a task was waiting."""


class _Worker:
    """A thread that runs tasks. Its lock is open when it may run."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.turn.acquire()
        self.task: Callable[[], None] | None = None


class VirtualTime:
    """Seconds since 1970 that pass at once."""

    def __init__(self) -> None:
        self.now = BEGINNING
        self._until = BEGINNING
        self._due: list[tuple[float, int, Callable[[], None] | _Worker]] = []
        self._numbers = itertools.count()
        self._outside = _Worker()
        self._idle: list[_Worker] = []
        self._workers: list[_Worker] = []
        self._here = threading.local()
        self._here.worker = self._outside
        self._failure: BaseException | None = None
        self._ended = False

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Schedule an action at a time, or now if that time has passed."""
        heapq.heappush(self._due, (max(when, self.now), next(self._numbers), action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedule an action after this many seconds."""
        heapq.heappush(self._due, (self.now + max(0.0, seconds), next(self._numbers), action))

    def start(self, task: Callable[[], None]) -> None:
        """Start a task now. It may call `wait`."""
        worker = self._idle.pop() if self._idle else self._hire()
        worker.task = task
        heapq.heappush(self._due, (self.now, next(self._numbers), worker))

    def wait(self, seconds: float) -> None:
        """Let time pass for the calling task, while other tasks run.

        Raises:
            Abandoned: the simulation has ended.
        """
        when = self.now + seconds
        if self._ended:
            raise Abandoned
        if when <= self._until and (not self._due or self._due[0][0] > when):
            self.now = when
            return
        worker = self._here.worker
        heapq.heappush(self._due, (when, next(self._numbers), worker))
        self._give_way(worker)
        if self._ended:
            raise Abandoned

    def run(self, until: float) -> None:
        """Run all actions that are due until this time, from outside of all tasks."""
        self._until = until
        self._give_way(self._outside)
        if self._failure:
            failure, self._failure = self._failure, None
            raise failure
        self.now = max(self.now, until)

    def end(self) -> None:
        """Abandon the waiting tasks, and release the threads."""
        self._ended = True
        self._due.clear()
        for worker in self._workers:
            worker.turn.release()
            self._outside.turn.acquire()

    def _give_way(self, mine: _Worker) -> None:
        following = self._next()
        if following is not mine:
            following.turn.release()
            mine.turn.acquire()

    def _next(self) -> _Worker:
        """Run due actions until a thread may run: a task's, or finally the outer one."""
        try:
            while not self._failure and self._due and self._due[0][0] <= self._until:
                self.now, _number, what = heapq.heappop(self._due)
                if isinstance(what, _Worker):
                    return what
                what()
        except Exception as failure:  # noqa: BLE001 - raised again outside, whichever thread this is
            self._failure = failure
        return self._outside

    def _hire(self) -> _Worker:
        worker = _Worker()
        self._workers.append(worker)
        threading.Thread(target=self._work, args=(worker,), daemon=True).start()
        return worker

    def _work(self, worker: _Worker) -> None:
        self._here.worker = worker
        worker.turn.acquire()
        while not self._ended:
            try:
                if worker.task:
                    worker.task()
            except Abandoned:
                break
            except BaseException as failure:  # noqa: BLE001 - raised again outside
                self._failure = failure
            self._idle.append(worker)
            self._give_way(worker)
        self._outside.turn.release()
