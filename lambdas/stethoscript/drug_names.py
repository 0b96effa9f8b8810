"""Names of drugs, and pairs that are often confused. The lists in word_lists/ name their sources."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from stethoscript.phrases import Phrases

_LISTS = Path(__file__).parent / "word_lists"


def lines(name: str) -> Iterator[str]:
    """The lines of a list without comments and headings."""
    for line in (_LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            yield line


@cache
def words(name: str) -> frozenset[str]:
    """All words of a list with several words in a line."""
    return frozenset(word for line in lines(name) for word in line.split())


@cache
def names() -> frozenset[str]:
    """Every name, in lower case; some have several words.

    >>> "metoprolol" in names(), "normal saline" in names(), "problem" in names()
    (True, True, False)
    """
    return words("drug_names") | frozenset(lines("more_drug_names")) | confused().keys()


@cache
def phrases() -> Phrases:
    """The names, as phrases to find in a text."""
    return Phrases(names())


@cache
def confused() -> Mapping[str, tuple[str, ...]]:
    """Maps a name to the names that it is confused with.

    >>> confused()["hydralazine"]
    ('hydromorphone', 'hydroxyzine')
    """
    others: defaultdict[str, set[str]] = defaultdict(set)
    for group in lines("confused_drug_names"):
        for name in group.split():
            others[name] |= set(group.split()) - {name}
    return {name: tuple(sorted(found)) for name, found in others.items()}
