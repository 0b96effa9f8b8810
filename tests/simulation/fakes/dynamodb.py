# ruff: noqa: N803 - arguments are named as AWS names them
"""DynamoDB: one table with one index by state, which lags behind the table."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.client_errors import refusal
from tests.simulation.fakes import expressions
from tests.simulation.fakes.errors import NotImplementedHere
from tests.simulation.virtual_time import VirtualTime

MOST_READ = 100
Item = dict[str, Any]
Place = tuple[float, str]


@dataclass(eq=False)
class DynamoDb:
    """The ledger's table: partition key `recording`; index `by-state` on `state` and `updated`, keys only."""

    time: VirtualTime
    table: str
    lag: float = 0.0
    items: dict[str, Item] = field(default_factory=dict)
    changed: Callable[[str, Item | None, Item | None], None] = lambda _key, _before, _after: None
    _index: dict[str, list[Place]] = field(default_factory=dict)
    _behind: deque[tuple[float, Item | None, Item | None]] = field(default_factory=deque)

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool) -> dict[str, Any]:
        """Read an item consistently."""
        self._check(TableName)
        if not ConsistentRead:
            raise NotImplementedHere("reads that are not consistent")
        item = self.items.get(Key["recording"]["S"])
        return {"Item": dict(item)} if item else {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        """Read the keys of up to a hundred items."""
        [(table, asked)] = RequestItems.items()
        self._check(table)
        keys = [key["recording"]["S"] for key in asked["Keys"]]
        if asked["ProjectionExpression"] != "recording" or not 0 < len(set(keys)) == len(keys) <= MOST_READ:
            raise refusal("ValidationException", "One or more parameter values were invalid")
        found = [{"recording": {"S": key}} for key in keys if key in self.items]
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def put_item(
        self,
        *,
        TableName: str,
        Item: Item,
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: dict[str, str] | None = None,
        ExpressionAttributeValues: Item | None = None,
    ) -> dict[str, Any]:
        """Write an item under its condition."""
        self._check(TableName)
        key = Item["recording"]["S"]
        names, values = ExpressionAttributeNames or {}, ExpressionAttributeValues or {}
        self._evaluate(ConditionExpression, self.items.get(key), names, values)
        self._write(key, dict(Item))
        return {}

    def update_item(
        self,
        *,
        TableName: str,
        Key: Item,
        UpdateExpression: str,
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: dict[str, str] | None = None,
        ExpressionAttributeValues: Item | None = None,
        ReturnValues: str = "NONE",
    ) -> dict[str, Any]:
        """Change an item under its condition, or create it if it is missing."""
        self._check(TableName)
        names, values = ExpressionAttributeNames or {}, ExpressionAttributeValues or {}
        key = Key["recording"]["S"]
        self._evaluate(ConditionExpression, self.items.get(key), names, values, UpdateExpression)
        after = dict(self.items.get(key) or Key)
        for verb, path, value in expressions.changes(UpdateExpression):
            attribute = expressions.named(path, names)
            if verb == "SET" and value:
                after[attribute] = values[value]
            else:
                after.pop(attribute, None)
        self._write(key, after)
        return {"Attributes": dict(after)} if ReturnValues == "ALL_NEW" else {}

    def query(
        self,
        *,
        TableName: str,
        IndexName: str,
        KeyConditionExpression: str,
        ExpressionAttributeNames: dict[str, str],
        ExpressionAttributeValues: Item,
        Limit: int | None = None,
        Select: str | None = None,
        ExclusiveStartKey: Item | None = None,
    ) -> dict[str, Any]:
        """A page of one state's rows by age, from the index."""
        self._check(TableName)
        self._catch_up()
        if IndexName != "by-state" or Select not in (None, "COUNT"):
            raise NotImplementedHere(f"{IndexName} {Select}")
        bounds = _bounds(KeyConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues)
        places = self._index.get(bounds[0], [])
        first = 0
        if ExclusiveStartKey:
            after = (float(ExclusiveStartKey["updated"]["N"]), ExclusiveStartKey["recording"]["S"])
            first = bisect_left(places, after) + (after in places)
        last = bisect_left(places, (bounds[1], ""))
        end = min(last, first + Limit) if Limit else last
        answer: dict[str, Any] = {"Count": max(0, end - first)}
        found = [_keys(bounds[0], place) for place in places[first:end]] if Select is None else []
        if Select is None:
            answer["Items"] = found
        if Limit and end - first == Limit:
            answer["LastEvaluatedKey"] = _keys(bounds[0], places[end - 1])
        return answer

    def describe_continuous_backups(self, *, TableName: str) -> dict[str, Any]:
        """The retention of backups does not matter here."""
        del TableName
        raise refusal("AccessDeniedException")

    def forget(self, now: float) -> None:
        """Delete what has expired, as DynamoDB's time to live does."""
        for key in [k for k, item in self.items.items() if "expires" in item and float(item["expires"]["N"]) < now]:
            self._write(key, None)

    def _write(self, key: str, after: Item | None) -> None:
        before = self.items.get(key)
        if after is None:
            del self.items[key]
        else:
            self.items[key] = after
        self._behind.append((self.time.now + self.lag, before, after))
        self.changed(key, before, after)

    def _catch_up(self) -> None:
        while self._behind and self._behind[0][0] <= self.time.now:
            _when, before, after = self._behind.popleft()
            for item, put in ((before, False), (after, True)):
                if item is None or "state" not in item:
                    continue
                places = self._index.setdefault(item["state"]["S"], [])
                place = (float(item["updated"]["N"]), item["recording"]["S"])
                if put:
                    insort(places, place)
                else:
                    del places[bisect_left(places, place)]

    def _evaluate(
        self, text: str | None, item: Item | None, names: dict[str, str], values: Item, update: str = ""
    ) -> None:
        if expressions.placeholders(f"{text or ''} {update}") != {*names, *values}:
            raise refusal("ValidationException", "Value provided in ExpressionAttributeValues unused in expressions")
        if text and not expressions.condition(text)(item or {}, names, values):
            raise refusal("ConditionalCheckFailedException", "The conditional request failed")

    def _check(self, table: str) -> None:
        if table != self.table:
            raise refusal("ResourceNotFoundException", "Requested resource not found")


def _bounds(text: str, names: dict[str, str], values: Item) -> tuple[str, float]:
    """The requested state, and the age limit of the rows."""
    if text == "#state = :state":
        return values[":state"]["S"], float("inf")
    if text == "#state = :state AND updated < :before" and names.get("#state") == "state":
        return values[":state"]["S"], float(values[":before"]["N"])
    raise NotImplementedHere(text)


def _keys(state: str, place: Place) -> Item:
    return {"recording": {"S": place[1]}, "state": {"S": state}, "updated": {"N": str(int(place[0]))}}
