"""Evaluate a request by IAM's rules: a matching Deny wins, then a matching Allow, otherwise implicitly denied.

It supports the members and condition operators in our policies, and fails at any other.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """The caller, the action, the resource, and the context of a request."""

    action: str
    resource: str
    by: str = "arn:aws:iam::111122223333:root"
    context: Mapping[str, Any] = field(default_factory=dict)


def allowed(statements: Iterable[Mapping[str, Any]], request: Request) -> bool:
    """Whether the statements allow the request."""
    return _effects(statements, request) == {"Allow"}


def denied(statements: Iterable[Mapping[str, Any]], request: Request) -> bool:
    """Whether the statements deny the request, whatever else may allow it."""
    return "Deny" in _effects(statements, request)


def used(statements: Iterable[Mapping[str, Any]], request: Request) -> Iterator[tuple[str, str, str]]:
    """The parts of the statements that match the request: their Sid, action and resource."""
    for statement in statements:
        for action, resource in itertools.product(texts(statement["Action"]), texts(statement["Resource"])):
            if _matches({**statement, "Action": action, "Resource": resource}, request):
                yield statement["Sid"], action, resource


def texts(value: Any) -> list[Any]:
    """A policy's member that is one value or a list of them."""
    return value if isinstance(value, list) else [value]


def _effects(statements: Iterable[Mapping[str, Any]], request: Request) -> set[str]:
    return {statement["Effect"] for statement in statements if _matches(statement, request)}


def _matches(statement: Mapping[str, Any], request: Request) -> bool:
    if unknown := statement.keys() - _MEMBERS:
        raise NotImplementedError(f"a statement's {', '.join(unknown)}")
    return (
        _is_by(statement.get("Principal", "*"), request.by)
        and any(_like(request.action.lower(), action.lower()) for action in texts(statement["Action"]))
        and any(_like(request.resource, resource) for resource in texts(statement["Resource"]))
        and all(
            _holds(operator, request.context.get(key), texts(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _is_by(principal: Any, who: str) -> bool:
    named = [principal] if isinstance(principal, str) else [each for some in principal.values() for each in texts(some)]
    return "*" in named or who in named


def _like(text: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL) is not None


def _holds(operator: str, given: Any, wanted: list[Any]) -> bool:
    if operator == "Null":
        return (given is None) == (wanted == ["true"])
    if operator.startswith("ForAllValues:"):  # also for a request with none of them
        return given is None or all(_holds(operator.partition(":")[2], each, wanted) for each in texts(given))
    if operator.endswith("IfExists"):
        return given is None or _holds(operator.removesuffix("IfExists"), given, wanted)
    if operator in _NEGATED:
        return given is None or not any(_NEGATED[operator](given, each) for each in wanted)
    holds = _OPERATORS[operator]  # before the test for an empty value, so that an unknown operator always fails
    return given is not None and any(holds(given, each) for each in wanted)


_MEMBERS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
_NEGATED: Mapping[str, Callable[[str, str], bool]] = {
    "StringNotEquals": lambda given, unwanted: given == unwanted,
    "ArnNotLike": _like,
}
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda given, wanted: given == wanted,
    "Bool": lambda given, wanted: given == wanted,
    "StringLike": _like,
    "ArnLike": _like,
    "NumericLessThan": lambda given, wanted: float(given) < float(wanted),
}
