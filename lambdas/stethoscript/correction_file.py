"""Reads a correction file into a value. The file is untrusted text: it is checked, never executed and never logged.

`docs/schemas/correction-1.0.json` describes the shape; a test compares the two.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from stethoscript.correction_refusals import Reason, Refused
from stethoscript.corrections import Correction, SpeakerEdit, TextEdit, TurnEdit

SCHEMA = "1.0"
MOST_BYTES = 2 * 1024**2
"""The largest file."""
MOST_DEPTH = 3
"""The deepest nesting: the file, its edits, one edit."""
MOST_EDITS = 20_000
MOST_CONFIRMATIONS = 50_000
MOST_ADDENDA = 50
MOST_CHARACTERS = 2_000
"""The longest text of one edit, and the longest reason."""
MOST_ADDENDUM_CHARACTERS = 20_000
MOST_NAME_CHARACTERS = 100
MOST_JOB_CHARACTERS = 200
_MOST_DIGITS = 9

_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)
"""A string, with or without its end, or a bracket. The pattern never backtracks, so it takes linear time."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SPEAKER = re.compile(r"(spk|ch)_(0|[1-9][0-9]?)")
_STATUSES = ("corrected", "signed", "amended", "retracted")
_REQUIRED = ("schema", "job", "basedOn", "status")
_OPTIONAL = ("revision", "edits", "confirmed", "addenda", "displayName", "reason")
_NO_VALUE: Any = object()

Edit = TextEdit | SpeakerEdit | TurnEdit


def read(body: bytes) -> Correction:
    """The correction in a file.

    Raises:
        Refused: the file is invalid; the error names the place and the reason, and never quotes the file.
    """
    if len(body) > MOST_BYTES:
        raise Refused(Reason.TOO_LARGE)
    file = _object(_parsed(body), "", (), ())
    if "schema" in file and file["schema"] != SCHEMA:
        raise Refused(Reason.UNKNOWN_VERSION, "schema")
    file = _object(file, "", _REQUIRED, _OPTIONAL)
    _position(file.get("revision", 1), "revision")
    edits = [_edit(each, f"edits[{at}]") for at, each in enumerate(_list(file, "edits", MOST_EDITS))]
    confirmed = _list(file, "confirmed", MOST_CONFIRMATIONS)
    addenda = _list(file, "addenda", MOST_ADDENDA)
    return Correction(
        job=_line(file["job"], "job", MOST_JOB_CHARACTERS),
        based_on=_matching(file["basedOn"], _DIGEST, "basedOn"),
        status=_status(file["status"]),
        texts=tuple(edit for edit in edits if isinstance(edit, TextEdit)),
        speakers=tuple(edit for edit in edits if isinstance(edit, SpeakerEdit)),
        turns=tuple(edit for edit in edits if isinstance(edit, TurnEdit)),
        confirmed=tuple(_confirmation(each, f"confirmed[{at}]") for at, each in enumerate(confirmed)),
        addenda=tuple(_paragraphs(each, f"addenda[{at}]") for at, each in enumerate(addenda)),
        display_name=_optional_line(file, "displayName", MOST_NAME_CHARACTERS),
        reason=_optional_line(file, "reason", MOST_CHARACTERS),
    )


