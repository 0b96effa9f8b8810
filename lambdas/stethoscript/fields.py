"""Reads single fields of Transcribe's output. A number may be a string, and a text may hold any character.

A missing or impossible value is None.
"""

import re
from collections import Counter
from collections.abc import Mapping
from enum import Enum
from typing import Any

MOST_SECONDS = 4 * 3600 + 60.0
"""The longest recording has four hours, with a minute of tolerance. A later time is invalid."""
ILLEGIBLE = "\ufffd"
"""Replaces every character that a document cannot hold, and the text of a word without text."""
MOST_CHARACTERS = 10_000_000
"""The limit of one text. The running text of four hours has about 270,000. A character takes up to four bytes of
memory, and a document holds several copies."""
_MOST_LABEL = 40
# Control, direction and joining characters, line separators, halves of surrogate pairs: they break or forge documents.
_NO_WRITING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff\ud800-\udfff]"
)


class Gap(Enum):
    """A defect of the output: the noun it concerns, and the rest of the sentence about it."""

    TEXT = ("word", "came without text")
    TIME = ("word", "came without a time")
    IMPOSSIBLE_TIME = ("word", "came with an impossible time")
    BACKWARDS = ("word", "came with an end before its beginning")
    CONFIDENCE = ("word", "came without a confidence")
    SPEAKER = ("word", "came without a speaker")
    ONE_LIST = ("word", "came in only one of the two lists of words")
    ONLY_TEXT = ("word", "came only in the running text, without a time")
    NOT_IN_TEXT = ("word", "did not come in the running text")
    PLACE = ("identified passage", "could not be placed, so the same words are marked everywhere")
    ALTERNATIVE = ("stretch", "with several readings came without a time and is omitted")


def sentences(gaps: Counter[Gap]) -> tuple[str, ...]:
    """A sentence for each defect that occurs.

    >>> sentences(Counter({Gap.TIME: 12, Gap.TEXT: 1}))
    ('1 word came without text.', '12 words came without a time.')
    """
    return tuple(
        f"{gaps[gap]} {gap.value[0]}{'' if gaps[gap] == 1 else 's'} {gap.value[1]}." for gap in Gap if gaps[gap]
    )


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """A list of objects. A missing or null list is empty, and a null in it is left out.

    Raises:
        TypeError: the value is another type.

    >>> mappings([{"a": 1}, None]), mappings(None)
    ([{'a': 1}], [])
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(each is None or isinstance(each, dict) for each in value):
        raise TypeError("not a list of objects")
    return [each for each in value if each is not None]


def seconds(value: Any) -> float | None:
    """Seconds from the beginning of the recording.

    >>> seconds("1.25"), seconds(7), seconds("NaN"), seconds(-1), seconds(None), seconds([])
    (1.25, 7.0, None, None, None, None)
    """
    return _number(value, MOST_SECONDS)


def confidence(value: Any) -> float | None:
    """The confidence, from 0 to 1.

    >>> confidence("0.9"), confidence("high"), confidence(7)
    (0.9, None, None)
    """
    return _number(value, 1.0)


def writing(value: Any) -> str:
    r"""A text of one line that every document format can hold.

    Raises:
        ValueError: it has more than MOST_CHARACTERS.

    >>> writing(" 5\u202e \n mg "), writing(""), writing(7), writing(None)
    ('5\ufffd \ufffd mg', '', '7', '')
    """
    text = "" if value is None else str(value)
    if len(text) > MOST_CHARACTERS:
        raise ValueError("a text that is too long")
    if text.isprintable() and " " not in text:  # nearly every word
        return text
    return " ".join(_NO_WRITING.sub(ILLEGIBLE, text).split())


def label(value: Any) -> str | None:
    """The name of a speaker or channel."""
    return writing(value)[:_MOST_LABEL] or None if value else None


def _number(value: Any, most: float) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number <= most and not isinstance(value, bool) else None
