"""Finds phrases of one or several words in a text, in one pass."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

_LEAST_PART = 5
"""The fewest letters of a part of a compound ("hydrocodone-acetaminophen") that is compared as a word."""
_JOINED = re.compile("[-/]")


def normalized(word: str) -> str:
    """A word in lower case, without the punctuation around it and without a possessive s.

    >>> normalized("(Crohn's"), normalized("b.i.d."), normalized("5.5")
    ('crohn', 'b.i.d', '5.5')
    """
    return word.casefold().strip(".,;:?!()\"'").replace("\u2019", "'").removesuffix("'s")


def parts(word: str) -> list[str]:
    """The parts of a word between hyphens and slashes.

    >>> parts("hydrocodone-acetaminophen")
    ['hydrocodone', 'acetaminophen']
    """
    return _JOINED.split(word)


class Phrases:
    """A set of phrases to find in normalized words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._single: set[str] = set()
        self._longer: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for phrase in phrases:
            first, *rest = [normalized(word) for word in phrase.split()] or [""]
            if rest:
                self._longer[first].add((first, *rest))
            elif first:
                self._single.add(first)

    def find(self, words: Sequence[str]) -> Iterator[tuple[int, int]]:
        """The ranges of words that are a phrase: the longest at each place, without overlaps.

        >>> list(Phrases(["folic acid", "aspirin", "acid"]).find(["folic", "acid", "and", "aspirin"]))
        [(0, 2), (3, 4)]
        """
        at = 0
        while at < len(words):
            end = self._end(words, at)
            if end > at:
                yield at, end
            at = max(end, at + 1)

    def _end(self, words: Sequence[str], at: int) -> int:
        word = words[at]
        if word in self._longer:
            fits = (len(phrase) for phrase in self._longer[word] if tuple(words[at : at + len(phrase)]) == phrase)
            if longest := max(fits, default=0):
                return at + longest
        return at + 1 if word in self._single or self._has_part(word) else at

    def _has_part(self, word: str) -> bool:
        if "-" not in word and "/" not in word:
            return False
        return any(part in self._single for part in parts(word) if len(part) >= _LEAST_PART)
