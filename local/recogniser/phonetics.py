"""Rough phonetic similarity of English spellings: enough to separate a misrecognised word from a different word."""

import re
from functools import lru_cache
from itertools import groupby

from rapidfuzz.distance import Levenshtein

_PAUSES = re.compile(r"[^a-z0-9]+")
_DIGITS = re.compile(r"[0-9]+")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_IN_FULL = {"dr": "doctor", "mg": "milligrams", "cm": "centimeters", "ml": "milliliters", "kg": "kilograms"}
# Spellings of one sound, longer ones first, and the letter of _CLASSES for it.
_SPELLINGS = (
    (r"(?<=[aeiou])gh|(?<=\b)k(?=n)|(?<=\b)p(?=[sn])|(?<=m)b\b|e\b", ""),
    (r"tion\b|sion\b", "sin"),
    (r"ph", "f"),
    (r"th", "t"),
    (r"sch|sh|ch(?=[ei])", "s"),
    (r"ch|ck|q", "k"),
    (r"x", "ks"),
    (r"c(?=[eiy])|z|\bx", "s"),
    (r"c", "k"),
    (r"g(?=[eiy])|j", "s"),
    (r"wr", "r"),
    (r"[hw]", ""),
)
# Sounds that a recogniser confuses: voiced and voiceless, m and n, all vowels.
_CLASSES = str.maketrans("bdgvzmaeiouy", "ptkfsnaaaaaa")
_VOWEL = "a"
_UNITS = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def letters(text: str) -> str:
    """Return only a text's letters and digits, in lower case.

    >>> letters("Follow-up,"), letters("A.B.C.")
    ('followup', 'abc')
    """
    return _PAUSES.sub("", text.casefold())


def spoken(text: str) -> str:
    """Return the letters of the spoken words; numbers and units are spelled out.

    >>> spoken("98.6, 20 mg, 5%") == spoken("ninety-eight point six, twenty milligrams, 5 percent")
    True
    """
    text = _POINT.sub(" point ", text.casefold()).replace("%", " percent")
    text = _DIGITS.sub(r" \g<0> ", text)
    words = [_number(word) if word.isdigit() else _IN_FULL.get(word, word) for word in _PAUSES.split(text)]
    return "".join(words)


@lru_cache(maxsize=20_000)
def sound(text: str) -> str:
    """Return a text's rough sound; spellings with the same pronunciation have the same sound.

    >>> sound("Lisinopril") == sound("lisin o prill")
    True
    >>> sound("20") == sound("twenty")
    True
    """
    digits = _DIGITS.sub(r" \g<0> ", text.casefold())
    spelled = " ".join(_number(word) if word.isdigit() else word for word in _PAUSES.split(digits))
    for pattern, letter in _SPELLINGS:
        spelled = re.sub(pattern, letter, spelled)
    classes = spelled.replace(" ", "").translate(_CLASSES)
    # Consonants are doubled, because the merged vowels carry half the information.
    return "".join(letter if letter == _VOWEL else letter * 2 for letter, _ in groupby(classes))


def similarity(one: str, other: str) -> float:
    """Return the phonetic similarity of two texts, from 0 to 1.

    >>> similarity("on Oxus ill in", "amoxicillin") > 0.6 > similarity("temperature is", "amoxicillin")
    True
    """
    return float(Levenshtein.normalized_similarity(sound(one), sound(other)))


def _number(digits: str) -> str:
    """Spell out a number below a hundred; spell a longer one digit by digit."""
    value = int(digits)
    if len(digits) > 2 or digits[0] == "0":  # noqa: PLR2004 - two digits are a number, three are often a code
        return "".join(_UNITS[int(digit)] for digit in digits)
    if value < len(_UNITS):
        return _UNITS[value]
    return _TENS[value // 10 - 2] + (_UNITS[value % 10] if value % 10 else "")
