"""A custom vocabulary: which of its terms a recording may hold, and how they are written.

A recogniser that is told words tends to hear them. So a stretch is heard first without the vocabulary; only the
terms that sound like something in it are then told, and what is heard in their knowledge counts only where it
sounds like what was heard without. A term is never put where nobody spoke, or where something else was said.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from local.recogniser.phonetics import letters, similarity, sound
from local.recogniser.requests_and_results import Term, Word

# Whisper takes 223 tokens of hints and drops the rest without a word; some room is left for the full stop.
MOST_TOKENS = 216
# More terms than this distract more than they help.
_MOST_TERMS = 16
# How alike a term and something that was heard must sound, for the term to be worth a second look ...
_CANDIDATE = 0.65
# ... and how alike both hearings must sound, for the second to count.
_SAME = 0.6
# A term may have been taken for so many words more than it has.
_SPLIT = 3
# What makes a stretch more likely to be misheard than one that sounds as much like a term.
_UNCERTAINTY = 0.2

CountTokens = Callable[[str], int]


def hints(vocabulary: Sequence[Term], words: Sequence[Word], count: CountTokens) -> str:
    """Return the terms that may have been said, likeliest first, in the form that Whisper heeds best.

    A comma list that ends like a sentence keeps Whisper writing sentences. Empty if no term is likely.
    """
    chosen = ""
    for term in likely(vocabulary, words)[:_MOST_TERMS]:
        longer = f"{chosen}, {term.written}" if chosen else term.written
        if count(longer) > MOST_TOKENS:
            break
        chosen = longer
    return chosen and chosen.rstrip(".") + "."


def likely(vocabulary: Sequence[Term], words: Sequence[Word]) -> list[Term]:
    """Return the terms that sound like something that was heard, those of which most is to be hoped first."""
    longest = max((len(term.spoken.split()) for term in vocabulary), default=0) + _SPLIT
    uncertainties: dict[str, float] = {}
    for start in range(len(words)):
        for end in range(start + 1, min(start + longest, len(words)) + 1):
            stretch = words[start:end]
            uncertainty = 1 - min(word.confidence for word in stretch)
            key = sound(" ".join(word.text for word in stretch))
            uncertainties[key] = max(uncertainties.get(key, 0.0), uncertainty)
    scores = [(_score(term, uncertainties), n) for n, term in enumerate(vocabulary)]
    return [vocabulary[n] for score, n in sorted(scores, key=lambda pair: (-pair[0], pair[1])) if score > 0]


def _score(term: Term, uncertainties: dict[str, float]) -> float:
    """Return how much is to be hoped of telling a term, 0 if it sounds like nothing in `doubts`."""
    best = 0.0
    for key in {sound(form) for form in (term.spoken, term.sounds_like, term.display_as) if form}:
        similar = process.extract(
            key, uncertainties.keys(), scorer=Levenshtein.normalized_similarity, score_cutoff=_CANDIDATE, limit=5
        )
        best = max([best, *(alike + _UNCERTAINTY * uncertainties[found] for found, alike, _ in similar)])
    return best


def accepted(without_hints: Sequence[Word], with_hints: Sequence[Word], vocabulary: Iterable[Term]) -> list[Word]:
    """Return the first hearing, with those stretches of the second that hold a term and sound the same."""
    before, after = [letters(word.text) for word in without_hints], [letters(word.text) for word in with_hints]
    terms = _Forms(vocabulary)
    words: list[Word] = []
    for change, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = without_hints[a:b], with_hints[c:d]
        if change != "replace" or not terms.among(new) or _similarity(old, new) < _SAME:
            words += old
        else:
            words += _within(new, old[0].start, old[-1].end)
    return words


def _similarity(some: Sequence[Word], others: Sequence[Word]) -> float:
    return similarity(*(" ".join(word.text for word in words) for words in (some, others)))


def _within(words: Sequence[Word], start: float, end: float) -> list[Word]:
    """Bring words into the time of those whose place they take."""
    return [replace(word, start=min(max(word.start, start), end), end=min(max(word.end, start), end)) for word in words]


def written(words: Sequence[Word], vocabulary: Iterable[Term]) -> list[Word]:
    """Write each term as its DisplayAs says, or else with the phrase's own capitals."""
    terms = _Forms(vocabulary)
    done: list[Word] = []
    at = 0
    while at < len(words):
        term, length = terms.at(words, at)
        if term is None:
            done.append(words[at])
            at += 1
        else:
            done += _written(term, words[at : at + length])
            at += length
    return done


def _written(term: Term, spoken: Sequence[Word]) -> list[Word]:
    """Spread what is written for a term over the time in which it was spoken."""
    texts = term.written.split()
    if not term.display_as and term.spoken.islower() and spoken[0].text[:1].isupper():
        texts[0] = texts[0][:1].upper() + texts[0][1:]  # it begins a sentence
    start, end = spoken[0].start, spoken[-1].end
    size = max(sum(map(len, texts)), 1)
    words, said = [], 0
    for text in texts:
        began, said = start + (end - start) * said / size, said + len(text)
        until = start + (end - start) * said / size
        words.append(replace(spoken[0], text=text, start=round(began, 3), end=round(until, 3), punctuation=""))
    sure = min(word.confidence for word in spoken)
    words = [replace(word, confidence=sure) for word in words]
    words[-1] = replace(words[-1], punctuation=spoken[-1].punctuation)
    return words


class _Forms:
    """Terms by their letters, to find them whichever way they were spelled and divided."""

    def __init__(self, vocabulary: Iterable[Term]) -> None:
        self._terms: dict[str, Term] = {}
        for term in vocabulary:
            for form in (term.spoken, term.written):
                if letters(form):
                    self._terms.setdefault(letters(form), term)
        self._longest = max(map(len, self._terms), default=0)

    def at(self, words: Sequence[Word], start: int) -> tuple[Term | None, int]:
        """Return the longest term that begins with this word, and of how many words it is."""
        found: tuple[Term | None, int] = (None, 0)
        spelled = ""
        for n, word in enumerate(words[start:], start=1):
            spelled += letters(word.text)
            if len(spelled) > self._longest or (word.speaker, word.channel) != (
                words[start].speaker,
                words[start].channel,
            ):
                break
            if spelled in self._terms:
                found = self._terms[spelled], n
        return found

    def among(self, words: Sequence[Word]) -> bool:
        """Say whether one of the terms is among the words."""
        return any(self.at(words, start)[0] for start in range(len(words)))
