"""DynamoDB's condition and update expressions, as far as our code writes them."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from tests.simulation.fakes.errors import NotImplementedHere

Item = Mapping[str, Any]
Names = Mapping[str, str]
Test = Callable[[Item, Names, Item], bool]
_TOKEN = re.compile(r"\s*([#:]?\w+|<=|>=|<>|[()=<>,+-])")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@cache
def condition(text: str) -> Test:
    """A test of an item: AND, OR, NOT, parentheses, comparisons, IN and the two attribute functions."""
    parser = _Parser(text)
    test = parser.alternatives()
    parser.end()
    return test


@cache
def changes(text: str) -> tuple[tuple[str, str, str | None], ...]:
    """The changes of an update: (SET, path, value) and (REMOVE, path, None). Nothing else is implemented."""
    parts = re.split(r"\b(SET|REMOVE)\b", text)[1:]
    done: list[tuple[str, str, str | None]] = []
    for verb, clause in zip(parts[::2], parts[1::2], strict=True):
        for piece in clause.split(","):
            path, _, value = (word.strip() for word in piece.partition("="))
            if not re.fullmatch(r"#?\w+", path) or bool(value) is not (verb == "SET"):
                raise NotImplementedHere(text)
            if value and not re.fullmatch(r":\w+", value):
                raise NotImplementedHere(text)
            done.append((verb, path, value or None))
    return tuple(done)


@cache
def placeholders(text: str) -> frozenset[str]:
    """The names and values in expressions. DynamoDB refuses any unused one."""
    return frozenset(re.findall(r"[#:]\w+", text))


def named(path: str, names: Names) -> str:
    """The attribute that a path or placeholder means."""
    return names[path] if path.startswith("#") else path


def comparable(value: Mapping[str, Any]) -> Any:
    """A typed value in a form that compares as in DynamoDB."""
    ((kind, inner),) = value.items()
    return (kind, float(inner)) if kind == "N" else (kind, inner)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [match[1] for match in _TOKEN.finditer(text)]
        self._at = 0
        if "".join(self._tokens) != re.sub(r"\s", "", text):
            raise self._refused()

    def alternatives(self) -> Test:
        tests = [self._all()]
        while self._skip("OR"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda i, n, v: any(test(i, n, v) for test in tests)

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise self._refused()

    def _all(self) -> Test:
        tests = [self._one()]
        while self._skip("AND"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda i, n, v: all(test(i, n, v) for test in tests)

    def _one(self) -> Test:
        if self._skip("NOT"):
            denied = self._one()
            return lambda i, n, v: not denied(i, n, v)
        if self._skip("("):
            inner = self.alternatives()
            self._expect(")")
            return inner
        word = self._word()
        if word in ("attribute_exists", "attribute_not_exists"):
            self._expect("(")
            path = self._word()
            self._expect(")")
            wanted = word == "attribute_exists"
            return lambda i, n, _v: (named(path, n) in i) is wanted
        return self._comparison(word)

    def _comparison(self, path: str) -> Test:
        operator = self._word()
        if operator == "IN":
            self._expect("(")
            values = [self._word()]
            while self._skip(","):
                values.append(self._word())
            self._expect(")")
            return lambda i, n, v: named(path, n) in i and i[named(path, n)] in [v[value] for value in values]
        if operator not in _COMPARE:
            raise self._refused()
        compare, value = _COMPARE[operator], self._word()
        return lambda i, n, v: named(path, n) in i and _like(i[named(path, n)], v[value], compare)

    def _word(self) -> str:
        if self._at == len(self._tokens):
            raise self._refused()
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip(self, word: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == word
        self._at += found
        return found

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            raise self._refused()

    def _refused(self) -> NotImplementedHere:
        return NotImplementedHere(self._text)


def _like(mine: Mapping[str, Any], given: Mapping[str, Any], compare: Callable[[Any, Any], bool]) -> bool:
    (kind, left), (other, right) = comparable(mine), comparable(given)
    return kind == other and compare(left, right)
