"""A clean reading: fillers and false starts hidden where people read. The complete words stay in the transcript.

Only what cannot carry meaning is hidden. "Mm-hmm" is an answer, "ER" a place, "five five" a number, "no, no" a denial:
they stay, and so does every word that an editor wrote or confirmed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from stethoscript.word import Word, Writer

_FILLERS = frozenset(("um", "umm", "uhm", "uh", "uhh", "erm", "er"))
_BEFORE_PLACE = frozenset(("the", "an", "our", "this", "that"))
"""Before "er", which is then the emergency room."""
_REPEATED = frozenset(("the", "and", "but", "i", "we", "they", "he", "she", "my", "your", "his", "our", "their"))
"""Words that say nothing more when they are said twice in a row. "That", "had", "on" and "a" may: they are not here."""
_NUMBERED = frozenset(("type", "stage", "grade", "class", "factor", "angiotensin", "phase"))
"""Before "I", which is then a number."""
_PERSONS = frozenset(("i", "he", "she", "we", "they", "it", "you"))
_HELPERS = frozenset(("was", "is", "am", "have", "had", "has", "were", "are", "can", "will", "would", "do", "did"))
_ENDS = ".?!"


def hidden(words: Sequence[Word]) -> tuple[bool, ...]:
    """Which words of a turn a clean reading leaves out; of a turn without any other word, none."""
    texts = [word.text.casefold() for word in words]
    mask = [False] * len(words)
    for at in range(len(words)):
        until = at + _superfluous(words, texts, at)
        if all(_untouched(word) for word in words[at:until]):
            mask[at:until] = [True] * (until - at)
    return tuple(mask) if not all(mask) else (False,) * len(words)


def shown(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words of a turn that a clean reading shows; the end of a sentence moves to the last word before it."""
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
    """How many words from this one on are a filler or a false start."""
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
    """Whether no punctuation follows: a clause that is set off by a comma may be said twice on purpose."""
    return not any(word.punctuation for word in words)
