"""Checks whether a resource policy allows the required requests.

The answer is None if a condition depends on a value that only a real request has.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]
Perhaps = bool | None
"""True, False, or None if unknown."""

_ABSENT = ("aws:principalorg", "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:principaltag/")
"""What AWS says of people's and functions' requests, and not of a service's own."""


def read(policy: str) -> list[Statement]:
    """The statements of a policy's text."""
    found: list[Statement] = _texts(json.loads(policy).get("Statement", []))
    return found


def allows(there: Iterable[Statement], wanted: Statement) -> Perhaps:
    """Whether statements together allow all that the wanted one does, and none forbids it.

    A broader statement does as well: one for more actions, for every principal, or under fewer conditions.
    """
    there = list(there)
    granting = [each for each in there if each["Effect"] == "Allow" and _covers(each, wanted) and _met(each, wanted)]
    if not all(any(_names(each, action) for each in granting) for action in _actions(wanted)):
        return False
    refused = _any(_refuses(there, wanted, action) for action in _actions(wanted))
    return None if refused is None else not refused


def refuses(there: Iterable[Statement], wanted: Statement) -> Perhaps:
    """Whether statements together forbid all that the wanted one allows."""
    there = list(there)
    return _all(_refuses(there, wanted, action) for action in _actions(wanted))


def _refuses(there: Iterable[Statement], wanted: Statement, action: str) -> Perhaps:
    denying = (each for each in there if each["Effect"] == "Deny" and _names(each, action))
    return _any(_met(each, wanted) for each in denying if _covers(each, wanted) and _reaches(each, wanted))


def _covers(there: Statement, wanted: Statement) -> bool:
    if "NotPrincipal" in there:
        return not _principals(wanted["Principal"]) <= _principals(there["NotPrincipal"])
    named = _principals(there.get("Principal", {}))
    return "*" in named or _principals(wanted["Principal"]) <= named


def _reaches(there: Statement, wanted: Statement) -> bool:
    """Whether a statement is about all the resources of the wanted one, if that names any."""
    if "NotResource" in there:
        return False
    patterns = _texts(there.get("Resource", "*"))
    return all(any(fnmatchcase(each, pattern) for pattern in patterns) for each in _texts(wanted.get("Resource", [])))


def _principals(principal: Any) -> set[str]:
    """The named principals; an account by its number, as which its root's ARN may be written."""
    named = (
        [principal] if isinstance(principal, str) else [each for some in principal.values() for each in _texts(some)]
    )
    return {each.split(":")[4] if each.endswith(":root") else each for each in named}


def _actions(wanted: Statement) -> list[str]:
    return [action for each in _texts(wanted["Action"]) for action in _MEANT.get(each, (each,))]


_MEANT = {
    "kms:GenerateDataKey*": ("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
    "kms:ReEncrypt*": ("kms:ReEncryptFrom", "kms:ReEncryptTo"),
}
"""Of what we ask for by a pattern, the actions of a symmetric key: a policy may name them one by one."""


def _names(statement: Statement, action: str) -> bool:
    if "NotAction" in statement:
        return not _is_named(action, statement["NotAction"])
    return _is_named(action, statement.get("Action", []))


def _is_named(action: str, patterns: Any) -> bool:
    return any(fnmatchcase(action.lower(), each.lower()) for each in _texts(patterns))


# --- conditions (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html)


def _met(there: Statement, wanted: Statement) -> Perhaps:
    """Whether every condition is met by what a request that the wanted statement allows presents."""
    presented = _presented(wanted)
    return _all(
        _holds(operator, presented(key.lower()), _texts(values))
        for operator, keys in there.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _presented(wanted: Statement) -> Callable[[str], str | None]:
    """The value or pattern of a condition key in such a request; empty if absent, None if unknown."""
    service = isinstance(wanted["Principal"], Mapping) and "Service" in wanted["Principal"]
    accounts = [each for each in _principals(wanted["Principal"]) if each.isdigit()]
    known = {
        **{key: account for account in accounts for key in ("aws:principalaccount", "kms:calleraccount")},
        "aws:securetransport": "true",
        "aws:principalisawsservice": str(service).lower(),
        **{key.lower(): value for keys in wanted.get("Condition", {}).values() for key, value in keys.items()},
    }
    return lambda key: known.get(key, "" if service and key.startswith(_ABSENT) else None)


def _holds(operator: str, given: str | None, values: list[Any]) -> Perhaps:
    optional, plain = operator.endswith("IfExists"), operator.removesuffix("IfExists")
    negated, plain = "Not" in plain, plain.replace("Not", "")
    if plain == "Null" and given is not None:
        return (given == "") == (str(values[0]).lower() == "true")
    if given is None or plain not in _OPERATORS:
        return None
    if not given:
        return optional or negated
    met = _any(_OPERATORS[plain](given, str(each)) for each in values)
    return met if met is None or not negated else not met


def _equal(given: str, wanted: str) -> Perhaps:
    """A pattern of what will be given may or may not turn out to be just that."""
    return None if "*" in given and fnmatchcase(wanted, given) else given == wanted


def _like(given: str, pattern: str) -> Perhaps:
    return fnmatchcase(given, pattern) or (None if "*" in given and fnmatchcase(pattern, given) else False)


_OPERATORS: Mapping[str, Callable[[str, str], Perhaps]] = {
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda given, wanted: given.lower() == wanted.lower(),
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": lambda given, wanted: _equal(given.lower(), wanted.lower()),
    "StringLike": _like,
}


def _all(each: Iterable[Perhaps]) -> Perhaps:
    """No, as soon as one says so.

    >>> _all([True, None, False]), _all([True, None]), _all([])
    (False, None, True)
    """
    found = set(each)
    return False if False in found else None if None in found else True


def _any(each: Iterable[Perhaps]) -> Perhaps:
    """Yes, as soon as one says so.

    >>> _any([False, None, True]), _any([False, None]), _any([])
    (True, None, False)
    """
    found = set(each)
    return True if True in found else None if None in found else False


def _texts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
