"""Writes a FHIR R4 DocumentReference (also valid as R4B) that contains the plain text.

It states only known facts. The patient is marked as unknown, by FHIR's own extension. There is no security label,
because the text is not classified. There is no context, because the recording names no time and place of the care.
https://hl7.org/fhir/R4/documentreference.html
"""

import base64
import json
from collections.abc import Iterator

from documents import plain_text
from documents.recording_info import RecordingInfo
from stethoscript import audio_notes
from stethoscript.transcript import Transcript

NOTE = {"system": "http://loinc.org", "code": "34109-9", "display": "Note"}
"""LOINC's type for a note of any kind, because a dictation may be any kind: https://loinc.org/34109-9."""
CATEGORY = {
    "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
    "code": "clinical-note",
    "display": "Clinical Note",
}
"""US Core requires this category of every clinical note: https://hl7.org/fhir/us/core/."""
_UNKNOWN = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}


def write(transcript: Transcript, info: RecordingInfo) -> bytes:
    """JSON. The status is preliminary, because no person has reviewed the text."""
    attached = plain_text.write(transcript, info)
    received = f"{info.arrived:%Y-%m-%dT%H:%M:%SZ}"
    names = [("job", info.job), ("correlation-id", info.correlation_id)]
    document = {
        "resourceType": "DocumentReference",
        "identifier": [{"type": {"text": name}, "value": value} for name, value in names if value],
        "status": "current",
        "docStatus": "preliminary",
        "type": {"coding": [NOTE], "text": "Transcript of a recording"},
        "category": [{"coding": [CATEGORY]}],
        "subject": {"extension": [_UNKNOWN], "display": "Not known from the recording"},
        "date": received,
        "author": [{"type": "Device", "display": "Automatic speech recognition"}],
        "description": " ".join(_described(transcript, info, received)),
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "language": "en-US",
                    "data": base64.b64encode(attached).decode(),
                    "size": len(attached),
                    "title": "transcript.txt",
                }
            }
        ],
    }
    return json.dumps(document).encode()


def _described(transcript: Transcript, info: RecordingInfo, received: str) -> Iterator[str]:
    yield from audio_notes.notes(info.audio, len(transcript.words))
    yield f"Speech recognised in a recording received at {received}, not reviewed by a person."
    if info.length:
        yield f"Length of the audio: {info.length}."
