"""How a word is marked that the service was not sure of."""

from stethoscript.transcript import Word

UNSURE, VERY_UNSURE = 0.85, 0.6
"""Below these confidences a word was heard with doubt, or with much doubt; so was one that comes without any."""


def marked(word: Word) -> tuple[str, tuple[str, ...]]:
    """The element a word stands in, and the class that goes with it.

    >>> [marked(Word("x", 0, 1, confidence)) for confidence in (0.9, 0.7, None)]
    [('span', ()), ('u', ()), ('u', ('very',))]
    """
    confidence = word.confidence or 0.0
    if confidence >= UNSURE:
        return "span", ()
    return "u", () if confidence >= VERY_UNSURE else ("very",)
