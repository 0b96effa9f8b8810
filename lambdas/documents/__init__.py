"""The forms a transcript takes. A new form is one function and one entry here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from documents import html, text
from documents.facts import Facts
from stethoscript.transcript import Transcript


@dataclass(frozen=True)
class Form:
    """A kind of document: its file name, type, and how it is written."""

    name: str
    content_type: str
    write: Callable[[Transcript, Facts], bytes]


FORMS: Mapping[str, Form] = {
    "txt": Form("transcript.txt", "text/plain; charset=utf-8", text.write),
    "html": Form("transcript.html", "text/html; charset=utf-8", html.write),
}
