"""Writes the reader page: one file that works offline, makes no request, and is readable without its script.

Every text in it is untrusted: `escaping.text` writes it into the markup and `escaping.data` into the script, and the
script writes text only. The page's content security policy forbids everything else.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from string import Template

from documents.reader import escaping, page_sections, word_markup
from documents.reader.speakers import Speakers
from documents.recording_info import RecordingInfo
from stethoscript.transcript import Transcript

_PARTS = Path(__file__).parent / "reader"
_STYLES = ("screen", "print")
_SCRIPTS = ("words", "chosen", "player", "following", "search", "marks", "overview", "speakers", "keys")


def write(transcript: Transcript, info: RecordingInfo) -> bytes:
    """The page in UTF-8. The paragraphs with `data-w` hold one element for each word, in order."""
    speakers = Speakers.of(transcript.words)
    page = Template((_PARTS / "page.html").read_text(encoding="utf-8"))
    return page.substitute(
        page_sections.parts(transcript, info),
        policy=escaping.text(policy()),
        style=_style(),
        script=_script(),
        turns=word_markup.turns(transcript, speakers),
        speakers=speakers.panel(),
        data=word_markup.data(transcript, page_sections.name(info)),
    ).encode()


@cache
def policy() -> str:
    """The page's Content-Security-Policy.

    `media-src 'self'` is for the operator's command `open`, which serves the recording beside the page.
    """
    directives = {
        "default-src": "'none'",
        "style-src": _digest(_style()),
        "script-src": _digest(_script()),
        "media-src": "'self' blob:",
        "img-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


@cache
def _style() -> str:
    return "".join((_PARTS / f"{name}.css").read_text(encoding="utf-8") for name in _STYLES)


@cache
def _script() -> str:
    """The script, as one module: its files share a scope and run in this order."""
    return "".join((_PARTS / "script" / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)


def _digest(inline: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"
