"""A custom vocabulary: select the terms that a recording may contain, and write them as the vocabulary says.

A recogniser with hints tends to invent the hinted words. So a piece of speech is first recognised without hints. Then
only the terms that sound like a part of the result become hints. The result with hints counts only where it sounds
like the result without. So a term never replaces silence or different words.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from local.recogniser.phonetics import letters, similarity, sound
from local.recogniser.requests_and_results import Term, Word

# Whisper takes 223 tokens of hints and ignores the rest silently; the full stop needs some of them.
MOST_TOKENS = 216
# More terms than this distract more than they help.
_MOST_TERMS = 16
# A term with at least this similarity to recognised words is a candidate ...
_CANDIDATE = 0.65
# ... and both results must have at least this similarity for the second to count.
_SAME = 0.6
# A term may be misrecognised as this many more words than it has.
_SPLIT = 3
# The weight of the recogniser's uncertainty in a candidate's score.
_UNCERTAINTY = 0.2

CountTokens = Callable[[str], int]


def hints(vocabulary: Sequence[Term], words: Sequence[Word], count: CountTokens) -> str:
    """Return the likely terms, likeliest first, as a comma list; empty if no term is likely.

    The list ends with a full stop, because Whisper then keeps writing sentences.
    """
    chosen = ""
    for term in likely(vocabulary, words)[:_MOST_TERMS]:
        longer = f"{chosen}, {term.written}" if chosen else term.written
        if count(longer) > MOST_TOKENS:
            break
        chosen = longer
    return chosen and chosen.rstrip(".") + "."


def likely(vocabulary: Sequence[Term], words: Sequence[Word]) -> list[Term]:
    """Return the terms that sound like recognised words, the highest score first."""
    longest = max((len(term.spoken.split()) for term in vocabulary), default=0) + _SPLIT
    uncertainties: dict[str, float] = {}
    for start in range(len(words)):
        for end in range(start + 1, min(start + longest, len(words)) + 1):
            part = words[start:end]
            uncertainty = 1 - min(word.confidence for word in part)
            key = sound(" ".join(word.text for word in part))
            uncertainties[key] = max(uncertainties.get(key, 0.0), uncertainty)
    scores = [(_score(term, uncertainties), n) for n, term in enumerate(vocabulary)]
    return [vocabulary[n] for score, n in sorted(scores, key=lambda pair: (-pair[0], pair[1])) if score > 0]


def _score(term: Term, uncertainties: dict[str, float]) -> float:
    """Return a term's score from its similarity to the sounds in `uncertainties`; 0 if none is similar."""
    best = 0.0
    for key in {sound(form) for form in (term.spoken, term.sounds_like, term.display_as) if form}:
        similar = process.extract(
            key, uncertainties.keys(), scorer=Levenshtein.normalized_similarity, score_cutoff=_CANDIDATE, limit=5
        )
        best = max([best, *(alike + _UNCERTAINTY * uncertainties[found] for found, alike, _ in similar)])
    return best


def accepted(without_hints: Sequence[Word], with_hints: Sequence[Word], vocabulary: Iterable[Term]) -> list[Word]:
    """Return the words without hints, replaced by those with hints where these contain a term and sound similar."""
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
    """Limit words to the time of the words that they replace."""
    return [replace(word, start=min(max(word.start, start), end), end=min(max(word.end, start), end)) for word in words]


def written(words: Sequence[Word], vocabulary: Iterable[Term]) -> list[Word]:
    """Write each term as its DisplayAs, or else with the phrase's own capitals."""
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
    """Return the words written for a term, spread over its spoken time."""
    texts = term.written.split()
    if not term.display_as and term.spoken.islower() and spoken[0].text[:1].isupper():
        texts[0] = texts[0][:1].upper() + texts[0][1:]  # it begins a sentence
    start, end = spoken[0].start, spoken[-1].end
    size = max(sum(map(len, texts)), 1)
    words, position = [], 0
    for text in texts:
        began, position = start + (end - start) * position / size, position + len(text)
        until = start + (end - start) * position / size
        words.append(replace(spoken[0], text=text, start=round(began, 3), end=round(until, 3), punctuation=""))
    sure = min(word.confidence for word in spoken)
    words = [replace(word, confidence=sure) for word in words]
    words[-1] = replace(words[-1], punctuation=spoken[-1].punctuation)
    return words


class _Forms:
    """Terms by their letters, so that case, punctuation and division into words do not matter."""

    def __init__(self, vocabulary: Iterable[Term]) -> None:
        self._terms: dict[str, Term] = {}
        for term in vocabulary:
            for form in (term.spoken, term.written):
                if letters(form):
                    self._terms.setdefault(letters(form), term)
        self._longest = max(map(len, self._terms), default=0)

    def at(self, words: Sequence[Word], start: int) -> tuple[Term | None, int]:
        """Return the longest term that begins with this word, and its number of words."""
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
        """Return whether the words contain one of the terms."""
        return any(self.at(words, start)[0] for start in range(len(words)))
