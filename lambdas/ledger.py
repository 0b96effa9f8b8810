"""The ledger in DynamoDB: one item per recording, every change conditional on what it changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from stethoscript import rows
from stethoscript.rows import Row, State

BY_STATE = "by-state"
"""Index: state, then `updated`; holds keys only."""

_CURSOR = "#sweep"  # no recording's name: those begin with a letter
_MOST_READ = 100
"""Items that BatchGetItem reads at most."""
_OPEN = "job = :own_job AND #state IN (:one, :other)"
_BEFORE = {
    State.ANNOUNCED: (State.ANNOUNCED, State.ANNOUNCED),
    State.CLAIMED: (State.CLAIMED, State.CLAIMED),
    State.REJECTED: (State.CLAIMED, State.CLAIMED),
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

    def find(self, recording: str) -> Row | None:
        """The recording's row, read consistently."""
        item = self._get(recording)
        return rows.read(item) if item else None

    def claim(self, row: Row) -> bool:
        """Enter a recording that nobody has worked at yet; False if somebody was quicker."""
        return self._conditionally(
            self.dynamodb.put_item,
            Item=_serialised(row.item()),
            ConditionExpression="attribute_not_exists(recording) OR #state = :announced",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=_serialised({":announced": State.ANNOUNCED}),
        )

    def announce(self, row: Row) -> bool:
        """Enter a recording that nobody has heard of; False if it is known by now."""
        return self._conditionally(
            self.dynamodb.put_item,
            Item=_serialised(row.item()),
            ConditionExpression="attribute_not_exists(recording)",
        )

    def advance(self, row: Row, state: State, now: float, **changes: Any) -> Row | None:
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

    def lease(self, row: Row, now: float, seconds: int) -> bool:
        """Take the delivery of an open recording for so long; False while somebody else has it."""
        return self._conditionally(
            self.dynamodb.update_item,
            Key=_serialised({"recording": row.recording}),
            UpdateExpression="SET leased = :until",
            ConditionExpression=f"{_OPEN} AND (attribute_not_exists(leased) OR leased <= :now)",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=_serialised({":until": int(now) + seconds, ":now": int(now)} | _open(row)),
        )

    def release(self, row: Row) -> None:
        """Give a delivery back that did not succeed, so that the next attempt need not wait."""
        self._conditionally(
            self.dynamodb.update_item,
            Key=_serialised({"recording": row.recording}),
            UpdateExpression="REMOVE leased",
            ConditionExpression=_OPEN,
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=_serialised(_open(row)),
        )

    def in_flight(self, enough: int) -> int:
        """How many recordings are with Transcribe, counted up to `enough`."""
        counted = 0
        page = self._by_state(State.TRANSCRIBING, Select="COUNT", Limit=enough)
        while True:
            answer = self.dynamodb.query(**page)
            counted += int(answer["Count"])
            if counted >= enough or "LastEvaluatedKey" not in answer:
                return counted
            page["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def waiting(self, state: State, before: float) -> Iterator[Row]:
        """Recordings in this state that nobody has touched since `before`, the longest untouched first."""
        page = self._by_state(state)
        page["KeyConditionExpression"] += " AND updated < :before"
        page["ExpressionAttributeValues"] |= _serialised({":before": int(before)})
        while True:
            answer = self.dynamodb.query(**page)
            for item in answer["Items"]:
                row = self.find(_from(item["recording"]))
                if row and row.state == state:
                    yield row
            if "LastEvaluatedKey" not in answer:
                return
            page["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

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

    def _conditionally(self, call: Any, **arguments: Any) -> bool:
        try:
            call(TableName=self.table, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _open(row: Row, states: tuple[State, State] = _BEFORE[State.DELIVERED]) -> dict[str, Any]:
    """The values that the condition _OPEN speaks of."""
    one, other = states
    return {":own_job": row.job, ":one": one, ":other": other}


def _serialised(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _to(str(value) if isinstance(value, State) else value) for name, value in values.items()}
