"""The forms a transcript takes. A new form is one function and one entry here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from documents import captions, fhir, html, masked, spreadsheet, structured, text
from documents.facts import Facts
from stethoscript.transcript import Transcript


def _always(_transcript: Transcript, _facts: Facts) -> bool:
    return True


@dataclass(frozen=True)
class Form:
    """A kind of document: its file name and type, how it is written, and which transcripts it is for."""

    name: str
    content_type: str
    write: Callable[[Transcript, Facts], bytes]
    applies: Callable[[Transcript, Facts], bool] = _always


def _paper(transcript: Transcript, facts: Facts) -> bytes:
    from documents import paper  # noqa: PLC0415 - brings lxml: loaded only where a docx is asked for

    return paper.write(transcript, facts)


FORMS: Mapping[str, Form] = {
    "txt": Form("transcript.txt", "text/plain; charset=utf-8", text.write),
    "html": Form("transcript.html", "text/html; charset=utf-8", html.write),
    "docx": Form("transcript.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", _paper),
    "vtt": Form("transcript.vtt", "text/vtt; charset=utf-8", captions.vtt),
    "srt": Form("transcript.srt", "application/x-subrip; charset=utf-8", captions.srt),
    "csv": Form("transcript.csv", "text/csv; charset=utf-8; header=present", spreadsheet.write),
    "json": Form("transcript.json", "application/json", structured.write),
    "fhir": Form("transcript.fhir.json", "application/fhir+json; fhirVersion=4.0", fhir.write),
    "masked.txt": Form("transcript.masked.txt", "text/plain; charset=utf-8", masked.write, masked.applies),
}
