"""Lambda: invocations that take time, die and run out of time; the mapping of a queue; the schedule."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.simulation.fakes.sqs import Message, Queue

LOOP_ROUNDS = 16
"""Rounds between a function and a queue after which Lambda stops them, unless told to allow it."""


class Died(BaseException):
    """The execution environment is gone: nothing of the function's catches this."""


class Invocation:
    """One run of a function: its clock, its end, and what Lambda gives it as context."""

    def __init__(self, world: Any, function: "Function", messages: list[Message]) -> None:
        self.world = world
        self.function = function
        self.messages = messages
        self.random: Callable[[], float] = world.random
        self.name = f"{function.name}#{next(world.numbers)}"
        self.rounds = max((message.rounds for message in messages), default=0)
        luck = world.faults
        self.skew = (world.random() * 2 - 1) * luck.clock_skew if luck.clock_skew and not luck.over else 0.0
        self._time = world.time
        self._ends = self._time.now + function.seconds
        self.made: Any = None
        """The module's own object for this invocation."""
        self._dead = False

    def now(self) -> float:
        """The time by this machine's clock."""
        return self._time.now + self.skew

    def sleep(self, seconds: float) -> None:
        """Pass time as `time.sleep` does."""
        self.spend(seconds)

    def spend(self, seconds: float) -> None:
        """Let time pass; at the end of the function's time it dies."""
        if self._dead:
            raise Died
        left = self._ends - self._time.now
        self._time.wait(min(seconds, max(0.0, left)))
        if seconds >= left:
            self.die("ran out of time")

    def die(self, why: str) -> None:
        """End here and now."""
        self._dead = True
        self.note("died", {}, why)
        raise Died

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda's context says it."""
        return int(max(0.0, self._ends - self._time.now) * 1000)

    def note(self, what: str, arguments: dict[str, Any], outcome: str | None) -> None:
        """Put a line into the world's trace."""
        if self.world.trace is not None:
            self.world.trace.append((self._time.now, self.name, what, arguments, outcome))


@dataclass(eq=False)
class Function:
    """A function: its handler, how long it may run, and whether Lambda lets it feed its own queue."""

    name: str
    handler: Callable[[dict[str, Any], Any], Any]
    seconds: float
    recursive_loop: str = "Allow"


class Running(threading.local):
    """The invocation whose code this thread runs."""

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
    """Called for each message a function reports as done."""
    _busy: int = 0
    _asked: int = 0

    def stir(self) -> None:
        """A message may be there, or a slot free: have a poller look."""
        if self._busy + self._asked < self.at_once and self.queue.visible:
            self._asked += 1
            self.world.time.after(0.02 + 0.1 * self.world.random(), self._poll)

    def _poll(self) -> None:
        self._asked -= 1
        messages = self.queue.receive(self.batch)
        self.world.calls["sqs", "receive_message"] += 1
        luck = self.world.faults
        for message in messages:
            if luck.strikes(luck.message_doubled):
                self.world.time.after(self.world.random() * 20, lambda again=message: self.queue.show_again(again))
        messages = [message for message in messages if not self._loops(message)]
        if messages:
            self._busy += 1
            self.world.time.begin(lambda: self._invoke(messages))
            self.stir()

    def _loops(self, message: Message) -> bool:
        """Lambda stops what goes in circles; it lands among the dead letters."""
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
        except Died:
            return
        except Exception as error:  # noqa: BLE001 - the whole batch comes back, whatever it failed of
            invocation.note("failed", {}, repr(error))
            return
        finally:
            self._busy -= 1
            self.world.time.after(0, self.stir)
        self.world.calls["sqs", "delete_message_batch"] += 1
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        luck = self.world.faults
        for message, receipt in receipts:
            if message.id in failed:
                continue
            self.answered(self.function, message, invocation)
            if not luck.strikes(luck.deletion_lost):
                self.queue.delete(message, receipt)


@dataclass(eq=False)
class Schedule:
    """Invokes a function every so many seconds: now and then not, or twice; a run that fails is not repeated."""

    world: Any
    function: Function
    every: float
    on: bool = True

    def begin(self) -> None:
        """Start counting."""
        self.world.time.after(self.every, self._tick)

    def _tick(self) -> None:
        luck = self.world.faults
        if not self.on:
            return
        if not luck.strikes(luck.schedule_missed):
            for _ in range(1 + luck.strikes(luck.schedule_doubled)):
                self.invoke()
        self.world.time.after(self.every, self._tick)

    def invoke(self) -> None:
        """Run once."""
        self.world.time.begin(self._run)

    def _run(self) -> None:
        with suppress(Died, Exception):  # whatever it fails of: the next run does its work
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
