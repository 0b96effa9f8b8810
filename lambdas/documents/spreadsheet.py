"""A table with one row a word, for spreadsheets and statistics."""

import csv
import io

from documents import text
from documents.facts import Facts
from stethoscript.transcript import Transcript

COLUMNS = ("index", "start", "end", "speaker", "word", "punctuation", "confidence", "category")
_FORMULA = tuple("=+-@＝＋－＠'")  # noqa: RUF001 - spreadsheets take the wide ones for formulas too


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
    """A text that no spreadsheet takes for a formula; drop one leading apostrophe to have it back.

    >>> inert("=1+1"), inert("'tis"), inert("cough")
    ("'=1+1", "''tis", 'cough')
    """
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
