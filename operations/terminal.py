"""What reaches a terminal: text of uploaders and services without anything that a terminal would obey.

An object's key may hold escape sequences that set a terminal's title, move its cursor, or write its clipboard, and
direction marks that make a name read as another.
"""

import re
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

SHOWN_INSTEAD = "\ufffd"
# Control characters but the line feed, direction and joining characters, line separators, tags, lone surrogates.
_OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def harmless(text: str) -> str:
    r"""The text with U+FFFD in place of every character that a terminal obeys or hides; line feeds stay.

    >>> harmless("a\x1b[2Jb\u202ec\n")
    'a�[2Jb�c\n'
    """
    return _OBEYED.sub(SHOWN_INSTEAD, text)


def harmless_json(text: str) -> str:
    r"""JSON of the same value in which these characters are written as escapes.

    >>> harmless_json('["\u202e\x9b é"]')
    '["\\u202e\\u009b é"]'
    """
    return _OBEYED.sub(lambda found: _escaped(found[0]), text)


class HarmlessConsole(Console):
    """A console on which no text is obeyed, whatever is printed; its own control sequences pass.

    Plain strings are made harmless before they are measured, so that columns stay straight; all else when it is drawn.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """The text of a plain string."""
        return super().render_str(harmless(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of anything that is printed: tables, messages, progress bars."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=harmless(segment.text))


def console(**options: Any) -> HarmlessConsole:
    """A console of the tool: it colours and marks nothing up by itself."""
    return HarmlessConsole(highlight=False, markup=False, emoji=False, **options)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
