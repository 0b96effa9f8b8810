"""Writes the transcript model as JSON, for programs: docs/schemas/transcript-1.0.json is the schema."""

import json

from documents.recording_info import RecordingInfo
from stethoscript import audio_notes
from stethoscript.transcript import Transcript

SCHEMA = "1.0"


def write(transcript: Transcript, info: RecordingInfo) -> bytes:
    """JSON in ASCII, which is safe to embed in other documents."""
    document = {
        "schema": SCHEMA,
        "job": info.job,
        "source": info.source,
        "received": f"{info.arrived:%Y-%m-%dT%H:%M:%SZ}",
        "profile": info.profile,
        "correlationId": info.correlation_id,
        "identified": transcript.identified,
        "audio": audio_notes.described(info.audio),
        "notes": [*filter(None, [info.incomplete]), *transcript.notes],
        "words": [
            {
                "text": word.text,
                "punctuation": word.punctuation,
                "start": word.start,
                "end": word.end,
                "confidence": word.confidence,
                "speaker": word.speaker,
                "category": word.category,
            }
            for word in transcript.words
        ],
        "alternatives": [
            {"start": stretch.start, "end": stretch.end, "readings": stretch.readings}
            for stretch in transcript.alternatives
        ],
    }
    return json.dumps(document).encode()
