"""Filter patterns of CloudWatch Logs: terms and JSON selectors. Patterns of fields in brackets match every message.

Source: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail" in the
CloudWatch Logs user guide.
"""

import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

Matches = Callable[[str], bool]
Selects = Callable[[Any], bool]

_TERM = re.compile(r'(?P<sign>[-?]?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|%(?P<expression>[^%]+)%|(?P<plain>[^\s"]+))')
_TOKEN = re.compile(
    r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<expression>%[^%]+%)|(?P<sign>&&|\|\||!=|<=|>=|[=<>()])'
    r"|(?P<word>[^\s()=<>!&|]+))"
)
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_MISSING = object()
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


class Malformed(ValueError):
    """A pattern that the service refuses."""


def compiled(pattern: str) -> Matches:
    """Return a function that returns whether a message matches the pattern.

    >>> compiled('{ $.job = "a*" && $.size > 3 }')('{"job": "abc", "size": 4}')
    True
    >>> compiled('ERROR -"not found"')("ERROR: page not found")
    False
    >>> compiled("?WARN ?ERROR")("WARN: low"), compiled("error")("ERROR")
    (True, False)

    Raises:
        Malformed: the service would refuse it.
    """
    text = pattern.strip()
    if text.startswith("{"):
        return _of_json(text)
    if not text or text.startswith("["):
        return lambda _message: True
    return _of_terms(text)


def _of_terms(text: str) -> Matches:
    """Match all required terms, at least one of only optional ones, and no excluded term. Case matters."""
    terms: dict[str, list[Matches]] = {"": [], "-": [], "?": []}
    for term in _TERM.finditer(text):
        terms[term["sign"]].append(_term(term))

    def matches(message: str) -> bool:
        needed = all(found(message) for found in terms[""])
        optional = bool(terms[""]) or not terms["?"] or any(found(message) for found in terms["?"])
        return needed and optional and not any(found(message) for found in terms["-"])

    return matches


def _term(term: re.Match[str]) -> Matches:
    if term["expression"]:
        expression = re.compile(term["expression"])
        return lambda message: expression.search(message) is not None
    wanted = term["plain"] if term["quoted"] is None else re.sub(r"\\(.)", r"\1", term["quoted"])
    return lambda message: wanted in message


def _of_json(text: str) -> Matches:
    if not text.endswith("}"):
        raise Malformed("Invalid filter pattern")
    selects = _Parser(text[1:-1]).parsed()

    def matches(message: str) -> bool:
        try:
            found = json.loads(message)
        except ValueError:
            return False
        return isinstance(found, dict) and selects(found)

    return matches


class _Parser:
    """Parser of `$.a = "b*" && ($.c > 1 || $.d IS NULL)`; `&&` has the higher precedence."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            token = _TOKEN.match(text, at)
            if token is None:
                raise Malformed("Invalid filter pattern")
            self._tokens.append((str(token.lastgroup), str(token[str(token.lastgroup)])))
            at = token.end()

    def parsed(self) -> Selects:
        """Parse the whole pattern."""
        selects = self._any()
        if self._tokens:
            raise Malformed("Invalid filter pattern")
        return selects

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise Malformed("Invalid filter pattern")
        return self._tokens.pop(0)

    def _take(self, sign: str) -> bool:
        taken = self._tokens[:1] == [("sign", sign)]
        del self._tokens[: int(taken)]
        return taken

    def _any(self) -> Selects:
        parts = [self._all()]
        while self._take("||"):
            parts.append(self._all())
        return lambda found: any(part(found) for part in parts)

    def _all(self) -> Selects:
        parts = [self._one()]
        while self._take("&&"):
            parts.append(self._one())
        return lambda found: all(part(found) for part in parts)

    def _one(self) -> Selects:
        if self._take("("):
            selects = self._any()
            if not self._take(")"):
                raise Malformed("Invalid filter pattern")
            return selects
        kind, name = self._next()
        if kind != "word" or not name.startswith("$"):
            raise Malformed("Invalid filter pattern")
        test = self._test()
        return lambda found: test(_selected(found, name[1:]))

    def _test(self) -> Selects:
        _kind, sign = self._next()
        kind, operand = self._next()
        if sign.upper() == "NOT" and operand.upper() == "EXISTS":
            return lambda value: value is _MISSING
        if sign.upper() == "IS":
            wanted = {"TRUE": True, "FALSE": False, "NULL": None}.get(operand.upper(), _MISSING)
            return lambda value: value is wanted
        if sign in _ORDER:
            return lambda value: _is_number(value) and bool(_ORDER[sign](value, float(operand)))
        if sign not in ("=", "!="):
            raise Malformed("Invalid filter pattern")
        equals = _equal_to(kind, operand)
        return equals if sign == "=" else lambda value: value is not _MISSING and not equals(value)


def _selected(found: Any, path: str) -> Any:
    for step in _STEP.finditer(path):
        name, index = step[1], step[2]
        if name is not None and isinstance(found, dict):
            found = found.get(name, _MISSING)
        elif index is not None and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        else:
            return _MISSING
    return found


def _equal_to(kind: str, operand: str) -> Selects:
    if kind == "expression":
        expression = re.compile(operand[1:-1])
        return lambda value: isinstance(value, str) and expression.search(value) is not None
    text = re.sub(r"\\(.)", r"\1", operand[1:-1]) if kind == "string" else operand
    wild = re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)

    def equals(value: Any) -> bool:
        if _is_number(value):
            return bool(_number(text) == value)
        return isinstance(value, str) and wild.fullmatch(value) is not None

    return equals


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
