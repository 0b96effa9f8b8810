"""The forms a transcript takes. A new form is one function and one entry here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from documents import captions, csv_document, fhir, html, json_document, masked_text, plain_text
from documents.recording_info import RecordingInfo
from stethoscript.transcript import Transcript


def _always(_transcript: Transcript, _facts: RecordingInfo) -> bool:
    return True


@dataclass(frozen=True)
class DocumentFormat:
    """A kind of document: its file name and type, how it is written, and which transcripts it is for."""

    name: str
    content_type: str
    write: Callable[[Transcript, RecordingInfo], bytes]
    applies: Callable[[Transcript, RecordingInfo], bool] = _always


def _paper(transcript: Transcript, info: RecordingInfo) -> bytes:
    from documents import docx  # noqa: PLC0415 - brings lxml: loaded only where a docx is asked for

    return docx.write(transcript, info)


FORMATS: Mapping[str, DocumentFormat] = {
    "txt": DocumentFormat("transcript.txt", "text/plain; charset=utf-8", plain_text.write),
    "html": DocumentFormat("transcript.html", "text/html; charset=utf-8", html.write),
    "docx": DocumentFormat(
        "transcript.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", _paper
    ),
    "vtt": DocumentFormat("transcript.vtt", "text/vtt; charset=utf-8", captions.vtt),
    "srt": DocumentFormat("transcript.srt", "application/x-subrip; charset=utf-8", captions.srt),
    "csv": DocumentFormat("transcript.csv", "text/csv; charset=utf-8; header=present", csv_document.write),
    "json": DocumentFormat("transcript.json", "application/json", json_document.write),
    "fhir": DocumentFormat("transcript.fhir.json", "application/fhir+json; fhirVersion=4.0", fhir.write),
    "masked.txt": DocumentFormat(
        "transcript.masked.txt", "text/plain; charset=utf-8", masked_text.write, masked_text.applies
    ),
}
