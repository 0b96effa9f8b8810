"""Lambda: invocations that take time, crash and time out; event source mappings; the schedule."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.simulation.fakes.sqs import Message, Queue

LOOP_ROUNDS = 16
"""Rounds between a function and a queue after which Lambda stops them, unless this is allowed."""


class FunctionCrash(BaseException):
    """The execution environment has ended. No handler of the function catches this."""


class Invocation:
    """One run of a function: its clock, its end, and its Lambda context."""

    def __init__(self, world: Any, function: "Function", messages: list[Message]) -> None:
        self.world = world
        self.function = function
        self.messages = messages
        self.random: Callable[[], float] = world.random
        self.name = f"{function.name}#{next(world.numbers)}"
        self.rounds = max((message.rounds for message in messages), default=0)
        faults = world.faults
        self.skew = (world.random() * 2 - 1) * faults.clock_skew if faults.clock_skew and not faults.over else 0.0
        self._time = world.time
        self._ends = self._time.now + function.seconds
        self.made: Any = None
        """The module's object for this invocation."""
        self._dead = False

    def now(self) -> float:
        """The time of this machine's clock."""
        return self._time.now + self.skew

    def sleep(self, seconds: float) -> None:
        """Pass time as `time.sleep` does."""
        self.spend(seconds)

    def spend(self, seconds: float) -> None:
        """Let time pass. The invocation ends at the function's timeout."""
        if self._dead:
            raise FunctionCrash
        left = self._ends - self._time.now
        self._time.wait(min(seconds, max(0.0, left)))
        if seconds >= left:
            self.die("ran out of time")

    def die(self, why: str) -> None:
        """End here."""
        self._dead = True
        self.note("died", {}, why)
        raise FunctionCrash

    def get_remaining_time_in_millis(self) -> int:
        """As in Lambda's context."""
        return int(max(0.0, self._ends - self._time.now) * 1000)

    def note(self, what: str, arguments: dict[str, Any], outcome: str | None) -> None:
        """Add a line to the trace."""
        if self.world.trace is not None:
            self.world.trace.append((self._time.now, self.name, what, arguments, outcome))


@dataclass(eq=False)
class Function:
    """A function: its handler, its timeout, and whether Lambda lets it send to its own queue."""

    name: str
    handler: Callable[[dict[str, Any], Any], Any]
    seconds: float
    recursive_loop: str = "Allow"


class Running(threading.local):
    """The invocation of this thread."""

    invocation: Any = None


@dataclass(eq=False)
class Mapping:
    """An event source mapping with MaximumConcurrency and ReportBatchItemFailures."""

    world: Any
    queue: Queue
    function: Function
    batch: int
    at_once: int
    answered: Callable[[Function, Message, Invocation], None]
    """Called for each message that a function reports as done."""
    _busy: int = 0
    _asked: int = 0

    def wake_poller(self) -> None:
        """A message or a slot may be available: start a poller."""
        if self._busy + self._asked < self.at_once and self.queue.visible:
            self._asked += 1
            self.world.time.after(0.02 + 0.1 * self.world.random(), self._poll)

    def _poll(self) -> None:
        self._asked -= 1
        messages = self.queue.receive(self.batch)
        self.world.calls["sqs", "receive_message"] += 1
        faults = self.world.faults
        for message in messages:
            if faults.occurs(faults.message_doubled):
                self.world.time.after(self.world.random() * 20, lambda again=message: self.queue.show_again(again))
        messages = [message for message in messages if not self._loops(message)]
        if messages:
            self._busy += 1
            self.world.time.start(lambda: self._invoke(messages))
            self.wake_poller()

    def _loops(self, message: Message) -> bool:
        """Lambda stops a recursive loop and moves its message to the dead-letter queue."""
        if self.function.recursive_loop == "Allow" or message.rounds <= LOOP_ROUNDS:
            return False
        self.queue.delete(message, message.receipt)
        if self.queue.dead_letters:
            self.queue.dead_letters.put(Message(message.id, message.body, message.sent))
        return True

    def _invoke(self, messages: list[Message]) -> None:
        receipts = [(message, message.receipt) for message in messages]
        invocation = Invocation(self.world, self.function, messages)
        event = {"Records": [_record(message, self.queue) for message in messages]}
        try:
            answer = run(self.world, invocation, event)
        except FunctionCrash:
            return
        except Exception as error:  # noqa: BLE001 - the whole batch comes back, whatever it failed of
            invocation.note("failed", {}, repr(error))
            return
        finally:
            self._busy -= 1
            self.world.time.after(0, self.wake_poller)
        self.world.calls["sqs", "delete_message_batch"] += 1
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        faults = self.world.faults
        for message, receipt in receipts:
            if message.id in failed:
                continue
            self.answered(self.function, message, invocation)
            if not faults.occurs(faults.deletion_lost):
                self.queue.delete(message, receipt)


@dataclass(eq=False)
class Schedule:
    """Invokes a function at an interval: sometimes not, sometimes twice. A failed run is not repeated."""

    world: Any
    function: Function
    every: float
    on: bool = True

    def start(self) -> None:
        """Start counting."""
        self.world.time.after(self.every, self._tick)

    def _tick(self) -> None:
        faults = self.world.faults
        if not self.on:
            return
        if not faults.occurs(faults.schedule_missed):
            for _ in range(1 + faults.occurs(faults.schedule_doubled)):
                self.invoke()
        self.world.time.after(self.every, self._tick)

    def invoke(self) -> None:
        """Run once."""
        self.world.time.start(self._run)

    def _run(self) -> None:
        with suppress(FunctionCrash, Exception):  # any failure: the next run does the work
            run(self.world, Invocation(self.world, self.function, []), {})


def run(world: Any, invocation: Invocation, event: dict[str, Any]) -> Any:
    """Run a function's handler as an invocation."""
    here, begun = world.running, world.time.now
    here.invocation = invocation
    world.calls["lambda", invocation.function.name] += 1
    invocation.note("begins", {"messages": [message.id for message in invocation.messages]}, None)
    try:
        return invocation.function.handler(event, invocation)
    finally:
        here.invocation = None
        world.busy[invocation.function.name] += world.time.now - begun


def _record(message: Message, queue: Queue) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.receives)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue.name}",
    }
