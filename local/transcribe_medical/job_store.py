"""What the service remembers, each change written down before anybody is told of it.

The journal is a file of JSON lines, the last line about a thing being the one that holds. A process that is killed
may leave half a line at its end; what that line was about, nobody had been told.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from local.transcribe_medical.cloud_port import Caller
from local.transcribe_medical.jobs import Job
from local.transcribe_medical.vocabularies import Vocabulary

Thing = TypeVar("Thing", bound=Job | Vocabulary)
Key = tuple[str, str, str]


class Shelf(Generic[Thing]):
    """All things of one kind, by account, Region and name, in the order in which they came."""

    def __init__(self, kind: type[Thing], journal: "_Journal") -> None:
        self._kind = kind
        self._journal = journal
        self._things: dict[Key, Thing] = {}

    def __iter__(self) -> Iterator[Thing]:
        return iter(list(self._things.values()))

    def find(self, caller: Caller, name: str) -> Thing | None:
        """Return the caller's thing of this name."""
        return self._things.get((caller.account, caller.region, name))

    def of(self, caller: Caller) -> list[Thing]:
        """Return all the caller's things."""
        return [thing for (account, region, _), thing in self._things.items() if _is(caller, account, region)]

    def oldest(self) -> Thing | None:
        """Return what came first of all."""
        return next(iter(self._things.values()), None)

    def keep(self, thing: Thing) -> None:
        """Remember a thing as it is now."""
        self._journal.add({"kind": self._kind.__name__, **thing.plain()})
        self._things[key(thing)] = thing

    def drop(self, thing: Thing) -> None:
        """Forget a thing."""
        self._journal.add({"kind": self._kind.__name__, "gone": key(thing)})
        self._things.pop(key(thing), None)

    def clear(self) -> None:
        """Forget all."""
        self._things.clear()

    def recall(self, plain: dict[str, Any]) -> None:
        """Take up one line of the journal."""
        if "gone" in plain:
            account, region, name = plain["gone"]
            self._things.pop((account, region, name), None)
        else:
            thing = self._kind(**plain)
            self._things[key(thing)] = thing


class JobStore:
    """Jobs and vocabularies of every account and Region; with a journal they outlive the process."""

    def __init__(self, journal: Path | None = None) -> None:
        self._journal = _Journal(journal)
        self.jobs: Shelf[Job] = Shelf(Job, self._journal)
        self.vocabularies: Shelf[Vocabulary] = Shelf(Vocabulary, self._journal)
        shelves: dict[str, Any] = {"Job": self.jobs, "Vocabulary": self.vocabularies}
        for line in self._journal.read():
            shelves[line.pop("kind")].recall(line)
        self._journal.rewrite([{"kind": kind, **thing.plain()} for kind, shelf in shelves.items() for thing in shelf])

    def clear(self) -> None:
        """Forget everything."""
        self.jobs.clear()
        self.vocabularies.clear()
        self._journal.rewrite([])


class _Journal:
    """A file that only grows, and is written anew without what is outdated whenever the cloud starts."""

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


def key(thing: Job | Vocabulary) -> Key:
    """Return what tells a thing from every other of its kind."""
    return thing.account, thing.region, thing.name


def _is(caller: Caller, account: str, region: str) -> bool:
    return (account, region) == (caller.account, caller.region)
