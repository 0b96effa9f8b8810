"""Medical vocabularies: reads a table file, and checks it by the rules of Transcribe Medical.

Rules: the developer guide's pages on the text file and on the character set for Amazon Transcribe Medical. Size and
length: the quotas. A phrase that begins or ends with a hyphen is refused too, because AWS was observed to refuse it.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

COLUMNS = ("Phrase", "IPA", "SoundsLike", "DisplayAs")
MOST_BYTES = 51_200
MOST_CHARACTERS = 255

_SPELLED = re.compile(r"[A-Za-z'.]+(-[A-Za-z'.]+)*")
_SOUNDS = "aʊ aɪ b d eɪ f g h i j k l l̩ m n n̩ oʊ p s t u v w z æ ð ŋ ɑ ɔ ɔɪ ə ɛ ɝ ɡ ɪ ɹ ʃ ʊ ʌ ʍ ʒ ʤ ʧ θ"  # noqa: RUF001  # IPA
_PHONEMES = frozenset(_SOUNDS.split())
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True)
class Term:
    """One row of the table: a phrase, its pronunciation, and its spelling in the transcript."""

    phrase: str
    ipa: str | None = None
    sounds_like: str | None = None
    display_as: str | None = None


@dataclass(frozen=True)
class Problem:
    """A defect in a line of the file; line 0 is the whole file."""

    line: int
    reason: str

    def __str__(self) -> str:
        """The line's number and the reason."""
        return f"line {self.line}: {self.reason}" if self.line else self.reason


class InvalidTable(ValueError):
    """A table that Transcribe Medical would refuse; the message names the first five lines and their reasons."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        shown = "; ".join(str(problem) for problem in problems[:_SHOWN_PROBLEMS])
        more = len(problems) - _SHOWN_PROBLEMS
        super().__init__(f"{shown}; and {more} more" if more > 0 else shown)
        self.problems = tuple(problems)


def read(content: bytes) -> tuple[Term, ...]:
    r"""The terms of a table file.

    >>> read(b"Phrase\tIPA\tSoundsLike\tDisplayAs\nB.I.D.\t\t\tb.i.d.\n")
    (Term(phrase='B.I.D.', ipa=None, sounds_like=None, display_as='b.i.d.'),)

    Raises:
        InvalidTable: Transcribe Medical would refuse the file.
    """
    header, *rows = _lines(content)
    columns = header.split("\t")
    if sorted(columns) != sorted(COLUMNS):
        wanted = ", ".join(COLUMNS)
        raise InvalidTable(
            [Problem(1, f"the header must name the columns {wanted}, each once, separated by single tabs")]
        )
    terms, problems = [], []
    for number, row in enumerate(rows, 2):
        wrong = [Problem(number, reason) for reason in _row_problems(columns, row)]
        problems += wrong
        if not wrong:
            terms.append(_term(columns, row))
    if problems:
        raise InvalidTable(problems)
    if not terms:
        raise InvalidTable([Problem(0, "the table has no row below its header")])
    return tuple(terms)


def deployed_name(deployment: str, stem: str, content: bytes) -> str:
    """The vocabulary's name in AWS. It contains a digest, so that each content is a vocabulary of its own.

    A new vocabulary becomes READY before any job names it, and the old one is deleted when no job names it.

    >>> deployed_name("clinic", "drugs", b"Phrase")
    'clinic-drugs-159410b8c9be'
    """
    return f"{deployment}-{stem}-{hashlib.sha256(content).hexdigest()[:12]}"


def _lines(content: bytes) -> list[str]:
    if len(content) > MOST_BYTES:
        raise InvalidTable([Problem(0, f"the file has {len(content):,} bytes; the limit is {MOST_BYTES:,}")])
    if content.startswith(b"\xef\xbb\xbf"):
        raise InvalidTable([Problem(1, "the file begins with a byte order mark; save it as UTF-8 without one")])
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidTable([Problem(line, "this is not UTF-8")]) from None
    if "\r" in text:
        line = text[: text.index("\r")].count("\n") + 1
        raise InvalidTable([Problem(line, "lines must end with a line feed alone (LF, not CRLF)")])
    return text.removesuffix("\n").split("\n")


def _row_problems(columns: Sequence[str], row: str) -> Iterator[str]:
    values = row.split("\t")
    if not row.strip():
        yield "the line is empty"
    elif len(values) != len(columns):
        yield f"there are {len(values)} columns instead of {len(columns)}, separated by single tabs"
    else:
        by_column = dict(zip(columns, values, strict=True))
        for column, value in by_column.items():
            yield from _value_problems(column, value)
        if not by_column["Phrase"]:
            yield "Phrase is empty"
        if by_column["IPA"] and by_column["SoundsLike"]:
            yield "IPA and SoundsLike exclude each other; keep one"


def _value_problems(column: str, value: str) -> Iterator[str]:
    if len(value) > MOST_CHARACTERS:
        yield f"{column} has {len(value)} characters; the limit is {MOST_CHARACTERS}"
    if _CONTROL.search(value):
        yield f"{column} holds a control character"
    elif value != value.strip():
        yield f"{column} begins or ends with a space"
    elif value and (reason := _spelling(column, value)):
        yield f"{column} {reason}"


def _spelling(column: str, value: str) -> str | None:
    if column == "DisplayAs":
        return None
    if column == "IPA":
        unknown = [part for part in value.split(" ") if part not in _PHONEMES]
        return f"holds an unknown sound, or more than one space between two sounds: {unknown[0]!r}" if unknown else None
    if _SPELLED.fullmatch(value):
        return None
    return "may hold letters, apostrophes and full stops only, with single hyphens between words; spell numbers out"


def _term(columns: Sequence[str], row: str) -> Term:
    values: Mapping[str, str] = dict(zip(columns, row.split("\t"), strict=True))
    return Term(values["Phrase"], values["IPA"] or None, values["SoundsLike"] or None, values["DisplayAs"] or None)
