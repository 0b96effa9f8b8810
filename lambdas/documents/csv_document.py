"""Writes a table with one row per word, for spreadsheets and statistics."""

import csv
import io
import re
import unicodedata

from documents import plain_text
from documents.recording_info import RecordingInfo
from stethoscript.transcript import Transcript

COLUMNS = ("index", "start", "end", "speaker", "word", "punctuation", "confidence", "category")
_PLAIN = re.compile(r"0|[1-9][0-9]{0,9}|0\.[0-9]?[1-9]|(Speaker|Channel) [0-9]+")
"""Values that every spreadsheet shows unchanged, in every locale. Others lose digits or become dates."""
_STARTS = frozenset("=+-@'#\uff1d\uff0b\uff0d\uff20\u2212")
"""The first characters of formulas, also in full width, and of error values; and the apostrophe, which is removable."""
_BOOLEANS = frozenset((
    "true", "false", "wahr", "falsch", "vrai", "faux", "verdadero", "verdadeiro", "falso", "vero", "waar", "onwaar",
    "sant", "falskt", "sand", "falsk", "sann", "usann", "tosi", "epätosi", "prawda", "fałsz", "pravda", "nepravda",
    "igaz", "hamis", "doğru", "yanl\u0131ş", "истина", "ложь",
))  # fmt: skip
"""The words for true and false in spreadsheets of other languages."""
_CELL = re.compile(r"[^;| ]*[;| ]?")
"""A cell of its own if a semicolon, a bar or a space separates cells. No text holds a tab."""


def write(transcript: Transcript, _info: RecordingInfo) -> bytes:
    """RFC 4180 in UTF-8, with the byte order mark by which spreadsheets detect UTF-8."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    table.writerows(
        (
            index, word.start, word.end,
            inert(plain_text.speaker(word.speaker)), inert(word.text), inert(word.punctuation),
            word.confidence, word.category,
        )
        for index, word in enumerate(transcript.words, start=1)
    )  # fmt: skip
    return written.getvalue().encode("utf-8-sig")


def inert(text: str) -> str:
    """A text that no spreadsheet executes or changes, whatever character separates its cells.

    To restore it, remove one apostrophe at the beginning, and one after each semicolon, bar and space.

    >>> inert("=1+1"), inert("'tis"), inert("x;=A;y"), inert("x|=A"), inert("cough")
    ("'=1+1", "''tis", "x;'=A;y", "x|'=A", 'cough')
    >>> inert("1/2"), inert("March 5"), inert("SEPT2"), inert("true"), inert("1.5"), inert("0.5"), inert("120")
    ("'1/2", "'March 5", "'SEPT2", "'true", "'1.5", '0.5', '120')
    """
    if _PLAIN.fullmatch(text) or (text.isalpha() and text.casefold() not in _BOOLEANS):
        return text
    cells: list[str] = []
    numeric = False
    for cell in reversed(_CELL.findall(text)):
        whole = not cells or not cells[-1]
        numeric = numeric or any(unicodedata.category(each)[0] == "N" for each in cell)
        bare = cell.rstrip(";| ").lstrip('"')
        plain = not numeric or (whole and bool(_PLAIN.fullmatch(cell)))
        changed = bare.casefold() in _BOOLEANS or bare[:1] in _STARTS or not plain
        cells.append(f"'{cell}" if cell and changed and bare else cell)
    return "".join(reversed(cells))
