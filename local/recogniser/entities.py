"""Find words that may identify the patient, with patterns and a list of first names.

Transcribe Medical uses models for this. Patterns find dates, ages, numbers and addresses. They find a name after a
title or "my name is", and a name with a known first name. They do not find a rare name alone. Nothing here makes a
transcript safe to share.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from local.recogniser.requests_and_results import Entity, Word

PERSONAL = "PHI-Personal"
GEOGRAPHIC = "PHI-Geographic"
ACCOUNT = "PHI-Account"
VEHICLE = "PHI-Vehicle"
OTHER = "PHI-Other"

_UNIT = r"(?:one|two|three|four|five|six|seven|eight|nine)"
_TEEN = r"(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
_TENS = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_NUMBER = rf"(?:\d{{1,3}}|{_TENS}(?:[\s-]{_UNIT})?|{_TEEN}|{_UNIT})"
_DIGIT = rf"(?:\d|zero|oh|{_UNIT})"
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
_ORDINAL = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth"
    r"|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth"
    r"|(?:twenty|thirty)[\s-](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth))"
)
_DAY = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{_ORDINAL}|{_TENS}[\s-]{_UNIT}|{_TEEN}|{_UNIT})"
_YEAR = r"(?:,?\s(?:19|20)\d\d)"
_WEEKDAY = r"(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_CAPITAL = r"[A-Z][\w'’-]+"  # noqa: RUF001 - both apostrophes occur in names
_TITLE = r"(?:Mr|Mrs|Ms|Miss|Mister|Missus|Dr|Doctor|Prof|Professor|Nurse)\.?"
_NAMED = r"(?:[Nn]ame(?:\sis|:)|[Nn]amed|[Cc]alled|[Pp]atient(?:\sis|:))"
_IS = r"(?:\s(?:is|was|number|no\.?|ID|of)|:|,)*"
_CODE = rf"(?:(?:[A-Z]{{1,3}}-?)?\d[\d-]*\d(?:[\s,-]+\d[\d-]*)*|{_DIGIT}(?:[\s,-]+{_DIGIT}){{3,}})"
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Court|Ct|Place|Square|Terrace|Parkway|Highway|Way)"
)
_STATE = (
    r"(?:Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho"
    r"|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi"
    r"|Missouri|Montana|Nebraska|Nevada|New\s(?:Hampshire|Jersey|Mexico|York)|(?:North|South)\s(?:Carolina|Dakota)"
    r"|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode\sIsland|Tennessee|Texas|Utah|Vermont|(?:West\s)?Virginia|Washington"
    r"|Wisconsin|Wyoming)"
)
_TOWNS = r"(?:New|Old|Fort|Port|Mount|Lake|San|Santa|St\.?|Saint|Los|Las|El|La|North|South|East|West)"
_DOT = r"(?:\.|\s?dot\s)"
_DOMAIN = rf"[\w-]+(?:{_DOT}[\w-]+)*{_DOT}(?:com|org|net|edu|gov|info|health)"


class Pattern(NamedTuple):
    """A category, the share of correct matches from 0 to 1, and a pattern; its group `it`, if any, is the entity."""

    category: str
    precision: float
    form: re.Pattern[str]


def _pattern(category: str, precision: float, form: str, *, any_case: bool = False) -> Pattern:
    """Return a pattern of whole words."""
    return Pattern(category, precision, re.compile(rf"(?<!\w){form}(?!\w)", re.IGNORECASE if any_case else re.NOFLAG))


# The first match of a word counts, so the more precise patterns come first.
PATTERNS = (
    _pattern(OTHER, 0.98, rf"(?:https?://|www{_DOT}){_DOMAIN}(?:/\S+)?", any_case=True),
    _pattern(PERSONAL, 0.98, rf"(?<![.-])\w[\w.-]*(?:@|\sat\s){_DOMAIN}", any_case=True),
    _pattern(OTHER, 0.9, r"(?:\d{1,3}\.){3}\d{1,3}"),
    _pattern(OTHER, 0.9, rf"\w+{_DOT}(?:com|org|net|edu|gov)", any_case=True),
    _pattern(ACCOUNT, 0.98, r"\d{3}-\d{2}-\d{4}"),
    _pattern(ACCOUNT, 0.9, rf"fax{_IS}\s(?P<it>{_CODE})", any_case=True),
    _pattern(VEHICLE, 0.9, r"(?=\w*\d)(?=\w*[A-Z])[A-HJ-NPR-Z0-9]{17}"),
    _pattern(
        VEHICLE,
        0.85,
        r"(?:license\splate|plate\snumber|VIN|vehicle\sidentification)"
        rf"{_IS}\s(?P<it>[A-Z0-9][\w-]*\d[\w-]*|{_CODE})",
        any_case=True,
    ),
    _pattern(
        ACCOUNT,
        0.95,
        r"(?:MRN|medical\srecord|record|social\ssecurity|account|policy|member|beneficiary|insurance|certificate|"
        rf"licen[sc]e|case|chart|Medicare|Medicaid|patient\sID)(?:\snumber)?{_IS}\s(?P<it>{_CODE})",
        any_case=True,
    ),
    _pattern(PERSONAL, 0.97, r"(?:\+?1[\s-])?\(?\d{3}\)?[\s-]\d{3}[\s-]\d{4}"),
    _pattern(
        PERSONAL,
        0.9,
        r"(?:phone|cell|mobile|telephone|call|number)(?:\s\w+){0,3}?\s(?P<it>\d{3}[\s-]?\d{4}|\d{10})",
        any_case=True,
    ),
    _pattern(PERSONAL, 0.9, rf"{_DIGIT}(?:[\s,-]+{_DIGIT}){{6,}}", any_case=True),
    _pattern(
        GEOGRAPHIC,
        0.95,
        rf"\d+\s(?:(?:North|South|East|West|[NSEW]\.)\s)?(?:{_CAPITAL}\s|\d+\w\w\s){{1,3}}{_STREET}\.?"
        r"(?:,?\s(?:Apartment|Apt\.?|Suite|Unit)\s\w+)?",
    ),
    _pattern(GEOGRAPHIC, 0.9, rf"(?:(?:{_TOWNS}\s)?{_CAPITAL},?\s)?{_STATE},?\s\d{{5}}(?:-\d{{4}})?"),
    _pattern(
        GEOGRAPHIC,
        0.9,
        rf"zip(?:\scode)?{_IS}\s(?P<it>\d{{5}}(?:-\d{{4}})?|{_DIGIT}(?:[\s,-]+{_DIGIT}){{4}})",
        any_case=True,
    ),
    _pattern(
        GEOGRAPHIC,
        0.85,
        rf"(?:St\.?\s)?(?:{_CAPITAL}\s){{1,4}}(?:Hospital|Clinic|Medical\sCenter|Health\sCenter|Infirmary|Hospice)",
    ),
    _pattern(GEOGRAPHIC, 0.8, rf"(?:{_CAPITAL},\s)?{_STATE}"),
    _pattern(
        GEOGRAPHIC,
        0.75,
        rf"(?:lives|living|moved|resides|residing|born|comes)\s(?:in|to|from)\s(?P<it>{_CAPITAL}(?:\s{_CAPITAL})?)",
    ),
    _pattern(PERSONAL, 0.97, rf"{_MONTH}\s(?:the\s)?{_DAY}{_YEAR}?"),
    _pattern(
        PERSONAL,
        0.95,
        rf"(?:the\s)?(?:\d{{1,2}}(?:st|nd|rd|th)|{_ORDINAL})\s(?:of\s)?{_MONTH}{_YEAR}?",
        any_case=True,
    ),
    _pattern(PERSONAL, 0.95, r"\d{1,2}/\d{1,2}/(?:\d{4}|\d\d)|\d{4}-\d\d-\d\d"),
    _pattern(PERSONAL, 0.85, _WEEKDAY),
    _pattern(
        PERSONAL, 0.97, rf"{_NUMBER}[\s-](?:years?|months?|weeks?|days?)(?:[\s-]of[\s-]age|[\s-]old)", any_case=True
    ),
    _pattern(
        PERSONAL,
        0.9,
        rf"(?:aged?|turned|turns)\s(?P<it>{_NUMBER})(?!\s(?:mg|milli|percent|ml|cc))",
        any_case=True,
    ),
    _pattern(
        PERSONAL,
        0.85,
        r"(?:old|patient\sis\sa|patient\sis\san?\s\w+)\s"
        r"(?P<it>man|woman|male|female|boy|girl|gentleman|lady)",
        any_case=True,
    ),
    _pattern(PERSONAL, 0.96, rf"{_TITLE}\s(?P<it>{_CAPITAL}(?:\s{_CAPITAL}){{0,2}})"),
    _pattern(PERSONAL, 0.9, rf"{_NAMED}\s(?P<it>{_CAPITAL}(?:\s(?:[A-Z]\.?\s)?{_CAPITAL}){{0,2}})"),
)
_FULL_NAME = re.compile(rf"(?<!\w)({_CAPITAL})\s((?:[A-Z]\.?\s)?{_CAPITAL}(?:\s{_CAPITAL})?)(?!\w)")
_NAME_PRECISION = 0.9
# Capitalised words after a first name that are not a family name.
_NO_NAME = re.compile(rf"{_TITLE}|{_MONTH}|{_WEEKDAY}|{_STATE}|I|I'm|The|He|She|They|We|It|You|A|An|And|But|No|Yes")


def find(words: Sequence[Word]) -> tuple[Entity, ...]:
    """Return the entities in order of time. Each channel and each turn is searched separately."""
    found: list[Entity] = []
    for channel in sorted({word.channel for word in words}):
        for turn in _turns([word for word in words if word.channel == channel]):
            found += _in_turn(turn)
    return tuple(sorted(found, key=lambda entity: (entity.start, entity.end)))


def _turns(words: Iterable[Word]) -> Iterator[list[Word]]:
    turn: list[Word] = []
    for word in words:
        if turn and turn[-1].speaker != word.speaker:
            yield turn
            turn = []
        turn.append(word)
    if turn:
        yield turn


def _in_turn(words: Sequence[Word]) -> Iterator[Entity]:
    text, starts = "", []
    for word in words:
        starts.append(len(text))
        text += word.text + word.punctuation + " "
    taken: set[int] = set()
    for category, precision, start, end in _matches(text):
        covered = range(bisect_right(starts, start) - 1, bisect_right(starts, end - 1))
        if not taken.isdisjoint(covered):
            continue
        taken.update(covered)
        its = words[covered.start : covered.stop]
        content = text[starts[covered.start] :][: starts[covered.stop - 1] - starts[covered.start]] + its[-1].text
        confidence = round(precision * sum(word.confidence for word in its) / len(its), 4)
        yield Entity(content, category, its[0].start, its[-1].end, confidence)


def _matches(text: str) -> Iterator[tuple[str, float, int, int]]:
    for category, precision, form in PATTERNS:
        for match in form.finditer(text):
            yield category, precision, *match.span("it" if "it" in form.groupindex else 0)
    for match in _FULL_NAME.finditer(text):
        if match[1] in first_names() and not _NO_NAME.fullmatch(match[2]):
            yield PERSONAL, _NAME_PRECISION, *match.span()
    # A known first name alone counts only where the capital does not begin a sentence.
    for match in re.finditer(rf"(?<=[a-z,]\s)({_CAPITAL})(?!\w)", text):
        if match[1] in first_names():
            yield PERSONAL, 0.7, *match.span()


@cache
def first_names() -> frozenset[str]:
    """Return the most frequent first names, without common words and months."""
    return frozenset(Path(__file__).with_name("first_names.txt").read_text(encoding="utf-8").split())
