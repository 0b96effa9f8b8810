"""The ledger in DynamoDB: one item per recording, every change conditional on what it changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from adapters.aws_pages import pages
from stethoscript import ledger_row
from stethoscript.ledger_row import LedgerRow, State

BY_STATE = "by-state"
"""Index: state, then `updated`; holds keys only."""

_CURSOR = "#sweep"  # no recording's name: those begin with a letter
_MOST_READ = 100
"""Items that BatchGetItem reads at most."""
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
"""From which two states a recording may come into each: a job may end before its start was noted down."""
_to = TypeSerializer().serialize
_from = TypeDeserializer().deserialize


@dataclass(frozen=True)
class Sweep:
    """A sweep through the intake bucket: `markers` are where it goes on, none where it has come to its end.

    `began` is when it began; `whole` when the last one began that looked at all uploads of `LOST_WITHIN_DAYS`.
    """

    markers: Mapping[str, str]
    began: int
    whole: int


@dataclass(frozen=True)
class Ledger:
    """The table and its client."""

    dynamodb: Any
    table: str

    def find(self, recording: str) -> LedgerRow | None:
        """The recording's row, read consistently."""
        item = self._get(recording)
        return ledger_row.read(item) if item else None

    def claim(self, row: LedgerRow) -> bool:
        """Enter a recording that nobody has worked at yet; False if somebody was quicker, or it was cancelled."""
        return self._conditionally(
            self.dynamodb.put_item,
            Item=_serialised(row.item()),
            ConditionExpression=f"attribute_not_exists(recording) OR (#state = :announced AND {_NOT_STOPPED})",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=_serialised({":announced": State.ANNOUNCED}),
        )

    def announce(self, row: LedgerRow) -> bool:
        """Enter a recording that nobody has heard of; False if it is known by now."""
        return self._conditionally(
            self.dynamodb.put_item,
            Item=_serialised(row.item()),
            ConditionExpression="attribute_not_exists(recording)",
        )

    def advance(self, row: LedgerRow, state: State, now: float, **changes: Any) -> LedgerRow | None:
        """Move an open recording on; None if this job has moved past that state, or the recording has another.

        The same state may be set again, so that repeating a step is harmless.
        """
        after = replace(row, state=state, updated=int(now), **changes)
        changed = {"state": state, "updated": int(now), **changes}
        kept = {name: value for name, value in changed.items() if value is not None}
        done = self._conditionally(
            self.dynamodb.update_item,
            Key=_serialised({"recording": row.recording}),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in kept),
            ConditionExpression=_OPEN,
            ExpressionAttributeNames={f"#{name}": name for name in kept},
            ExpressionAttributeValues=_serialised(
                {f":{name}": value for name, value in kept.items()} | _open(row, _BEFORE[state])
            ),
        )
        return after if done else None

    def request_start(self, row: LedgerRow, now: float) -> bool:
        """Note that Transcribe is asked to start the job; False if it was stopped, or another has brought it further.

        Each order of this and `stop` is safe: stopped first, it is not asked; asked first, `stop` finds that it was.
        """
        condition = f"job = :own_job AND #state = :claimed AND {_NOT_STOPPED}"
        return self._update(
            row, "SET start_requested = :now", condition,
            {":now": int(now), ":own_job": row.job, ":claimed": State.CLAIMED},
        ) is not None  # fmt: skip

    def stop(self, row: LedgerRow, reason: str, now: float) -> LedgerRow | None:
        """Stop an open recording; the row as it is then. None if it was stopped before, has ended or is delivered.

        The state stays: whoever takes the recording up next brings it to its end, so that it is notified once.
        """
        condition = f"{_OPEN_OR_ANNOUNCED} AND {_NOT_STOPPED} AND attribute_not_exists(leased)"
        values = {":now": int(now), ":reason": reason, ":none": 0, ":announced": State.ANNOUNCED} | _open(row)
        return self._update(row, "SET cancelled = :now, reason = :reason, announcements = :none", condition, values)

    def lease(self, row: LedgerRow, now: float, seconds: int) -> LedgerRow | None:
        """Take the end of an open recording for so long; the row as it is then, None while another has it."""
        condition = f"{_OPEN_OR_ANNOUNCED} AND (attribute_not_exists(leased) OR leased <= :now)"
        values = {":until": int(now) + seconds, ":now": int(now), ":announced": State.ANNOUNCED} | _open(row)
        return self._update(row, "SET leased = :until", condition, values)

    def release(self, row: LedgerRow) -> None:
        """Give back what did not succeed, so that the next attempt need not wait."""
        values = {":free": 0, ":announced": State.ANNOUNCED} | _open(row)
        self._update(row, "SET leased = :free", _OPEN_OR_ANNOUNCED, values)

    def in_flight(self, enough: int) -> int:
        """How many recordings are with Transcribe, counted up to `enough`."""
        counted = 0
        for page in pages(self.dynamodb, "query", **self._by_state(State.TRANSCRIBING, Select="COUNT", Limit=enough)):
            counted += int(page["Count"])
            if counted >= enough:
                break
        return counted

    def waiting(self, state: State, before: float) -> Iterator[LedgerRow]:
        """Recordings in this state that nobody has touched since `before`, the longest untouched first."""
        query = self._by_state(state)
        query["KeyConditionExpression"] += " AND updated < :before"
        query["ExpressionAttributeValues"] |= _serialised({":before": int(before)})
        for page in pages(self.dynamodb, "query", **query):
            for item in page["Items"]:
                row = self.find(_from(item["recording"]))
                if row and row.state == state:
                    yield row

    def known(self, recordings: Sequence[str]) -> set[str]:
        """Those that have a row; one left out may have one all the same, `announce` is the judge."""
        found: set[str] = set()
        for first in range(0, len(recordings), _MOST_READ):
            keys = [_serialised({"recording": recording}) for recording in recordings[first : first + _MOST_READ]]
            asked = {self.table: {"Keys": keys, "ProjectionExpression": "recording"}}
            answer = self.dynamodb.batch_get_item(RequestItems=asked)
            found |= {_from(item["recording"]) for item in answer["Responses"].get(self.table, [])}
        return found

    def sweep(self) -> Sweep:
        """The sweep that is under way, or the last one."""
        found = self._get(_CURSOR)
        return Sweep(found.get("markers", {}), int(found.get("began", 0)), int(found.get("whole", 0)))

    def note_sweep(self, sweep: Sweep) -> None:
        """Remember how far the sweep has come."""
        item = {"recording": _CURSOR, "markers": dict(sweep.markers), "began": sweep.began, "whole": sweep.whole}
        self.dynamodb.put_item(TableName=self.table, Item=_serialised(item))

    def _get(self, recording: str) -> dict[str, Any]:
        answer = self.dynamodb.get_item(
            TableName=self.table, Key=_serialised({"recording": recording}), ConsistentRead=True
        )
        return {name: _from(value) for name, value in answer.get("Item", {}).items()}

    def _by_state(self, state: State, **more: Any) -> dict[str, Any]:
        return {
            "TableName": self.table,
            "IndexName": BY_STATE,
            "KeyConditionExpression": "#state = :state",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": _serialised({":state": state}),
            **more,
        }

    def _update(self, row: LedgerRow, change: str, condition: str, values: Mapping[str, Any]) -> LedgerRow | None:
        """Change a row under a condition on its state; the row as it is then, None if the condition does not hold."""
        try:
            answer = self.dynamodb.update_item(
                TableName=self.table,
                Key=_serialised({"recording": row.recording}),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=_serialised(values),
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return None
        return ledger_row.read({name: _from(value) for name, value in answer["Attributes"].items()})

    def _conditionally(self, call: Any, **arguments: Any) -> bool:
        try:
            call(TableName=self.table, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _open(row: LedgerRow, states: tuple[State, State] = _BEFORE[State.DELIVERED]) -> dict[str, Any]:
    """The values that the condition _OPEN speaks of."""
    one, other = states
    return {":own_job": row.job, ":one": one, ":other": other}


def _serialised(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _to(str(value) if isinstance(value, State) else value) for name, value in values.items()}
