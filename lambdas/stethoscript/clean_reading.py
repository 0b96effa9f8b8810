"""A clean reading hides fillers and false starts from readers. The transcript keeps all words.

Only words without meaning are hidden. "Mm-hmm" is an answer, "ER" a place, "five five" a number, "no, no" a denial:
these stay, and so does every word that an editor wrote or confirmed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from stethoscript.word import Word, Writer

_FILLERS = frozenset(("um", "umm", "uhm", "uh", "uhh", "erm", "er"))
_BEFORE_PLACE = frozenset(("the", "an", "our", "this", "that"))
"""After one of these, "er" is the emergency room."""
_REPEATED = frozenset(("the", "and", "but", "i", "we", "they", "he", "she", "my", "your", "his", "our", "their"))
"""Words that mean the same when repeated. "That", "had", "on" and "a" can mean something else, so they are omitted."""
_NUMBERED = frozenset(("type", "stage", "grade", "class", "factor", "angiotensin", "phase"))
"""After one of these, "I" is a number."""
_PERSONS = frozenset(("i", "he", "she", "we", "they", "it", "you"))
_HELPERS = frozenset(("was", "is", "am", "have", "had", "has", "were", "are", "can", "will", "would", "do", "did"))
_ENDS = ".?!"


def hidden(words: Sequence[Word]) -> tuple[bool, ...]:
    """For each word of a turn, whether a clean reading hides it. A turn is never hidden completely."""
    texts = [word.text.casefold() for word in words]
    mask = [False] * len(words)
    for at in range(len(words)):
        until = at + _superfluous(words, texts, at)
        if all(_untouched(word) for word in words[at:until]):
            mask[at:until] = [True] * (until - at)
    return tuple(mask) if not all(mask) else (False,) * len(words)


def shown(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words that a clean reading shows of a turn. The end of a sentence moves to the last word shown before it."""
    kept: list[Word] = []
    for word, hide in zip(words, hidden(words), strict=True):
        if not hide:
            kept.append(word)
        elif kept and word.punctuation and word.punctuation[-1] in _ENDS and not _ends(kept[-1]):
            kept[-1] = replace(kept[-1], punctuation=word.punctuation)
    return tuple(kept)


def _untouched(word: Word) -> bool:
    return word.by == Writer.MACHINE and not word.confirmed


def _ends(word: Word) -> bool:
    return word.punctuation[-1:] in tuple(_ENDS)


def _superfluous(words: Sequence[Word], texts: Sequence[str], at: int) -> int:
    """The number of words, from this one, that are a filler or a false start."""
    before = texts[at - 1] if at else ""
    text, follows = texts[at], texts[at + 1 : at + 4]
    if text in _FILLERS:
        place = text == "er" and (words[at].text == "ER" or before in _BEFORE_PLACE)
        return 0 if place else 1
    if not follows:
        return 0
    if text.endswith("-") and len(text) > 1:
        return 1 if follows[0].startswith(text[:-1]) else 0
    if words[at].punctuation in ("", ",") and text == follows[0] and text in _REPEATED:
        return 0 if text == "i" and before in _NUMBERED else 1
    again = follows[1:] == [text, follows[0]]
    return 2 if again and text in _PERSONS and follows[0] in _HELPERS and _flows(words[at : at + 2]) else 0


def _flows(words: Iterable[Word]) -> bool:
    """Whether no punctuation follows. A clause before a comma may be repeated on purpose."""
    return not any(word.punctuation for word in words)
