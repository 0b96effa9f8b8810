"""The whole model as JSON, for programs: docs/schemas/transcript-1.0.json describes it."""

import json

from documents.facts import Facts
from stethoscript import audio_notes
from stethoscript.transcript import Transcript

SCHEMA = "1.0"


def write(transcript: Transcript, facts: Facts) -> bytes:
    """ASCII, so that nothing in it means anything to whoever embeds it."""
    document = {
        "schema": SCHEMA,
        "job": facts.job,
        "source": facts.source,
        "received": f"{facts.arrived:%Y-%m-%dT%H:%M:%SZ}",
        "profile": facts.profile,
        "correlationId": facts.correlation_id,
        "identified": transcript.identified,
        "audio": audio_notes.described(facts.audio),
        "notes": [*filter(None, [facts.incomplete]), *transcript.notes],
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
