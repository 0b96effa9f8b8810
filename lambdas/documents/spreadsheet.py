"""A table with one row a word, for spreadsheets and statistics."""

import csv
import io
import re

from documents import text
from documents.facts import Facts
from stethoscript.transcript import Transcript

COLUMNS = ("index", "start", "end", "speaker", "word", "punctuation", "confidence", "category")
_NUMBER = r"(0|[1-9][0-9]{0,9})(\.[0-9]{0,3}[1-9])?"
"""A spreadsheet shows it as it is written: others lose a nought or a digit, or become dates."""
# Where a cell begins, be it split at commas or at semicolons, and a formula, an apostrophe or another number follows.
# Spreadsheets take the wide characters for formulas too.
_CHANGED = re.compile(rf"""(^|;)(?![ "]*{_NUMBER}(;|$))(?=[ "]*([=+@＝＋－＠'-]|\.?\d))""")  # noqa: RUF001


def write(transcript: Transcript, _facts: Facts) -> bytes:
    """RFC 4180, with the byte order mark that spreadsheets want before they believe in UTF-8; no value is empty."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    table.writerows(
        (
            index, word.start, word.end, inert(text.speaker(word.speaker)), inert(word.text), inert(word.punctuation),
            word.confidence, word.category,
        )
        for index, word in enumerate(transcript.words, start=1)
    )  # fmt: skip
    return written.getvalue().encode("utf-8-sig")


def inert(cell: str) -> str:
    """A text that no spreadsheet runs or changes; drop an apostrophe in front and after semicolons to have it back.

    >>> inert("=1+1"), inert("'tis"), inert("x;=A1;y"), inert("cough")
    ("'=1+1", "''tis", "x;'=A1;y", 'cough')
    >>> inert("1/2"), inert("00123"), inert("1.50"), inert(".5"), inert("0.5"), inert("120")
    ("'1/2", "'00123", "'1.50", "'.5", '0.5', '120')
    """
    return _CHANGED.sub(r"\1'", cell)
