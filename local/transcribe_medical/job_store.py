"""The service's state. Each change is in the journal before the service answers the request.

The journal is a file of JSON lines; the last line of a record counts. A killed process may leave an incomplete line at
the end; its change was not answered yet.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.jobs import Job
from local.transcribe_medical.vocabularies import Vocabulary

Record = TypeVar("Record", bound=Job | Vocabulary)
Key = tuple[str, str, str]


class Records(Generic[Record]):
    """All records of one kind, by account, Region and name, in the order of their creation."""

    def __init__(self, kind: type[Record], journal: "_Journal") -> None:
        self._kind = kind
        self._journal = journal
        self._records: dict[Key, Record] = {}

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._records.values()))

    def find(self, caller: Caller, name: str) -> Record | None:
        """Return the caller's record of this name, or None."""
        return self._records.get((caller.account, caller.region, name))

    def of(self, caller: Caller) -> list[Record]:
        """Return all records of the caller."""
        return [record for (account, region, _), record in self._records.items() if _is(caller, account, region)]

    def oldest(self) -> Record | None:
        """Return the oldest record, or None."""
        return next(iter(self._records.values()), None)

    def put(self, record: Record) -> None:
        """Add or replace a record."""
        self._journal.add({"kind": self._kind.__name__, **record.plain()})
        self._records[key(record)] = record

    def delete(self, record: Record) -> None:
        """Delete a record."""
        self._journal.add({"kind": self._kind.__name__, "gone": key(record)})
        self._records.pop(key(record), None)

    def clear(self) -> None:
        """Delete all records, but not in the journal."""
        self._records.clear()

    def replay(self, plain: dict[str, Any]) -> None:
        """Apply one line of the journal."""
        if "gone" in plain:
            account, region, name = plain["gone"]
            self._records.pop((account, region, name), None)
        else:
            record = self._kind(**plain)
            self._records[key(record)] = record


class JobStore:
    """Jobs and vocabularies of every account and Region; a journal saves them across restarts."""

    def __init__(self, journal: Path | None = None) -> None:
        self._journal = _Journal(journal)
        self.jobs: Records[Job] = Records(Job, self._journal)
        self.vocabularies: Records[Vocabulary] = Records(Vocabulary, self._journal)
        records_by_kind: dict[str, Any] = {"Job": self.jobs, "Vocabulary": self.vocabularies}
        for line in self._journal.read():
            records_by_kind[line.pop("kind")].replay(line)
        self._journal.rewrite(
            [{"kind": kind, **record.plain()} for kind, records in records_by_kind.items() for record in records]
        )

    def clear(self) -> None:
        """Delete everything."""
        self.jobs.clear()
        self.vocabularies.clear()
        self._journal.rewrite([])


class _Journal:
    """A file that only grows. Each start of the cloud rewrites it without outdated lines."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def add(self, line: dict[str, Any]) -> None:
        if self._path:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def read(self) -> Iterator[dict[str, Any]]:
        if self._path and self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                with suppress(ValueError):
                    yield json.loads(line)

    def rewrite(self, lines: list[dict[str, Any]]) -> None:
        if self._path:
            new = self._path.with_name(self._path.name + ".new")
            new.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
            new.replace(self._path)


def key(record: Job | Vocabulary) -> Key:
    """Return the key of a record among its kind."""
    return record.account, record.region, record.name


def _is(caller: Caller, account: str, region: str) -> bool:
    return (account, region) == (caller.account, caller.region)
