"""The ledger in DynamoDB: one item per recording. Every change is conditional on the row's present state."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from adapters import dynamodb_items
from adapters.aws_pages import pages
from adapters.dynamodb_items import deserialised, serialised
from stethoscript import ledger_row
from stethoscript.ledger_row import BY_STATE_INDEX, LedgerRow, State

LEASE_SECONDS = 150
"""How long one invocation alone may end a recording: longer than the calls for that can take."""
SWEEP = "#sweep"
"""The name of the sweep's cursor. No recording has it, because a recording's name begins with a letter."""
_MOST_READ = 100
"""The most items that BatchGetItem reads."""
_OPEN = "job = :own_job AND #state IN (:one, :other)"
_OPEN_OR_ANNOUNCED = "job = :own_job AND #state IN (:announced, :one, :other)"
_NOT_STOPPED = "attribute_not_exists(cancelled)"
_BEFORE = {
    State.ANNOUNCED: (State.ANNOUNCED, State.ANNOUNCED),
    State.CLAIMED: (State.CLAIMED, State.CLAIMED),
    State.REJECTED: (State.ANNOUNCED, State.CLAIMED),
    State.TRANSCRIBING: (State.CLAIMED, State.TRANSCRIBING),
    State.DELIVERED: (State.CLAIMED, State.TRANSCRIBING),
    State.FAILED: (State.CLAIMED, State.TRANSCRIBING),
}
"""The two states from which a recording may enter each state. A job can end before its start is in the ledger."""


@dataclass(frozen=True)
class Sweep:
    """A sweep through the intake bucket. Times are seconds since 1970.

    `markers` are S3's markers of the next page; empty at the end of the bucket. `began` is the sweep's beginning.
    `whole` is the beginning of the last sweep that checked all uploads of `LOST_WITHIN_DAYS`.
    """

    markers: Mapping[str, str]
    began: int
    whole: int


@dataclass(frozen=True)
class Ledger:
    """The table's name and DynamoDB's client. Every `now` is in seconds since 1970."""

    dynamodb: Any
    table: str

    def find(self, recording: str) -> LedgerRow | None:
        """The recording's row, by a consistent read."""
        item = self.read_item(recording)
        return ledger_row.read(item) if item else None

    def claim(self, row: LedgerRow) -> bool:
        """Write the row of an unclaimed recording; False if another invocation has claimed it, or it was cancelled."""
        return self.write_if(
            self.dynamodb.put_item,
            Item=serialised(row.item()),
            ConditionExpression=f"attribute_not_exists(recording) OR (#state = :announced AND {_NOT_STOPPED})",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=serialised({":announced": State.ANNOUNCED}),
        )

    def announce(self, row: LedgerRow) -> bool:
        """Write the row of a recording that has none; False if it has one."""
        return self.write_if(
            self.dynamodb.put_item,
            Item=serialised(row.item()),
            ConditionExpression="attribute_not_exists(recording)",
        )

    def advance(self, row: LedgerRow, state: State, now: float, **changes: Any) -> LedgerRow | None:
        """Move an open recording to a state; None if this job is past that state, or the recording has another job.

        The present state is allowed, so that repeating a step is harmless.
        """
        after = replace(row, state=state, updated=int(now), **changes)
        changed = {"state": state, "updated": int(now), **changes}
        kept = {name: value for name, value in changed.items() if value is not None}
        done = self.write_if(
            self.dynamodb.update_item,
            Key=serialised({"recording": row.recording}),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in kept),
            ConditionExpression=_OPEN,
            ExpressionAttributeNames={f"#{name}": name for name in kept},
            ExpressionAttributeValues=serialised(
                {f":{name}": value for name, value in kept.items()} | _open(row, _BEFORE[state])
            ),
        )
        return after if done else None

    def request_start(self, row: LedgerRow, now: float) -> bool:
        """Record that the job is about to be requested; False if it was stopped, or another invocation advanced it.

        This and `stop` are safe in either order. After `stop`, the job is not requested. Before `stop`, `stop` finds
        the request in the row.
        """
        condition = f"job = :own_job AND #state = :claimed AND {_NOT_STOPPED}"
        return self._update(
            row, "SET start_requested = :now", condition,
            {":now": int(now), ":own_job": row.job, ":claimed": State.CLAIMED},
        ) is not None  # fmt: skip

    def stop(self, row: LedgerRow, reason: str, now: float) -> LedgerRow | None:
        """Stop an open recording and return its new row; None if it is stopped, has ended or is being delivered.

        The state stays. The next function that processes the recording ends it, so that it is notified once.
        """
        condition = f"{_OPEN_OR_ANNOUNCED} AND {_NOT_STOPPED} AND attribute_not_exists(leased)"
        values = {":now": int(now), ":reason": reason, ":none": 0, ":announced": State.ANNOUNCED} | _open(row)
        return self._update(row, "SET cancelled = :now, reason = :reason, announcements = :none", condition, values)

    def lease(self, row: LedgerRow, now: float, seconds: int) -> LedgerRow | None:
        """Reserve the end of an open recording for some seconds; its new row, or None while it is reserved."""
        condition = f"{_OPEN_OR_ANNOUNCED} AND (attribute_not_exists(leased) OR leased <= :now)"
        values = {":until": int(now) + seconds, ":now": int(now), ":announced": State.ANNOUNCED} | _open(row)
        return self._update(row, "SET leased = :until", condition, values)

    def release(self, row: LedgerRow) -> None:
        """End a lease early, so that the next attempt need not wait."""
        values = {":free": 0, ":announced": State.ANNOUNCED} | _open(row)
        self._update(row, "SET leased = :free", _OPEN_OR_ANNOUNCED, values)

    def in_flight(self, enough: int) -> int:
        """The number of recordings in TRANSCRIBING, counted up to `enough`."""
        counted = 0
        query = self.state_query(State.TRANSCRIBING, Select="COUNT", Limit=enough)
        for page in pages(self.dynamodb, "query", **query):
            counted += int(page["Count"])
            if counted >= enough:
                break
        return counted

    def waiting(self, state: State, before: float) -> Iterator[LedgerRow]:
        """Recordings in a state that were last updated before `before`, the oldest update first."""
        query = self.state_query(state)
        query["KeyConditionExpression"] += " AND updated < :before"
        query["ExpressionAttributeValues"] |= serialised({":before": int(before)})
        for page in pages(self.dynamodb, "query", **query):
            for item in page["Items"]:
                row = self.find(deserialised(item)["recording"])
                if row and row.state == state:
                    yield row

    def known(self, recordings: Sequence[str]) -> set[str]:
        """Those that have a row. The answer may miss one, so `announce` checks again."""
        found: set[str] = set()
        for first in range(0, len(recordings), _MOST_READ):
            keys = [serialised({"recording": recording}) for recording in recordings[first : first + _MOST_READ]]
            wanted = {self.table: {"Keys": keys, "ProjectionExpression": "recording"}}
            answer = self.dynamodb.batch_get_item(RequestItems=wanted)
            found |= {deserialised(item)["recording"] for item in answer["Responses"].get(self.table, [])}
        return found

    def sweep(self) -> Sweep:
        """The present sweep, or the last one."""
        found = self.read_item(SWEEP)
        return Sweep(found.get("markers", {}), int(found.get("began", 0)), int(found.get("whole", 0)))

    def note_sweep(self, sweep: Sweep) -> None:
        """Write the sweep's progress."""
        self.put_cursor(SWEEP, sweep.markers, began=sweep.began, whole=sweep.whole)

    def read_item(self, name: str) -> dict[str, Any]:
        """The values of a recording's item or of a cursor, by a consistent read; empty if there is none."""
        answer = self.dynamodb.get_item(TableName=self.table, Key=serialised({"recording": name}), ConsistentRead=True)
        return deserialised(answer.get("Item", {}))

    def put_cursor(self, name: str, markers: Mapping[str, str], **more: int) -> None:
        """Write a cursor, which is S3's markers of the next page of a listing."""
        item = {"recording": name, "markers": dict(markers), **more}
        self.dynamodb.put_item(TableName=self.table, Item=serialised(item))

    def state_query(self, state: State, **more: Any) -> dict[str, Any]:
        """The arguments of a Query for the recordings in a state, by the index BY_STATE_INDEX."""
        return {
            "TableName": self.table,
            "IndexName": BY_STATE_INDEX,
            "KeyConditionExpression": "#state = :state",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": serialised({":state": state}),
            **more,
        }

    def write_if(self, write: Callable[..., Any], **arguments: Any) -> bool:
        """Call one of the client's writes with a ConditionExpression; False if the condition does not hold."""
        try:
            write(TableName=self.table, **arguments)
        except ClientError as error:
            if not _condition_failed(error):
                raise
            return False
        return True

    def _update(self, row: LedgerRow, change: str, condition: str, values: Mapping[str, Any]) -> LedgerRow | None:
        """Change a row under a condition on its state; the new row, or None if the condition does not hold."""
        try:
            answer = self.dynamodb.update_item(
                TableName=self.table,
                Key=serialised({"recording": row.recording}),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=serialised(values),
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if not _condition_failed(error):
                raise
            return None
        return dynamodb_items.row(answer["Attributes"])


def _condition_failed(error: ClientError) -> bool:
    return bool(error.response["Error"]["Code"] == "ConditionalCheckFailedException")


def _open(row: LedgerRow, states: tuple[State, State] = _BEFORE[State.DELIVERED]) -> dict[str, Any]:
    """The values for the placeholders of _OPEN and _OPEN_OR_ANNOUNCED."""
    one, other = states
    return {":own_job": row.job, ":one": one, ":other": other}
