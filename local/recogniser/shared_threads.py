"""Threads that several recordings share: they take one piece from each in turn, so no recording waits for another."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Task = Callable[[], None]


class SharedThreads:
    """A fixed number of threads, which last as long as the process."""

    def __init__(self, threads: int) -> None:
        self._lines: deque[deque[Task]] = deque()
        self._changed = threading.Condition()
        for _ in range(threads):
            threading.Thread(target=self._work, daemon=True).start()

    def each(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Do the work on each item, and yield the results in the items' order. The first error is raised."""
        line: deque[Task] = deque()
        results: list[Future[Result]] = []
        for item in items:
            result: Future[Result] = Future()
            results.append(result)
            line.append(_task(work, item, result))
        if line:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        try:
            for result in results:
                yield result.result()
        finally:
            for result in results:
                result.cancel()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
                line = self._lines.popleft()
                task = line.popleft()
                if line:
                    self._lines.append(line)  # behind all others
            task()


def _task(work: Callable[[Item], Result], item: Item, result: Future[Result]) -> Task:
    def task() -> None:
        if not result.set_running_or_notify_cancel():
            return
        try:
            result.set_result(work(item))
        except BaseException as error:  # noqa: BLE001 - the waiting thread raises it
            result.set_exception(error)

    return task
