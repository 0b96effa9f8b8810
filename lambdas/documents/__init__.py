"""The writers of documents, by the table of formats in `stethoscript.formats`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from documents.recording_info import RecordingInfo
from stethoscript import formats
from stethoscript.formats import Format
from stethoscript.transcript import Transcript


def _always(_transcript: Transcript, _info: RecordingInfo) -> bool:
    return True


@dataclass(frozen=True)
class DocumentFormat:
    """A format with its writer: `write` returns a document, `applies` says whether a transcript gets one."""

    name: str
    content_type: str
    write: Callable[[Transcript, RecordingInfo], bytes]
    applies: Callable[[Transcript, RecordingInfo], bool] = _always


def _document_format(given: Format) -> DocumentFormat:
    """The format with its writer, whose module is imported at first use.

    A docx imports lxml, and a function should load that only if a docx is configured.
    """
    module_name, _, function = given.writer.partition(".")

    def module() -> Any:
        return import_module(f"documents.{module_name}")

    def write(transcript: Transcript, info: RecordingInfo) -> bytes:
        written: bytes = getattr(module(), function)(transcript, info)
        return written

    def applies(transcript: Transcript, info: RecordingInfo) -> bool:
        return bool(getattr(module(), "applies", _always)(transcript, info))

    return DocumentFormat(given.file_name, given.content_type, write, applies)


FORMATS: Mapping[str, DocumentFormat] = {name: _document_format(each) for name, each in formats.FORMATS.items()}
