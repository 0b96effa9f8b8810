"""Finds the words of a transcript that a person must check, whatever their confidence.

Published measurements of Transcribe Medical show the reason: it wrote "metoprolol" for "bisoprolol" and "the next 23
days" for "the next two three days", both with a high confidence. The rules prefer too many points to too few.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from stethoscript import drug_names, review_words
from stethoscript.phrases import Phrases, normalized, parts
from stethoscript.review_context import negations, sides
from stethoscript.review_patterns import AMOUNT, BEFORE_DRUG, PATTERNS, Kind
from stethoscript.review_words import DRUG
from stethoscript.vocabulary import Term
from stethoscript.word import Word


@dataclass(frozen=True)
class ReviewPoint:
    """A range of words to compare with the audio; it ends before `end`. `confused_with` are similar names of drugs."""

    kind: Kind
    start: int
    end: int
    confused_with: tuple[str, ...] = ()


_NEAR = 3
"""The most words between a drug and its dose."""


def find(words: Sequence[Word], terms: Iterable[Term] = ()) -> tuple[ReviewPoint, ...]:
    """The review points, in the order of the words. `terms` are the terms of the customer's vocabularies."""
    plain = [normalized(word.text) for word in words]
    tags = [review_words.tag(word) for word in plain]
    points = [*_drugs(plain, tags)]
    _untitled(plain, tags)
    points += _patterns(words, tags)
    points += (ReviewPoint(Kind.NEGATION, start, end) for start, end in negations(plain, _stops(words)))
    points += (ReviewPoint(Kind.LATERALITY, at, at + 1) for at in sides(plain, _stops(words)))
    taken = {at for point in points if point.kind == Kind.DRUG for at in range(point.start, point.end)}
    own = Phrases(_spoken(term) for term in terms)
    points += (ReviewPoint(Kind.TERM, start, end) for start, end in own.find(plain) if start not in taken)
    return tuple(sorted(points, key=lambda point: (point.start, point.end, point.kind)))


def _spoken(term: Term) -> str:
    """A term in the spelling of a transcript."""
    return term.display_as or term.phrase.replace("-", " ")


def _stops(words: Sequence[Word]) -> list[bool]:
    """Whether a clause ends after each word."""
    return [bool(word.punctuation) for word in words]


def _drugs(plain: Sequence[str], tags: list[str]) -> Iterator[ReviewPoint]:
    """The points for names of drugs. Sets the tag DRUG for their words in `tags`."""
    for start, end in drug_names.phrases().find(plain):
        others = drug_names.confused()
        similar = {name for word in plain[start:end] for part in parts(word) for name in others.get(part, ())}
        tags[start:end] = DRUG * (end - start)
        yield ReviewPoint(Kind.DRUG, start, end, tuple(sorted(similar)))


def _untitled(plain: Sequence[str], tags: list[str]) -> None:
    """Remove the tag of a month after a title, because it is a name: Dr. August."""
    for at, tag in enumerate(tags):
        if tag == "M" and at and plain[at - 1] in review_words.TITLES:
            tags[at] = review_words.OTHER


def _patterns(words: Sequence[Word], tags: Sequence[str]) -> Iterator[ReviewPoint]:
    line, places = _line(words, tags)
    for kind, pattern in PATTERNS:
        taken = []
        for match in pattern.finditer(line):
            start, end = match.span()
            near = kind == Kind.NUMBER and AMOUNT.fullmatch(match[0]) and _near_drug(line, start, end)
            yield ReviewPoint(Kind.DOSE if near else kind, places[start], places[end - 1] + 1)
            taken.append((start, end))
        line = _without(line, taken)


def _line(words: Sequence[Word], tags: Sequence[str]) -> tuple[str, list[int]]:
    """The tags as one text, with a mark at the end of each clause, and each character's word."""
    line, places = [], []
    for at, (word, tag) in enumerate(zip(words, tags, strict=True)):
        line.append(tag)
        places.append(at)
        other = at + 1 < len(words) and words[at + 1].speaker != word.speaker
        if (word.punctuation and tag != "q") or other:
            line.append("," if word.punctuation == "," and not other else ";")
            places.append(at)
    return "".join(line), places


def _near_drug(line: str, start: int, end: int) -> bool:
    before = line[max(0, start - _NEAR) : start].rpartition(";")[2]
    return DRUG in before or bool(BEFORE_DRUG.match(line, end))


def _without(line: str, taken: Iterable[tuple[int, int]]) -> str:
    """The text, with a mark that matches no pattern in place of the found points."""
    kept: list[str] = []
    done = 0
    for start, end in taken:
        kept += (line[done:start], "_" * (end - start))
        done = end
    return "".join((*kept, line[done:]))
