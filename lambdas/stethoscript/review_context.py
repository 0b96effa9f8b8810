"""Review points that depend on context: words that negate a finding, and words that name a side."""

from collections.abc import Iterator, Sequence

from stethoscript import drug_names

_NEGATIONS = frozenset((
    "no", "not", "never", "without", "deny", "denies", "denied", "denying", "negative", "none", "neither", "nor",
    "nothing", "absent", "cannot", "unable", "nobody", "afebrile", "declines", "declined", "refuses", "refused",
    "asymptomatic", "atraumatic", "anicteric", "nontender", "nondistended", "noncontributory", "nontoxic",
    "nonreactive", "nonpalpable", "nonsmoker", "nondrinker", "noncompliant", "nonradiating", "nonproductive",
    "absence", "hardly", "barely", "non", "no-one",
))  # fmt: skip
_PHRASES = frozenset(
    (first, second)
    for first, seconds in (
        ("ruled", ("out",)), ("rule", ("out",)), ("rules", ("out",)), ("ruling", ("out",)), ("failed", ("to",)),
        ("fails", ("to",)), ("free", ("of",)), ("lack", ("of",)), ("lacks", ("any",)),
    )
    for second in seconds
)  # fmt: skip
_POLITE = frozenset((
    "worries", "worry", "doubt", "rush", "hurry", "thanks", "thank", "matter", "wonder",
    "idea", "way", "bother", "big",
))  # fmt: skip
"""After one of these, "no" denies nothing about the patient."""
_PROBLEM = frozenset(("problem", "problems"))
_ABOUT = frozenset(("with", "in", "breathing", "swallowing", "urinating", "walking", "sleeping"))
""""No problem with breathing" denies something; "no problem" alone does not."""
_PERSONS = frozenset((
    "it", "you", "he", "she", "they", "we", "i", "there",
))  # fmt: skip
_SMALL_TALK = frozenset((
    "worry", "mind", "know", "wait", "bother", "you",
))  # fmt: skip
_ONLY = frozenset(("only", "just", "to"))
_CHOICES = frozenset(("or", "and", "why"))

_SIDES = frozenset((
    "bilateral", "bilaterally", "unilateral", "unilaterally", "contralateral", "ipsilateral", "left-sided",
    "right-sided", "left-handed", "right-handed", "leftward", "rightward", "rlq", "llq", "ruq", "luq",
))  # fmt: skip
_SIDED = ("left-", "right-")
_AMBIGUOUS = frozenset(("left", "right"))
_FUNCTION_WORDS = frozenset((
    "the", "a", "an", "his", "her", "my", "your", "their", "our", "this", "that", "these", "those", "to", "of", "in",
    "on", "at", "for", "from", "with", "without", "before", "after", "and", "or", "but", "away", "now", "here",
    "there", "then", "so", "up", "down", "about", "if", "when", "where", "as", "by", "me", "you", "him", "it", "them",
    "us", "through", "into", "outside", "behind",
))  # fmt: skip
_OWNERS = frozenset(("the", "my", "his", "her", "your", "their"))
_AFTER_NOUN = frozenset((
    "was", "is", "were", "are", "and", "or", "than", "with", "side", "one", "of",
))  # fmt: skip


def negations(words: Sequence[str], stops: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Ranges of words that deny something. `words` are in lower case; `stops` marks the ends of clauses."""
    for at, word in enumerate(words):
        after = words[at + 1] if at + 1 < len(words) and not stops[at] else ""
        before = words[at - 1] if at else ""
        if word in _NEGATIONS or word.startswith("non-"):
            then = words[at + 2] if after and at + 2 < len(words) and not stops[at + 1] else ""
            if not _denies_nothing(word, before, after, then):
                yield at, at + 1
        elif word.endswith(("n't", "n\u2019t")):
            if after not in _PERSONS | _SMALL_TALK:
                yield at, at + 1
        elif (word, after) in _PHRASES:
            yield at, at + 2


def _denies_nothing(word: str, before: str, after: str, then: str) -> bool:
    if word == "no":
        return before in _CHOICES or after in _POLITE or (after in _PROBLEM and then not in _ABOUT)
    if word == "never":
        return after == "mind"
    if word == "not":
        return after in _ONLY or before in _CHOICES
    return word == "nothing" and before == "for"


def sides(words: Sequence[str], stops: Sequence[bool]) -> Iterator[int]:
    """Words that name a side. "Right" and "left" do before a part of the body, and as nouns ("on the left")."""
    parts = drug_names.words("body_parts")
    for at, word in enumerate(words):
        if word in _SIDES or word.startswith(_SIDED):
            yield at
        elif word in _AMBIGUOUS or word == "both":
            following = [] if stops[at] else list(words[at + 1 : at + 3])
            if following and stops[at + 1]:
                del following[1:]
            if _names_part(following, parts) or (word in _AMBIGUOUS and _is_noun(words, at, following)):
                yield at


def _names_part(following: Sequence[str], parts: frozenset[str]) -> bool:
    for word in following:
        if word in parts:
            return True
        if word in _FUNCTION_WORDS:
            return False
    return False


def _is_noun(words: Sequence[str], at: int, following: Sequence[str]) -> bool:
    """Whether the word is a noun, as in "on the left" or "my right was worse", but not in "her right to refuse"."""
    before = words[at - 1] if at else ""
    if following[:1] == ["to"]:
        return before == "the"
    return before in _OWNERS and (not following or following[0] in _AFTER_NOUN)
