"""Where the product keeps what belongs to a recording: the keys of its frozen copies, outputs and documents."""

from collections.abc import Iterator
from datetime import UTC, datetime

from stethoscript import jobs
from stethoscript.rows import Row


def attempts(row: Row) -> list[str]:
    """The names of all jobs that were ever meant to transcribe it."""
    return [jobs.name(row.recording, number) for number in range(1, row.attempt + 1)]


def working(row: Row) -> Iterator[str]:
    """Prefixes in the work bucket: frozen copies of any format, and Transcribe's own output.

    >>> from stethoscript.rows import State
    >>> list(working(Row("r", State.FAILED, "b", "k", "v", 0, 0, "r-2", attempt=2)))
    ['staging/r.', 'raw/r.json', 'staging/r-2.', 'raw/r-2.json']
    """
    for job in attempts(row):
        yield f"staging/{job}."
        yield jobs.raw(job)


def documents(row: Row) -> Iterator[str]:
    """Folders in the transcripts bucket, as the deliver function names them.

    >>> from stethoscript.rows import State
    >>> list(documents(Row("r", State.DELIVERED, "b", "k", "v", 0, 0, "r")))
    ['1970-01-01/r/']
    """
    for job in attempts(row):
        yield f"{datetime.fromtimestamp(row.received, UTC):%Y-%m-%d}/{job}/"


def manifest(row: Row) -> str:
    """Where the manifest of the last attempt lies, once its documents are written."""
    return f"{list(documents(row))[-1]}manifest.json"
