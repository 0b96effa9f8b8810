"""Gives each word a tag of one character. The patterns of review points match these tags."""

import re
from collections.abc import Mapping

OTHER = "."
DRUG = "#"

_WORDS = {
    "n": "two three four five six seven eight nine zero",
    "1": "one",
    "2": (
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty"
        " sixty seventy eighty ninety hundred thousand million dozen"
    ),
    "h": "half quarter",
    "P": "point",
    "m": (
        "mg mgs milligram milligrams mcg microgram micrograms g gm gram grams iu unit units tablet tablets tab tabs"
        " pill pills capsule capsules cap caps puff puffs drop drops spray sprays teaspoon teaspoons tablespoon"
        " tablespoons meq milliequivalent milliequivalents patch patches suppository suppositories vial vials ampule"
        " ampules lozenge lozenges mg/kg mcg/kg mg/ml mg/hour units/hour mcg/hour sachet sachets refill refills"
    ),
    "v": "ml mls milliliter milliliters millilitre millilitres cc ccs liter liters litre litres l",
    "u": (
        "mmhg cm cms centimeter centimeters centimetre centimetres mm millimeter millimeters millimetre millimetres"
        " inch inches foot feet kg kgs kilogram kilograms kilo kilos pound pounds lb lbs ounce ounces stone degree"
        " degrees percent beats bpm pack-year pack-years mile miles kilometer kilometers meter meters metre metres"
        " hertz calorie calories millimoles mmol beer beers drink drinks cigarette cigarettes pack packs mg/dl mmol/l"
    ),
    "t": "hour day week month year decade fortnight",
    "T": "seconds minutes hours days weeks months years decades fortnights hrs mins yrs",
    "z": "minute",
    "a": "a an",
    "A": "another",
    "x": "per",
    "w": "once twice thrice",
    "X": "times",
    "f": (
        "daily nightly weekly monthly hourly bid tid qid qd qhs qam qpm prn q4h q6h q8h q12h q24h qod b.i.d t.i.d"
        " q.i.d q.d p.r.n q.h.s q.a.m q.p.m q.o.d"
    ),
    "q": "q",
    "e": "every each",
    "Z": "other",
    "g": "morning evening night afternoon",
    "I": "bedtime meals mealtime mealtimes breakfast lunch dinner",
    "b": "at before after with",
    "L": "as",
    "J": "needed required",
    "N": "in",
    "o": "of",
    "H": "the",
    "R": "on since until till from by during",
    "E": "for",
    "G": (
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
        " fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth"
    ),
    "&": "is was",
    "M": "january february april june july august september october november december",
    "Q": "may march",
    "W": (
        "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays"
        " saturdays sundays"
    ),
    "D": "yesterday tomorrow",
    "@": "am pm a.m p.m o'clock",
    "l": "last next past coming",
    "c": "couple",
    "F": "few several",
    "j": "ago",
    "K": "old",
    "k": "twenties thirties forties fifties sixties seventies eighties nineties",
    "s": "to or",
    "+": "and",
    "V": "over /",
    "U": "out",
    "y": "by x",
}
_TAGS: Mapping[str, str] = {word: tag for tag, words in _WORDS.items() for word in words.split()}
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_UNIT = r"(mg|mcg|g|gm|meq|units?|tabs?|puffs?)(/\w+)?"
_SPAN = r"(year|yr|month|week|day|hour|minute)s?"
_SHAPES = tuple(
    (re.compile(shape), tag)
    for shape, tag in (
        (r"(19|20)\d\d", "Y"),
        (r"\d{1,3}(,\d{3})+|\d+", "i"),
        (r"\d*\.\d+", "d"),
        (r"\d{1,2}[/-]\d{1,2}[/-](\d{2}|\d{4})|\d{4}-\d{2}-\d{2}", "S"),
        (r"\d{1,2}:\d\d(am|pm)?|\d{1,2}(am|pm)", "C"),
        (r"\d+(\.\d+)?[/x\u00d7:-]\d+(\.\d+)?", "r"),
        (rf"[\d.,/-]+{_UNIT}", "p"),
        (r"[\d.,/-]+(%|°[cf]?|cm|mm|ml|cc|kg|lbs?|bpm|mmhg|in|ft)", "%"),
        (r"\d+(st|nd|rd|th)", "O"),
        (rf"[a-z0-9]+(-[a-z]+)?-{_SPAN}(-old)?", "k"),
        (r"q\.?\d+(-\d+)?\.?(h|d)?", "f"),
        (r"\d+(h|hrs?|d|wks?|mos?)", "k"),
        (rf"({_TENS})-(one|two|three|four|five|six|seven|eight|nine)", "2"),
        (rf"({_TENS})-(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)", "G"),
    )
)
TITLES = frozenset(("dr", "mr", "mrs", "ms", "miss", "doctor", "nurse", "professor"))


def tag(word: str) -> str:
    """The tag of a word in lower case.

    >>> [tag(each) for each in ("25", "mg", "2.5", "45-year-old", "138/82", "94%", "2019", "problem")]
    ['i', 'm', 'd', 'k', 'r', '%', 'Y', '.']
    """
    if word in _TAGS:
        return _TAGS[word]
    if not any(map(str.isdigit, word)) and "-" not in word:
        return OTHER
    return next((found for shape, found in _SHAPES if shape.fullmatch(word)), OTHER)