def _parsed(body: bytes) -> Any:
    """The JSON value. The parser's errors hold the text, so they are neither raised nor chained."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    _check_depth(text)
    try:
        value = json.loads(
            text, object_pairs_hook=_members, parse_int=_whole, parse_float=_no_number, parse_constant=_no_number
        )
    except Refused:
        raise
    except (ValueError, RecursionError):
        value = _NO_VALUE
    if value is _NO_VALUE:
        raise Refused(Reason.NOT_JSON)
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for match in _STRUCTURE.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        if depth > MOST_DEPTH:
            raise Refused(Reason.TOO_DEEP)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Refused(Reason.DUPLICATE_MEMBER)
    return members


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= _MOST_DIGITS else _no_number(digits)


def _no_number(_text: str) -> NoReturn:
    raise Refused(Reason.NOT_JSON)


def _object(value: Any, where: str, required: tuple[str, ...], optional: tuple[str, ...]) -> Mapping[str, Any]:
    """An object with these members; without required members, any object."""
    if not isinstance(value, dict):
        raise Refused(Reason.WRONG_TYPE, where)
    if required and set(value) - {*required, *optional}:
        raise Refused(Reason.UNKNOWN_MEMBER, where)
    for name in required:
        if name not in value:
            raise Refused(Reason.MISSING_MEMBER, f"{where}.{name}".lstrip("."))
    return value


def _list(file: Mapping[str, Any], name: str, most: int) -> list[Any]:
    value = file.get(name, [])
    if not isinstance(value, list):
        raise Refused(Reason.WRONG_TYPE, name)
    if len(value) > most:
        raise Refused(Reason.TOO_LARGE, name)
    return value


def _edit(value: Any, where: str) -> Edit:
    kind = _object(value, where, (), ()).get("edit")
    reader = _EDITS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise Refused(Reason.WRONG_TYPE, f"{where}.edit")
    required, optional, make = reader
    return make(_object(value, where, ("edit", *required), optional), where)


def _replace(edit: Mapping[str, Any], where: str) -> Edit:
    return TextEdit(*_range(edit, where), _line(edit["text"], f"{where}.text", MOST_CHARACTERS))


def _insert(edit: Mapping[str, Any], where: str) -> Edit:
    at = _position(edit["at"], f"{where}.at")
    text = _line(edit["text"], f"{where}.text", MOST_CHARACTERS)
    return TextEdit(at, at, text, _speaker(edit.get("speaker"), where))


def _delete(edit: Mapping[str, Any], where: str) -> Edit:
    return TextEdit(*_range(edit, where), "")


def _change_speaker(edit: Mapping[str, Any], where: str) -> Edit:
    return SpeakerEdit(*_range(edit, where), _speaker(edit["speaker"], where))


def _split(edit: Mapping[str, Any], where: str) -> Edit:
    return TurnEdit(_position(edit["at"], f"{where}.at"), begins=True)


def _merge(edit: Mapping[str, Any], where: str) -> Edit:
    return TurnEdit(_position(edit["at"], f"{where}.at"), begins=False)


_Reader = Callable[[Mapping[str, Any], str], Edit]
_EDITS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], _Reader]] = {
    "replace": (("from", "to", "text"), (), _replace),
    "insert": (("at", "text"), ("speaker",), _insert),
    "delete": (("from", "to"), (), _delete),
    "speaker": (("from", "to", "speaker"), (), _change_speaker),
    "split": (("at",), (), _split),
    "merge": (("at",), (), _merge),
}
"""The kinds of edits, each with its required members, its optional members and its reader."""


def _range(value: Mapping[str, Any], where: str) -> tuple[int, int]:
    start, end = _position(value["from"], f"{where}.from"), _position(value["to"], f"{where}.to")
    if start >= end:
        raise Refused(Reason.OUT_OF_RANGE, where)
    return start, end


def _confirmation(value: Any, where: str) -> tuple[int, int]:
    return _range(_object(value, where, ("from", "to"), ()), where)


def _position(value: Any, where: str) -> int:
    if type(value) is not int:
        raise Refused(Reason.WRONG_TYPE, where)
    if value < 0:
        raise Refused(Reason.OUT_OF_RANGE, where)
    return value


def _status(value: Any) -> str:
    if not isinstance(value, str) or value not in _STATUSES:
        raise Refused(Reason.WRONG_TYPE, "status")
    return value


def _speaker(value: Any, where: str) -> str | None:
    return None if value is None else _matching(value, _SPEAKER, f"{where}.speaker")


def _matching(value: Any, pattern: re.Pattern[str], where: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Refused(Reason.WRONG_TYPE, where)
    return value


def _optional_line(file: Mapping[str, Any], name: str, most: int) -> str | None:
    return _line(file[name], name, most) if file.get(name) is not None else None


def _paragraphs(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise Refused(Reason.WRONG_TYPE, where)
    if len(value) > MOST_ADDENDUM_CHARACTERS:
        raise Refused(Reason.TOO_LARGE, where)
    lines = [" ".join(line.split()) for line in value.splitlines()]
    return "\n".join(_printable(line, where) for line in lines if line) or _printable("", where)


def _line(value: Any, where: str, most: int) -> str:
    """A text of one line, with single spaces between words."""
    if not isinstance(value, str):
        raise Refused(Reason.WRONG_TYPE, where)
    if len(value) > most:
        raise Refused(Reason.TOO_LARGE, where)
    return _printable(" ".join(value.split()), where)


def _printable(text: str, where: str) -> str:
    if not text or not text.isprintable():
        raise Refused(Reason.UNPRINTABLE_TEXT, where)
    return text
