"""The formats of a document: the one table that `stacks` checks a configuration against and `documents` writes by.

To add a format, add its entry here and its module to `documents`. Transcribe's own output is always delivered too.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A format: the document's file name, its content type, and its writer `module.function` in `documents`.

    The writer is a name, because `stacks` imports this module and must not import `documents`. A module with a
    function `applies` writes only some transcripts. `usual` formats are delivered if the configuration names none.
    """

    file_name: str
    content_type: str
    writer: str
    usual: bool = False


FORMATS: Mapping[str, Format] = {
    "txt": Format("transcript.txt", "text/plain; charset=utf-8", "plain_text.write", usual=True),
    "html": Format("transcript.html", "text/html; charset=utf-8", "html.write", usual=True),
    "docx": Format(
        "transcript.docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx.write",
        usual=True,
    ),
    "vtt": Format("transcript.vtt", "text/vtt; charset=utf-8", "captions.vtt", usual=True),
    "srt": Format("transcript.srt", "application/x-subrip; charset=utf-8", "captions.srt"),
    "csv": Format("transcript.csv", "text/csv; charset=utf-8; header=present", "csv_document.write"),
    "json": Format("transcript.json", "application/json", "json_document.write", usual=True),
    "fhir": Format("transcript.fhir.json", "application/fhir+json; fhirVersion=4.0", "fhir.write"),
    "masked.txt": Format("transcript.masked.txt", "text/plain; charset=utf-8", "masked_text.write"),
}
NAMES = tuple(FORMATS)
USUAL = tuple(name for name, each in FORMATS.items() if each.usual)
"""The formats of a deployment that configures none."""


class InvalidFormats(ValueError):
    """An invalid list of formats; the message names the valid ones."""


def checked(names: object) -> tuple[str, ...]:
    """The configured formats.

    Raises:
        InvalidFormats: the value is not a list of known formats, or names one twice.
    """
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise InvalidFormats(f"documents must be a list of {', '.join(NAMES)}")
    for name in names:
        if name not in NAMES:
            raise InvalidFormats(f"documents: unknown format {name!r}; known: {', '.join(NAMES)}")
        if names.count(name) > 1:
            raise InvalidFormats(f"documents: {name!r} is listed twice")
    return tuple(names)
