"""Writes the manifest: the list of a job's delivered documents with their keys."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stethoscript import audio_notes
from stethoscript.ledger_row import LedgerRow
from stethoscript.transcript import Transcript

SCHEMA = "1.0"
NAME = "manifest.json"


@dataclass(frozen=True)
class Listed:
    """A document in the manifest's bucket; `sha256` is None if it was too large to read."""

    form: str
    key: str
    content_type: str
    bytes: int
    sha256: str | None


def write(
    row: LedgerRow,
    transcript: Transcript | None,
    documents: Sequence[Listed],
    failed: Sequence[str],
    reason: str | None,
) -> bytes:
    """JSON. `failed` are the formats that failed. `reason` is why there is no transcript."""
    about: Mapping[str, Any] = {
        "schema": SCHEMA,
        "job": row.job,
        "profile": row.profile,
        "settings": {name: value for name, value in row.job_settings.items() if value is not None},
        "versionId": row.version,
        "correlationId": row.correlation_id,
        "words": len(transcript.words) if transcript else None,
        "lastWordEnds": _end(transcript) if transcript else None,
        "audio": audio_notes.described(row.audio),
        "notes": audio_notes.notes(row.audio, len(transcript.words) if transcript else None),
        "reason": reason,
        "documents": [_described(document) for document in documents],
        "failed": list(failed),
    }
    return json.dumps(about, indent=2).encode()


def _described(document: Listed) -> dict[str, Any]:
    return {
        "form": document.form,
        "key": document.key,
        "name": document.key.rpartition("/")[2],
        "contentType": document.content_type,
        "bytes": document.bytes,
        "sha256": document.sha256,
    }


def _end(transcript: Transcript) -> float:
    return max((word.end for word in transcript.words if word.end is not None), default=0.0)
