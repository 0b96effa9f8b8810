"""Where the product keeps what belongs to a recording: the keys of its frozen copies, outputs and documents."""

from collections.abc import Iterator
from dataclasses import replace

from stethoscript import document_keys, jobs
from stethoscript.ledger_row import LedgerRow


def attempts(row: LedgerRow) -> list[str]:
    """The names of all jobs that were ever meant to transcribe it."""
    return [jobs.name(row.recording, number) for number in range(1, row.attempt + 1)]


def working(row: LedgerRow) -> Iterator[str]:
    """Prefixes in the work bucket: frozen copies of any format, and Transcribe's own output.

    >>> from stethoscript.ledger_row import State
    >>> list(working(LedgerRow("r", State.FAILED, "b", "k", "v", 0, 0, "r-2", attempt=2)))
    ['staging/r.', 'raw/r.json', 'staging/r-2.', 'raw/r-2.json']
    """
    for job in attempts(row):
        yield f"staging/{job}."
        yield jobs.raw(job)


def documents(row: LedgerRow) -> Iterator[str]:
    """Folders in the transcripts bucket, of every layout: which one was chosen at the time is noted nowhere.

    >>> from stethoscript.ledger_row import State
    >>> list(documents(LedgerRow("r", State.DELIVERED, "b", "k", "v", 0, 0, "r")))
    ['1970-01-01/r/', 'k/r/']
    """
    for job in attempts(row):
        for folder in document_keys.FOLDERS.values():
            yield folder(replace(row, job=job))


def manifest(row: LedgerRow) -> str:
    """The key of the last attempt's manifest, once its documents are written."""
    return f"{document_keys.opaque(replace(row, job=attempts(row)[-1]))}manifest.json"
