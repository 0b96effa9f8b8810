"""Marks the speakers: each has a colour, a shape, a number, and a name that the reader can change."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from documents import plain_text
from documents.reader import escaping
from stethoscript.transcript import Word

HUES = 6
"""The number of colours, each with a shape and a line. After the last one, the first is used again."""
MOST_NAMED = 30
"""The most speakers that Transcribe labels. Only this many can be renamed."""
_UNKNOWN = "Speaker not known"


@dataclass(frozen=True)
class Speakers:
    """A number for each label; none if the transcript has no speaker labels."""

    places: Mapping[str | None, int]

    @classmethod
    def of(cls, words: Sequence[Word]) -> "Speakers":
        """The speakers of these words; an unknown speaker counts as one more."""
        labels = {word.speaker for word in words}
        known = sorted((label for label in labels if label), key=lambda label: (len(label), label))
        unknown = [label for label in labels if not label] if known else []
        return cls({label: place for place, label in enumerate([*known, *unknown])})

    def style(self, label: str | None) -> str:
        """The CSS classes of a speaker's turn."""
        place = self.places.get(label)
        return " alone" if place is None else f" s{place} h{place % HUES}"

    def heading(self, label: str | None) -> str:
        """The speaker's markup before a turn."""
        if label not in self.places:
            return ""
        return f'{self._badge(label)} <span class="name">{self._name(label)}</span> '

    def panel(self) -> str:
        """The panel to rename speakers."""
        if not self.places:
            return ""
        rows = (
            f'<li class="h{place % HUES}">{self._badge(label)}<input class="rename" data-speaker="{place}"'
            f' value="{self._name(label)}" aria-label="Name of {self._name(label)}" maxlength="40"'
            ' autocomplete="off" spellcheck="false"></li>'
            for label, place in islice(self.places.items(), MOST_NAMED)
        )
        return (
            '<section class="card" aria-labelledby="speakers-title">\n<h2 id="speakers-title">Speakers</h2>\n'
            f'<ul class="speakers">{"".join(rows)}</ul>\n'
            '<p class="quiet fine">A name you type is shown and printed here, and kept nowhere.</p>\n</section>'
        )

    def _name(self, label: str | None) -> str:
        return escaping.text(plain_text.speaker(label) or _UNKNOWN)

    def _badge(self, label: str | None) -> str:
        number = re.search(r"[0-9]{1,2}$", plain_text.speaker(label)) if label else None
        shown = number[0] if number else self.places[label] + 1 if label else "?"
        return f'<span class="badge" aria-hidden="true">{shown}</span>'
