"""Whether a resource's policy allows what it must, however it is written."""

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]

_EQUALITIES = frozenset(
    {"ArnEquals", "ArnLike", "StringEquals", "StringEqualsIfExists", "StringEqualsIgnoreCase", "StringLike"}
)


def read(policy: str) -> list[Statement]:
    """The statements of a policy's text."""
    found: list[Statement] = _texts(json.loads(policy).get("Statement", []))
    return found


def allows(there: Iterable[Statement], wanted: Statement) -> bool:
    """Whether statements together allow all that the wanted one does, and none forbids it.

    A broader statement does as well: one for more actions, for every principal, or under fewer conditions. One that
    forbids under a condition is taken to mean somebody else.
    """
    about = [each for each in there if _covers(each.get("Principal", {}), wanted["Principal"])]
    granted = [each for each in about if each["Effect"] == "Allow" and _met(each, wanted)]
    refused = [each for each in about if each["Effect"] == "Deny" and not each.get("Condition")]
    return all(
        any(_names(each, action) for each in granted) and not any(_names(each, action) for each in refused)
        for action in _texts(wanted["Action"])
    )


def _covers(there: Any, wanted: Any) -> bool:
    return "*" in _principals(there) or _principals(wanted) <= _principals(there)


def _principals(principal: Any) -> set[str]:
    return {principal} if isinstance(principal, str) else {each for some in principal.values() for each in _texts(some)}


def _met(there: Statement, wanted: Statement) -> bool:
    """Whether every condition is met by what the wanted statement's own conditions say will be presented."""
    presented = {name.lower(): value for keys in wanted.get("Condition", {}).values() for name, value in keys.items()}
    return all(
        operator in _EQUALITIES and _is_one_of(presented.get(name.lower()), values)
        for operator, keys in there.get("Condition", {}).items()
        for name, values in keys.items()
    )


def _is_one_of(presented: str | None, patterns: Any) -> bool:
    return presented is not None and any(fnmatchcase(presented, str(each)) for each in _texts(patterns))


def _names(statement: Statement, action: str) -> bool:
    return any(fnmatchcase(action.lower(), each.lower()) for each in _texts(statement.get("Action", [])))


def _texts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
