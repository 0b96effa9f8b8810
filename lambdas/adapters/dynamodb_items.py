"""Converts between Python values and DynamoDB's typed attribute values."""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from stethoscript import ledger_row
from stethoscript.ledger_row import LedgerRow, State

_to = TypeSerializer().serialize
_from = TypeDeserializer().deserialize


def serialised(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by name as DynamoDB takes them; a state becomes a string."""
    return {name: _to(str(value) if isinstance(value, State) else value) for name, value in values.items()}


def deserialised(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item's values by name; numbers are Decimals."""
    return {name: _from(value) for name, value in item.items()}


def row(item: Mapping[str, Any]) -> LedgerRow:
    """The ledger row in an item of the table."""
    return ledger_row.read(deserialised(item))
