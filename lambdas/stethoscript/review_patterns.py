"""Patterns of doses, durations, numbers and dates, over the tags of `review_words`."""

import re
from enum import StrEnum

from stethoscript.review_words import DRUG


class Kind(StrEnum):
    """The kind of a review point."""

    DRUG = "drug"
    DOSE = "dose"
    NUMBER = "number"
    DATE = "date"
    DURATION = "duration"
    NEGATION = "negation"
    LATERALITY = "laterality"
    TERM = "term"


_NUMBER = r"(?:P?[n12idrY](?:(?:P|(?<=2)\+)?[n12id]){0,15}+(?:\+a?h)?)"
"""At most sixteen words, so that an endless repetition of one number takes no more time than speech."""
_RANGE = rf"(?:{_NUMBER}(?:[s+]{_NUMBER})?)"
_MEASURE = f"{_NUMBER}[uv]?"
_RATE = "(?:[ax][tz])?"
_YEAR = "(?:,?o?Y)?"

_DOSE = (
    f"{_RANGE}m{_RATE}",  # 25 mg, ten to twenty units an hour
    "ho?a?m",  # half a tablet
    f"p{_RATE}",  # 25mg
    f"(?:w|{_RANGE}X)[ax]?[tf]",  # twice a day, three to four times daily
    f"(?<=s){_NUMBER}X",  # up to three times
    f"{_NUMBER}at",  # two a day
    f"e(?:{_RANGE}[tTz]|k|Z?[tg])",  # every 4 to 6 hours, every 6h, every other day, every morning
    f"f|q(?:{_NUMBER}?[tT]|{_NUMBER}|@)",  # b.i.d., daily, q. 6 hours, q. 8, q. a.m.
    "bI|LJ",  # at bedtime, as needed
    "[n12id](?=f)|[n12i](?=#)",  # one b.i.d., two ibuprofen
)
_DURATION = (
    f"l?{_RANGE}[tTz][jK]?",  # the next 23 days, two weeks ago, 67 year old
    "kK?",  # 45-year-old, two-week
    "a?[cF]o?T[jK]?",  # a couple of weeks, few days
    "(?<![uvm%])[aA]tj?",  # a year ago, another month
    "(?<=E)T",  # for years
    "hat",  # half an hour
)
_WITH_UNIT = (
    f"{_MEASURE}(?:y{_MEASURE})+",  # 3 cm by 4 cm
    f"{_NUMBER}V{_NUMBER}u?",  # 150 over 90
    f"{_NUMBER}Uo{_NUMBER}",  # seven out of ten
    f"{_RANGE}[uv](?:[ax][tz]|{_MEASURE})?",  # 45 to 50 percent, 30 cc an hour, five foot six
    "%",  # 94%
)
_DATE = (
    f"S|C@?|{_NUMBER}@|[n1]NHg",  # 4/17/1962, 8:30, 8 AM, three in the morning
    f"[MQ],?H?[iOG]{_YEAR}|M{_YEAR}",  # May 5, 2021; May the 4th; January of 2020
    f"[iOG]o[MQ]{_YEAR}|OM{_YEAR}",  # 14th of July
    f"(?<=[NRol])Q{_YEAR}|Qo?Y",  # in May, May 2016
    "Y|l[tWg]|W|tbD|D",  # 2019, last week, Monday, the day before yesterday
    "(?<=R)O|(?<=RH)O|(?<=H)O(?=&)",  # on the 1st; the 2nd was
)
_BARE = ("[n12idr]{0,15}[2idr][n12id]*(?:P[n12id]+)*", "[n1](?:P[n12]+)+")  # 16, 8.4, 138/82, twenty one point five

PATTERNS = tuple(
    (kind, re.compile("|".join(alternatives)))
    for kind, alternatives in (
        (Kind.DOSE, _DOSE),
        (Kind.DURATION, _DURATION),
        (Kind.NUMBER, _WITH_UNIT),
        (Kind.DATE, _DATE),
        (Kind.NUMBER, _BARE),
    )
)
"""In order of priority, because a word is part of at most one of these points."""
AMOUNT = re.compile("|".join((f"{_RANGE}v", "%", *_BARE)))
"""A number that is a dose if a drug is near."""
BEFORE_DRUG = re.compile(rf"o?\.?{DRUG}|f|NHg|bg")
"""After a number, one of these makes it a dose: a drug, a frequency or a time of day."""
