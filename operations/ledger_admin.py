"""The ledger as an operator may read and change it: whole states, a deliberate retry, an erasure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from adapters import dynamodb_items
from adapters.dynamodb_items import deserialised, serialised
from adapters.ledger import SWEEP, Ledger
from stethoscript import jobs
from stethoscript.ledger_row import LedgerRow, State

Item = TypeVar("Item")

WAITING = "WAITING"
"""The state of an upload that no function has looked at yet: it has no row."""

SEEN = (WAITING, *map(str, State))
"""States as operators see them."""

_BACKFILL = "#backfill"
"""The name of the backfill's cursor."""
_MOST_AT_ONCE = 100
"""Keys that BatchGetItem takes."""
_OF_ONE_ATTEMPT = (
    "start_requested",
    "cancelled",
    "started",
    "completed",
    "signal",
    "signalled",
    "leased",
    "reason",
    "remedy",
    "failure",
    "manifest",
    "words",
    "seconds",
    "confidence",
)


class LedgerAdmin(Ledger):
    """The ledger table. Every write is conditional on the row that it changes."""

    def count(self, state: State, since: int = 0) -> int:
        """How many recordings are in a state, of those that were touched since then."""
        query = self._since(self.state_query(state, Select="COUNT"), since)
        return sum(int(page["Count"]) for page in self.dynamodb.get_paginator("query").paginate(**query))

    def in_state(self, state: State, since: int = 0, *, newest_first: bool = False) -> Iterator[LedgerRow]:
        """Recordings in a state that were touched since then, in the order in which they were."""
        query = self._since(self.state_query(state, ScanIndexForward=not newest_first), since)
        for page in self.dynamodb.get_paginator("query").paginate(**query):
            names = [deserialised(item)["recording"] for item in page["Items"]]
            found = self.rows(names)
            yield from (found[name] for name in names if name in found and found[name].state is state)

    def rows(self, recordings: Iterable[str]) -> dict[str, LedgerRow]:
        """The rows of these recordings, where they have one."""
        found: dict[str, LedgerRow] = {}
        for some in chunks(recordings, _MOST_AT_ONCE):
            wanted: Any = {self.table: {"Keys": [serialised({"recording": name}) for name in set(some)]}}
            while wanted:
                answer = self.dynamodb.batch_get_item(RequestItems=wanted)
                for row in map(dynamodb_items.row, answer["Responses"].get(self.table, [])):
                    found[row.recording] = row
                wanted = answer.get("UnprocessedKeys")
        return found

    def search(self, **wanted: str) -> Iterator[LedgerRow]:
        """Rows in which all these members have these values; reads the whole table."""
        scan = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.table,
            ConsistentRead=True,
            FilterExpression=" AND ".join(f"#{name} = :{name}" for name in wanted),
            ExpressionAttributeNames={f"#{name}": name for name in wanted},
            ExpressionAttributeValues=serialised({f":{name}": value for name, value in wanted.items()}),
        )
        for page in scan:
            yield from map(dynamodb_items.row, page["Items"])

    def called(self, name: str) -> list[LedgerRow]:
        """Rows with this version id, or else those with this correlation id, key or file name; reads the whole table.

        DynamoDB only knows whether a key contains a text, so the results are filtered again.
        """
        scan = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.table,
            ConsistentRead=True,
            FilterExpression="#version = :name OR #correlation_id = :name OR contains(#key, :name)",
            ExpressionAttributeNames={f"#{each}": each for each in ("version", "correlation_id", "key")},
            ExpressionAttributeValues=serialised({":name": name}),
        )
        found = [dynamodb_items.row(item) for page in scan for item in page["Items"]]
        version = [row for row in found if row.version == name]
        return version or [row for row in found if name == row.correlation_id or is_called(row.key, name)]

    def again(self, row: LedgerRow, now: float) -> LedgerRow | None:
        """Reopen a FAILED recording as its next attempt; None if it is no longer FAILED.

        The number is taken here, conditionally: of two who retry one wins, and the other finds their number.
        """
        if row.state is not State.FAILED:
            return None
        attempt = row.attempt + 1
        name = jobs.name(row.recording, attempt)
        times = {"entered": int(now), "updated": int(now)}  # its deadlines count anew
        changed = {"attempt": attempt, "job": name, "announcements": 0, "refused": {}, **times}
        return self._rewrite(row, State.CLAIMED, changed, removed=_OF_ONE_ATTEMPT)

    def close(self, row: LedgerRow, now: float, leased: int) -> LedgerRow | None:
        """Take a recording out of everybody's hands before it is erased; None if it changed meanwhile.

        Its row keeps what erasing needs to know, so that an erasure that broke off can be repeated.
        """
        changed = {"updated": int(now), "leased": leased}
        return self._rewrite(row, State.ERASING, changed)

    def bury(self, row: LedgerRow, now: float) -> None:
        """Replace the row by a tombstone without key, version or patient data.

        It stays, so that a message that comes late, or a sweep, finds that the recording has ended.
        """
        stone = LedgerRow(
            recording=row.recording, state=State.ERASED, bucket="", key="", version="", received=int(now),
            updated=int(now), job=row.job, attempt=row.attempt, expires=row.expires,
        )  # fmt: skip
        self.dynamodb.put_item(TableName=self.table, Item=serialised(stone.item()))

    def backfill_cursor(self) -> Mapping[str, str]:
        """Where a backfill that broke off goes on; empty if none did."""
        markers: Mapping[str, str] = self.read_item(_BACKFILL).get("markers", {})
        return markers

    def move_backfill_cursor(self, markers: Mapping[str, str]) -> None:
        """Remember where a backfill goes on."""
        self.put_cursor(_BACKFILL, markers)

    def forget_cursors_at(self, key: str) -> int:
        """Delete sweep and backfill markers at this key; return their number."""
        standing = [
            name for name in (_BACKFILL, SWEEP) if self.read_item(name).get("markers", {}).get("KeyMarker") == key
        ]
        for name in standing:
            self.put_cursor(name, {})
        return len(standing)

    def _since(self, query: dict[str, Any], since: int) -> dict[str, Any]:
        query["KeyConditionExpression"] += " AND updated >= :since"
        query["ExpressionAttributeValues"] |= serialised({":since": since})
        return query

    def _rewrite(
        self, row: LedgerRow, state: State, changed: Mapping[str, Any], removed: tuple[str, ...] = ()
    ) -> LedgerRow | None:
        """Change a row that is still as we read it; None if it is not."""
        values = {**changed, "state": state}
        taken_away = " REMOVE " + ", ".join(f"#{name}" for name in removed) if removed else ""
        done = self.write_if(
            self.dynamodb.update_item,
            Key=serialised({"recording": row.recording}),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values) + taken_away,
            ConditionExpression="#state = :state_was AND #job = :job_was",
            ExpressionAttributeNames={f"#{name}": name for name in {*values, *removed, "job"}},
            ExpressionAttributeValues=serialised(
                {f":{name}": value for name, value in values.items()} | {":state_was": row.state, ":job_was": row.job}
            ),
        )
        after: dict[str, Any] = {**dict.fromkeys(removed), **changed}
        return replace(row, state=state, **after) if done else None


def seen(row: LedgerRow) -> str:
    """The state as operators see it; attempt 0 is an upload that has no row yet."""
    return str(row.state) if row.attempt else WAITING


def is_called(key: str, name: str) -> bool:
    """Whether a name is this key, or the name of its file.

    >>> is_called("ward/a.wav", "a.wav"), is_called("ward/a.wav", "ward/a.wav"), is_called("ward/aa.wav", "a.wav")
    (True, True, False)
    """
    return bool(name) and name in (key, key.rpartition("/")[2])


def chunks(items: Iterable[Item], most: int) -> Iterator[list[Item]]:
    """The items in lists of at most so many.

    >>> list(chunks("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(items)
    while some := list(islice(rest, most)):
        yield some
